/* SPDX-License-Identifier: MIT */
/*
 * Mutant: fork-lock-shared
 *
 * Breaks core/guards/fork_lock.c: whoever writes a file and whoever forks
 * exclude each other. Here a fork takes the lock as a writer of files does, so
 * forks still keep something out, but not what they must: the roles of the
 * lock are the opposite of their names, and who mixes them up gets this.
 *
 *	a1   read-lock  open(p1) ............... close(p1)  spawn(p1) => ETXTBSY
 *	a2              read-lock  fork  unlock
 *	a2's child                 `- holds a copy ------------------ execve
 */
#include "mutants/mutant.h"

static void write_as_read(struct spw_sys *sys, struct spw_rwlock *lock)
{
	rig_below.rwlock_read(sys, lock);
}

static void plant(struct spw_sys *sys)
{
	sys->rwlock_write = write_as_read;
}

const struct rig_mutant rig_mutant_fork_lock_shared = {
	.name = "fork-lock-shared",
	.summary = "a fork shares the lock with those who write files",
	.rule = "core/guards/fork_lock.c: forks hold the exclusive side",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
