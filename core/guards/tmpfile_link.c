/* SPDX-License-Identifier: MIT */
/*
 * tmpfile-link (M17): the program is written to a file without a name
 * (O_TMPFILE), which gets its name when it is complete (linkat).
 *
 * The same hope as with rename: that a new name makes a new file. It is a good
 * way to never show half a program.
 *
 * Hole: all of it. The inode is the one that was open for writing. What stood
 * at the path is removed first, and for a moment nothing stands there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "rt.h"

#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY) /* asm-generic/fcntl.h */
#endif

static int tmpfile_link_open(struct spw_rt *rt, void **state)
{
	return rt->sys->link_fd ? 0 : -ENOTSUP;
}

/* The directory that path is in, "." where it names none. */
static char *directory_of(struct spw_sys *sys, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 1;
	char *dir = sys->alloc(sys, len + 1);

	if (dir)
		memcpy(dir, slash ? path : ".", len);
	return dir;
}

static int open_without_name(struct spw_sys *sys, const char *path)
{
	char *dir = directory_of(sys, path);
	int fd;

	if (!dir)
		return -ENOMEM;
	fd = sys->open(sys, dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	sys->free(sys, dir);
	return fd;
}

static int give_name(struct spw_sys *sys, int fd, const char *path)
{
	int error = sys->link_fd(sys, fd, path);

	if (error != -EEXIST)
		return error;
	error = sys->unlink(sys, path);
	if (error < 0 && error != -ENOENT)
		return error;
	return sys->link_fd(sys, fd, path);
}

static int tmpfile_link_write(struct spw_rt *rt, void *state,
			      const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int fd = open_without_name(sys, job->path);
	int error;

	if (fd < 0)
		return fd;
	error = spw_file_fill(sys, fd, job);
	if (error == 0)
		error = give_name(sys, fd, job->path);
	return spw_file_close(sys, fd, error);
}

const struct spw_guard spw_guard_tmpfile_link = {
	.info = {
		.name = "tmpfile-link",
		.summary = "write a file without a name, then link it",
		.claim = "none, though it is often taken for a fix",
		.condition = "no other thread forks while the file is open; "
			     "the file system has O_TMPFILE, /proc is there",
		.reference = "O_TMPFILE in open(2)",
	},
	.open = tmpfile_link_open,
	.write = tmpfile_link_write,
};
