/* SPDX-License-Identifier: MIT */
/*
 * quiesce (M4): after the close, wait until no spawn is in flight.
 *
 * The idea: a child that could hold the file was forked before the close, and
 * once its spawn has reported the exec, its close-on-exec descriptors are gone.
 * Go commit a4b2c5ef weighs it and doubts it ("at least one close-on-exec file
 * descriptor has been closed", not all); dotnet/runtime#59079 tried it.
 *
 * Hole: the doubt is right. With a vfork-style clone the parent goes on at
 * exec_mmap, before do_close_on_exec has closed anything. With a report pipe,
 * its end closes somewhere among the others: final drops of one exec run in the
 * reverse order (task_work), and a drop by the parent may be the final one. So
 * the report comes first and the drop of the file may come later. Beside that,
 * forks that do not go through this runtime are not seen, and where spawns
 * never pause, the wait has no end.
 */
#include <errno.h>

#include "rt.h"

struct quiesce {
	struct spw_mutex *lock;
	struct spw_cond *idle;
	unsigned in_flight; /* under lock; idle: it fell to 0 */
};

static int quiesce_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	struct quiesce *q = sys->alloc(sys, sizeof(*q));
	int error;

	if (!q)
		return -ENOMEM;
	error = sys->mutex_create(sys, &q->lock);
	if (error < 0)
		goto no_mutex;
	error = sys->cond_create(sys, &q->idle);
	if (error < 0)
		goto no_cond;
	*state = q;
	return 0;

no_cond:
	sys->mutex_destroy(sys, q->lock);
no_mutex:
	sys->free(sys, q);
	return error;
}

static void quiesce_shut(struct spw_rt *rt, void *state)
{
	struct quiesce *q = state;

	rt->sys->cond_destroy(rt->sys, q->idle);
	rt->sys->mutex_destroy(rt->sys, q->lock);
	rt->sys->free(rt->sys, q);
}

static unsigned *in_flight(struct spw_sys *sys, struct quiesce *q)
{
	sys->assert_held(sys, q->lock, &q->in_flight, sizeof(q->in_flight));
	return &q->in_flight;
}

static void quiesce_spawn_begin(struct spw_rt *rt, void *state)
{
	struct quiesce *q = state;

	rt->sys->mutex_lock(rt->sys, q->lock);
	++*in_flight(rt->sys, q);
	rt->sys->mutex_unlock(rt->sys, q->lock);
}

static void quiesce_spawn_end(struct spw_rt *rt, void *state)
{
	struct quiesce *q = state;

	rt->sys->mutex_lock(rt->sys, q->lock);
	if (--*in_flight(rt->sys, q) == 0)
		rt->sys->cond_broadcast(rt->sys, q->idle);
	rt->sys->mutex_unlock(rt->sys, q->lock);
}

static int quiesce_settle(struct spw_rt *rt, void *state, const char *path)
{
	struct quiesce *q = state;

	rt->sys->mutex_lock(rt->sys, q->lock);
	while (*in_flight(rt->sys, q) > 0)
		rt->sys->cond_wait(rt->sys, q->idle, q->lock);
	rt->sys->mutex_unlock(rt->sys, q->lock);
	return 0;
}

const struct spw_guard spw_guard_quiesce = {
	.info = {
		.name = "quiesce",
		.summary = "after the close, wait for all spawns in flight",
		.claim = "ETXTBSY is rarer",
		.condition = "a child has closed the file when its exec is "
			     "reported, and every fork goes through this "
			     "runtime",
		.reference = "Go commit a4b2c5ef, dotnet/runtime#59079",
		.every_fork = true,
	},
	.open = quiesce_open,
	.shut = quiesce_shut,
	.settle = quiesce_settle,
	.spawn_begin = quiesce_spawn_begin,
	.spawn_end = quiesce_spawn_end,
};
