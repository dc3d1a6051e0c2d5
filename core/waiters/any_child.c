/* SPDX-License-Identifier: MIT */
/*
 * any-child: waits for whatever child ends until it is the one that is meant.
 *
 * The loop of os/exec_plan9.go before Go commit b6284700 (the lines it removes:
 * "for true { err = syscall.Await(&waitmsg) ... if waitmsg.Pid == p.Pid"), and
 * of every waitpid(-1): what is not wanted is thrown away.
 *
 * Hole: what is thrown away was somebody's. That one's wait fails with ECHILD,
 * be it of this library or not (joyent/libuv#887, golang/go#60481, GLib's "some
 * other thread is invoking waitpid() with a nonpositive first argument"). And
 * where it was taken by another, this loop eats every child that is left.
 */
#include <errno.h>

#include "waits.h"

static int any_child_wait(struct spw_proc *proc, uint64_t deadline_ns,
			  struct spw_status *status)
{
	struct spw_sys *sys = proc->sys;
	pid_t pid;

	if (spw_known_end(proc, status) == 0)
		return 0;
	if (deadline_ns != SPW_NO_DEADLINE)
		return -ENOTSUP;
	do {
		pid = sys->wait(sys, SPW_ANY_CHILD, 0, status);
	} while (pid >= 0 && pid != proc->pid);
	return spw_take_end(proc, pid, status);
}

const struct spw_waiter spw_waiter_any_child = {
	.info = {
		.name = "any-child",
		.summary = "waits for any child until it is the right one, and "
			   "throws the others away",
		.claim = "the right status, or an error",
		.condition = "the process has one child at a time, and the "
			     "thread that made it waits",
		.reference = "Go before commit b6284700, joyent/libuv#887, "
			     "golang/go#60481",
	},
	.lock = SPW_LOCK_EACH,
	.wait = any_child_wait,
	.signal = spw_signal_by_pid,
};
