/* SPDX-License-Identifier: MIT */
/*
 * auto: the default. pidfd where the kernel has them, found by trying; else
 * owner-handle, which needs nothing but threads.
 *
 * A child that is tied to its creator is tied to a thread (golang/go#27505).
 * That of the spawn may end before the child does; owner-handle's does not. So
 * such a child always gets that.
 */
#include "waits.h"

static const struct spw_waiter *choose(struct spw_sys *sys, unsigned flags)
{
	return !(flags & SPW_DIE_WITH_CREATOR) && spw_has_pidfds(sys) ?
		       &spw_waiter_pidfd :
		       &spw_waiter_owner_handle;
}

const struct spw_waiter spw_waiter_auto = {
	.info = {
		.name = "auto",
		.summary = "pidfd where there are such, else owner-handle; "
			   "that, too, for a child tied to its creator",
		.claim = "every waiter gets the right status, no signal "
			 "reaches another process, and none the child because "
			 "the thread that started it has ended",
		.condition = "nobody else waits for any child of the process",
		.reference = "core/waiters/pidfd.c, core/waiters/owner_handle.c",
		.claims_sound = true,
	},
	.choose = choose,
};
