/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/owner-dies
 *
 * One actor starts a child, leaves its handle and ends; another waits for the
 * child. Under the rule of Plan 9 the child is the thread's that forked it, and
 * when that ends, another thread's of the process: who may wait changes
 * meanwhile, and nobody is told. A third actor would wait for the same child:
 * that is wait/double-wait.
 *
 *	a1     fork c1, ends: from now on c1 is main's
 *	a2                     wait => ECHILD: it never was a2's
 *
 * Outcomes:
 *	told         acceptable
 *	lost-status  forbidden: ECHILD
 *	not-found    forbidden: as told by the wait
 *	failed       forbidden: any other error
 *
 * References: forget_original_parent, find_alive_thread in kernel/exit.c; the
 * same bond has PR_SET_PDEATHSIG (golang/go#27505, moby#44215).
 *
 * Kernel notes: on Linux the rule of Plan 9 is __WNOTHREAD.
 */
#include "scenarios/wait.h"

static void actor(struct rig_run *run, unsigned index)
{
	if (index == 0)
		rig_wait_publish(run, 0, rig_wait_spawn(run, 0, 0));
	else
		rig_wait_check(run, rig_wait_published(run, 0), 0);
}

const struct rig_scenario rig_scenario_wait_owner_dies = {
	.name = "wait/owner-dies",
	.summary = "the thread that started a child ends, another waits for it",
	.family = &rig_family_wait,
	.kernel = "wait-scope=thread",
	.sound = "owner-thread owner-handle auto",
	.actors_min = 2,
	.actors_max = 2,
	.actors = 2,
	.outcomes = rig_wait_outcomes,
	.state_size = sizeof(struct rig_children),
	.begin = rig_wait_begin,
	.actor = actor,
	.finish = rig_wait_finish,
};
