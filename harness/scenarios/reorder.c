/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/reorder
 *
 * Setters write two cells, checkers expect to see both written or none. One
 * setter between its two writes is all it takes, and the more setters there
 * are the rarer it is that a checker comes while none has made the second:
 * no number of preemptions but the width of the program makes it hard.
 *
 *	a1   a = 1 ............................ b = -1
 *	a2            a = 1 .................... b = -1
 *	a3                    a == 1, b == 0            => torn
 *
 * --actors is the number in the published names: reorder_3 has two setters and
 * a checker. A lock around the pair fixes it.
 *
 * Outcomes:
 *	whole  acceptable
 *	torn   forbidden: a checker saw one of the two writes
 *
 * References: reorder_N of SCTBench (Thomson, Donaldson, Betts: Concurrency
 * Testing Using Schedule Bounding, PPoPP 2014), by way of ESBMC's examples.
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "scenarios/classic.h"

struct pair {
	struct rig_cell a, b;
	struct spw_mutex *lock;
};

static const uint64_t written_b = UINT64_MAX; /* -1 */

static const struct rig_outcome outcomes[] = {
	{ .id = "whole",
	  .grade = RIG_ACCEPTABLE,
	  .text = "every checker saw both writes or none" },
	{ .id = "torn",
	  .grade = RIG_FORBIDDEN,
	  .text = "a checker saw one of two writes" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct pair *pair = run->state;

	rig_cell_init(&pair->a, 0, 0);
	rig_cell_init(&pair->b, 1, 0);
	return run->sys->mutex_create(run->sys, &pair->lock);
}

static void set(struct rig_run *run)
{
	struct pair *pair = run->state;

	rig_store(run, &pair->a, 1);
	rig_store(run, &pair->b, written_b);
}

/* Each look is a load of its own, as in the original. */
static void check(struct rig_run *run)
{
	struct pair *pair = run->state;

	if (rig_load(run, &pair->a) == 0 && rig_load(run, &pair->b) == 0)
		return;
	if (rig_load(run, &pair->a) == 1 &&
	    rig_load(run, &pair->b) == written_b)
		return;
	rig_run_fail(run, "torn", "a is set, b is not");
}

static void actor(struct rig_run *run, unsigned index)
{
	bool checks = index >= run->actors - rig_classic_readers(run);
	struct pair *pair = run->state;

	if (rig_fixed(run))
		run->sys->mutex_lock(run->sys, pair->lock);
	if (checks)
		check(run);
	else
		set(run);
	if (rig_fixed(run))
		run->sys->mutex_unlock(run->sys, pair->lock);
}

static void finish(struct rig_run *run)
{
	const struct pair *pair = run->state;

	run->sys->mutex_destroy(run->sys, pair->lock);
}

const struct rig_scenario rig_scenario_reorder = {
	.name = "classic/reorder",
	.summary = "setters write two cells, checkers expect both or none",
	.family = &rig_family_classic,
	.actors_min = 2,
	.actors_max = 100,
	.actors = 3,
	.outcomes = outcomes,
	.state_size = sizeof(struct pair),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
