/* SPDX-License-Identifier: MIT */
/*
 * by-pid: the calling thread waits for the child's id.
 *
 * What most programs do: waitpid(pid), kill(pid), and a note in the handle once
 * the child was reaped. The cheapest there is, and enough where one thread has
 * one child in its hands.
 *
 * Hole: the kernel tells a status once, so of two waiters one is told ECHILD.
 * Between the look at the note and the kill another thread may reap the child,
 * and its id may be given to another process (golang/go#13987, cpython#127049).
 * The note itself is plain memory: two threads race for it.
 */
#include <errno.h>

#include "waits.h"

/* The note; under a lock for those that have one. */
static struct spw_end *enter(struct spw_proc *proc)
{
	if (!proc->waits)
		return &proc->end;
	spw_waits_lock(proc->waits);
	return spw_waits_end(proc);
}

static void leave(struct spw_proc *proc)
{
	if (proc->waits)
		spw_waits_unlock(proc->waits);
}

int spw_known_end(struct spw_proc *proc, struct spw_status *status)
{
	const struct spw_end *end = enter(proc);
	bool done = end->done;

	if (done)
		*status = end->status;
	leave(proc);
	return done ? 0 : -EAGAIN;
}

int spw_take_end(struct spw_proc *proc, pid_t pid,
		 const struct spw_status *status)
{
	struct spw_end *end;

	if (pid < 0)
		return pid;
	end = enter(proc);
	end->status = *status;
	end->done = true;
	leave(proc);
	return 0;
}

int spw_signal_by_pid(struct spw_proc *proc, int sig)
{
	bool done = enter(proc)->done;

	leave(proc);
	return done ? -ESRCH : proc->sys->kill(proc->sys, proc->pid, sig);
}

static int by_pid_wait(struct spw_proc *proc, uint64_t deadline_ns,
		       struct spw_status *status)
{
	struct spw_sys *sys = proc->sys;

	if (spw_known_end(proc, status) == 0)
		return 0;
	if (deadline_ns != SPW_NO_DEADLINE)
		return -ENOTSUP;
	return spw_take_end(proc, sys->wait(sys, proc->pid, 0, status), status);
}

const struct spw_waiter spw_waiter_by_pid = {
	.info = {
		.name = "by-pid",
		.summary = "the calling thread waits for the child's id",
		.claim = "the right status",
		.condition = "one thread at a time waits for or signals a "
			     "process, and any thread may wait for it",
		.reference = "golang/go#13987, python/cpython#127049, "
			     "python/cpython#87744",
	},
	.wait = by_pid_wait,
	.signal = spw_signal_by_pid,
};
