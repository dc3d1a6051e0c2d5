/* SPDX-License-Identifier: MIT */
/*
 * Mutant: descriptor-kept
 *
 * Breaks core/write_executable.c: the file is closed before the call returns.
 * Here it stays open, and the next child of the very same thread inherits it.
 * No other thread is needed: this one does not depend on the schedule.
 */
#include "mutants/mutant.h"
#include "mutants/number.h"

static int close_others(struct spw_sys *sys, int fd)
{
	if (rig_number_of(fd) == RIG_NUMBER_WRITTEN)
		return 0;
	return rig_below.close(sys, fd);
}

static void plant(struct spw_sys *sys)
{
	rig_number_watch(sys);
	sys->close = close_others;
}

const struct rig_mutant rig_mutant_descriptor_kept = {
	.name = "descriptor-kept",
	.summary = "a written file is not closed",
	.rule = "core/write_executable.c: the file is closed on every path",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
