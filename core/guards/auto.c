/* SPDX-License-Identifier: MIT */
/*
 * auto: the default. The cheapest way that is sound on this kernel and for this
 * file, found by trying, file by file:
 *
 *  1. lease, where the kernel grants one for the file: its file system has
 *     leases, and the file is the caller's and may be read. Asked before the
 *     write, through a descriptor for reading, which counts as no writer and
 *     serves again after the close. Four calls more than no guard at all, and a
 *     wait only where a fork has really copied the descriptor. Forks are not
 *     held up, and writers do not wait for each other.
 *  2. writer-process otherwise (NFS, FUSE, somebody else's file): a fork for
 *     each file, but it needs nothing of kernel or file system.
 *
 * Nothing is remembered between files: one runtime may write to several file
 * systems, and a try costs a fraction of a microsecond. Not fork-lock, which is
 * cheaper than both: it promises nothing where a library forks as well.
 * Not private-table, whose one thread would write one file at a time.
 *
 * Foreign forks, of system(), of a library, of another runtime: with the lease,
 * the write waits for their children to execute or end, and fails with ETXTBSY
 * after ten seconds where one does neither; the file is then complete, but
 * busy. With the process they cannot hold the file at all. In neither case does
 * a spawn fail with ETXTBSY after a write that succeeded.
 *
 * Hole: that of lease. A new writer, and on overlayfs one that works on the
 * upper directory; and programs that go through an interpreter which is itself
 * being written.
 */
#include <errno.h>
#include <fcntl.h>

#include "rt.h"

/* Whether leases can be had on fd's file, be it held by a writer now. */
static bool has_leases(struct spw_sys *sys, int fd)
{
	int error = sys->lease(sys, fd, F_RDLCK);

	if (error == 0)
		error = sys->lease(sys, fd, F_UNLCK);
	return error == 0 || error == -EAGAIN;
}

/* A descriptor to ask for leases with, or -errno where there are none. */
static int open_for_lease(struct spw_sys *sys, const char *path)
{
	int fd = sys->open(sys, path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && !has_leases(sys, fd)) {
		sys->close(sys, fd);
		fd = -ENOTSUP;
	}
	return fd;
}

static int auto_write(struct spw_rt *rt, void *state,
		      const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int fd = open_for_lease(sys, job->path);
	int error;

	/* Why there is none does not matter: the process will find out. */
	if (fd < 0)
		return spw_write_by_process(sys, job);
	error = spw_write_file(sys, job);
	if (error == 0)
		error = spw_lease_await(sys, fd);
	sys->close(sys, fd);
	return error;
}

const struct spw_guard spw_guard_auto = {
	.info = {
		.name = "auto",
		.summary = "lease where the file can have one, else "
			   "writer-process",
		.claim = "a program that was written is never busy, or the "
			 "write fails with ETXTBSY after a while",
		.condition = "nobody else writes or maps the file",
		.reference = "core/guards/lease.c, "
			     "core/guards/writer_process.c",
		.claims_sound = true,
	},
	.write = auto_write,
};
