/* SPDX-License-Identifier: MIT */
/*
 * Mutant: fork-lock-open-early
 *
 * Breaks core/write_executable.c: the guard's write_begin comes before the
 * open. Here the file is opened first, and the lock protects only what looks
 * like the work, the writing.
 *
 *	a1   open(p1)       read-lock .. close(p1)  unlock  spawn(p1) => ETXTBSY
 *	a2            vfork . unlock
 *	a2's child    `- exec_mmap -------------------------------------- drop
 *
 * As with fork-lock-close-late, what the child holds after exec_mmap counts.
 */
#include "mutants/lock.h"
#include "mutants/mutant.h"

/* Nothing is opened but the file to be written. */
static int unlocked_open(struct spw_sys *sys, const char *path, int flags,
			 mode_t mode)
{
	int fd;

	rig_below.rwlock_unlock(sys, rig_lock());
	fd = rig_below.open(sys, path, flags, mode);
	rig_below.rwlock_read(sys, rig_lock());
	return fd;
}

static void plant(struct spw_sys *sys)
{
	rig_lock_watch(sys);
	sys->open = unlocked_open;
}

const struct rig_mutant rig_mutant_fork_lock_open_early = {
	.name = "fork-lock-open-early",
	.summary = "the file is opened before the lock is taken",
	.rule = "core/write_executable.c: the lock is held from the open on",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
