/* SPDX-License-Identifier: MIT */
/*
 * Mutant: lease-writes
 *
 * Breaks core/guards/lease.c: the descriptor on which the lease is asked for is
 * open for reading only. Here it is open for writing too, the kernel counts it
 * as a writer (check_conflicting_open), and so the guard waits for itself.
 *
 *	a1   .. close(p1)  open(p1, read and write)  lease = EAGAIN  (no end)
 */
#include "mutants/mutant.h"

#include <fcntl.h>

static int open_both(struct spw_sys *sys, const char *path, int flags,
		     mode_t mode)
{
	if ((flags & O_ACCMODE) == O_RDONLY)
		flags |= O_RDWR;
	return rig_below.open(sys, path, flags, mode);
}

static void plant(struct spw_sys *sys)
{
	sys->open = open_both;
}

const struct rig_mutant rig_mutant_lease_writes = {
	.name = "lease-writes",
	.summary = "who asks for the lease can write the file",
	.rule = "core/guards/lease.c: the file is opened for reading only",
	.scenario = "etxtbsy/build-and-run",
	.fix = "lease",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "deadlock",
	.plant = plant,
};
