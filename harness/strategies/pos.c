/* SPDX-License-Identifier: MIT */
/*
 * Strategy pos: partial order sampling (Yuan, Yang, Gu: Partial Order Aware
 * Concurrency Sampling, CAV 2018).
 *
 * What each task is about to do has a random priority, and the highest goes
 * first. After an event has run, those that race with it (another task, the
 * same object, and one of the two changes it) draw again; else the loser of a
 * race would tend to lose the next one, too. Events that do not race keep
 * their priorities, so no decision is spent on orders that make no difference.
 *
 * What an event is about is what its task has announced (rig_about). Where
 * nothing was announced it races with nothing: then this is a random priority
 * for each event. A tick of the clock is an event, and races with none.
 *
 * Execution number i under a seed is the same whatever came before.
 */
#include "engine/explore.h"
#include "strategies/priority.h"

#include <errno.h>
#include <stdlib.h>

struct pos {
	uint64_t seed;
	struct rig_priority priority;
};

static int pos_open(void **state, const struct rig_strategy_options *options)
{
	struct pos *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->seed = options->seed;
	*state = s;
	return 0;
}

static bool pos_begin(void *state, uint64_t index)
{
	struct pos *s = state;

	rig_priority_begin(&s->priority, s->seed, index);
	return true;
}

/* Blocked tasks as well: what they wait to do is a pending event, too. */
static void draw_again(struct rig_priority *p, const struct rig_engine *e,
		       const struct rig_task *chosen)
{
	for (unsigned i = 0; i < e->ntasks; i++) {
		const struct rig_task *t = &e->task[i];

		if (t->about == chosen->about &&
		    (t->about_writes || chosen->about_writes))
			p->of[i] = rig_priority_draw(p);
	}
}

static unsigned pos_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct rig_priority *p = &((struct pos *)state)->priority;
	unsigned pick;

	if (e->value_op)
		return rig_draw_value(e, &p->rng, choices);
	rig_priority_meet(p, e);
	pick = rig_priority_highest(p, choices);
	if (pick != RIG_CLOCK && e->task[pick].about)
		draw_again(p, e, &e->task[pick]);
	p->of[pick] = rig_priority_draw(p);
	return pick;
}

const struct rig_strategy rig_strategy_pos = {
	.name = "pos",
	.summary = "a random priority for each event; who raced draws again",
	.every = true,
	.open = pos_open,
	.close = free,
	.begin = pos_begin,
	.pick = pos_pick,
};
