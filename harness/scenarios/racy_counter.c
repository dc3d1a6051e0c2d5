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
#include "scenarios/counter.h"

const struct rig_scenario rig_scenario_racy_counter = {
	.name = "classic/racy-counter",
	.summary = "every actor increments a counter by load and store",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.rounds = 1,
	.outcomes = rig_counter_outcomes,
	.state_size = sizeof(struct rig_cell),
	.begin = rig_counter_begin,
	.actor = rig_counter_actor,
	.finish = rig_counter_finish,
};

const struct rig_scenario rig_scenario_racy_counter_2 = {
	.name = "classic/racy-counter-2",
	.summary = "every actor increments it twice",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.rounds = 2,
	.outcomes = rig_counter_outcomes,
	.state_size = sizeof(struct rig_cell),
	.begin = rig_counter_begin,
	.actor = rig_counter_actor,
	.finish = rig_counter_finish,
};
