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
#include "scenarios/counter.h"

struct locked {
	struct rig_cell cell; /* the counter, first */
	struct spw_mutex *lock;
};

static int begin(struct rig_run *run)
{
	struct locked *locked = run->state;
	int rc = rig_counter_begin(run);

	return rc ? rc : run->sys->mutex_create(run->sys, &locked->lock);
}

static void section(struct rig_run *run)
{
	struct locked *locked = run->state;

	run->sys->mutex_lock(run->sys, locked->lock);
	run->sys->assert_held(run->sys, locked->lock, &locked->cell.value,
			      sizeof(locked->cell.value));
	locked->cell.value++;
	run->sys->mutex_unlock(run->sys, locked->lock);
}

static void actor(struct rig_run *run, unsigned index)
{
	if (!rig_fixed(run)) {
		rig_counter_actor(run, index);
		return;
	}
	for (unsigned i = 0; i < run->scenario->rounds; i++)
		section(run);
}

static void finish(struct rig_run *run)
{
	const struct locked *locked = run->state;

	run->sys->mutex_destroy(run->sys, locked->lock);
	rig_counter_finish(run);
}

const struct rig_scenario rig_scenario_lock_sections = {
	.name = "classic/lock-sections",
	.summary = "every actor increments a counter under a lock",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.rounds = 1,
	.outcomes = rig_counter_outcomes,
	.state_size = sizeof(struct locked),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};

const struct rig_scenario rig_scenario_lock_sections_2 = {
	.name = "classic/lock-sections-2",
	.summary = "every actor increments it twice",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.rounds = 2,
	.outcomes = rig_counter_outcomes,
	.state_size = sizeof(struct locked),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};

const struct rig_scenario rig_scenario_lock_sections_3 = {
	.name = "classic/lock-sections-3",
	.summary = "every actor increments it three times",
	.family = &rig_family_classic,
	.actors_min = 1,
	.actors_max = 6,
	.actors = 3,
	.rounds = 3,
	.outcomes = rig_counter_outcomes,
	.state_size = sizeof(struct locked),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
