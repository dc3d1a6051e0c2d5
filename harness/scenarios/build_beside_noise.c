/* SPDX-License-Identifier: MIT */
/*
 * Scenario: etxtbsy/build-beside-noise
 *
 * One actor writes a program and runs it; the others write nothing and only
 * start a program that has always been there: a test runner beside a build, a
 * shell that is used for something else. They do nothing wrong, they are not
 * concerned by any error, and they are enough:
 *
 *	a1   open(p1, write) .. write .. close(p1) .. spawn(p1) => ETXTBSY
 *	a2           fork ---------------------------------------.
 *	a2's child   `- holds a copy of a1's descriptor -- execve(other)
 *
 * Outcomes:
 *	ran            acceptable
 *	etxtbsy        forbidden: the race
 *	failed         forbidden: any other error
 *	wrong-program  forbidden: the status is another program's
 *
 * References: golang/go#22315 (one thread spawning is enough),
 * rust-lang/rust#114554 (a thread that spawns /bin/true in a loop).
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
		rig_run_program(run, world->other_program(world->ctx), 0);
}

const struct rig_scenario rig_scenario_build_beside_noise = {
	.name = "etxtbsy/build-beside-noise",
	.summary = "one actor writes and runs a program, the others only spawn",
	.family = &rig_family_etxtbsy,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.outcomes = rig_etxtbsy_outcomes,
	.actor = actor,
};
