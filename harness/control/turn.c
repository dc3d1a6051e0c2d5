/* SPDX-License-Identifier: MIT */
/* The hand-over of a slot: one word and a futex that works across processes. */
#include "control/target.h"

#include <spw/sys.h>

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* <linux/futex.h>, which not every libc brings along */
enum { FUTEX_WAIT, FUTEX_WAKE };

SPW_CHILD void ctl_give(struct ctl_slot *slot, enum ctl_turn turn)
{
	__atomic_store_n(&slot->turn, turn, __ATOMIC_RELEASE);
	syscall(SYS_futex, &slot->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

SPW_CHILD int ctl_await(struct ctl_slot *slot, enum ctl_turn turn, unsigned ms)
{
	/* Relative to each wait: early wake-ups are rare and harmless. */
	const struct timespec limit = { .tv_sec = ms / 1000,
					.tv_nsec = ms % 1000 * 1000000L };
	enum ctl_turn other = turn == CTL_TARGET ? CTL_CONTROLLER : CTL_TARGET;

	while (__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) != turn)
		if (syscall(SYS_futex, &slot->turn, FUTEX_WAIT, other,
			    ms ? &limit : NULL, NULL, 0) < 0 &&
		    errno == ETIMEDOUT)
			return -ETIMEDOUT;
	return 0;
}
