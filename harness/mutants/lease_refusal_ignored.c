/* SPDX-License-Identifier: MIT */
/*
 * Mutant: lease-refusal-ignored
 *
 * Breaks core/guards/lease.c: -EAGAIN means that somebody can still write, and
 * is asked again. Here it counts as an answer: the caller has asked for the
 * lease, and the error is one of those that "cannot happen".
 *
 *	a1   open(p1) ...... close(p1)  lease = EAGAIN  spawn(p1) => ETXTBSY
 *	a2             fork
 *	a2's child     `- holds a copy of a1's descriptor ------- execve
 */
#include "mutants/mutant.h"

#include <errno.h>

static int lease(struct spw_sys *sys, int fd, int type)
{
	int error = rig_below.lease(sys, fd, type);

	return error == -EAGAIN ? 0 : error;
}

static void plant(struct spw_sys *sys)
{
	sys->lease = lease;
}

const struct rig_mutant rig_mutant_lease_refusal_ignored = {
	.name = "lease-refusal-ignored",
	.summary = "a lease that was refused is taken for granted",
	.rule = "core/guards/lease.c: asks until the lease is granted",
	.scenario = "etxtbsy/build-and-run",
	.fix = "lease",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
