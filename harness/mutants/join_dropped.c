/* SPDX-License-Identifier: MIT */
/*
 * Mutant: join-dropped
 *
 * Breaks core/guards/private_table.c: shut waits for the helper's end before it
 * takes away what the helper uses. Here it does not wait.
 *
 *	main    phase = STOPPING  unlock  destroy(mutex)
 *	helper                    (woken, about to lock)
 */
#include "mutants/mutant.h"

static struct spw_thread *helper; /* created right after the condition */
static bool helper_next;

static int cond_create(struct spw_sys *sys, struct spw_cond **cond)
{
	helper_next = true;
	return rig_below.cond_create(sys, cond);
}

static int thread_create(struct spw_sys *sys, struct spw_thread **thread,
			 void (*fn)(void *arg), void *arg)
{
	bool is_helper = helper_next;
	int error;

	helper_next = false;
	error = rig_below.thread_create(sys, thread, fn, arg);
	if (is_helper)
		helper = *thread;
	return error;
}

static void thread_join(struct spw_sys *sys, struct spw_thread *thread)
{
	if (thread != helper)
		rig_below.thread_join(sys, thread);
}

static void plant(struct spw_sys *sys)
{
	sys->cond_create = cond_create;
	sys->thread_create = thread_create;
	sys->thread_join = thread_join;
}

const struct rig_mutant rig_mutant_join_dropped = {
	.name = "join-dropped",
	.summary = "the runtime is shut while its helper runs",
	.rule = "core/guards/private_table.c: shut joins the helper first",
	.scenario = "etxtbsy/build-and-run",
	.fix = "private-table",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "contract",
	.plant = plant,
};
