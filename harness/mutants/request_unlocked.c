/* SPDX-License-Identifier: MIT */
/*
 * Mutant: request-unlocked
 *
 * Breaks core/guards/fork_server.c: one request at a time. Here two may be on
 * their way, and each actor may be told of the other's child.
 *
 *	a1   write(request 1)                    read(answer) = of a2's child
 *	a2          write(request 2)  ...
 */
#include "mutants/mutant.h"

static void no_lock(struct spw_sys *sys, struct spw_mutex *mutex)
{
}

/* Who says that the lock is held is believed. */
static void not_checked(struct spw_sys *sys, struct spw_mutex *mutex,
			const void *shared, size_t len)
{
}

static void plant(struct spw_sys *sys)
{
	sys->mutex_lock = sys->mutex_unlock = no_lock;
	sys->assert_held = not_checked;
}

const struct rig_mutant rig_mutant_request_unlocked = {
	.name = "request-unlocked",
	.summary = "two requests to a fork server cross",
	.rule = "core/guards/fork_server.c: one request at a time",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-server",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "wrong-program",
	.plant = plant,
};
