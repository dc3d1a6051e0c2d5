/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/lock-order
 *
 * Each actor takes its own lock and its right neighbour's: dining
 * philosophers, and with two actors the plain lock inversion. When each holds
 * its own, nobody gets another.
 *
 *	a1   lock L1 ............ lock L2, which a2 holds
 *	a2            lock L2 ............................. lock L1   => deadlock
 *
 * Fixed by an order of all locks: the lower number first.
 *
 * Outcomes:
 *	ended     acceptable
 *	deadlock  forbidden: every actor waits for another
 *
 * References: Dijkstra, Hierarchical Ordering of Sequential Processes (1971);
 * deadlock01 and din_phil of SCTBench.
 *
 * Kernel notes: none.
 */
#include "scenarios/classic.h"

enum { ACTORS_MAX = 5 };

struct table {
	struct spw_mutex *lock[ACTORS_MAX];
};

static const struct rig_outcome outcomes[] = {
	{ .id = "ended",
	  .grade = RIG_ACCEPTABLE,
	  .text = "every actor had both locks" },
	{ .id = "deadlock",
	  .grade = RIG_FORBIDDEN,
	  .text = "every actor waits for a lock that another holds" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct table *table = run->state;
	int rc = 0;

	for (unsigned i = 0; !rc && i < run->actors; i++)
		rc = run->sys->mutex_create(run->sys, &table->lock[i]);
	return rc;
}

static void actor(struct rig_run *run, unsigned index)
{
	struct table *table = run->state;
	struct spw_sys *sys = run->sys;
	unsigned first = index, second = (index + 1) % run->actors;

	if (rig_fixed(run) && second < first) {
		first = second;
		second = index;
	}
	sys->mutex_lock(sys, table->lock[first]);
	sys->mutex_lock(sys, table->lock[second]);
	sys->mutex_unlock(sys, table->lock[second]);
	sys->mutex_unlock(sys, table->lock[first]);
}

static void finish(struct rig_run *run)
{
	const struct table *table = run->state;

	for (unsigned i = 0; i < run->actors; i++)
		run->sys->mutex_destroy(run->sys, table->lock[i]);
}

const struct rig_scenario rig_scenario_lock_order = {
	.name = "classic/lock-order",
	.summary = "each actor takes its lock and its neighbour's",
	.family = &rig_family_classic,
	.actors_min = 2,
	.actors_max = ACTORS_MAX,
	.actors = 2,
	.outcomes = outcomes,
	.state_size = sizeof(struct table),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
