/* SPDX-License-Identifier: MIT */
/*
 * auto: the default. pidfd where the kernel has them, found by trying; else
 * owner-handle, which needs nothing but threads.
 */
#include "waits.h"

static const struct spw_waiter *choose(struct spw_sys *sys)
{
	return spw_has_pidfds(sys) ? &spw_waiter_pidfd :
				     &spw_waiter_owner_handle;
}

const struct spw_waiter spw_waiter_auto = {
	.info = {
		.name = "auto",
		.summary = "pidfd where there are such, else owner-handle",
		.claim = "every waiter gets the right status, and no signal "
			 "reaches another process",
		.condition = "nobody else waits for any child of the process",
		.reference = "core/waiters/pidfd.c, core/waiters/owner_handle.c",
		.claims_sound = true,
	},
	.choose = choose,
};
