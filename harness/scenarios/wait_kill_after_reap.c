/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/kill-after-reap
 *
 * One actor waits for a child, another one cancels it, and a third starts
 * something else. Between the look at "has it ended?" and the kill the child
 * may be reaped, and its id be the new child's.
 *
 *	a1                          wait(c1): reaped
 *	a2   has c1 ended? no .................................... kill(201)
 *	a3                                           fork c2 (id 201)  => signal 9
 *
 * Outcomes:
 *	told           acceptable: c1 ended by itself or by the signal
 *	wrong-process  forbidden: the signal ended c2
 *	lost-status, wrong-child, not-found   forbidden: as told by a wait
 *	failed         forbidden: any other error
 *
 * References: golang/go#13987, golang/go#9382, python/cpython#127049 (kills an
 * unrelated process), util-linux#4054.
 *
 * Kernel notes: as wait/pid-reuse.
 */
#include "scenarios/wait.h"

#include <errno.h>
#include <string.h>

static int begin(struct rig_run *run)
{
	return rig_wait_begin_with(run, 1);
}

static void await_end(struct rig_run *run, struct spw_proc *proc)
{
	struct spw_status status;
	int rc = spw_wait(proc, &status);

	if (rc || !status.signaled || status.code != SIGKILL)
		rig_wait_told(run, 0, rc, &status);
}

static void go_on(struct rig_run *run)
{
	struct spw_proc *proc = rig_wait_spawn(run, 1, 0);

	if (!proc)
		return;
	rig_wait_check(run, proc, 1);
	spw_release(proc);
}

static void cancel(struct rig_run *run, struct spw_proc *first)
{
	int rc = spw_signal(first, SIGKILL);

	if (rc && rc != -ESRCH)
		rig_run_fail(run, "failed", "a signal: %s", strerror(-rc));
}

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_children *children = run->state;

	if (index == 0)
		await_end(run, children->proc[0]);
	else if (index == 1)
		cancel(run, children->proc[0]);
	else
		go_on(run);
}

const struct rig_scenario rig_scenario_wait_kill_after_reap = {
	.name = "wait/kill-after-reap",
	.summary = "one actor waits, one signals, one starts another child",
	.family = &rig_family_wait,
	.kernel = "pids=reused",
	.sound = "owner-handle pidfd auto",
	.actors_min = 3,
	.actors_max = 3,
	.actors = 3,
	.outcomes = rig_wait_outcomes,
	.state_size = sizeof(struct rig_children),
	.begin = begin,
	.actor = actor,
	.finish = rig_wait_finish,
};
