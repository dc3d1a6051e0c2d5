/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/racy-counter, and -2
 *
 * Every actor adds one to a counter, once or twice, by loading and storing it:
 * two steps each time, and no other. tiny/lost-update with more of it: the
 * traces of three actors are 36 and 7134, which a search by traces must count.
 *
 *	a1   load 0 ............................ store 1
 *	a2            load 0, store 1, load 1, store 2     => 1, not 3
 *
 * Fixed by the read-modify-write instruction.
 *
 * Outcomes:
 *	counted  acceptable
 *	lost     forbidden: an increment was overwritten
 *
 * References: the atomic counter of the Nidhugg and GenMC suites.
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "scenarios/classic.h"

#include <inttypes.h>

struct counter {
	struct rig_cell cell;
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
	return 0;
}

static void once(struct rig_run *run, unsigned index)
{
	struct counter *counter = run->state;

	(void)index;
	if (rig_fixed(run))
		rig_cell_add(run->world->engine, &counter->cell, 1);
	else
		rig_store(run, &counter->cell,
			  rig_load(run, &counter->cell) + 1);
}

static void twice(struct rig_run *run, unsigned index)
{
	once(run, index);
	once(run, index);
}

static void check(struct rig_run *run, unsigned each)
{
	const struct counter *counter = run->state;

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

const struct rig_scenario rig_scenario_racy_counter = {
	.name = "classic/racy-counter",
	.summary = "every actor increments a counter by load and store",
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

const struct rig_scenario rig_scenario_racy_counter_2 = {
	.name = "classic/racy-counter-2",
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
