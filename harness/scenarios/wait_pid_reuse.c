/* SPDX-License-Identifier: MIT */
/*
 * Scenario: wait/pid-reuse
 *
 * An actor starts a child, then another, and then waits for the first and for
 * the second. If somebody reaps the first one before that, its id may be given
 * to the second: a table of statuses by id then has one entry for both.
 *
 *	a1         fork c1 (id 201) ....... fork c2 (id 201) ... wait(c1)
 *	owner of c1         exit(1), reaped                     => status 2
 *	table      [201] = c1               [201] = c2
 *
 * Outcomes:
 *	told         acceptable
 *	wrong-child  forbidden: the first wait was told the second's status
 *	not-found    forbidden: its entry was taken away by the other wait
 *	lost-status  forbidden: ECHILD
 *	failed       forbidden: any other error
 *
 * References: Go commit b6284700 (2013): procs.waits is a map by id, and the
 * comparison "procs.waits[pid] == ch" protects the delete only.
 *
 * Kernel notes: ids are used again as soon as they are free (pids=reused). On
 * Linux they come round after pid_max; with clone3 and set_tid at once.
 */
#include "scenarios/wait.h"

static int begin(struct rig_run *run)
{
	return rig_wait_programs(run, 2 * run->actors);
}

static void actor(struct rig_run *run, unsigned index)
{
	unsigned first = 2 * index, second = first + 1;
	struct spw_proc *a = rig_wait_spawn(run, first, 0);
	struct spw_proc *b = a ? rig_wait_spawn(run, second, 0) : NULL;

	rig_wait_check(run, a, first);
	rig_wait_check(run, b, second);
	if (a)
		spw_release(a);
	if (b)
		spw_release(b);
}

const struct rig_scenario rig_scenario_wait_pid_reuse = {
	.name = "wait/pid-reuse",
	.summary = "an actor starts two children, then waits for both",
	.family = &rig_family_wait,
	.kernel = "pids=reused",
	.sound = "by-pid owner-handle pidfd auto",
	.actors_min = 1,
	.actors_max = 2,
	.actors = 1,
	.outcomes = rig_wait_outcomes,
	.begin = begin,
	.actor = actor,
};
