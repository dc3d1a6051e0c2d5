/* SPDX-License-Identifier: MIT */
/*
 * Mutant: table-shared
 *
 * Breaks core/guards/private_table.c: the helper that writes files has a
 * descriptor table of its own. Here it keeps that of the process, as where
 * close_range is tried, fails on an old kernel, and nobody looks.
 *
 *	helper  open(p1, write) ........... close(p1)
 *	a1                                            spawn(p1) => ETXTBSY
 *	a2                      fork
 *	a2's child              `- holds a copy of the descriptor --- execve
 */
#include "mutants/mutant.h"

static int no_private_table(struct spw_sys *sys, int keep)
{
	return 0;
}

static void plant(struct spw_sys *sys)
{
	sys->private_table = no_private_table;
}

const struct rig_mutant rig_mutant_table_shared = {
	.name = "table-shared",
	.summary = "the helper writes in the descriptor table of all",
	.rule = "core/guards/private_table.c: the helper's table is its own",
	.scenario = "etxtbsy/build-and-run",
	.fix = "private-table",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "etxtbsy",
	.plant = plant,
};
