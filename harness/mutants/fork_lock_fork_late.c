/* SPDX-License-Identifier: MIT */
/*
 * Mutant: fork-lock-fork-late
 *
 * Breaks core/spawn.c: the guard's fork_begin and fork_end stand around the
 * clone. Here the lock is given back before it and taken again after it, as if
 * somebody had seen that children take long and lock writers out for as short
 * a time as possible.
 *
 *	a1   read-lock  open(p1) ...... close(p1)  unlock  spawn(p1) => ETXTBSY
 *	a2   (unlocked)           fork
 *	a2's child                `- holds a copy ------------------- execve
 */
#include "mutants/lock.h"
#include "mutants/mutant.h"

static int unlocked_clone(struct spw_sys *sys, enum spw_clone how,
			  spw_child_fn *child, void *arg, size_t arg_len,
			  pid_t *pid)
{
	int error;

	rig_below.rwlock_unlock(sys, rig_lock());
	error = rig_below.clone(sys, how, child, arg, arg_len, pid);
	rig_below.rwlock_write(sys, rig_lock());
	return error;
}

static void plant(struct spw_sys *sys)
{
	rig_lock_watch(sys);
	sys->clone = unlocked_clone;
}

const struct rig_mutant rig_mutant_fork_lock_fork_late = {
	.name = "fork-lock-fork-late",
	.summary = "the lock is given back before the fork",
	.rule = "core/spawn.c: the lock is held while the child is made",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
