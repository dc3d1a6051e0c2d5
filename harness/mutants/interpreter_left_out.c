/* SPDX-License-Identifier: MIT */
/*
 * Mutant: interpreter-left-out
 *
 * Breaks core/guards/interpreter.c: the interpreter is executed, with the
 * program as an argument. Here it is the program itself after all, and so the
 * one that execve tests for writers.
 *
 *	a1   open(p1, write) ....... close(p1)  execve(p1) => ETXTBSY
 *	a2                    fork
 *	a2's child            `- holds a copy of the descriptor --- execve
 */
#include "mutants/mutant.h"

#include <errno.h>

/* That it is a script which this kernel cannot start is another matter. */
static int execute_last(struct spw_sys *sys, const char *path,
			char *const argv[], char *const envp[])
{
	int rc = rig_below.execve(sys, argv[1], NULL, NULL);

	return rc == -ENOEXEC ? rig_below.execve(sys, path, argv, envp) : rc;
}

static void plant(struct spw_sys *sys)
{
	sys->execve = execute_last;
}

const struct rig_mutant rig_mutant_interpreter_left_out = {
	.name = "interpreter-left-out",
	.summary = "the program is executed, not its interpreter",
	.rule = "core/guards/interpreter.c: the interpreter is executed",
	.scenario = "etxtbsy/build-and-run",
	.fix = "interpreter",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
