/* SPDX-License-Identifier: MIT */
/*
 * Mutant: mode-not-set
 *
 * Breaks core/write_executable.c: the file gets the mode that was asked for.
 * Here it keeps the one that it was created with, which lets nobody execute
 * it.
 */
#include "mutants/mutant.h"

static int no_fchmod(struct spw_sys *sys, int fd, mode_t mode)
{
	return 0;
}

static void plant(struct spw_sys *sys)
{
	sys->fchmod = no_fchmod;
}

const struct rig_mutant rig_mutant_mode_not_set = {
	.name = "mode-not-set",
	.summary = "a written file does not become executable",
	.rule = "core/write_executable.c: the mode is set on the open file",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "failed",
	.plant = plant,
};
