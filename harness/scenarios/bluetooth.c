/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/bluetooth
 *
 * A driver counts who is inside it; the count starts at one, for the driver
 * itself. To stop it a flag keeps newcomers out and the driver's own one is
 * given back: at zero nobody is inside, and it is torn down. Unfixed a
 * newcomer looks at the flag before it is counted.
 *
 *	a1                       flag, count 1 -> 0, stopped
 *	a2   flag is not set ................................. counted, works
 *                                                            => stopped
 *
 * Fixed by being counted first.
 *
 * Outcomes:
 *	served   acceptable
 *	stopped  forbidden: somebody works in a driver that was torn down
 *
 * References: Qadeer, Wu: KISS, Keep It Simple and Sequential (PLDI 2004),
 * section 6; bluetooth_driver of SCTBench.
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "scenarios/classic.h"

struct driver {
	struct rig_cell count;   /* who is inside, and the driver itself */
	struct rig_cell closing; /* nobody new may come */
	struct rig_cell idle;    /* the last one has left */
	struct rig_cell stopped; /* torn down */
};

static const struct rig_outcome outcomes[] = {
	{ .id = "served",
	  .grade = RIG_ACCEPTABLE,
	  .text = "nobody was inside when the driver was torn down" },
	{ .id = "stopped",
	  .grade = RIG_FORBIDDEN,
	  .text = "somebody works in a driver that was torn down" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct driver *d = run->state;

	rig_cell_init(&d->count, 0, 1);
	rig_cell_init(&d->closing, 1, 0);
	rig_cell_init(&d->idle, 2, 0);
	rig_cell_init(&d->stopped, 3, 0);
	return 0;
}

static void enter_count(struct rig_run *run)
{
	struct driver *d = run->state;

	rig_cell_add(run->world->engine, &d->count, 1);
}

static void leave_count(struct rig_run *run)
{
	struct driver *d = run->state;

	if (!rig_cell_add(run->world->engine, &d->count, UINT64_MAX))
		rig_store(run, &d->idle, 1);
}

static bool enter(struct rig_run *run)
{
	struct driver *d = run->state;

	if (rig_fixed(run)) {
		enter_count(run);
		if (!rig_load(run, &d->closing))
			return true;
		leave_count(run);
		return false;
	}
	if (rig_load(run, &d->closing))
		return false;
	enter_count(run);
	return true;
}

static void stop(struct rig_run *run)
{
	struct driver *d = run->state;

	rig_store(run, &d->closing, 1);
	leave_count(run);
	if (rig_load(run, &d->idle))
		rig_store(run, &d->stopped, 1);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct driver *d = run->state;

	if (!index) {
		stop(run);
		return;
	}
	if (!enter(run))
		return;
	if (rig_load(run, &d->stopped))
		rig_run_fail(run, "stopped", "a%u is inside", index + 1);
	leave_count(run);
}

const struct rig_scenario rig_scenario_bluetooth = {
	.name = "classic/bluetooth",
	.summary = "a driver is stopped while somebody comes in",
	.family = &rig_family_classic,
	.actors_min = 2,
	.actors_max = 6,
	.actors = 2,
	.outcomes = outcomes,
	.state_size = sizeof(struct driver),
	.begin = begin,
	.actor = actor,
};
