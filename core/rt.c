/* SPDX-License-Identifier: MIT */
#include "rt.h"

#include <errno.h>

#include "waits.h"

static int open_waiter(struct spw_rt *rt, const struct spw_waiter *waiter)
{
	int error = 0;

	if (waiter->choose)
		waiter = waiter->choose(rt->sys);
	rt->waiter = waiter;
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

int spw_open(struct spw_rt **out, const struct spw_options *options)
{
	const struct spw_waiter *waiter = options->waiter;
	const struct spw_guard *guard = options->guard;
	struct spw_sys *sys = options->sys;
	struct spw_rt *rt;
	int error;

	if (!waiter)
		waiter = &spw_waiter_auto;
	if (!guard)
		guard = &spw_guard_auto;
	if (!sys)
		sys = spw_sys_linux();
	if (guard->info.unavailable)
		return -ENOTSUP;
	rt = sys->alloc(sys, sizeof(*rt));
	if (!rt)
		return -ENOMEM;
	rt->sys = sys;
	rt->guard = guard;
	rt->how = options->how;
	error = open_waiter(rt, waiter);
	if (error < 0)
		goto no_waiter;
	error = guard->open ? guard->open(rt, &rt->guard_state) : 0;
	if (error < 0)
		goto no_guard;
	*out = rt;
	return 0;

no_guard:
	shut_waiter(rt);
no_waiter:
	sys->free(sys, rt);
	return error;
}

void spw_shut(struct spw_rt *rt)
{
	spw_hook(rt, rt->guard->shut);
	shut_waiter(rt);
	rt->sys->free(rt->sys, rt);
}
