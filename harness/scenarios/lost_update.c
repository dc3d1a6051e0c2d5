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
#include "scenarios/counter.h"

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

const struct rig_scenario rig_scenario_lost_update = {
	.name = "tiny/lost-update",
	.summary = "every actor increments a counter by load and store",
	.family = &rig_family_tiny,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.rounds = 1,
	.outcomes = rig_counter_outcomes,
	.state_size = sizeof(struct rig_cell),
	.begin = rig_counter_begin,
	.actor = rig_counter_once,
	.finish = rig_counter_finish,
};
