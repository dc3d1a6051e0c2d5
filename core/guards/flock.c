/* SPDX-License-Identifier: MIT */
/*
 * flock (M7): lock the writer's own descriptor before its close; after it, open
 * the file anew, for reading, and lock that. This waits for the inherited
 * copies, since a flock lock belongs to the open file description and ends with
 * its last descriptor.
 *
 * Proposed in golang/go#22315 and rust-lang/rust#114554; in production as
 * CloseEnsureROFD in hephbuild/heph#253. The variant that locks nothing but the
 * descriptor for reading, also seen, waits for nobody.
 *
 * Hole: the lock is dropped too early. __fput() gives it back in
 * locks_remove_file(), then calls the file system's release(), which may write
 * out what was delayed (ext4 after O_TRUNC), and last put_write_access(), and
 * that is the count which execve tests. Anyone who inherited the descriptor can
 * unlock it. A child that never executes keeps the write waiting for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "rt.h"

static int flock_open(struct spw_rt *rt, void **state)
{
	return rt->sys->flock ? 0 : -ENOTSUP;
}

static int flock_write(struct spw_rt *rt, void *state,
		       const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int fd = spw_file_open(sys, job->path, 0);
	int error;

	if (fd < 0)
		return fd;
	error = spw_file_fill(sys, fd, job);
	if (error == 0)
		error = sys->flock(sys, fd, LOCK_EX);
	return spw_file_close(sys, fd, error);
}

static int flock_settle(struct spw_rt *rt, void *state, const char *path)
{
	struct spw_sys *sys = rt->sys;
	int fd = sys->open(sys, path, O_RDONLY | O_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return fd;
	error = sys->flock(sys, fd, LOCK_EX);
	/* Not by the close alone: a child may have inherited this one. */
	if (error == 0)
		error = sys->flock(sys, fd, LOCK_UN);
	sys->close(sys, fd);
	return error;
}

const struct spw_guard spw_guard_flock = {
	.info = {
		.name = "flock",
		.summary = "lock before the close; after it, lock again through "
			   "a new descriptor",
		.claim = "ETXTBSY is rarer",
		.condition = "a file is no longer open for writing when its "
			     "lock is gone",
		.reference = "golang/go#22315, hephbuild/heph#253",
	},
	.open = flock_open,
	.write = flock_write,
	.settle = flock_settle,
};
