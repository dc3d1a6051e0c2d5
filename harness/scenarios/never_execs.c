/* SPDX-License-Identifier: MIT */
/*
 * Scenario: etxtbsy/never-execs
 *
 * One actor writes a program and runs it. The others fork children that execute
 * nothing: a pre-forked worker, a daemon, a child that is stopped in a
 * debugger. close-on-exec is of no use, and what such a child has copied stays
 * open for as long as it lives, which here is one second:
 *
 *	a1   open(p1, write) .. close(p1) .. spawn(p1) => ETXTBSY, for a second
 *	a2           fork ------------------------------------------ wait --
 *	a2's child   `- holds a copy of a1's descriptor -- 1 s -- exit
 *
 * A retry whose budget is 700 ms is used up without anybody being starved. The
 * guards that wait for the copies (flock, lease, canary-pipe, close-event) wait
 * for the whole second: they must come to an end with the child, and only lease
 * comes to the right one. With --spawn fork the spawn waits, too: the child
 * also holds the pipe through which exec is reported (see
 * spawn/report-pipe-held).
 *
 * Outcomes:
 *	ran            acceptable, also where it took the child's life
 *	etxtbsy        forbidden: the race
 *	failed         forbidden: any other error
 *	wrong-program  forbidden: the status is another program's
 *
 * References: golang/go#22315 (amonakov: a lock as a barrier presumes that
 * every fork proceeds to exec), rust-lang/rust#114554.
 *
 * Kernel notes: as etxtbsy/build-and-run. What ends the wait is exit_files in
 * do_exit, with exit_task_work after it.
 */
#include "scenarios/scenario.h"

/*
 * Longer than a retry waits. Free-running threads that wait a second for each
 * child would hardly ever meet; 20 ms is longer than any exec takes.
 */
static const uint64_t life_ns = 1000000000, free_running_life_ns = 20000000;

static void actor(struct rig_run *run, unsigned index)
{
	if (index == 0)
		rig_build_and_run(run, 0);
	else
		rig_foreign_idle(run, run->world->engine ?
					      life_ns :
					      free_running_life_ns);
}

const struct rig_scenario rig_scenario_never_execs = {
	.name = "etxtbsy/never-execs",
	.summary = "one actor writes and runs a program, the others fork "
		   "children that never execute",
	.family = &rig_family_etxtbsy,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.foreign_fork = true,
	.outcomes = rig_etxtbsy_outcomes,
	.actor = actor,
};
