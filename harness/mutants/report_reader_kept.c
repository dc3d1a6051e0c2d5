/* SPDX-License-Identifier: MIT */
/*
 * Mutant: report-reader-kept
 *
 * Breaks core/spawn.c: every descriptor that a spawn opens is closed when it
 * returns. Here the reading end of the report pipe is forgotten: a leak, one
 * number a spawn, which nothing complains about until there are none left.
 */
#include "mutants/mutant.h"
#include "mutants/number.h"

static int close_others(struct spw_sys *sys, int fd)
{
	if (rig_number_of(fd) == RIG_NUMBER_REPORT_READER)
		return 0;
	return rig_below.close(sys, fd);
}

static void plant(struct spw_sys *sys)
{
	rig_number_watch(sys);
	sys->close = close_others;
}

const struct rig_mutant rig_mutant_report_reader_kept = {
	.name = "report-reader-kept",
	.summary = "the reading end of the report pipe leaks",
	.rule = "core/spawn.c: a spawn leaves no descriptor behind",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_FORK,
	.actors = 1,
	.outcome = "leak",
	.plant = plant,
};
