/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/cross-thread, and wait/coalesced
 *
 * The main thread starts a child for each actor; each actor waits for its own.
 * cross-thread under the rule of Plan 9: who may wait is who has forked.
 *
 *	main   fork c1
 *	a1                 wait => ECHILD: not its child
 *	c1                                  exit(1)
 *
 * coalesced is the same program where every thread may wait. What is left that
 * can go wrong is the notification, which is one for both ends:
 *
 *	c1, c2   exit, exit: SIGCHLD is pending, once
 *	a1                  takes it, reaps c1                    => waits for
 *	a2                                       waits for it        ever
 *
 * Outcomes:
 *	told         acceptable
 *	lost-status  forbidden: ECHILD
 *	wrong-child  forbidden: the status of another actor's child
 *	deadlock     forbidden: nobody reaps a child that has ended
 *	failed       forbidden: any other error
 *
 * References: Go commit b6284700 (2013); dotnet/corefx#25962 and tokio#3743 on
 * one SIGCHLD for many.
 *
 * Kernel notes: on Linux the rule of Plan 9 is __WNOTHREAD.
 */
#include "scenarios/wait.h"

static int begin(struct rig_run *run)
{
	return rig_wait_begin_with(run, run->actors);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_children *children = run->state;

	rig_wait_check(run, children->proc[index], index);
}

const struct rig_scenario rig_scenario_wait_cross_thread = {
	.name = "wait/cross-thread",
	.summary = "the main thread starts children, other threads wait",
	.family = &rig_family_wait,
	.kernel = "wait-scope=thread",
	.sound = "owner-thread owner-handle auto",
	.actors_min = 1,
	.actors_max = RIG_WAIT_CHILDREN,
	.actors = 2,
	.outcomes = rig_wait_outcomes,
	.state_size = sizeof(struct rig_children),
	.begin = begin,
	.actor = actor,
	.finish = rig_wait_finish,
};

const struct rig_scenario rig_scenario_wait_coalesced = {
	.name = "wait/coalesced",
	.summary = "two children end at once, and there is one signal",
	.family = &rig_family_wait,
	.sound = "by-pid owner-thread owner-handle pidfd auto",
	.actors_min = 1,
	.actors_max = RIG_WAIT_CHILDREN,
	.actors = 2,
	.outcomes = rig_wait_outcomes,
	.state_size = sizeof(struct rig_children),
	.begin = begin,
	.actor = actor,
	.finish = rig_wait_finish,
};
