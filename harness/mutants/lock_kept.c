/* SPDX-License-Identifier: MIT */
/*
 * Mutant: lock-kept
 *
 * Breaks core/guards/fork_lock.c: shut destroys what open has created. Here
 * the lock stays.
 */
#include "mutants/mutant.h"

static void nothing(struct spw_sys *sys, struct spw_rwlock *lock)
{
}

static void plant(struct spw_sys *sys)
{
	sys->rwlock_destroy = nothing;
}

const struct rig_mutant rig_mutant_lock_kept = {
	.name = "lock-kept",
	.summary = "a runtime leaves its lock behind",
	.rule = "core/guards/fork_lock.c: shut destroys the lock",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "leak",
	.plant = plant,
};
