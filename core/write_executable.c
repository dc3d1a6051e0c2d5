/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>

#include "rt.h"

SPW_CHILD int spw_write_all(struct spw_sys *sys, int fd, const void *buf,
			    size_t len)
{
	const char *data = buf;

	while (len > 0) {
		ssize_t n = sys->write(sys, fd, data, len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

SPW_CHILD int spw_file_open(struct spw_sys *sys, const char *path,
			    int more_flags)
{
	return sys->open(sys, path,
			 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | more_flags,
			 0600);
}

SPW_CHILD int spw_file_fill(struct spw_sys *sys, int fd,
			    const struct spw_write *job)
{
	int error = spw_write_all(sys, fd, job->data, job->len);

	/* Last: a write clears set-user-ID (file_remove_privs). */
	if (error == 0)
		error = sys->fchmod(sys, fd, job->mode);
	return error;
}

SPW_CHILD int spw_file_close(struct spw_sys *sys, int fd, int error)
{
	int closed = sys->close(sys, fd);

	return error < 0 ? error : closed;
}

SPW_CHILD int spw_write_file(struct spw_sys *sys, const struct spw_write *job)
{
	int fd = spw_file_open(sys, job->path, 0);

	if (fd < 0)
		return fd;
	return spw_file_close(sys, fd, spw_file_fill(sys, fd, job));
}

static int write_guarded(struct spw_rt *rt, const struct spw_write *job)
{
	int error;

	if (rt->guard->write)
		return rt->guard->write(rt, rt->guard_state, job);
	spw_hook(rt, rt->guard->write_begin);
	error = spw_write_file(rt->sys, job);
	spw_hook(rt, rt->guard->write_end);
	return error;
}

int spw_write_executable(struct spw_rt *rt, const char *path, const void *data,
			 size_t len, mode_t mode)
{
	const struct spw_write job = { path, data, len, mode };
	int error = write_guarded(rt, &job);

	if (error == 0 && rt->guard->settle)
		error = rt->guard->settle(rt, rt->guard_state, path);
	return error;
}
