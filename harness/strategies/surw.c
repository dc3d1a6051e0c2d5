/* SPDX-License-Identifier: MIT */
/*
 * Strategy surw: selectively uniform random walk (Zhao, Wolff, Mathur,
 * Roychoudhury: Selectively Uniform Concurrency Testing, ASPLOS 2025).
 *
 * A random walk that picks a task as often as it has events left makes every
 * interleaving equally likely, if the numbers are right. Uniform over all
 * events would waste that on orders that make no difference: so each execution
 * picks one object (Delta) of those that are raced for, and is uniform over the
 * interleavings of the events about that object only. The walk says whose event
 * of Delta comes next, the intended task; another that comes to one is held
 * back until then. All other events run by random priorities. (The authors pick
 * an object as often as it has events. Picking each alike finds the bugs of the
 * classic programs as soon or sooner: what a lock protects has more events than
 * the lock has, and no order of its own.)
 *
 * The number of events left is learnt (profile.h): the most that a task was
 * seen to have in one execution, those of its children included until they
 * exist, as a child that is not there yet cannot be picked. Where the intended
 * task ends or cannot come (the rest is held back or blocked), another is
 * drawn. The first LEARNING executions fill the profile while they use it;
 * then it is settled. So execution number i under a seed is a function of both
 * and of the first LEARNING executions, which are a function of the seed.
 *
 * What events are about is what tasks have announced (rig_about); where nothing
 * was announced this is a random priority for each event.
 */
#include "engine/explore.h"
#include "strategies/priority.h"
#include "strategies/profile.h"

#include <errno.h>
#include <stdlib.h>

enum { LEARNING = 32, NOBODY = RIG_PRUNE };

struct surw {
	uint64_t seed;
	struct rig_profile profile;
	/* ---- this execution ---- */
	struct rig_priority priority;
	bool learning;
	uint32_t delta;    /* key of the object, 0: none */
	unsigned intended; /* whose event of Delta is next, or NOBODY */
	rig_set held;      /* at an event of Delta, not intended */
	uint32_t total[RIG_PROFILE_TASKS]; /* events of Delta, by profile */
	uint32_t left[RIG_TASKS_MAX];
	uint8_t number[RIG_TASKS_MAX]; /* in the profile */
};

static int surw_open(void **state, const struct rig_strategy_options *options)
{
	struct surw *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->seed = options->seed;
	*state = s;
	return 0;
}

static void pick_delta(struct surw *s)
{
	const struct rig_profile *p = &s->profile;
	unsigned o;

	s->delta = 0;
	if (!p->nracy)
		return;
	o = p->racy[rig_rng_below(&s->priority.rng, p->nracy)];
	s->delta = p->object[o].key;
	rig_profile_total(p, o, s->total);
}

static bool surw_begin(void *state, uint64_t index)
{
	struct surw *s = state;

	rig_priority_begin(&s->priority, s->seed, index);
	s->learning = index < LEARNING;
	s->intended = NOBODY;
	s->held = 0;
	pick_delta(s);
	return true;
}

static void forget(struct surw *s)
{
	s->intended = NOBODY;
	s->held = 0;
}

/* A task's events were its parent's until now. */
static void inherit(struct surw *s, unsigned child, unsigned parent)
{
	uint32_t mine = s->left[child];
	uint32_t both = s->left[parent] > mine ? s->left[parent] : mine;

	if (s->intended == parent && mine &&
	    rig_rng_below(&s->priority.rng, both) < mine)
		s->intended = child;
	s->left[parent] = both - mine;
}

static void meet(struct surw *s, const struct rig_engine *e, unsigned i)
{
	const struct rig_task *t = &e->task[i];
	uint8_t parent = t->parent ? s->number[t->parent->index] :
				     RIG_PROFILE_NONE;
	int known = rig_profile_find(&s->profile, t->name);

	s->left[i] = s->delta && known >= 0 ? s->total[known] : 0;
	s->number[i] =
		known >= 0   ? (uint8_t)known :
		!s->learning ? RIG_PROFILE_NONE :
			       rig_profile_task(&s->profile, t->name, parent);
	if (t->parent)
		inherit(s, i, t->parent->index);
}

static bool at_delta(const struct surw *s, const struct rig_engine *e,
		     unsigned i)
{
	return s->delta && i != RIG_CLOCK && e->task[i].about == s->delta;
}

/* At an event that was not foreseen: there is at least that one. */
static uint32_t weight(const struct surw *s, const struct rig_engine *e,
		       unsigned i)
{
	if (i == RIG_CLOCK || e->task[i].ended)
		return 0;
	return s->left[i] ? s->left[i] : at_delta(s, e, i);
}

/* One of among, as likely as it has events left; there are some. */
static unsigned draw(struct surw *s, const struct rig_engine *e, rig_set among)
{
	uint32_t sum = 0, at;

	for (rig_set m = among; m; m = rig_rest(m))
		sum += weight(s, e, rig_first(m));
	at = rig_rng_below(&s->priority.rng, sum);
	for (;; among = rig_rest(among)) {
		uint32_t w = weight(s, e, rig_first(among));

		if (at < w)
			return rig_first(among);
		at -= w;
	}
}

/* Of all tasks, those included that are blocked: they will come. */
static rig_set everybody(const struct rig_engine *e)
{
	return rig_bit(e->ntasks) - 1;
}

/* Who goes next. Ends: with each round one more of choices is held back. */
static unsigned next(struct surw *s, const struct rig_engine *e,
		     rig_set choices)
{
	for (;;) {
		unsigned i;

		if (!(choices & ~s->held)) {
			s->held = 0;
			s->intended = draw(s, e, choices);
		}
		i = rig_priority_highest(&s->priority, choices & ~s->held);
		if (!at_delta(s, e, i))
			return i;
		if (s->intended == NOBODY)
			s->intended = draw(s, e, everybody(e));
		if (i == s->intended)
			return i;
		s->held |= rig_bit(i);
	}
}

static unsigned surw_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct surw *s = state;
	struct rig_priority *p = &s->priority;
	unsigned pick;

	if (e->value_op)
		return rig_draw_value(e, &p->rng, choices);
	for (unsigned i = p->known; i < e->ntasks; i++)
		meet(s, e, i);
	rig_priority_meet(p, e);
	/* Or the others would be held back for as long as a clock can tick. */
	if (s->intended != NOBODY && e->task[s->intended].ended)
		forget(s);
	pick = next(s, e, choices);
	p->of[pick] = rig_priority_draw(p);
	if (at_delta(s, e, pick)) {
		s->left[pick] -= s->left[pick] > 0;
		forget(s);
	}
	if (s->learning && pick != RIG_CLOCK && e->task[pick].about)
		rig_profile_note(&s->profile, s->number[pick],
				 e->task[pick].about,
				 e->task[pick].about_writes);
	return pick;
}

static void surw_end(void *state, struct rig_engine *e)
{
	struct surw *s = state;

	(void)e;
	if (s->learning)
		rig_profile_learn(&s->profile);
}

const struct rig_strategy rig_strategy_surw = {
	.name = "surw",
	.summary = "uniform over the orders of events about one random object",
	.every = true,
	.open = surw_open,
	.close = free,
	.begin = surw_begin,
	.pick = surw_pick,
	.end = surw_end,
};
