/* SPDX-License-Identifier: MIT */
/*
 * Strategy pct: probabilistic concurrency testing (Burckhardt, Kothari,
 * Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees
 * of Finding Bugs, ASPLOS 2010).
 *
 * Each task has a random priority and the highest runs. After each of depth-1
 * random steps the priority of the task that made it falls below all others'.
 * A bug that depth orderings of events suffice for is met by one execution
 * with a probability of at least 1 / (n k^(depth-1)), with n tasks and k
 * steps, whatever else the program does.
 *
 * n and k are learnt. The change points are drawn from the steps of the
 * longest execution so far; after LEARNING executions that is settled. So
 * execution number i under a seed is a function of both and of the first
 * LEARNING executions, which are a function of the seed. The bound counts the
 * executions with the final k only. Where a later one was longer, the proof
 * covers bugs within the first k steps: the report says so.
 *
 * The clock is a task here, whose steps are its ticks. Values are drawn
 * uniformly, which the bound does not know of: the report says that, too.
 */
#include "engine/explore.h"
#include "strategies/priority.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { LEARNING = 32, DEFAULT_DEPTH = 3 };

struct pct {
	uint64_t seed;
	unsigned depth;
	unsigned points; /* k: steps that change points are drawn from */
	/* ---- this execution ---- */
	struct rig_priority priority;
	uint64_t index;
	unsigned steps;
	unsigned change[RIG_DEPTH_MAX]; /* the steps to fall after */
	bool ticked;                    /* the clock could be chosen */
	/* ---- all executions ---- */
	struct rig_promise promise;
};

static int pct_open(void **state, const struct rig_strategy_options *options)
{
	struct pct *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->seed = options->seed;
	s->depth = options->depth ? options->depth : DEFAULT_DEPTH;
	if (s->depth > RIG_DEPTH_MAX)
		s->depth = RIG_DEPTH_MAX;
	*state = s;
	return 0;
}

static bool pct_begin(void *state, uint64_t index)
{
	struct pct *s = state;

	rig_priority_begin(&s->priority, s->seed, index);
	s->index = index;
	s->steps = 0;
	s->ticked = false;
	for (unsigned i = 0; i + 1 < s->depth; i++)
		s->change[i] = s->points ? 1 + rig_rng_below(&s->priority.rng,
							     s->points) :
					   0;
	return true;
}

static unsigned pct_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct pct *s = state;
	unsigned pick;

	if (e->value_op) {
		s->promise.values = true;
		return rig_draw_value(e, &s->priority.rng, choices);
	}
	rig_priority_meet(&s->priority, e);
	s->ticked |= rig_has(choices, RIG_CLOCK);
	pick = rig_priority_highest(&s->priority, choices);
	s->steps++;
	for (unsigned i = 0; i + 1 < s->depth; i++)
		if (s->change[i] == s->steps)
			s->priority.of[pick] = i;
	return pick;
}

static void pct_end(void *state, struct rig_engine *e)
{
	struct pct *s = state;
	struct rig_promise *p = &s->promise;
	unsigned tasks = e->ntasks + s->ticked;

	if (tasks > p->tasks)
		p->tasks = tasks;
	if (s->steps > p->longest)
		p->longest = s->steps;
	p->executions++;
	if (s->index >= LEARNING || s->steps <= s->points)
		return;
	s->points = s->steps;
	p->executions = 0; /* they had another k */
}

static void pct_report(void *state, struct rig_search *search)
{
	const struct pct *s = state;
	struct rig_promise *p = &search->promise;
	const double least = 1e-300; /* less is not told from nothing */
	double hit;

	*p = s->promise;
	if (!p->executions)
		return;
	p->depth = s->depth;
	p->points = s->points;
	hit = 1 / (p->tasks * pow(p->points, s->depth - 1.0));
	p->miss = hit < 1 ? exp((double)p->executions * log1p(-hit)) : 0;
	if (p->miss < least)
		p->miss = least;
}

const struct rig_strategy rig_strategy_pct = {
	.name = "pct",
	.summary = "random priorities, changed at depth-1 random steps",
	.every = true,
	.open = pct_open,
	.close = free,
	.begin = pct_begin,
	.pick = pct_pick,
	.end = pct_end,
	.report = pct_report,
};
