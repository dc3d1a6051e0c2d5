/* SPDX-License-Identifier: MIT */
/*
 * Mutant: fork-lock-close-late
 *
 * Breaks core/write_executable.c: the guard's write_end comes after the close.
 * Here the lock is given back when the last byte is written, and the
 * descriptor is closed a moment later: what a clean-up at the end of a scope
 * does where the lock's scope is the inner one.
 *
 *	a1   read-lock  open(p1) .. unlock       close(p1)  spawn(p1) => ETXTBSY
 *	a2                                 vfork ........... unlock
 *	a2's child                         `- holds a copy - exec_mmap --- drop
 *
 * As long as a vfork-style clone suspends its parent, the lock is held: only
 * what the child holds after exec_mmap shows this one.
 */
#include "mutants/lock.h"
#include "mutants/mutant.h"

/* With a report in memory there is nothing to close but the written file. */
static int unlocked_close(struct spw_sys *sys, int fd)
{
	int error;

	rig_below.rwlock_unlock(sys, rig_lock());
	error = rig_below.close(sys, fd);
	rig_below.rwlock_read(sys, rig_lock());
	return error;
}

static void plant(struct spw_sys *sys)
{
	rig_lock_watch(sys);
	sys->close = unlocked_close;
}

const struct rig_mutant rig_mutant_fork_lock_close_late = {
	.name = "fork-lock-close-late",
	.summary = "the file is closed after the lock is given back",
	.rule = "core/write_executable.c: the lock is held until the close",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
