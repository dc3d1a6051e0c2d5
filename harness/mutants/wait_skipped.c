/* SPDX-License-Identifier: MIT */
/*
 * Mutant: wait-skipped
 *
 * Breaks core/wait.c: a status is handed out once the process has been reaped.
 * Here nobody asks the kernel: the status is one that was never told, and the
 * child becomes a zombie.
 */
#include "mutants/mutant.h"

static pid_t no_wait(struct spw_sys *sys, pid_t pid, unsigned flags,
		     struct spw_status *status)
{
	*status = (struct spw_status){ .code = 0 };
	return pid;
}

static void plant(struct spw_sys *sys)
{
	sys->wait = no_wait;
}

const struct rig_mutant rig_mutant_wait_skipped = {
	.name = "wait-skipped",
	.summary = "a wait returns before the child has ended",
	.rule = "core/wait.c: a status is handed out after the reaping",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "wrong-program",
	.plant = plant,
};
