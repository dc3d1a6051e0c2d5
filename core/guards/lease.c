/* SPDX-License-Identifier: MIT */
/*
 * lease (M8): after the close, ask the kernel for a read lease until it says
 * yes.
 *
 * F_SETLEASE with F_RDLCK fails with EAGAIN as long as the inode's write count
 * is above zero (check_conflicting_open), and that is the very number which
 * execve tests (deny_write_access). So this waits for the right thing,
 * whoever holds the file and however: another program's child, a mapping, a
 * descriptor on its way through a socket. The lease is given back at once.
 *
 * golang/go#22315 and rust-lang/rust#114554 propose to wait for a flock in the
 * same place, which is dropped before the write count is (__fput).
 *
 * Hole: it says that there is no writer now; a new one may come. Not for the
 * interpreter of a script. Needs a file system with leases, a file that the
 * caller owns (or CAP_LEASE) and may read; on overlayfs a writer on the upper
 * directory is invisible, as it is to execve. It polls, and gives up with
 * -ETXTBSY where a child never executes and never ends.
 */
#include <errno.h>
#include <fcntl.h>

#include "rt.h"

/* On Linux, where a pause grows to 1 ms, ten seconds. */
#define TRIES 10000

int spw_lease_await(struct spw_sys *sys, int fd)
{
	int error;

	for (unsigned attempt = 0; attempt < TRIES; attempt++) {
		error = sys->lease(sys, fd, F_RDLCK);
		if (error == 0)
			return sys->lease(sys, fd, F_UNLCK);
		if (error != -EAGAIN)
			return error;
		sys->pause(sys, attempt);
	}
	return -ETXTBSY;
}

static int lease_settle(struct spw_rt *rt, void *state, const char *path)
{
	int fd = rt->sys->open(rt->sys, path, O_RDONLY | O_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return fd;
	error = spw_lease_await(rt->sys, fd);
	rt->sys->close(rt->sys, fd);
	return error;
}

const struct spw_guard spw_guard_lease = {
	.info = {
		.name = "lease",
		.summary = "after the close, poll for a read lease",
		.claim = "a program that was written is never busy, or the "
			 "write fails with ETXTBSY after a while",
		.condition = "the file system has leases, the caller owns the "
			     "file and may read it, nobody opens it for "
			     "writing again",
		.reference = "F_SETLEASE in fcntl(2); check_conflicting_open "
			     "in the kernel's fs/locks.c",
		.claims_sound = true,
	},
	.settle = lease_settle,
};
