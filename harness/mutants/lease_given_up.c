/* SPDX-License-Identifier: MIT */
/*
 * Mutant: lease-given-up
 *
 * Breaks core/guards/auto.c: what a file could have, but cannot have just now,
 * is an error. Here no lease is ever to be had, and it is said that the file
 * system has none, as if there were no memory for one (-ENOMEM) and nobody
 * looked why. Then a process writes the file, and does not see a mapping.
 *
 *	main       maps p1
 *	a2               fork
 *	a2's child       `- has the mapping as well ------------------ execve
 *	a1           unmaps p1  lease = EINVAL  writes p1  spawn(p1) => ETXTBSY
 */
#include "mutants/mutant.h"

#include <errno.h>
#include <fcntl.h>

static int lease(struct spw_sys *sys, int fd, int type)
{
	return type == F_UNLCK ? rig_below.lease(sys, fd, type) : -EINVAL;
}

static void plant(struct spw_sys *sys)
{
	sys->lease = lease;
}

const struct rig_mutant rig_mutant_lease_given_up = {
	.name = "lease-given-up",
	.summary = "a lease that cannot be had just now is done without",
	.rule = "core/guards/auto.c: a process writes only what cannot have a "
		"lease",
	.scenario = "etxtbsy/mapped-writer",
	.fix = "auto",
	.spawn = SPW_CLONE_FORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
