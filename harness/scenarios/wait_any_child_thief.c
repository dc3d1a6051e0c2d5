/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/any-child-thief
 *
 * Every actor starts a child and waits for it, itself. Nothing is handed
 * around; but a wait for any child takes what comes, and what it does not want
 * is gone for the one who does.
 *
 *	a1   fork c1, waits for any: c2 .. throws it away, waits on
 *	a2   fork c2, ................................... wait => ECHILD
 *	c2            exit(2)
 *
 * Outcomes:
 *	told         acceptable
 *	wrong-child  forbidden: the status of another actor's child
 *	lost-status  forbidden: ECHILD
 *	failed       forbidden: any other error
 *
 * References: joyent/libuv#887, golang/go#60481, boost-process#143, and GLib's
 * warning that "some other thread is invoking waitpid() with a nonpositive
 * first argument".
 *
 * Kernel notes: where only the thread that forked may wait (wait-scope=thread)
 * a loop around a wait for any child is right.
 */
#include "scenarios/wait.h"

static int begin(struct rig_run *run)
{
	return rig_wait_programs(run, run->actors);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct spw_proc *proc = rig_wait_spawn(run, index, 0);

	if (!proc)
		return;
	rig_wait_check(run, proc, index);
	spw_release(proc);
}

const struct rig_scenario rig_scenario_wait_any_child_thief = {
	.name = "wait/any-child-thief",
	.summary = "every actor starts a child and waits for it",
	.family = &rig_family_wait,
	.sound = "by-pid owner-thread owner-handle pidfd auto",
	.actors_min = 1,
	.actors_max = RIG_WAIT_CHILDREN,
	.actors = 2,
	.outcomes = rig_wait_outcomes,
	.begin = begin,
	.actor = actor,
};
