/* SPDX-License-Identifier: MIT */
/*
 * proc-scan (M23): after the close, look through /proc/PID/fd of all processes
 * for somebody who has the file open for writing, until there is nobody.
 *
 * What lsof and fuser do, made into a wait.
 *
 * Hole: it is no snapshot. A process is looked at once, and a child that is
 * forked from one not yet looked at, with a number that has been passed, is
 * never seen. Processes of other users and other pid namespaces cannot be
 * looked into; a mapping, a descriptor of io_uring or one on its way through a
 * socket is in no table. Close-on-exec clears the number in the table before
 * the write count is given back. The price grows with the number of processes.
 * It gives up with -ETXTBSY after many tries.
 */
#include <errno.h>

#include "rt.h"

/* On Linux, where a pause grows to 1 ms, ten seconds and the scans. */
#define TRIES 10000

static int proc_scan_open(struct spw_rt *rt, void **state)
{
	return rt->sys->scan_writers ? 0 : -ENOTSUP;
}

static int proc_scan_settle(struct spw_rt *rt, void *state, const char *path)
{
	struct spw_sys *sys = rt->sys;

	for (unsigned attempt = 0; attempt < TRIES; attempt++) {
		int seen = sys->scan_writers(sys, path);

		if (seen <= 0)
			return seen;
		sys->pause(sys, attempt);
	}
	return -ETXTBSY;
}

const struct spw_guard spw_guard_proc_scan = {
	.info = {
		.name = "proc-scan",
		.summary = "after the close, look through /proc until nobody "
			   "has the file open for writing",
		.claim = "ETXTBSY is rarer",
		.condition = "no process forks during the scan, and /proc "
			     "shows them all",
		.reference = "lsof(8), fuser(1); proc_pid_fd(5)",
	},
	.open = proc_scan_open,
	.settle = proc_scan_settle,
};
