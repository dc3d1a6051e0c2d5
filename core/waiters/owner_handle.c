/* SPDX-License-Identifier: MIT */
/*
 * owner-handle: a thread for each child makes it, waits for it, and leaves its
 * status in the handle.
 *
 * Go commit b6284700 repaired. The thread that forks is the thread that waits,
 * so Plan 9's rule is kept; what it learns is kept in the handle, not in a
 * table by id, so nothing can be put in its place, and it stays there for any
 * number of waiters. The thread lives as long as the child: no waiting thread
 * changes because its maker has ended.
 *
 * The order at the end is the point (as Go's blockUntilWaitable and Trio have
 * it): wait without reaping, note the end under the lock, and only then reap.
 * Signals are sent under the same lock and not after the note. So as long as a
 * signal can be sent the id is the child's, as a zombie at least.
 *
 * Costs a thread for each child that runs.
 */
#include <errno.h>

#include "waits.h"

static void own(void *arg)
{
	struct spw_proc *proc = arg;
	struct spw_sys *sys = proc->sys;
	struct spw_status status = { .code = 0 };
	sigset_t ignored;
	pid_t pid;
	bool failed;

	/* With the signal mask of its maker, which the program gets. */
	spw_start_child(proc->start);
	failed = proc->start->error < 0;
	spw_waits_made(proc);
	if (failed)
		return;
	/* Handlers are for the threads of the program. */
	sys->signals_block(sys, &ignored);
	pid = sys->wait(sys, proc->pid, SPW_WAIT_PEEK, &status);
	spw_waits_lock(proc->waits);
	spw_waits_tell(proc, pid < 0 ? pid : 0, &status);
	spw_waits_unlock(proc->waits);
	if (pid >= 0)
		sys->wait(sys, proc->pid, 0, &status);
}

static void owner_handle_start(struct spw_start *start)
{
	spw_waits_own(start, own);
}

static void owner_handle_release(struct spw_proc *proc)
{
	proc->sys->thread_join(proc->sys, proc->owner);
}

const struct spw_waiter spw_waiter_owner_handle = {
	.info = {
		.name = "owner-handle",
		.summary = "a thread for each child makes it and waits for it; "
			   "its status is kept in the handle",
		.claim = "every waiter gets the right status, and no signal "
			 "reaches another process",
		.condition = "nobody else waits for any child of the process",
		.reference = "Go commit b6284700 (2013) repaired, Go "
			     "os/wait_waitid.go",
		.claims_sound = true,
	},
	.lock = SPW_LOCK_EACH,
	.start = owner_handle_start,
	.wait = spw_waits_await,
	.signal = spw_waits_signal,
	.release = owner_handle_release,
};
