/* SPDX-License-Identifier: MIT */
#include "rt.h"

#include <errno.h>

int spw_open(struct spw_rt **out, const struct spw_options *options)
{
	const struct spw_guard *guard = options->guard;
	struct spw_sys *sys = options->sys;
	struct spw_rt *rt;
	int error;

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
	if (guard->open) {
		error = guard->open(rt, &rt->guard_state);
		if (error < 0) {
			sys->free(sys, rt);
			return error;
		}
	}
	*out = rt;
	return 0;
}

void spw_shut(struct spw_rt *rt)
{
	spw_hook(rt, rt->guard->shut);
	rt->sys->free(rt->sys, rt);
}
