/* SPDX-License-Identifier: MIT */
/*
 * Mutant: box-unlocked
 *
 * Breaks core/guards/private_table.c: the box is touched under its mutex only.
 * Here the mutex is neither taken nor given back. The rig switches tasks at
 * calls and would not see two accesses meet; what it sees is that the lock is
 * not held where assert_held says that it must be.
 */
#include "mutants/mutant.h"

static void nothing(struct spw_sys *sys, struct spw_mutex *mutex)
{
}

static void plant(struct spw_sys *sys)
{
	sys->mutex_lock = nothing;
	sys->mutex_unlock = nothing;
}

const struct rig_mutant rig_mutant_box_unlocked = {
	.name = "box-unlocked",
	.summary = "shared memory is touched without its mutex",
	.rule = "core/guards/private_table.c: the box is under the lock",
	.scenario = "etxtbsy/build-and-run",
	.fix = "private-table",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "contract",
	.plant = plant,
};
