/* SPDX-License-Identifier: MIT */
/*
 * Mutant: fork-lock-kept
 *
 * Breaks core/guards/fork_lock.c: a fork gives the lock back. Here it does not,
 * as where an error path returns early, and whoever writes next waits for
 * ever.
 *
 *	a1   write-lock  fork ........ (ended)
 *	a2                   read-lock ------------------ never
 */
#include "mutants/mutant.h"

/* While a fork holds the lock nobody else can take it and change this. */
static bool held_by_fork;

static void rwlock_read(struct spw_sys *sys, struct spw_rwlock *lock)
{
	rig_below.rwlock_read(sys, lock);
	held_by_fork = false;
}

static void rwlock_write(struct spw_sys *sys, struct spw_rwlock *lock)
{
	rig_below.rwlock_write(sys, lock);
	held_by_fork = true;
}

static void rwlock_unlock(struct spw_sys *sys, struct spw_rwlock *lock)
{
	if (!held_by_fork)
		rig_below.rwlock_unlock(sys, lock);
}

static void plant(struct spw_sys *sys)
{
	sys->rwlock_read = rwlock_read;
	sys->rwlock_write = rwlock_write;
	sys->rwlock_unlock = rwlock_unlock;
}

const struct rig_mutant rig_mutant_fork_lock_kept = {
	.name = "fork-lock-kept",
	.summary = "a fork does not give the lock back",
	.rule = "core/guards/fork_lock.c: fork_end gives the lock back",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "deadlock",
	.plant = plant,
};
