/* SPDX-License-Identifier: MIT */
/* The real kernel: the ends of processes, and signals to them. */
#include "sys_linux.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* P_PIDFD, an enumerator where libc knows it; Linux 5.4. */
enum { BY_PIDFD = 3 };

static pid_t wait_id(int by, int id, unsigned flags, struct spw_status *status)
{
	int options = WEXITED;
	siginfo_t info;
	int result;

	if (flags & SPW_WAIT_PEEK)
		options |= WNOWAIT;
	if (flags & SPW_WAIT_THREAD) /* in waitid since Linux 4.7 */
		options |= __WNOTHREAD;
	do {
		result = waitid((idtype_t)by, (id_t)id, &info, options);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		return -errno;
	status->signaled = info.si_code != CLD_EXITED;
	status->code = info.si_status;
	return info.si_pid;
}

pid_t spw_linux_wait(struct spw_sys *sys, pid_t pid, unsigned flags,
		     struct spw_status *status)
{
	if (pid == SPW_ANY_CHILD)
		return wait_id(P_ALL, 0, flags, status);
	return wait_id(P_PID, pid, flags, status);
}

int spw_linux_kill(struct spw_sys *sys, pid_t pid, int sig)
{
	return (int)spw_linux_result(kill(pid, sig));
}

/* What is left until the deadline; NULL: there is none. */
static const struct timespec *time_left(struct spw_sys *sys, uint64_t deadline,
					struct timespec *left)
{
	uint64_t now;

	if (deadline == SPW_NO_DEADLINE)
		return NULL;
	now = sys->now_ns(sys);
	*left = spw_linux_time(deadline > now ? deadline - now : 0);
	return left;
}

int spw_linux_sigchld_wait(struct spw_sys *sys, uint64_t deadline_ns)
{
	const struct timespec *limit;
	struct timespec left;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	do {
		limit = time_left(sys, deadline_ns, &left);
		sig = limit ? sigtimedwait(&set, NULL, limit) :
			      sigwaitinfo(&set, NULL);
	} while (sig < 0 && errno == EINTR);
	if (sig >= 0)
		return 0;
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

int spw_linux_pidfd_open(struct spw_sys *sys, pid_t pid)
{
	return (int)spw_linux_result(syscall(SYS_pidfd_open, pid, 0));
}

int spw_linux_pidfd_poll(struct spw_sys *sys, int fd, uint64_t deadline_ns)
{
	struct pollfd item = { .fd = fd, .events = POLLIN };
	struct timespec left;
	int n;

	do {
		n = ppoll(&item, 1, time_left(sys, deadline_ns, &left), NULL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ETIMEDOUT;
	return item.revents & POLLNVAL ? -EBADF : 0;
}

int spw_linux_pidfd_wait(struct spw_sys *sys, int fd, struct spw_status *status)
{
	pid_t pid = wait_id(BY_PIDFD, fd, 0, status);

	return pid < 0 ? pid : 0;
}

int spw_linux_pidfd_signal(struct spw_sys *sys, int fd, int sig)
{
	return (int)spw_linux_result(
		syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0));
}
