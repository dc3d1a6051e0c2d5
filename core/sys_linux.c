/* SPDX-License-Identifier: MIT */
/*
 * The real kernel: files, time and memory, and the table.
 *
 * Calls that a child may make go to the kernel by syscall(2): the sanitizers
 * replace libc's wrappers by their own, which keep books about the caller. They
 * set the parent's errno, which nobody reads: the thread that it belongs to is
 * suspended in a call of ours. As close is one of them, so must be what opens:
 * to ThreadSanitizer a number that is opened twice and never closed is a race.
 */
#include "sys_linux.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2u /* 5.9 */
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u /* 5.11 */
#endif

/* ---- files ---- */

static SPW_CHILD int linux_open(struct spw_sys *sys, const char *path,
				int flags, mode_t mode)
{
	long fd;

	/* Linux has no O_CLOFORK, and openat passes over flags it lacks. */
	if (flags & SPW_O_CLOFORK)
		return -ENOTSUP;
	do {
		fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	} while (fd < 0 && errno == EINTR);
	return (int)spw_linux_result(fd);
}

static SPW_CHILD int linux_close(struct spw_sys *sys, int fd)
{
	return (int)spw_linux_result(syscall(SYS_close, fd));
}

static SPW_CHILD ssize_t linux_read(struct spw_sys *sys, int fd, void *buf,
				    size_t len)
{
	long n;

	do {
		n = syscall(SYS_read, fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return spw_linux_result(n);
}

static SPW_CHILD ssize_t linux_write(struct spw_sys *sys, int fd,
				     const void *buf, size_t len)
{
	long n;

	do {
		n = syscall(SYS_write, fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return spw_linux_result(n);
}

static SPW_CHILD int linux_fchmod(struct spw_sys *sys, int fd, mode_t mode)
{
	return (int)spw_linux_result(syscall(SYS_fchmod, fd, mode));
}

static int linux_pipe(struct spw_sys *sys, int fd[2])
{
	return (int)spw_linux_result(syscall(SYS_pipe2, fd, O_CLOEXEC));
}

static SPW_CHILD int linux_dup_above(struct spw_sys *sys, int fd, int least)
{
	return (int)spw_linux_result(
		syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least));
}

static SPW_CHILD int linux_dup_onto(struct spw_sys *sys, int from, int to)
{
	/* dup3 refuses equal numbers; dup2 would leave close-on-exec set. */
	long result = from == to ? syscall(SYS_fcntl, from, F_SETFD, 0) :
				   syscall(SYS_dup3, from, to, 0);

	return (int)spw_linux_result(result);
}

/*
 * Before 5.11: number by number, up to the limit of open files, and no further
 * than LAST: some containers have a limit of 2^30, and a child that is busy for
 * minutes helps nobody. What lies above, or was opened under a higher limit, is
 * passed on there if its owner did not make it close-on-exec.
 */
static SPW_CHILD int last_number(void)
{
	enum { LAST = 65535 };
	struct rlimit limit = { 0, 0 };

	syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
	return limit.rlim_cur <= LAST ? (int)limit.rlim_cur - 1 : LAST;
}

static SPW_CHILD int linux_cloexec_from(struct spw_sys *sys, int first)
{
	if (syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		for (int fd = first, last = last_number(); fd <= last; fd++)
			syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

static SPW_CHILD int linux_close_from(struct spw_sys *sys, int first)
{
	if (syscall(SYS_close_range, first, ~0u, 0) < 0)
		for (int fd = first, last = last_number(); fd <= last; fd++)
			syscall(SYS_close, fd);
	return 0;
}

static int linux_private_table(struct spw_sys *sys, int keep)
{
	if (syscall(SYS_close_range, keep, ~0u, CLOSE_RANGE_UNSHARE) == 0)
		return 0;
	return errno == ENOSYS ? -ENOTSUP : -errno;
}

static int linux_lease(struct spw_sys *sys, int fd, int type)
{
	if (type != F_UNLCK && fcntl(fd, F_SETSIG, SIGURG) < 0)
		return -errno;
	return (int)spw_linux_result(fcntl(fd, F_SETLEASE, type));
}

static int linux_fsync(struct spw_sys *sys, int fd)
{
	return (int)spw_linux_result(fsync(fd));
}

static int linux_flock(struct spw_sys *sys, int fd, int op)
{
	int result;

	do {
		result = flock(fd, op);
	} while (result < 0 && errno == EINTR);
	return (int)spw_linux_result(result);
}

static int linux_map(struct spw_sys *sys, int fd, size_t len, void **mapping)
{
	void *address = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);

	if (address == MAP_FAILED)
		return -errno;
	*mapping = address;
	return 0;
}

static int linux_unmap(struct spw_sys *sys, void *mapping, size_t len)
{
	return (int)spw_linux_result(munmap(mapping, len));
}

/* ---- time ---- */

static uint64_t linux_now_ns(struct spw_sys *sys)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void linux_sleep_ns(struct spw_sys *sys, uint64_t ns)
{
	uint64_t end = linux_now_ns(sys) + ns;
	const struct timespec until = spw_linux_time(end);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
	       EINTR)
		;
}

static void linux_pause(struct spw_sys *sys, unsigned attempt)
{
	enum { YIELDS = 8, DOUBLINGS = 10 };
	unsigned shift = attempt - YIELDS;

	/* Most waits are shorter than the time it takes to fall asleep. */
	if (attempt < YIELDS) {
		sched_yield();
		return;
	}
	if (shift > DOUBLINGS)
		shift = DOUBLINGS;
	linux_sleep_ns(sys, UINT64_C(1000) << shift);
}

/* ---- memory ---- */

static void *linux_alloc(struct spw_sys *sys, size_t size)
{
	return calloc(1, size);
}

static void linux_free(struct spw_sys *sys, void *ptr)
{
	free(ptr);
}

static const struct spw_sys linux_sys = {
	.open = linux_open,
	.close = linux_close,
	.read = linux_read,
	.write = linux_write,
	.fchmod = linux_fchmod,
	.unlink = spw_linux_unlink,
	.pipe = linux_pipe,
	.dup_above = linux_dup_above,
	.dup_onto = linux_dup_onto,
	.cloexec_from = linux_cloexec_from,
	.close_from = linux_close_from,
	.private_table = linux_private_table,
	.lease = linux_lease,
	.fsync = linux_fsync,
	.flock = linux_flock,
	.map = linux_map,
	.unmap = linux_unmap,
	.rename = spw_linux_rename,
	.link = spw_linux_link,
	.link_fd = spw_linux_link_fd,
	.watch_closes = spw_linux_watch_closes,
	.memfd = spw_linux_memfd,
	.seal = spw_linux_seal,
	.scan_writers = spw_linux_scan_writers,
	.socket_pair = spw_linux_socket_pair,
	.set_blocking = spw_linux_set_blocking,
	.eventfd = spw_linux_eventfd,
	.poll = spw_linux_poll,
	.epoll_create = spw_linux_epoll_create,
	.epoll_ctl = spw_linux_epoll_ctl,
	.epoll_wait = spw_linux_epoll_wait,
	.ring_create = spw_linux_ring_create,
	.ring_destroy = spw_linux_ring_destroy,
	.ring_open = spw_linux_ring_open,
	.ring_write = spw_linux_ring_write,
	.ring_close = spw_linux_ring_close,
	.clone = spw_linux_clone,
	.execve = spw_linux_execve,
	.exec_fd = spw_linux_exec_fd,
	.chdir = spw_linux_chdir,
	.setsid = spw_linux_setsid,
	.setpgid = spw_linux_setpgid,
	.die_with_parent = spw_linux_die_with_parent,
	.signals_block = spw_linux_signals_block,
	.signals_set = spw_linux_signals_set,
	.wait = spw_linux_wait,
	.kill = spw_linux_kill,
	.sigchld_wait = spw_linux_sigchld_wait,
	.pidfd_open = spw_linux_pidfd_open,
	.pidfd_poll = spw_linux_pidfd_poll,
	.pidfd_wait = spw_linux_pidfd_wait,
	.pidfd_signal = spw_linux_pidfd_signal,
	.thread_create = spw_linux_thread_create,
	.thread_join = spw_linux_thread_join,
	.mutex_create = spw_linux_mutex_create,
	.mutex_destroy = spw_linux_mutex_destroy,
	.mutex_lock = spw_linux_mutex_lock,
	.mutex_unlock = spw_linux_mutex_unlock,
	.rwlock_create = spw_linux_rwlock_create,
	.rwlock_destroy = spw_linux_rwlock_destroy,
	.rwlock_read = spw_linux_rwlock_read,
	.rwlock_write = spw_linux_rwlock_write,
	.rwlock_unlock = spw_linux_rwlock_unlock,
	.cond_create = spw_linux_cond_create,
	.cond_destroy = spw_linux_cond_destroy,
	.cond_wait = spw_linux_cond_wait,
	.cond_wait_until = spw_linux_cond_wait_until,
	.cond_broadcast = spw_linux_cond_broadcast,
	.assert_held = spw_linux_assert_held,
	.now_ns = linux_now_ns,
	.sleep_ns = linux_sleep_ns,
	.pause = linux_pause,
	.alloc = linux_alloc,
	.free = linux_free,
};

struct spw_sys *spw_sys_linux(void)
{
	/* Providers with state need a table they can write; this has none. */
	return (struct spw_sys *)&linux_sys;
}
