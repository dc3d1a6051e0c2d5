/* SPDX-License-Identifier: MIT */
/*
 * Mutant: broadcast-dropped
 *
 * Breaks core/guards/private_table.c: whoever changes the phase of the box says
 * so. Here nobody does; who waits already is not woken.
 *
 *	main    phase is STARTING, waits --------------- for ever
 *	helper                           phase = IDLE
 */
#include "mutants/mutant.h"

static void no_broadcast(struct spw_sys *sys, struct spw_cond *cond)
{
}

static void plant(struct spw_sys *sys)
{
	sys->cond_broadcast = no_broadcast;
}

const struct rig_mutant rig_mutant_broadcast_dropped = {
	.name = "broadcast-dropped",
	.summary = "a change of the box wakes nobody",
	.rule = "core/guards/private_table.c: a change of phase wakes all",
	.scenario = "etxtbsy/build-and-run",
	.fix = "private-table",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "deadlock",
	.plant = plant,
};
