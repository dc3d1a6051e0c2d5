/* SPDX-License-Identifier: MIT */
/* A provider of which the k-th call of one kind fails. */
#ifndef CORE_TEST_FAULTY_H
#define CORE_TEST_FAULTY_H

#include "support.h"

#define KINDS(X)           \
	X(open)            \
	X(close)           \
	X(read)            \
	X(write)           \
	X(fchmod)          \
	X(unlink)          \
	X(pipe)            \
	X(dup_above)       \
	X(dup_onto)        \
	X(cloexec_from)    \
	X(close_from)      \
	X(private_table)   \
	X(lease)           \
	X(fsync)           \
	X(flock)           \
	X(rename)          \
	X(link)            \
	X(link_fd)         \
	X(watch_closes)    \
	X(memfd)           \
	X(seal)            \
	X(scan_writers)    \
	X(ring_create)     \
	X(ring_open)       \
	X(ring_write)      \
	X(ring_close)      \
	X(set_blocking)    \
	X(eventfd)         \
	X(epoll_create)    \
	X(epoll_ctl)       \
	X(epoll_wait)      \
	X(clone)           \
	X(execve)          \
	X(exec_fd)         \
	X(chdir)           \
	X(setsid)          \
	X(die_with_parent) \
	X(wait)            \
	X(kill)            \
	X(sigchld_wait)    \
	X(pidfd_open)      \
	X(pidfd_poll)      \
	X(pidfd_wait)      \
	X(pidfd_signal)    \
	X(thread_create)   \
	X(mutex_create)    \
	X(rwlock_create)   \
	X(cond_create)     \
	X(alloc)

#define KIND(name) KIND_##name,
enum kind { KINDS(KIND) };
#undef KIND

struct fault {
	struct spw_sys sys;
	struct spw_sys *real;
	enum kind kind;
	unsigned k; /* from 1: which call of that kind fails */
	int error;
	unsigned calls;  /* of that kind, so far */
	bool of_written; /* the close that failed was of the file written */
	int owned;       /* locks, threads and memory not given back */
};

static SPW_CHILD bool fails(struct fault *fault, enum kind kind)
{
	return kind == fault->kind &&
	       __atomic_add_fetch(&fault->calls, 1, __ATOMIC_RELAXED) ==
		       fault->k;
}

/* By any thread. */
static inline void own(struct fault *fault, int n)
{
	__atomic_add_fetch(&fault->owned, n, __ATOMIC_RELAXED);
}

/* The formatter takes the parameters below for expressions. */
/* clang-format off */

/* A call that has no effect when it fails. */
#define FAULTY(type, name, parameters, arguments)          \
	static SPW_CHILD type faulty_##name parameters     \
	{                                                  \
		struct fault *fault = (struct fault *)sys; \
                                                           \
		if (fails(fault, KIND_##name))             \
			return -fault->error;              \
		return fault->real->name arguments;        \
	}

/* A call that has done its work before it fails. */
#define FAULTY_AFTER(type, name, parameters, arguments)                    \
	static SPW_CHILD type faulty_##name parameters                     \
	{                                                                  \
		struct fault *fault = (struct fault *)sys;                 \
		type result = fault->real->name arguments;                 \
                                                                           \
		return fails(fault, KIND_##name) ? -fault->error : result; \
	}

/* A pair that makes and unmakes; what is owned is counted. */
#define FAULTY_PAIR(make, parameters, arguments, unmake, type)            \
	static int faulty_##make parameters                               \
	{                                                                 \
		struct fault *fault = (struct fault *)sys;                \
		int error;                                                \
                                                                          \
		if (fails(fault, KIND_##make))                            \
			return -fault->error;                             \
		error = fault->real->make arguments;                      \
		own(fault, error == 0);                                   \
		return error;                                             \
	}                                                                 \
	static void faulty_##unmake(struct spw_sys *sys, struct type *it) \
	{                                                                 \
		struct fault *fault = (struct fault *)sys;                \
                                                                          \
		fault->real->unmake(fault->real, it);                     \
		own(fault, -1);                                           \
	}

FAULTY(int, open,
       (struct spw_sys *sys, const char *path, int flags, mode_t mode),
       (fault->real, path, flags, mode))
FAULTY(ssize_t, read, (struct spw_sys *sys, int fd, void *buf, size_t len),
       (fault->real, fd, buf, len))
FAULTY(ssize_t, write,
       (struct spw_sys *sys, int fd, const void *buf, size_t len),
       (fault->real, fd, buf, len))
FAULTY(int, fchmod, (struct spw_sys *sys, int fd, mode_t mode),
       (fault->real, fd, mode))
FAULTY(int, pipe, (struct spw_sys *sys, int fd[2]), (fault->real, fd))
FAULTY(int, dup_above, (struct spw_sys *sys, int fd, int least),
       (fault->real, fd, least))
FAULTY(int, dup_onto, (struct spw_sys *sys, int from, int to),
       (fault->real, from, to))
FAULTY(int, cloexec_from, (struct spw_sys *sys, int first),
       (fault->real, first))
FAULTY(int, close_from, (struct spw_sys *sys, int first), (fault->real, first))
FAULTY(int, private_table, (struct spw_sys *sys, int keep),
       (fault->real, keep))
FAULTY(int, lease, (struct spw_sys *sys, int fd, int type),
       (fault->real, fd, type))
FAULTY(int, unlink, (struct spw_sys *sys, const char *path),
       (fault->real, path))
FAULTY(int, fsync, (struct spw_sys *sys, int fd), (fault->real, fd))
FAULTY(int, flock, (struct spw_sys *sys, int fd, int op),
       (fault->real, fd, op))
FAULTY(int, rename, (struct spw_sys *sys, const char *from, const char *to),
       (fault->real, from, to))
FAULTY(int, link, (struct spw_sys *sys, const char *from, const char *to),
       (fault->real, from, to))
FAULTY(int, link_fd, (struct spw_sys *sys, int fd, const char *to),
       (fault->real, fd, to))
FAULTY(int, watch_closes, (struct spw_sys *sys, const char *path),
       (fault->real, path))
FAULTY(int, memfd, (struct spw_sys *sys), (fault->real))
FAULTY(int, seal, (struct spw_sys *sys, int fd), (fault->real, fd))
FAULTY(int, scan_writers, (struct spw_sys *sys, const char *path),
       (fault->real, path))
FAULTY(int, ring_open,
       (struct spw_sys *sys, struct spw_ring *ring, const char *path,
	int flags, mode_t mode),
       (fault->real, ring, path, flags, mode))
FAULTY(ssize_t, ring_write,
       (struct spw_sys *sys, struct spw_ring *ring, const void *buf,
	size_t len),
       (fault->real, ring, buf, len))
FAULTY_AFTER(int, ring_close, (struct spw_sys *sys, struct spw_ring *ring),
	     (fault->real, ring))
FAULTY(int, set_blocking, (struct spw_sys *sys, int fd, bool blocking),
       (fault->real, fd, blocking))
FAULTY(int, eventfd, (struct spw_sys *sys), (fault->real))
FAULTY(int, epoll_create, (struct spw_sys *sys), (fault->real))
FAULTY(int, epoll_ctl,
       (struct spw_sys *sys, int epoll, enum spw_epoll_op op, int fd,
	unsigned events, uint64_t data),
       (fault->real, epoll, op, fd, events, data))
FAULTY(int, epoll_wait,
       (struct spw_sys *sys, int epoll, struct spw_event *events, int n),
       (fault->real, epoll, events, n))
FAULTY(int, exec_fd,
       (struct spw_sys *sys, int fd, char *const argv[], char *const envp[]),
       (fault->real, fd, argv, envp))
FAULTY(int, clone,
       (struct spw_sys *sys, enum spw_clone how, spw_child_fn *child,
	void *arg, size_t arg_len, pid_t *pid),
       (fault->real, how, child, arg, arg_len, pid))
FAULTY(int, execve,
       (struct spw_sys *sys, const char *path, char *const argv[],
	char *const envp[]),
       (fault->real, path, argv, envp))
FAULTY(int, chdir, (struct spw_sys *sys, const char *path),
       (fault->real, path))
FAULTY(int, setsid, (struct spw_sys *sys), (fault->real))
FAULTY(int, die_with_parent, (struct spw_sys *sys, int sig), (fault->real, sig))
FAULTY_AFTER(pid_t, wait,
	     (struct spw_sys *sys, pid_t pid, unsigned flags,
	      struct spw_status *status),
	     (fault->real, pid, flags, status))
FAULTY(int, kill, (struct spw_sys *sys, pid_t pid, int sig),
       (fault->real, pid, sig))
FAULTY_AFTER(int, sigchld_wait, (struct spw_sys *sys, uint64_t deadline_ns),
	     (fault->real, deadline_ns))
FAULTY(int, pidfd_open, (struct spw_sys *sys, pid_t pid), (fault->real, pid))
FAULTY(int, pidfd_poll,
       (struct spw_sys *sys, int fd, uint64_t deadline_ns),
       (fault->real, fd, deadline_ns))
FAULTY_AFTER(int, pidfd_wait,
	     (struct spw_sys *sys, int fd, struct spw_status *status),
	     (fault->real, fd, status))
FAULTY(int, pidfd_signal, (struct spw_sys *sys, int fd, int sig),
       (fault->real, fd, sig))
FAULTY_PAIR(thread_create,
	    (struct spw_sys *sys, struct spw_thread **thread,
	     void (*fn)(void *arg), void *arg),
	    (fault->real, thread, fn, arg), thread_join, spw_thread)
FAULTY_PAIR(ring_create, (struct spw_sys *sys, struct spw_ring **ring),
	    (fault->real, ring), ring_destroy, spw_ring)
FAULTY_PAIR(mutex_create, (struct spw_sys *sys, struct spw_mutex **mutex),
	    (fault->real, mutex), mutex_destroy, spw_mutex)
FAULTY_PAIR(rwlock_create, (struct spw_sys *sys, struct spw_rwlock **lock),
	    (fault->real, lock), rwlock_destroy, spw_rwlock)
FAULTY_PAIR(cond_create, (struct spw_sys *sys, struct spw_cond **cond),
	    (fault->real, cond), cond_destroy, spw_cond)

/* clang-format on */

/* A file, which has a position, open for nothing but writing. */
static SPW_CHILD bool is_written(int fd)
{
	return syscall(SYS_lseek, fd, 0, SEEK_CUR) >= 0 &&
	       (syscall(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
}

static SPW_CHILD int faulty_close(struct spw_sys *sys, int fd)
{
	struct fault *fault = (struct fault *)sys;
	bool written = is_written(fd);
	int result = fault->real->close(fault->real, fd);

	if (!fails(fault, KIND_close))
		return result;
	fault->of_written = written;
	return -fault->error;
}

static void *faulty_alloc(struct spw_sys *sys, size_t size)
{
	struct fault *fault = (struct fault *)sys;
	void *ptr = NULL;

	if (!fails(fault, KIND_alloc))
		ptr = fault->real->alloc(fault->real, size);
	own(fault, ptr != NULL);
	return ptr;
}

static void counted_free(struct spw_sys *sys, void *ptr)
{
	struct fault *fault = (struct fault *)sys;

	own(fault, -(ptr != NULL));
	fault->real->free(fault->real, ptr);
}

static void no_sleep_ns(struct spw_sys *sys, uint64_t ns)
{
}

static struct fault *fault; /* the one of all tests, in shared memory */

static void arm(enum kind kind, unsigned k, int error)
{
	struct spw_sys *real = spw_sys_linux();

	*fault = (struct fault){
		.sys = *real,
		.real = real,
		.kind = kind,
		.k = k,
		.error = error,
	};
#define OVERRIDE(name) fault->sys.name = faulty_##name;
	KINDS(OVERRIDE)
#undef OVERRIDE
	fault->sys.thread_join = faulty_thread_join;
	fault->sys.ring_destroy = faulty_ring_destroy;
	fault->sys.mutex_destroy = faulty_mutex_destroy;
	fault->sys.rwlock_destroy = faulty_rwlock_destroy;
	fault->sys.cond_destroy = faulty_cond_destroy;
	fault->sys.free = counted_free;
	fault->sys.sleep_ns = no_sleep_ns;
}

#endif
