/* SPDX-License-Identifier: MIT */
/*
 * Mutant: report-writer-kept
 *
 * Breaks core/spawn.c: the parent closes its own copy of the report pipe's
 * writing end before it reads. Here it keeps it, and waits for the end of a
 * file whose last writer it is itself.
 *
 *	a1          fork  read(pipe) ----------------- never ends
 *	a1's child        execve, its end is closed
 */
#include "mutants/mutant.h"
#include "mutants/number.h"

static int close_others(struct spw_sys *sys, int fd)
{
	if (rig_number_of(fd) == RIG_NUMBER_REPORT_WRITER)
		return 0;
	return rig_below.close(sys, fd);
}

static void plant(struct spw_sys *sys)
{
	rig_number_watch(sys);
	sys->close = close_others;
}

const struct rig_mutant rig_mutant_report_writer_kept = {
	.name = "report-writer-kept",
	.summary = "the parent keeps the writing end of the report pipe",
	.rule = "core/spawn.c: the parent closes its end before it reads",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_FORK,
	.actors = 1,
	.outcome = "deadlock",
	.plant = plant,
};
