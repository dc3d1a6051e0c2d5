/* SPDX-License-Identifier: MIT */
/*
 * Mutant: wake-up-lost
 *
 * Breaks core/guards/private_table.c: between the look at the phase and the
 * wait the mutex is not let go. Here it is, for a moment: the change and its
 * announcement fit in there.
 *
 *	a1      phase is not DONE  unlock                          lock  waits
 *	helper                             phase = DONE  broadcast
 */
#include "mutants/mutant.h"

static void wait_later(struct spw_sys *sys, struct spw_cond *cond,
		       struct spw_mutex *mutex)
{
	rig_below.mutex_unlock(sys, mutex);
	rig_below.mutex_lock(sys, mutex);
	rig_below.cond_wait(sys, cond, mutex);
}

static void plant(struct spw_sys *sys)
{
	sys->cond_wait = wait_later;
}

const struct rig_mutant rig_mutant_wake_up_lost = {
	.name = "wake-up-lost",
	.summary = "the mutex is let go between the test and the wait",
	.rule = "core/guards/private_table.c: test and wait are one step under "
		"the mutex",
	.scenario = "etxtbsy/build-and-run",
	.fix = "private-table",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "deadlock",
	.plant = plant,
};
