/* SPDX-License-Identifier: MIT */
/*
 * Scenario: etxtbsy/build-and-run
 *
 * Every actor writes an executable of its own, closes it, starts it and waits
 * for it: what a build tool does that runs what it has just built, several at
 * a time. No file is shared, every descriptor is close-on-exec, and still one
 * actor's program can be busy, because of the other actor's fork:
 *
 *	a1   open(p1, write) .. write .. close(p1) .. spawn(p1) => ETXTBSY
 *	a2           fork ------------------------------------
 *	a2's child   `- holds a copy of a1's descriptor ---- execve
 *
 * Outcomes:
 *	ran            acceptable
 *	etxtbsy        forbidden: the race
 *	failed         forbidden: any other error
 *	wrong-program  forbidden: the status is another program's
 *
 * References: Go commit a4b2c5ef (2012), golang/go#3001, golang/go#22315,
 * rust-lang/rust#114554, JDK-8068370.
 *
 * Kernel notes: Linux 6.11.0-6.11.10 and 6.12.0-6.12.1 have no such check
 * (2a010c412853, reverted by 3b832035387f).
 */
#include "scenarios/scenario.h"

const struct rig_scenario rig_scenario_build_and_run = {
	.name = "etxtbsy/build-and-run",
	.summary = "every actor writes a program, closes it, starts it, waits",
	.family = &rig_family_etxtbsy,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.identical = true,
	.outcomes = rig_etxtbsy_outcomes,
	.actor = rig_build_and_run,
};
