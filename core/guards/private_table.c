/* SPDX-License-Identifier: MIT */
/*
 * private-table (M11): files are written by a thread whose descriptor table is
 * its own, so that no fork of another thread copies them.
 *
 * A helper thread of the runtime empties a table for itself (close_range with
 * CLOSE_RANGE_UNSHARE) and serves write requests, one at a time. Never the
 * caller's thread: its descriptors would all be gone. unshare(CLONE_FILES)
 * alone would copy the table and so keep other threads' descriptors alive.
 * Numbers below 3 stay, or what the process prints to standard error might land
 * in a program.
 *
 * What one can do about it on Linux, which lacks O_CLOFORK of POSIX.1-2024.
 *
 * Hole: that thread must never fork, and memory stays shared: a mapping of the
 * file would be inherited by every child. Standard input, output and error are
 * kept open by the helper even when the rest of the process has closed them.
 */
#include <errno.h>

#include "rt.h"

#define KEEP 3

/* Of the one request at a time that there is room for. */
enum phase { STARTING, FAILED, IDLE, REQUESTED, DONE, STOPPING };

struct box {
	struct spw_write job;
	int error; /* FAILED: why; DONE: the result */
	enum phase phase;
};

struct table {
	struct spw_sys *sys;
	struct spw_thread *thread;
	struct spw_mutex *lock;
	struct spw_cond *changed; /* box did */
	struct box box;           /* under lock */
};

static struct box *box(struct table *t)
{
	t->sys->assert_held(t->sys, t->lock, &t->box, sizeof(t->box));
	return &t->box;
}

static void wait_for_change(struct table *t)
{
	t->sys->cond_wait(t->sys, t->changed, t->lock);
}

static void set_phase(struct table *t, enum phase phase, int error)
{
	struct box *b = box(t);

	b->error = error;
	b->phase = phase;
	t->sys->cond_broadcast(t->sys, t->changed);
}

/* Takes the next request out of the box; false: there will be none. */
static bool next_job(struct table *t, struct spw_write *job)
{
	while (box(t)->phase == IDLE || box(t)->phase == DONE)
		wait_for_change(t);
	*job = box(t)->job;
	return box(t)->phase == REQUESTED;
}

static void serve(void *arg)
{
	struct table *t = arg;
	struct spw_sys *sys = t->sys;
	struct spw_write job;
	int error = sys->private_table(sys, KEEP);

	sys->mutex_lock(sys, t->lock);
	set_phase(t, error < 0 ? FAILED : IDLE, error);
	while (next_job(t, &job)) {
		sys->mutex_unlock(sys, t->lock);
		error = spw_write_file(sys, &job);
		sys->mutex_lock(sys, t->lock);
		set_phase(t, DONE, error);
	}
	sys->mutex_unlock(sys, t->lock);
}

/* Waits until the thread has its table. */
static int wait_for_start(struct table *t)
{
	while (box(t)->phase == STARTING)
		wait_for_change(t);
	return box(t)->error;
}

static int start_thread(struct table *t)
{
	struct spw_sys *sys = t->sys;
	sigset_t mask;
	int error;

	/* The helper must not take signals that are meant for the program. */
	sys->signals_block(sys, &mask);
	error = sys->thread_create(sys, &t->thread, serve, t);
	sys->signals_set(sys, &mask);
	if (error < 0)
		return error;
	sys->mutex_lock(sys, t->lock);
	error = wait_for_start(t);
	sys->mutex_unlock(sys, t->lock);
	if (error < 0)
		sys->thread_join(sys, t->thread);
	return error;
}

static int private_table_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	struct table *t = sys->alloc(sys, sizeof(*t));
	int error;

	if (!t)
		return -ENOMEM;
	t->sys = sys;
	error = sys->mutex_create(sys, &t->lock);
	if (error < 0)
		goto no_mutex;
	error = sys->cond_create(sys, &t->changed);
	if (error < 0)
		goto no_cond;
	error = start_thread(t);
	if (error < 0)
		goto no_thread;
	*state = t;
	return 0;

no_thread:
	sys->cond_destroy(sys, t->changed);
no_cond:
	sys->mutex_destroy(sys, t->lock);
no_mutex:
	sys->free(sys, t);
	return error;
}

static void private_table_shut(struct spw_rt *rt, void *state)
{
	struct spw_sys *sys = rt->sys;
	struct table *t = state;

	sys->mutex_lock(sys, t->lock);
	set_phase(t, STOPPING, 0);
	sys->mutex_unlock(sys, t->lock);
	sys->thread_join(sys, t->thread);
	sys->cond_destroy(sys, t->changed);
	sys->mutex_destroy(sys, t->lock);
	sys->free(sys, t);
}

static void put_job(struct table *t, const struct spw_write *job)
{
	struct spw_write *to = &box(t)->job;

	/* One by one: a copy of the whole would bring unset padding along. */
	to->path = job->path;
	to->data = job->data;
	to->len = job->len;
	to->mode = job->mode;
}

static int private_table_write(struct spw_rt *rt, void *state,
			       const struct spw_write *job)
{
	struct table *t = state;
	int error;

	rt->sys->mutex_lock(rt->sys, t->lock);
	while (box(t)->phase != IDLE)
		wait_for_change(t);
	put_job(t, job);
	set_phase(t, REQUESTED, 0);
	while (box(t)->phase != DONE)
		wait_for_change(t);
	error = box(t)->error;
	set_phase(t, IDLE, 0);
	rt->sys->mutex_unlock(rt->sys, t->lock);
	return error;
}

const struct spw_guard spw_guard_private_table = {
	.info = {
		.name = "private-table",
		.summary = "a thread with a descriptor table of its own writes",
		.claim = "a program that was written is never busy",
		.condition = "Linux 5.9 or later; nobody else writes or maps "
			     "the file",
		.reference = "CLOSE_RANGE_UNSHARE in close_range(2)",
		.claims_sound = true,
		.no_mapping = true,
	},
	.open = private_table_open,
	.shut = private_table_shut,
	.write = private_table_write,
};
