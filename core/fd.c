/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "closer.h"
#include "poller.h"

int spw_fd_adopt(struct spw_rt *rt, int number, struct spw_fd **out)
{
	struct spw_sys *sys = rt->sys;
	struct spw_fd *fd = sys->alloc(sys, sizeof(*fd));
	int error;

	if (!fd)
		return -ENOMEM;
	*fd = (struct spw_fd){ .sys = sys,
			       .closer = rt->closer,
			       .number = number };
	error = spw_poller_get(rt, &fd->poller);
	if (error == 0)
		error = sys->set_blocking(sys, number, false);
	if (error == 0)
		error = fd->closer->adopt(fd);
	if (error < 0)
		sys->free(sys, fd);
	else
		*out = fd;
	return error;
}

int spw_fd_close(struct spw_fd *fd)
{
	return fd->closer->close(fd);
}

void spw_fd_release(struct spw_fd *fd)
{
	fd->closer->close(fd); /* -EBADF where somebody has */
	fd->closer->forget(fd);
	fd->sys->free(fd->sys, fd);
}

/* ---- calls ---- */

ssize_t spw_fd_read(struct spw_fd *fd, void *buf, size_t len,
		    uint64_t deadline_ns)
{
	struct spw_use use = { .way = SPW_READ };
	ssize_t n = fd->closer->enter(fd, &use);

	if (n < 0)
		return n;
	while ((n = fd->sys->read(fd->sys, use.number, buf, len)) == -EAGAIN) {
		n = fd->closer->await(fd, &use, deadline_ns);
		if (n < 0)
			break;
	}
	fd->closer->leave(fd, &use);
	return n;
}

ssize_t spw_fd_write(struct spw_fd *fd, const void *buf, size_t len,
		     uint64_t deadline_ns)
{
	struct spw_use use = { .way = SPW_WRITE };
	ssize_t n = fd->closer->enter(fd, &use);

	if (n < 0)
		return n;
	while ((n = fd->sys->write(fd->sys, use.number, buf, len)) == -EAGAIN) {
		n = fd->closer->await(fd, &use, deadline_ns);
		if (n < 0)
			break;
	}
	fd->closer->leave(fd, &use);
	return n;
}

int spw_fd_wait(struct spw_fd *fd, enum spw_way way, uint64_t deadline_ns)
{
	struct spw_use use = { .way = way, .asks_only = true };
	int error = fd->closer->enter(fd, &use);

	if (error < 0)
		return error;
	error = fd->closer->await(fd, &use, deadline_ns);
	fd->closer->leave(fd, &use);
	return error;
}

int spw_fd_lend(struct spw_fd *fd)
{
	struct spw_use use = { .lent = true };
	int error = fd->closer->enter(fd, &use);

	return error < 0 ? error : use.number;
}

void spw_fd_give_back(struct spw_fd *fd)
{
	struct spw_use use = { .lent = true };

	fd->closer->leave(fd, &use);
}
