/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/foreign-child
 *
 * One actor starts a child through the library and waits for it; the other is
 * somebody else's code, which forks and waits for its child by id, as it may.
 * A library that waits for any child takes what is not its own.
 *
 *	a1   fork c1, waits for any: the foreign child
 *	a2   fork ............................... waitpid(own child) => ECHILD
 *
 * Outcomes:
 *	told         acceptable
 *	stolen       forbidden: the foreign child's status was taken
 *	wrong-child  forbidden: the library was told the foreign child's status
 *	failed       forbidden: any other error
 *
 * References: systemd#13886 ("undirected waitid(P_ALL) ... conflicts with
 * directed pidfd use"), golang/go#60481, libuv#3199.
 *
 * Kernel notes: none.
 */
#include "scenarios/wait.h"

#include <errno.h>
#include <string.h>

enum { FOREIGN_STATUS = 9 };

static SPW_CHILD int foreign_child(void *arg)
{
	return *(const int *)arg;
}

static void foreign_code(struct rig_run *run)
{
	static const int code = FOREIGN_STATUS;
	struct spw_sys *sys = run->sys;
	struct spw_status status;
	pid_t pid;
	int rc = sys->clone(sys, run->how, foreign_child, (void *)&code,
			    sizeof(code), &pid);

	if (rc) {
		rig_run_fail(run, "failed", "fork: %s", strerror(-rc));
		return;
	}
	rc = sys->wait(sys, pid, 0, &status);
	if (rc == -ECHILD)
		rig_run_fail(run, "stolen",
			     "waitpid for a child of its own: ECHILD, somebody "
			     "else has reaped it");
	else if (rc < 0 || status.signaled || status.code != FOREIGN_STATUS)
		rig_run_fail(run, "failed", "waitpid: %d, status %d", rc,
			     status.code);
}

static int begin(struct rig_run *run)
{
	return rig_wait_programs(run, 1);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct spw_proc *proc;

	if (index > 0) {
		foreign_code(run);
		return;
	}
	proc = rig_wait_spawn(run, 0, 0);
	if (!proc)
		return;
	rig_wait_check(run, proc, 0);
	spw_release(proc);
}

const struct rig_scenario rig_scenario_wait_foreign_child = {
	.name = "wait/foreign-child",
	.summary = "one actor spawns, the others fork and wait by themselves",
	.family = &rig_family_wait,
	.sound = "by-pid owner-thread owner-handle pidfd auto",
	.actors_min = 2,
	.actors_max = 3,
	.actors = 2,
	.outcomes = rig_wait_outcomes,
	.begin = begin,
	.actor = actor,
};
