/* SPDX-License-Identifier: MIT */
/*
 * Mutant: lease-spins
 *
 * Breaks core/guards/lease.c: between two tries it pauses. Here it does not,
 * and a task that spins may keep the one that it waits for from running: on a
 * machine with one CPU and real-time priorities for as long as it likes.
 *
 *	a1   .. close(p1)  lease = EAGAIN  lease = EAGAIN  lease = EAGAIN ...
 *	a2's child   (holds p1, and never gets to execve)
 *
 * Only a schedule that is unfair thousands of times in a row shows it, so
 * samplers that choose each step anew do not find it.
 */
#include "mutants/mutant.h"

static void no_pause(struct spw_sys *sys, unsigned attempt)
{
}

static void plant(struct spw_sys *sys)
{
	sys->pause = no_pause;
}

const struct rig_mutant rig_mutant_lease_spins = {
	.name = "lease-spins",
	.summary = "no pause between two tries for the lease",
	.rule = "core/guards/lease.c: a loop that polls pauses between tries",
	.scenario = "etxtbsy/build-and-run",
	.fix = "lease",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "livelock",
	.plant = plant,
};
