/* SPDX-License-Identifier: MIT */
#include "rt.h"

#include <errno.h>

#include "poller.h"
#include "waits.h"

static int open_waiter(struct spw_rt *rt, const struct spw_waiter *waiter)
{
	int error = 0;

	rt->waiter = rt->tied = waiter;
	if (waiter->choose) {
		rt->waiter = waiter->choose(rt->sys, 0);
		rt->tied = waiter->choose(rt->sys, SPW_DIE_WITH_CREATOR);
	}
	if (waiter->open)
		error = waiter->open(rt->sys);
	if (error == 0 && waiter->lock & SPW_LOCK_ALL)
		error = spw_waits_open(rt->sys, &rt->waits);
	return error;
}

static void shut_waiter(struct spw_rt *rt)
{
	if (rt->waits)
		spw_waits_put(rt->waits);
}

static int open_parts(struct spw_rt *rt, const struct spw_waiter *waiter)
{
	struct spw_sys *sys = rt->sys;
	int error = sys->mutex_create(sys, &rt->lock);

	if (error < 0)
		return error;
	error = open_waiter(rt, waiter);
	if (error < 0)
		goto no_waiter;
	if (rt->guard->open)
		error = rt->guard->open(rt, &rt->guard_state);
	if (error == 0)
		return 0;
	shut_waiter(rt);
no_waiter:
	sys->mutex_destroy(sys, rt->lock);
	return error;
}

int spw_open(struct spw_rt **out, const struct spw_options *options)
{
	const struct spw_waiter *waiter = options->waiter;
	const struct spw_guard *guard = options->guard;
	const struct spw_closer *closer = options->closer;
	struct spw_sys *sys = options->sys;
	struct spw_rt *rt;
	int error;

	if (!waiter)
		waiter = &spw_waiter_auto;
	if (!guard)
		guard = &spw_guard_auto;
	if (!closer)
		closer = &spw_closer_refcount;
	if (!sys)
		sys = spw_sys_linux();
	if (guard->info.unavailable || closer->info.unavailable)
		return -ENOTSUP;
	rt = sys->alloc(sys, sizeof(*rt));
	if (!rt)
		return -ENOMEM;
	rt->sys = sys;
	rt->guard = guard;
	rt->closer = closer;
	rt->how = options->how;
	error = open_parts(rt, waiter);
	if (error < 0)
		sys->free(sys, rt);
	else
		*out = rt;
	return error;
}

void spw_shut(struct spw_rt *rt)
{
	spw_poller_stop(rt);
	spw_hook(rt, rt->guard->shut);
	shut_waiter(rt);
	rt->sys->mutex_destroy(rt->sys, rt->lock);
	rt->sys->free(rt->sys, rt);
}
