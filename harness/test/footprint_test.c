/* SPDX-License-Identifier: MIT */
/*
 * Footprints are what partial order reduction rests on: two steps of different
 * tasks whose footprints do not conflict may be swapped. Here they are swapped,
 * wherever two such steps stand side by side in random executions: the second
 * must have been possible before the first, and the state after both must be
 * the same, to the last word of its picture.
 */
#include "cases.h"
#include "races.h"

enum { STEPS_MAX = 600 };

struct step {
	rig_set choices;
	const char *op;
	uint64_t before[2]; /* hash of the state */
	unsigned ntasks;    /* that exist before */
	struct rig_footprint foot;
	uint8_t pick;
	bool value;
};

/* One execution: as said up to n, then at random (or not at all). */
static struct walk {
	struct step step[STEPS_MAX];
	unsigned made;
	uint8_t log[STEPS_MAX];
	unsigned n;
	bool on; /* after the log, too */
	struct rig_rng rng;
} walk;

static unsigned swaps; /* that were tried */

static unsigned walk_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct walk *w = state;
	struct step *s = &w->step[w->made];

	if (w->made)
		w->step[w->made - 1].foot = e->foot;
	if (w->made == STEPS_MAX - 1)
		return RIG_PRUNE;
	rig_picture(e);
	hash_words(e, s->before);
	s->choices = choices;
	s->ntasks = e->ntasks;
	s->value = e->value_op != 0;
	if (w->made < w->n)
		s->pick = w->log[w->made];
	else if (w->on)
		s->pick = (uint8_t)rig_member(
			choices, rig_rng_below(&w->rng, rig_count(choices)));
	else
		return RIG_PRUNE;
	s->op = s->value || s->pick == RIG_CLOCK ?
			"-" :
			rig_op_name(e->subject, e->task[s->pick].op);
	if (!s->value) {
		e->foot.n = 0;
		e->foot.all = false;
	}
	w->made++;
	return s->pick;
}

static void run_walk(const struct rig_subject *subject, bool on)
{
	struct rig_engine *e = bench.engine;

	walk.made = 0;
	walk.on = on;
	e->hashing = e->every = e->tracking = true;
	if (rig_engine_run(e, subject, walk_pick, &walk))
		fail_msg("%s", e->message);
	e->hashing = e->every = e->tracking = false;
}

static bool commute(const struct rig_footprint *a,
		    const struct rig_footprint *b)
{
	if (a->all || b->all)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		for (unsigned k = 0; k < b->n; k++)
			if (a->access[i].object == b->access[k].object &&
			    rig_relation(a->access[i].mode,
					 b->access[k].mode) != RIG_COMMUTE)
				return false;
	return true;
}

/* Steps j and j + 1, with the next decision after them still to come. */
static bool could_be_swapped(const struct step *s)
{
	return !s[0].value && !s[1].value && !s[2].value &&
	       s[0].pick != s[1].pick && s[1].pick < s[0].ntasks &&
	       s[0].pick != RIG_CLOCK && commute(&s[0].foot, &s[1].foot);
}

static struct step original[STEPS_MAX];

static void swap(const struct rig_subject *subject, unsigned j)
{
	const struct step *s = &original[j];
	const struct rig_engine *e = bench.engine;

	if (!rig_has(s[0].choices, s[1].pick))
		fail_msg(
			"%s of task %u, step %u, enabled %s of task %u, and the "
			"footprints do not say so",
			s[0].op, s[0].pick, j, s[1].op, s[1].pick);
	for (unsigned i = 0; i < j; i++)
		walk.log[i] = original[i].pick;
	walk.log[j] = s[1].pick;
	walk.log[j + 1] = s[0].pick;
	walk.n = j + 2;
	run_walk(subject, false);
	swaps++;
	if (walk.made != j + 2 || e->end != RIG_PRUNED ||
	    memcmp(walk.step[j + 2].before, s[2].before, sizeof(s->before)) !=
		    0)
		fail_msg(
			"%s of task %u and %s of task %u, step %u and next, do "
			"not commute: %s",
			s[0].op, s[0].pick, s[1].op, s[1].pick, j, e->message);
}

static void swap_all(const struct rig_subject *subject, unsigned executions)
{
	for (unsigned n = 0; n < executions; n++) {
		unsigned made;

		rig_rng_seed(&walk.rng, 3, n);
		walk.n = 0;
		run_walk(subject, true);
		made = walk.made;
		memcpy(original, walk.step, sizeof(original));
		/* Picks made - 1 is the last, whose end may be the end. */
		for (unsigned j = 0; j + 2 < made; j++)
			if (could_be_swapped(&original[j]))
				swap(subject, j);
	}
}

static void small_programs(void **state)
{
	swaps = 0;
	for (int i = 0; i < PROGRAMS; i++)
		swap_all(use_program(programs[i]), 200);
	assert_true(swaps > 1000);
}

static void check_case(const struct rig_subject *subject)
{
	swap_all(subject, SLOW ? 4 : 40);
}

static void scenarios_with_every_fix(void **state)
{
	swaps = 0;
	for_each_case(check_case);
	for_each_fix(check_case);
	assert_true(swaps > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(small_programs),
		CASE_TEST(scenarios_with_every_fix),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
