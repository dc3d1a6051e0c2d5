/* SPDX-License-Identifier: MIT */
/*
 * Mutant: peek-reaps
 *
 * Breaks core/waiters/owner_handle.c: the end of a child is noted before it is
 * reaped. Here the look at it reaps it. Between that and the note its id is
 * free and another child gets it. A signal that is sent by the old note would
 * meet that one, and the reaping, which comes last, takes it away:
 *
 *	main.t1   reap c1 .................. note .. reap(201): c2
 *	a3                fork c2 (id 201) ......................... wait => ECHILD
 */
#include "mutants/mutant.h"

static pid_t reaping_wait(struct spw_sys *sys, pid_t pid, unsigned flags,
			  struct spw_status *status)
{
	return rig_below.wait(sys, pid, flags & ~(unsigned)SPW_WAIT_PEEK,
			      status);
}

static void plant(struct spw_sys *sys)
{
	sys->wait = reaping_wait;
}

const struct rig_mutant rig_mutant_peek_reaps = {
	.name = "peek-reaps",
	.summary = "a child is reaped before its end is noted",
	.rule = "core/waiters/owner_handle.c: the note, then the reaping",
	.scenario = "wait/kill-after-reap",
	.fix = "owner-handle",
	.spawn = SPW_CLONE_VFORK,
	.actors = 3,
	.outcome = "lost-status",
	.plant = plant,
};
