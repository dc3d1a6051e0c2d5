/* SPDX-License-Identifier: MIT */
/*
 * pidfd: the process by a descriptor, which means no other (Linux 5.4).
 *
 * Whoever waits polls the descriptor, which tells every thread, and as often as
 * it is asked; the first to have the lock then reaps, by descriptor too, and
 * notes the status for the others. Signals go through the descriptor: once the
 * process was reaped the kernel says ESRCH, whatever its id is by then.
 *
 * The descriptor is opened after the clone: until somebody reaps it the child
 * is there, as a zombie at least, and nobody but this waiter does. It stays
 * open until the handle is released, so its number cannot come to mean another
 * process while a thread uses it (golang/go#67641). It does not keep the id
 * from being used again, and need not.
 */
#include <errno.h>
#include <limits.h>

#include "waits.h"

/* Nothing is opened or sent: each call would complain of its argument. */
bool spw_has_pidfds(struct spw_sys *sys)
{
	struct spw_status ignored;

	return sys->pidfd_open && sys->pidfd_open(sys, 0) == -EINVAL &&
	       sys->pidfd_signal(sys, INT_MAX, 0) == -EBADF &&
	       sys->pidfd_wait(sys, INT_MAX, &ignored) == -EBADF;
}

static int pidfd_open(struct spw_sys *sys)
{
	return spw_has_pidfds(sys) ? 0 : -ENOTSUP;
}

/*
 * Without a descriptor (EMFILE, ENFILE) nobody could wait for the program, so
 * it does not stay.
 */
static void pidfd_start(struct spw_start *start)
{
	struct spw_proc *proc = start->proc;
	struct spw_sys *sys = proc->sys;
	struct spw_status ignored;

	spw_start_child(start);
	if (start->error < 0)
		return;
	proc->fd = sys->pidfd_open(sys, proc->pid);
	if (proc->fd >= 0)
		return;
	start->stage = SPW_STAGE_PREPARE;
	start->error = proc->fd;
	sys->kill(sys, proc->pid, SIGKILL);
	sys->wait(sys, proc->pid, 0, &ignored);
}

static int pidfd_wait(struct spw_proc *proc, uint64_t deadline_ns,
		      struct spw_status *status)
{
	struct spw_sys *sys = proc->sys;
	int error = sys->pidfd_poll(sys, proc->fd, deadline_ns);
	struct spw_end *end;

	if (error < 0)
		return error;
	spw_waits_lock(proc->waits);
	end = spw_waits_end(proc);
	if (!end->done) {
		end->error = sys->pidfd_wait(sys, proc->fd, &end->status);
		end->done = true;
	}
	error = end->error;
	*status = end->status;
	spw_waits_unlock(proc->waits);
	return error;
}

static int pidfd_signal(struct spw_proc *proc, int sig)
{
	return proc->sys->pidfd_signal(proc->sys, proc->fd, sig);
}

static void pidfd_release(struct spw_proc *proc)
{
	proc->sys->close(proc->sys, proc->fd);
}

const struct spw_waiter spw_waiter_pidfd = {
	.info = {
		.name = "pidfd",
		.summary = "waits for a descriptor of the process, and signals "
			   "through it",
		.claim = "every waiter gets the right status, and no signal "
			 "reaches another process",
		.condition = "any thread may wait for a child (not on Plan 9), "
			     "and nobody else waits for any child of the "
			     "process",
		.reference = "pidfd_open(2), Linux 5.4; golang/go#67641",
		.claims_sound = true,
		.pidfds = true,
	},
	.open = pidfd_open,
	.lock = SPW_LOCK_EACH,
	.start = pidfd_start,
	.wait = pidfd_wait,
	.signal = pidfd_signal,
	.release = pidfd_release,
};
