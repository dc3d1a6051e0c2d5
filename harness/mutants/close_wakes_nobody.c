/* SPDX-License-Identifier: MIT */
/*
 * Mutant: close-wakes-nobody
 *
 * Breaks core/closers/refcount.c: a close wakes all who sleep. Here nobody is
 * woken, neither by the close nor, when the last user leaves, the closer.
 *
 *	a1      read: nothing there, sleeps
 *	a2                                   closing  waits for a1 --- for ever
 */
#include "mutants/mutant.h"

static void no_broadcast(struct spw_sys *sys, struct spw_cond *cond)
{
}

static void plant(struct spw_sys *sys)
{
	sys->cond_broadcast = no_broadcast;
}

const struct rig_mutant rig_mutant_close_wakes_nobody = {
	.name = "close-wakes-nobody",
	.summary = "who sleeps on a descriptor is not woken by its close",
	.rule = "core/closers/refcount.c: close wakes every user",
	.scenario = "close/blocked-reader",
	.fix = "refcount",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "deadlock",
	.plant = plant,
};
