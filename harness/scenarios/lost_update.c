/* SPDX-License-Identifier: MIT */
/*
 * Scenario: tiny/lost-update
 *
 * Every actor adds one to a counter by loading and storing it. The smallest
 * race there is, on the engine's own memory cells and without any kernel: it
 * measures the engine and checks that a search finds what it must.
 *
 *	a1   load 0 .............. store 1
 *	a2            load 0 .................. store 1   => 1, not 2
 *
 * Outcomes:
 *	counted  acceptable
 *	lost     forbidden: an increment was overwritten
 *
 * References: the example program of most work on schedule exploration.
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "engine/cell.h"
#include "scenarios/scenario.h"

#include <inttypes.h>
#include <string.h>

struct counter {
	struct rig_cell cell;
};

/* The race unfixed, and the read-modify-write instruction that fixes it. */
static bool tiny_fix(unsigned i, struct rig_fix *fix)
{
	static const struct rig_fix fixes[] = {
		{ .name = "none", .summary = "no fix" },
		{ .name = "atomic",
		  .summary = "load, add and store are one step",
		  .claims_sound = true },
	};

	if (i >= sizeof(fixes) / sizeof(fixes[0]))
		return false;
	*fix = fixes[i];
	return true;
}

const struct rig_family rig_family_tiny = {
	.name = "tiny",
	.fix = tiny_fix,
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

static void actor(struct rig_run *run, unsigned index)
{
	struct counter *counter = run->state;
	struct rig_engine *engine = run->world->engine;

	(void)index;
	if (run->fix.claims_sound)
		rig_cell_add(engine, &counter->cell, 1);
	else
		rig_cell_store(engine, &counter->cell,
			       rig_cell_load(engine, &counter->cell) + 1);
}

static void finish(struct rig_run *run)
{
	const struct counter *counter = run->state;

	if (counter->cell.value != run->actors)
		rig_run_fail(run, "lost",
			     "the counter is %" PRIu64 " after %u increments",
			     counter->cell.value, run->actors);
}

const struct rig_scenario rig_scenario_lost_update = {
	.name = "tiny/lost-update",
	.summary = "every actor increments a counter by load and store",
	.family = &rig_family_tiny,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.outcomes = outcomes,
	.state_size = sizeof(struct counter),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
