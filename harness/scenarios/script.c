/* SPDX-License-Identifier: MIT */
/*
 * Scenario: etxtbsy/script
 *
 * One actor builds an interpreter and a script that names it, and starts the
 * script: a language that is bootstrapped, a test runner that has just been
 * compiled. execve looks at both files, and either can be busy:
 *
 *	a1   write i1, close .. write s1 ("#!i1"), close .. spawn(s1) => ETXTBSY
 *	a2      fork -----------------------------------------.     (of i1 or s1)
 *	a2's child  `- holds a copy of the one or the other -- execve(other)
 *
 * What makes the script safe to execute says nothing about the interpreter: it
 * has to be written through a guard, too, as it is here. A guard that works on
 * what spw_spawn executes sees the script only; of such nothing is claimed. A
 * child that copies the first descriptor and executes late spoils the start of
 * a file that was written after it.
 *
 * Outcomes:
 *	ran            acceptable
 *	etxtbsy        forbidden: the race, on either of the files
 *	failed         forbidden: any other error
 *	wrong-program  forbidden: the status is not the interpreter's
 *
 * References: golang/go#22315 (its reproducer writes a script for /bin/sh, so
 * that only the script can be busy), intel/gprofiler#720 (temporary scripts).
 *
 * Kernel notes: load_script, open_exec of the interpreter while the script is
 * still denied to writers; exec_binprm then lets go of the script. A script
 * that runs may be written; its interpreter may not.
 */
#include "scenarios/scenario.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { CODE = 1 }; /* the interpreter's exit status */

static void build_and_run(struct rig_run *run)
{
	const struct rig_world *world = run->world;
	const char *interpreter = world->path(world->ctx, 0);
	const char *script = world->script(world->ctx, 0);
	char line[PATH_MAX + 4];
	size_t len;
	const void *program = world->program(world->ctx, CODE, &len);
	int n = snprintf(line, sizeof(line), "#!%s\n", interpreter);
	int rc = spw_write_executable(run->rt, interpreter, program, len, 0755);

	if (!rc)
		rc = spw_write_executable(run->rt, script, line, (size_t)n,
					  0755);
	if (rc)
		rig_run_fail(run, "failed", "writing %s for %s: %s", script,
			     interpreter, strerror(-rc));
	else
		rig_run_program(run, script, CODE);
}

static void actor(struct rig_run *run, unsigned index)
{
	const struct rig_world *world = run->world;

	if (index == 0)
		build_and_run(run);
	else
		rig_run_program(run, world->other_program(world->ctx), 0);
}

const struct rig_scenario rig_scenario_script = {
	.name = "etxtbsy/script",
	.summary = "one actor writes an interpreter and a script and runs it, "
		   "the others only spawn",
	.family = &rig_family_etxtbsy,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.by_kernel = true,
	.outcomes = rig_etxtbsy_outcomes,
	.actor = actor,
};
