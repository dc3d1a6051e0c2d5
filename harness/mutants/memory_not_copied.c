/* SPDX-License-Identifier: MIT */
/*
 * Mutant: memory-not-copied
 *
 * Breaks core/guards/memfd.c: a spawn has a descriptor of its own of the copy
 * in memory, and closes that. Here it has the one that is kept, and the next
 * who needs it finds it closed.
 */
#include "mutants/mutant.h"

static int same(struct spw_sys *sys, int fd, int least)
{
	return fd;
}

static void plant(struct spw_sys *sys)
{
	sys->dup_above = same;
}

const struct rig_mutant rig_mutant_memory_not_copied = {
	.name = "memory-not-copied",
	.summary = "a spawn closes the descriptor that is kept",
	.rule = "core/guards/memfd.c: a spawn has a descriptor of its own",
	.scenario = "etxtbsy/build-and-run",
	.fix = "memfd",
	.spawn = SPW_CLONE_VFORK,
	.actors = 1,
	.outcome = "contract",
	.plant = plant,
};
