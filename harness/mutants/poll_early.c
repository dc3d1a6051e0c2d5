/* SPDX-License-Identifier: MIT */
/*
 * Mutant: poll-early
 *
 * Breaks core/waiters/pidfd.c: what is reaped under the lock has ended. Here
 * nobody waits for the end, and the reaping, which must not block, would.
 */
#include "mutants/mutant.h"

static int no_poll(struct spw_sys *sys, int fd, uint64_t deadline_ns)
{
	return 0;
}

static void plant(struct spw_sys *sys)
{
	sys->pidfd_poll = no_poll;
}

const struct rig_mutant rig_mutant_poll_early = {
	.name = "poll-early",
	.summary = "a process is reaped without waiting for its end",
	.rule = "core/waiters/pidfd.c: the end, then the lock and the reaping",
	.scenario = "wait/double-wait",
	.fix = "pidfd",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "contract",
	.plant = plant,
};
