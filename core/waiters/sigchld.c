/* SPDX-License-Identifier: MIT */
/*
 * sigchld: for each SIGCHLD one child is reaped, and its handle is looked up.
 *
 * What an event loop does that takes the signal for a count: one thread at a
 * time waits for it, reaps the child that has ended, whichever it is, and tells
 * whoever waits for that one.
 *
 * Hole: a signal that is pending already is not made pending once more, so the
 * ends of two children can be one signal, and the second child is never reaped
 * (dotnet/corefx#25962, tokio#3743). A child that is not of this library is
 * reaped as well, and forgotten. Programs are started with SIGCHLD blocked.
 */
#include <errno.h>

#include "waits.h"

static int sigchld_open(struct spw_sys *sys)
{
	sigset_t mask;

	if (!sys->sigchld_wait)
		return -ENOTSUP;
	sys->signals_block(sys, &mask);
	sigaddset(&mask, SIGCHLD);
	sys->signals_set(sys, &mask);
	return 0;
}

static void sigchld_start(struct spw_start *start)
{
	struct spw_proc *proc = start->proc;
	struct spw_waits_shared *shared;

	/* Under the lock: before its end can be told, it is known. */
	spw_waits_lock(proc->waits);
	spw_start_child(start);
	if (start->error == 0) {
		shared = spw_waits_shared(proc->waits);
		proc->next = shared->first;
		shared->first = proc;
	}
	spw_waits_unlock(proc->waits);
}

/* With the lock held. */
static void tell(struct spw_waits *waits, pid_t pid,
		 const struct spw_status *status)
{
	struct spw_proc *proc = spw_waits_shared(waits)->first;

	while (proc && (proc->pid != pid || spw_waits_end(proc)->done))
		proc = proc->next;
	if (proc)
		spw_waits_tell(proc, 0, status);
}

/* With the lock held, which is given back meanwhile. */
static int reap_one(struct spw_waits *waits, uint64_t deadline_ns)
{
	struct spw_sys *sys = waits->sys;
	struct spw_status status;
	pid_t pid;

	spw_waits_shared(waits)->reaping = true;
	spw_waits_unlock(waits);
	pid = sys->sigchld_wait(sys, deadline_ns);
	if (pid == 0)
		pid = sys->wait(sys, SPW_ANY_CHILD, 0, &status);
	spw_waits_lock(waits);
	spw_waits_shared(waits)->reaping = false;
	if (pid > 0)
		tell(waits, pid, &status);
	sys->cond_broadcast(sys, waits->changed);
	return pid < 0 ? pid : 0;
}

static int sigchld_wait(struct spw_proc *proc, uint64_t deadline_ns,
			struct spw_status *status)
{
	struct spw_waits *waits = proc->waits;
	struct spw_sys *sys = proc->sys;
	int error = 0;

	spw_waits_lock(waits);
	while (!spw_waits_end(proc)->done && error == 0) {
		if (spw_waits_shared(waits)->reaping)
			error = sys->cond_wait_until(sys, waits->changed,
						     waits->lock, deadline_ns);
		else
			error = reap_one(waits, deadline_ns);
	}
	if (spw_waits_end(proc)->done) {
		*status = proc->end.status;
		error = 0;
	}
	spw_waits_unlock(waits);
	return error;
}

static void sigchld_release(struct spw_proc *proc)
{
	struct spw_proc **at;

	spw_waits_lock(proc->waits);
	at = &spw_waits_shared(proc->waits)->first;
	while (*at != proc)
		at = &(*at)->next;
	*at = proc->next;
	spw_waits_unlock(proc->waits);
}

const struct spw_waiter spw_waiter_sigchld = {
	.info = {
		.name = "sigchld",
		.summary = "reaps one child for each SIGCHLD",
		.claim = "the right status",
		.condition = "no two children end at once, all children are "
			     "of this runtime, and it is opened before there "
			     "are other threads",
		.reference = "dotnet/corefx#25962, tokio-rs/tokio#3743",
	},
	.open = sigchld_open,
	.lock = SPW_LOCK_ALL,
	.start = sigchld_start,
	.wait = sigchld_wait,
	.signal = spw_waits_signal,
	.release = sigchld_release,
};
