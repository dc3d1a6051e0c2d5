/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/creator-dies
 *
 * One actor starts a child that is not to outlive this program
 * (SPW_DIE_WITH_CREATOR), leaves its handle and ends, as a thread of a pool
 * does; another waits for the child. What the child is tied to is not the
 * process but the thread that forked it: it is killed in the middle of its work.
 *
 *	a1     fork c1, ends .............................
 *	c1                   signal 9, though the process lives
 *	a2                                                 wait(c1) => signal 9
 *
 * Outcomes:
 *	told         acceptable
 *	killed       forbidden: c1 ended by a signal that nobody meant to send
 *	lost-status, wrong-child, not-found   forbidden: as told by the wait
 *	failed       forbidden: any other error
 *
 * References: golang/go#27505 (hence runtime.LockOSThread before Pdeathsig),
 * moby#44215; forget_original_parent in kernel/exit.c, prctl(2).
 *
 * Kernel notes: any Linux. Whose status is whose is right with every waiter
 * here; what counts is which thread forks, and how long that lives.
 */
#include "scenarios/wait.h"

static void await_end(struct rig_run *run, struct spw_proc *proc)
{
	struct spw_status status;
	int rc;

	if (!proc)
		return;
	rc = spw_wait(proc, &status);

	if (!rc && status.signaled)
		rig_run_fail(run, "killed",
			     "%s was ended by signal %d: the thread that made "
			     "it had ended",
			     run->world->path(run->world->ctx, 0), status.code);
	else
		rig_wait_told(run, 0, rc, &status);
}

static void actor(struct rig_run *run, unsigned index)
{
	if (index == 0)
		rig_wait_publish(run, 0,
				 rig_wait_spawn(run, 0, SPW_DIE_WITH_CREATOR));
	else
		await_end(run, rig_wait_published(run, 0));
}

const struct rig_scenario rig_scenario_wait_creator_dies = {
	.name = "wait/creator-dies",
	.summary = "a child is tied to the thread that started it, which ends",
	.family = &rig_family_wait,
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
