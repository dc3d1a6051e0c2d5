/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/double-wait
 *
 * The main thread starts one child, and every actor waits for it. All want to
 * know how it ended; the kernel tells it once.
 *
 *	a1   wait ............... => status 1
 *	a2   wait ............... => ECHILD, or "process not found"
 *	c1           exit(1)
 *
 * Outcomes:
 *	told         acceptable: the same status, to all
 *	lost-status  forbidden: ECHILD for one of them
 *	not-found    forbidden: the same, from a table of statuses
 *	failed       forbidden: any other error
 *
 * References: python/cpython#87744, asyncio's "Unknown child process pid ...,
 * will report returncode 255"; Go commit b6284700 (2013), whose channel gives
 * each message once.
 *
 * Kernel notes: none.
 */
#include "scenarios/wait.h"

static int begin(struct rig_run *run)
{
	return rig_wait_begin_with(run, 1);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_children *children = run->state;

	rig_wait_check(run, children->proc[0], 0);
}

const struct rig_scenario rig_scenario_wait_double_wait = {
	.name = "wait/double-wait",
	.summary = "every actor waits for the same child",
	.family = &rig_family_wait,
	.sound = "sigchld owner-handle pidfd auto",
	.actors_min = 1,
	.actors_max = RIG_WAIT_CHILDREN,
	.actors = 2,
	.outcomes = rig_wait_outcomes,
	.state_size = sizeof(struct rig_children),
	.begin = begin,
	.actor = actor,
	.finish = rig_wait_finish,
};
