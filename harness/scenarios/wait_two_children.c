/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/two-children
 *
 * Each actor starts a child and gives its handle to the next actor, which waits
 * for it: work that moves between threads, as goroutines do. Under the rule of
 * Plan 9 each actor has a child of its own that it may wait for, and that is
 * not the one it waits for.
 *
 *	a1   fork c1, takes c2's handle, wait ........ => status 1, expected 2
 *	a2   fork c2, takes c1's handle
 *	c1                                   exit(1)
 *
 * Outcomes:
 *	told         acceptable
 *	wrong-child  forbidden: the status of the child that it had forked
 *	lost-status  forbidden: ECHILD
 *	not-found    forbidden: as told by the wait
 *	failed       forbidden: any other error
 *
 * References: Go commit b6284700 (2013): "will either return an error or end up
 * waiting for a completely different child than was intended".
 *
 * Kernel notes: on Linux the rule of Plan 9 is __WNOTHREAD.
 */
#include "scenarios/wait.h"

static void actor(struct rig_run *run, unsigned index)
{
	unsigned next = (index + 1) % run->actors;

	rig_wait_publish(run, index, rig_wait_spawn(run, index, 0));
	rig_wait_check(run, rig_wait_published(run, next), next);
}

const struct rig_scenario rig_scenario_wait_two_children = {
	.name = "wait/two-children",
	.summary = "every actor starts a child, the next actor waits for it",
	.family = &rig_family_wait,
	.kernel = "wait-scope=thread",
	.sound = "owner-thread owner-handle auto",
	.actors_min = 2,
	.actors_max = RIG_WAIT_CHILDREN,
	.actors = 2,
	.outcomes = rig_wait_outcomes,
	.state_size = sizeof(struct rig_children),
	.begin = rig_wait_begin,
	.actor = actor,
	.finish = rig_wait_finish,
};
