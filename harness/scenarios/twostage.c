/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/twostage
 *
 * Writers update two data, each under a lock of its own; readers look at the
 * first and, once that is set, expect the second. Every access is under a
 * lock, and still the two together are not one step.
 *
 *	a1   [data1 = 1] ............................ [data2 = data1 + 1]
 *	a2                [data1 is 1]  [data2 is 0]                     => stale
 *
 * --actors is the number in the published names. Fixed, a writer keeps the
 * first lock until it has written both.
 *
 * Outcomes:
 *	matching  acceptable
 *	stale     forbidden: a reader saw the first stage only
 *
 * References: twostage_N of SCTBench (Thomson, Donaldson, Betts: Concurrency
 * Testing Using Schedule Bounding, PPoPP 2014), from the two-stage access bug
 * pattern of Farchi, Nir, Ur (IPDPS 2003).
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "scenarios/classic.h"

#include <inttypes.h>

struct stages {
	struct rig_cell data1, data2;
	struct spw_mutex *lock1, *lock2;
};

static const struct rig_outcome outcomes[] = {
	{ .id = "matching",
	  .grade = RIG_ACCEPTABLE,
	  .text = "every reader saw both stages or none" },
	{ .id = "stale",
	  .grade = RIG_FORBIDDEN,
	  .text = "a reader saw the first stage and not the second" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct stages *s = run->state;
	int rc = run->sys->mutex_create(run->sys, &s->lock1);

	rig_cell_init(&s->data1, 0, 0);
	rig_cell_init(&s->data2, 1, 0);
	return rc ? rc : run->sys->mutex_create(run->sys, &s->lock2);
}

static void write_both(struct rig_run *run)
{
	struct stages *s = run->state;
	struct spw_sys *sys = run->sys;

	sys->mutex_lock(sys, s->lock1);
	rig_store(run, &s->data1, 1);
	if (!rig_fixed(run))
		sys->mutex_unlock(sys, s->lock1);
	sys->mutex_lock(sys, s->lock2);
	rig_store(run, &s->data2, rig_load(run, &s->data1) + 1);
	sys->mutex_unlock(sys, s->lock2);
	if (rig_fixed(run))
		sys->mutex_unlock(sys, s->lock1);
}

static void read_both(struct rig_run *run)
{
	struct stages *s = run->state;
	struct spw_sys *sys = run->sys;
	uint64_t first, second;

	sys->mutex_lock(sys, s->lock1);
	first = rig_load(run, &s->data1);
	if (first)
		first = rig_load(run, &s->data1);
	sys->mutex_unlock(sys, s->lock1);
	if (!first)
		return;
	sys->mutex_lock(sys, s->lock2);
	second = rig_load(run, &s->data2);
	sys->mutex_unlock(sys, s->lock2);
	if (second != first + 1)
		rig_run_fail(run, "stale",
			     "data1 was %" PRIu64 " and data2 %" PRIu64, first,
			     second);
}

static void actor(struct rig_run *run, unsigned index)
{
	if (index < run->actors - rig_classic_readers(run))
		write_both(run);
	else
		read_both(run);
}

static void finish(struct rig_run *run)
{
	const struct stages *s = run->state;

	run->sys->mutex_destroy(run->sys, s->lock1);
	run->sys->mutex_destroy(run->sys, s->lock2);
}

const struct rig_scenario rig_scenario_twostage = {
	.name = "classic/twostage",
	.summary = "two data under two locks, written one after the other",
	.family = &rig_family_classic,
	.actors_min = 2,
	.actors_max = 100,
	.actors = 2,
	.outcomes = outcomes,
	.state_size = sizeof(struct stages),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
