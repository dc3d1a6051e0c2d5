/* SPDX-License-Identifier: MIT */
/*
 * The real kernel: descriptors that are waited for. What opens one goes to the
 * kernel by syscall(2), for the reason that sys_linux.c gives.
 */
#include "sys_linux.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert((int)SPW_POLL_IN == EPOLLIN && (int)SPW_POLL_OUT == EPOLLOUT &&
		       (int)SPW_POLL_ERR == EPOLLERR &&
		       (int)SPW_POLL_HUP == EPOLLHUP &&
		       (int)SPW_POLL_RDHUP == EPOLLRDHUP &&
		       SPW_POLL_ONCE == EPOLLONESHOT &&
		       SPW_POLL_EDGE == (unsigned)EPOLLET,
	       "the seam's events are those of epoll");
_Static_assert((int)SPW_POLL_IN == POLLIN && (int)SPW_POLL_OUT == POLLOUT &&
		       (int)SPW_POLL_ERR == POLLERR &&
		       (int)SPW_POLL_HUP == POLLHUP &&
		       (int)SPW_POLL_NVAL == POLLNVAL,
	       "and of poll");
_Static_assert((int)SPW_EPOLL_ADD == EPOLL_CTL_ADD &&
		       (int)SPW_EPOLL_DEL == EPOLL_CTL_DEL &&
		       (int)SPW_EPOLL_MOD == EPOLL_CTL_MOD,
	       "the operations, too");

int spw_linux_socket_pair(struct spw_sys *sys, int fd[2])
{
	return (int)spw_linux_result(syscall(
		SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd));
}

int spw_linux_set_blocking(struct spw_sys *sys, int fd, bool blocking)
{
	long flags = syscall(SYS_fcntl, fd, F_GETFL);
	long wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;

	if (flags < 0)
		return -errno;
	if (flags == wanted)
		return 0;
	return (int)spw_linux_result(syscall(SYS_fcntl, fd, F_SETFL, wanted));
}

int spw_linux_eventfd(struct spw_sys *sys)
{
	return (int)spw_linux_result(
		syscall(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static struct timespec until(struct spw_sys *sys, uint64_t deadline_ns)
{
	uint64_t now = sys->now_ns(sys);
	uint64_t left = deadline_ns > now ? deadline_ns - now : 0;

	return (struct timespec){ .tv_sec = (time_t)(left / 1000000000),
				  .tv_nsec = (long)(left % 1000000000) };
}

int spw_linux_poll(struct spw_sys *sys, int fd, unsigned events,
		   uint64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = (short)events };
	struct timespec left;
	int n;

	do {
		if (deadline_ns != SPW_NO_DEADLINE)
			left = until(sys, deadline_ns);
		n = ppoll(&p, 1, deadline_ns == SPW_NO_DEADLINE ? NULL : &left,
			  NULL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (unsigned short)p.revents;
}

int spw_linux_epoll_create(struct spw_sys *sys)
{
	return (int)spw_linux_result(syscall(SYS_epoll_create1, EPOLL_CLOEXEC));
}

int spw_linux_epoll_ctl(struct spw_sys *sys, int epoll, enum spw_epoll_op op,
			int fd, unsigned events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return (int)spw_linux_result(epoll_ctl(epoll, (int)op, fd, &event));
}

int spw_linux_epoll_wait(struct spw_sys *sys, int epoll,
			 struct spw_event *events, int n)
{
	enum { BATCH = 64 };
	struct epoll_event batch[BATCH];
	int got;

	if (n > BATCH)
		n = BATCH;
	do {
		got = epoll_wait(epoll, batch, n, -1);
	} while (got < 0 && errno == EINTR);
	for (int i = 0; i < got; i++)
		events[i] = (struct spw_event){ .events = batch[i].events,
						.data = batch[i].data.u64 };
	return got < 0 ? -errno : got;
}
