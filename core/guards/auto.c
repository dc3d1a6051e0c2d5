/* SPDX-License-Identifier: MIT */
/*
 * auto: the default. The cheapest way that is sound on this kernel and for this
 * file, whoever forks, found by trying, file by file:
 *
 *  1. lease, where the kernel grants one for the file: its file system has
 *     leases, and the file is the caller's and may be read. Asked before the
 *     write, through a descriptor for reading, which counts as no writer and
 *     serves again after the close. Eight system calls more than no guard at
 *     all, and a wait only where a fork has really copied the descriptor. Forks
 *     are not held up, and writers do not wait for each other.
 *  2. writer-process otherwise (NFS, FUSE, somebody else's file): a fork for
 *     each file, but it needs nothing of kernel or file system.
 *
 * Nothing is remembered between files: one runtime may write to several file
 * systems, and a try costs a microsecond or two. Not fork-lock, which is cheaper
 * than both: it promises nothing where a library forks as well. Not
 * private-table, whose one thread would write one file at a time, at the price
 * of two switches between threads, more than that of the lease. racerig price
 * has the figures.
 *
 * Foreign forks, of system(), of a library, of another runtime, change nothing
 * about the promise, only who waits:
 *
 *  - With the lease, the write returns when their children have executed or
 *    ended. Where one does neither, as a forked worker does that never
 *    executes, it fails with ETXTBSY after ten seconds: the file is complete
 *    then, and busy. That error of the write is the only one of its kind.
 *  - With the process they cannot hold the file at all, and nobody waits.
 *
 * In neither case does a spawn fail with ETXTBSY after a write that succeeded,
 * unless somebody has opened or mapped the file for writing since.
 *
 * Hole: that of lease. A new writer, and on overlayfs one that works on the
 * upper directory; and programs that go through an interpreter which is itself
 * being written.
 */
#include <errno.h>
#include <fcntl.h>

#include "rt.h"

/*
 * Whether leases can be had on fd's file, be it held by a writer now: 0, or
 * -ENOTSUP. -ENOMEM: it cannot be told.
 */
static int ask_for_lease(struct spw_sys *sys, int fd)
{
	int error = sys->lease(sys, fd, F_RDLCK);

	if (error == 0)
		error = sys->lease(sys, fd, F_UNLCK);
	if (error == 0 || error == -EAGAIN)
		return 0;
	return error == -ENOMEM ? error : -ENOTSUP;
}

/*
 * A descriptor to ask for leases with. -ENOTSUP, -EACCES: there are none. *made:
 * the file was not there, and is empty.
 */
static int open_for_lease(struct spw_sys *sys, const char *path, bool *made)
{
	const int flags = O_RDONLY | O_CREAT | O_CLOEXEC;
	int fd = sys->open(sys, path, flags | O_EXCL, 0600);
	int error;

	*made = fd >= 0;
	if (fd == -EEXIST)
		fd = sys->open(sys, path, flags, 0600);
	error = fd < 0 ? fd : ask_for_lease(sys, fd);
	if (error < 0 && fd >= 0)
		sys->close(sys, fd);
	return error < 0 ? error : fd;
}

/*
 * What was just made is not truncated: ext4 would take even that for a file
 * being replaced, and allocate and send off its blocks in the close
 * (EXT4_STATE_DA_ALLOC_CLOSE, set by ext4_truncate, seen by ext4_release_file):
 * as long again as a small program takes to start and end.
 */
static int write_file(struct spw_sys *sys, const struct spw_write *job,
		      bool made)
{
	int fd = made ? sys->open(sys, job->path, O_WRONLY | O_CLOEXEC, 0) :
			spw_file_open(sys, job->path, 0);

	if (fd < 0)
		return fd;
	return spw_file_close(sys, fd, spw_file_fill(sys, fd, job));
}

static int auto_write(struct spw_rt *rt, void *state,
		      const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	bool made;
	int fd = open_for_lease(sys, job->path, &made);
	int error;

	if (fd == -ENOTSUP || fd == -EACCES)
		return spw_write_by_process(sys, job);
	/*
	 * Not that: it does not see a mapping, and what the caller is promised
	 * must not depend on whether there was a descriptor to be had.
	 */
	if (fd < 0)
		return fd;
	error = write_file(sys, job, made);
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
		.condition = "nobody else writes or maps the file; anybody may "
			     "fork: a child that neither executes nor ends "
			     "costs the write, never the spawn",
		.reference = "core/guards/lease.c, "
			     "core/guards/writer_process.c",
		.claims_sound = true,
	},
	.write = auto_write,
};
