/* SPDX-License-Identifier: MIT */
/*
 * Mutant: memory-kept
 *
 * Breaks core/wait.c: spw_release frees the process. Here nothing is ever
 * freed.
 */
#include "mutants/mutant.h"

static void nothing(struct spw_sys *sys, void *ptr)
{
}

static void plant(struct spw_sys *sys)
{
	sys->free = nothing;
}

const struct rig_mutant rig_mutant_memory_kept = {
	.name = "memory-kept",
	.summary = "memory is not freed",
	.rule = "core/wait.c: release frees what the spawn allocated",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "leak",
	.plant = plant,
};
