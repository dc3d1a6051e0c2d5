/* SPDX-License-Identifier: MIT */
/*
 * Mutant: sibling-kept
 *
 * Breaks core/guards/fork_server.c: what the server starts is a child of the
 * program, which waits for it. Here it is the server's own, as where
 * CLONE_PARENT is forgotten: nobody who wants to wait for it can.
 */
#include "mutants/mutant.h"

static int clone_own(struct spw_sys *sys, enum spw_clone how,
		     spw_child_fn *child, void *arg, size_t arg_len, pid_t *pid)
{
	if (how == SPW_CLONE_SIBLING)
		how = SPW_CLONE_VFORK;
	return rig_below.clone(sys, how, child, arg, arg_len, pid);
}

static void plant(struct spw_sys *sys)
{
	sys->clone = clone_own;
}

const struct rig_mutant rig_mutant_sibling_kept = {
	.name = "sibling-kept",
	.summary = "what a fork server starts is its own child",
	.rule = "core/guards/fork_server.c: its children are the program's",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-server",
	.spawn = SPW_CLONE_VFORK,
	.actors = 1,
	.outcome = "failed",
	.plant = plant,
};
