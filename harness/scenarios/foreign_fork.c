/* SPDX-License-Identifier: MIT */
/*
 * Scenario: etxtbsy/foreign-fork
 *
 * One actor writes a program and runs it, through libspw and with its guard.
 * The others start a program as system(), a C library or a second runtime
 * would: by a fork that libspw neither makes nor sees. A guard that keeps forks
 * and writers apart can do so only with the forks that ask it:
 *
 *	a1   guard .. open(p1, write) .. close(p1) .. spawn(p1) => ETXTBSY
 *	a2           fork, unasked -----------------------------.
 *	a2's child   `- holds a copy of a1's descriptor -- execve(other)
 *
 * So fork-lock, which is sound where every fork takes the lock, is broken here,
 * and so are the guards that wait for the spawns they know of. Those that keep
 * the descriptor away from children (private-table, writer-process, O_CLOFORK)
 * or that ask the kernel (lease) hold.
 *
 * Outcomes:
 *	ran            acceptable
 *	etxtbsy        forbidden: the race
 *	failed         forbidden: any other error
 *	wrong-program  forbidden: the status is another program's
 *
 * References: golang/go#22315 (cgo and system() do not take syscall.ForkLock),
 * pantsbuild/pants#10577 (a retry against "uncontrolled forks"),
 * bazelbuild/bazel#5556 (spawns synchronised in one place only).
 *
 * Kernel notes: as etxtbsy/build-and-run.
 */
#include "scenarios/scenario.h"

static void actor(struct rig_run *run, unsigned index)
{
	const struct rig_world *world = run->world;

	if (index == 0)
		rig_build_and_run(run, 0);
	else
		rig_foreign_run(run, world->other_program(world->ctx));
}

const struct rig_scenario rig_scenario_foreign_fork = {
	.name = "etxtbsy/foreign-fork",
	.summary = "one actor writes and runs a program, the others fork "
		   "behind libspw's back",
	.family = &rig_family_etxtbsy,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.foreign_fork = true,
	.outcomes = rig_etxtbsy_outcomes,
	.actor = actor,
};
