/* SPDX-License-Identifier: MIT */
/*
 * Mutant: memory-unsealed
 *
 * Breaks core/guards/memfd.c: the copy in memory is sealed before it is
 * executed. Here it is not. Nothing fails by that; but whoever has a copy of
 * the descriptor could change the program while it runs, which for any other
 * file is what ETXTBSY is there to prevent.
 */
#include "mutants/mutant.h"

static int no_seal(struct spw_sys *sys, int fd)
{
	return 0;
}

static void plant(struct spw_sys *sys)
{
	sys->seal = no_seal;
}

const struct rig_mutant rig_mutant_memory_unsealed = {
	.name = "memory-unsealed",
	.summary = "the copy in memory can be changed as it runs",
	.rule = "core/guards/memfd.c: what is executed is sealed",
	.scenario = "etxtbsy/build-and-run",
	.fix = "memfd",
	.spawn = SPW_CLONE_VFORK,
	.actors = 1,
	.outcome = "contract",
	.plant = plant,
};
