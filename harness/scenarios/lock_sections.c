/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/lock-sections, and -2 and -3
 *
 * Every actor adds one to a counter, once, twice or three times, each time
 * under a lock: one step, as giving a lock back is none. The simplest program
 * with blocking: with n actors and k sections there are (nk)! / (k!)^n orders,
 * which a search by traces must visit, each once.
 *
 *	a1   lock 0->1                lock 2->3
 *	a2               lock 1->2
 *
 * Unfixed there is no lock, and an increment can be lost.
 *
 * Outcomes:
 *	counted  acceptable
 *	lost     forbidden: an increment was overwritten
 *
 * References: the locked counter of the Nidhugg, GenMC and McMini suites.
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "scenarios/classic.h"

#include <inttypes.h>

struct counter {
	struct rig_cell cell;
	struct spw_mutex *lock;
};

static const struct rig_outcome outcomes[] = {
	{ .id = "counted",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the counter shows every increment" },
	{ .id = "lost",
	  .grade = RIG_FORBIDDEN,
	  .text = "an increment was overwritten by another" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct counter *counter = run->state;

	rig_cell_init(&counter->cell, 0, 0);
	return run->sys->mutex_create(run->sys, &counter->lock);
}

static void section(struct rig_run *run)
{
	struct counter *counter = run->state;

	run->sys->mutex_lock(run->sys, counter->lock);
	run->sys->assert_held(run->sys, counter->lock, &counter->cell.value,
			      sizeof(counter->cell.value));
	counter->cell.value++;
	run->sys->mutex_unlock(run->sys, counter->lock);
}

static void sections(struct rig_run *run, unsigned n)
{
	struct counter *counter = run->state;

	for (unsigned i = 0; i < n; i++)
		if (rig_fixed(run))
			section(run);
		else
			rig_store(run, &counter->cell,
				  rig_load(run, &counter->cell) + 1);
}

static void once(struct rig_run *run, unsigned index)
{
	(void)index;
	sections(run, 1);
}

static void twice(struct rig_run *run, unsigned index)
{
	(void)index;
	sections(run, 2);
}

static void thrice(struct rig_run *run, unsigned index)
{
	(void)index;
	sections(run, 3);
}

static void check(struct rig_run *run, unsigned each)
{
	const struct counter *counter = run->state;

	run->sys->mutex_destroy(run->sys, counter->lock);
	if (counter->cell.value != (uint64_t)run->actors * each)
		rig_run_fail(run, "lost",
			     "the counter is %" PRIu64 " after %u increments",
			     counter->cell.value, run->actors * each);
}

static void after_once(struct rig_run *run)
{
	check(run, 1);
}

static void after_twice(struct rig_run *run)
{
	check(run, 2);
}

static void after_thrice(struct rig_run *run)
{
	check(run, 3);
}

const struct rig_scenario rig_scenario_lock_sections = {
	.name = "classic/lock-sections",
	.summary = "every actor increments a counter under a lock",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.outcomes = outcomes,
	.state_size = sizeof(struct counter),
	.begin = begin,
	.actor = once,
	.finish = after_once,
};

const struct rig_scenario rig_scenario_lock_sections_2 = {
	.name = "classic/lock-sections-2",
	.summary = "every actor increments it twice",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.outcomes = outcomes,
	.state_size = sizeof(struct counter),
	.begin = begin,
	.actor = twice,
	.finish = after_twice,
};

const struct rig_scenario rig_scenario_lock_sections_3 = {
	.name = "classic/lock-sections-3",
	.summary = "every actor increments it three times",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.outcomes = outcomes,
	.state_size = sizeof(struct counter),
	.begin = begin,
	.actor = thrice,
	.finish = after_thrice,
};
