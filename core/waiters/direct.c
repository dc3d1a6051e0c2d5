/* SPDX-License-Identifier: MIT */
/*
 * direct: the calling thread awaits a child, and takes it for its own.
 *
 * wait(2) as it was before waitpid, and await of Plan 9, which knows no other:
 * the next child that ends. Right for a program that has one child and one
 * thread; the control beside which every other waiter is to be seen.
 *
 * Hole: both ways of Go commit b6284700: "the wait() will either return an
 * error or end up waiting for a completely different child than was intended".
 */
#include <errno.h>

#include "waits.h"

static int direct_wait(struct spw_proc *proc, uint64_t deadline_ns,
		       struct spw_status *status)
{
	struct spw_sys *sys = proc->sys;

	if (spw_known_end(proc, status) == 0)
		return 0;
	if (deadline_ns != SPW_NO_DEADLINE)
		return -ENOTSUP;
	return spw_take_end(proc, sys->wait(sys, SPW_ANY_CHILD, 0, status),
			    status);
}

const struct spw_waiter spw_waiter_direct = {
	.info = {
		.name = "direct",
		.summary = "the calling thread awaits a child, whichever ends",
		.claim = "a status",
		.condition = "the process has one child, and the thread that "
			     "made it waits",
		.reference = "Go commit b6284700 (2013), Plan 9 wait(2)",
	},
	.lock = SPW_LOCK_EACH,
	.wait = direct_wait,
	.signal = spw_signal_by_pid,
};
