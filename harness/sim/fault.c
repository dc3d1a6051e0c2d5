/* SPDX-License-Identifier: MIT */
/*
 * Faults: a call fails as it can fail in life, at the moment that the schedule
 * chooses, and has then done nothing, or what Linux has done by then.
 *
 * A layer over the other calls, for what is tested alone: without faults nobody
 * passes here. That a call fails is a step of its task that no other can see,
 * and so no scheduling point; which calls may still fail, each can see. Errors
 * that say something of the caller or of the world (EBADF, ENOENT, ETXTBSY;
 * EINVAL where a file system has no leases) are none: the model has those, where
 * they belong. Nor is EINTR, but for close: a provider of the seam goes on after
 * a signal.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* Done in part: no error, and a number that none has. */
enum { SHORT = 4000, PER_CALL = 5 };

/* Each from the section "errors" of its manual page. */
static const struct {
	uint16_t error[PER_CALL]; /* ends with 0 */
} may_fail[SIM_OP_END] = {
	[SIM_OPEN] = { { EMFILE, ENFILE, ENOMEM, EIO } },
	[SIM_CLOSE] = { { EIO, EINTR } },
	[SIM_READ] = { { EIO, SHORT } },
	[SIM_WRITE] = { { ENOSPC, EIO, SHORT } },
	[SIM_FCHMOD] = { { EIO } },
	[SIM_UNLINK] = { { EIO } },
	[SIM_PIPE] = { { EMFILE, ENFILE } },
	[SIM_DUP] = { { EMFILE, ENOMEM } },
	[SIM_PRIVATE] = { { ENOMEM } },
	[SIM_LEASE] = { { ENOMEM } },
	[SIM_FLOCK] = { { ENOLCK } },
	[SIM_FSYNC] = { { EIO, ENOSPC } },
	[SIM_RENAME] = { { EIO, ENOSPC } },
	[SIM_LINK] = { { EMLINK, ENOSPC } },
	[SIM_WATCH] = { { EMFILE, ENOSPC } },
	[SIM_SCAN] = { { EMFILE, ENOMEM } },
	[SIM_MEMFD] = { { EMFILE, ENFILE, ENOMEM } },
	[SIM_SEAL] = { { EBUSY } },
	[SIM_EVENTFD] = { { EMFILE, ENFILE, ENOMEM } },
	[SIM_EPOLL_CREATE] = { { EMFILE, ENFILE, ENOMEM } },
	[SIM_EPOLL_CTL] = { { ENOMEM, ENOSPC } },
	[SIM_CLONE] = { { EAGAIN, ENOMEM } },
	[SIM_EXECVE] = { { ENOMEM, EIO } },
	[SIM_CHDIR] = { { ENOMEM, EIO } },
	[SIM_PIDFD_OPEN] = { { EMFILE, ENFILE, ENOMEM } },
	[SIM_THREAD] = { { EAGAIN } },
	[SIM_ALLOC] = { { ENOMEM } },
	[SIM_NEW_MUTEX] = { { ENOMEM } },
	[SIM_NEW_RWLOCK] = { { ENOMEM } },
	[SIM_NEW_COND] = { { ENOMEM } },
};

static unsigned error_of(unsigned op, unsigned fault)
{
	return op < SIM_OP_END && fault && fault < PER_CALL ?
		       may_fail[op].error[fault - 1] :
		       0;
}

const char *sim_fault_name(unsigned op, unsigned fault)
{
	unsigned error = error_of(op, fault);

	return !error         ? NULL :
	       error == SHORT ? "short" :
				sim_errno_name((int)error);
}

/* The error, or SHORT, that the schedule has for a call; 0: none. */
static int fault(struct sim *sim, unsigned op)
{
	rig_set faults = 0;
	unsigned n = 1;

	if (sim->faults == sim->options.faults)
		return 0;
	for (; error_of(op, n); n++)
		faults |= rig_bit(n);
	n = rig_fault(sim->engine, op, faults);
	sim->faults += n > 0;
	return (int)error_of(op, n);
}

/* What the schedule has for a call is told in the place of the call. */
static int fail(struct sim *sim, unsigned op, int error)
{
	rig_silent(sim->engine, op);
	rig_detail(sim->engine, " = %s", sim_errno_name(error));
	rig_trace_fault(sim->engine);
	return -error;
}

/* The call is not made, if it fails. 0 or -errno. */
static int fails(struct sim *sim, unsigned op)
{
	int error = fault(sim, op);

	return error ? fail(sim, op, error) : 0;
}

static struct spw_sys *below(struct spw_sys *sys)
{
	return &sim_of(sys)->seam.sys;
}

/* The formatter takes the parameters below for expressions. */
/* clang-format off */

/* A call that fails, where it can (which), before it has done anything. */
#define FAULTY(type, call, op, which, parameters, arguments)             \
	static type faulty_##call parameters                             \
	{                                                                \
		int error = (which) ? fails(sim_of(sys), SIM_##op) : 0;  \
                                                                         \
		return error ? error : below(sys)->call arguments;       \
	}

/* The same; the call is not counted elsewhere. */
#define FAULTY_NEW(call, op, type)                                       \
	static int faulty_##call(struct spw_sys *sys, struct type **out) \
	{                                                                \
		int error = fails(sim_of(sys), SIM_##op);                \
                                                                         \
		if (error)                                               \
			return error;                                    \
		rig_silent(sim_of(sys)->engine, SIM_##op);               \
		return below(sys)->call(below(sys), out);                \
	}

FAULTY(int, open, OPEN, true,
       (struct spw_sys *sys, const char *path, int flags, mode_t mode),
       (below(sys), path, flags, mode))
FAULTY(int, fchmod, FCHMOD, true, (struct spw_sys *sys, int fd, mode_t mode),
       (below(sys), fd, mode))
FAULTY(int, unlink, UNLINK, true, (struct spw_sys *sys, const char *path),
       (below(sys), path))
FAULTY(int, pipe, PIPE, true, (struct spw_sys *sys, int fd[2]),
       (below(sys), fd))
FAULTY(int, dup_above, DUP, true, (struct spw_sys *sys, int fd, int least),
       (below(sys), fd, least))
FAULTY(int, dup_onto, DUP, true, (struct spw_sys *sys, int from, int to),
       (below(sys), from, to))
FAULTY(int, private_table, PRIVATE, true, (struct spw_sys *sys, int keep),
       (below(sys), keep))
FAULTY(int, lease, LEASE, type != F_UNLCK,
       (struct spw_sys *sys, int fd, int type), (below(sys), fd, type))
FAULTY(int, flock, FLOCK, operation != LOCK_UN,
       (struct spw_sys *sys, int fd, int operation),
       (below(sys), fd, operation))
FAULTY(int, fsync, FSYNC, true, (struct spw_sys *sys, int fd),
       (below(sys), fd))
FAULTY(int, rename, RENAME, true,
       (struct spw_sys *sys, const char *from, const char *to),
       (below(sys), from, to))
FAULTY(int, link, LINK, true,
       (struct spw_sys *sys, const char *from, const char *to),
       (below(sys), from, to))
FAULTY(int, link_fd, LINK, true,
       (struct spw_sys *sys, int fd, const char *to), (below(sys), fd, to))
FAULTY(int, watch_closes, WATCH, true, (struct spw_sys *sys, const char *path),
       (below(sys), path))
FAULTY(int, scan_writers, SCAN, true, (struct spw_sys *sys, const char *path),
       (below(sys), path))
FAULTY(int, memfd, MEMFD, true, (struct spw_sys *sys), (below(sys)))
FAULTY(int, seal, SEAL, true, (struct spw_sys *sys, int fd), (below(sys), fd))
FAULTY(int, eventfd, EVENTFD, true, (struct spw_sys *sys), (below(sys)))
FAULTY(int, epoll_create, EPOLL_CREATE, true, (struct spw_sys *sys),
       (below(sys)))
FAULTY(int, epoll_ctl, EPOLL_CTL, op == SPW_EPOLL_ADD,
       (struct spw_sys *sys, int epoll, enum spw_epoll_op op, int fd,
	unsigned events, uint64_t data),
       (below(sys), epoll, op, fd, events, data))
FAULTY(int, clone, CLONE, true,
       (struct spw_sys *sys, enum spw_clone how, spw_child_fn *child,
	void *arg, size_t arg_len, pid_t *pid),
       (below(sys), how, child, arg, arg_len, pid))
FAULTY(int, execve, EXECVE, true,
       (struct spw_sys *sys, const char *path, char *const argv[],
	char *const envp[]),
       (below(sys), path, argv, envp))
FAULTY(int, exec_fd, EXECVE, true,
       (struct spw_sys *sys, int fd, char *const argv[], char *const envp[]),
       (below(sys), fd, argv, envp))
FAULTY(int, chdir, CHDIR, true, (struct spw_sys *sys, const char *path),
       (below(sys), path))
/* Whether there are pidfds is asked with none, and answered first. */
FAULTY(int, pidfd_open, PIDFD_OPEN, pid != 0,
       (struct spw_sys *sys, pid_t pid), (below(sys), pid))
FAULTY(int, thread_create, THREAD, true,
       (struct spw_sys *sys, struct spw_thread **thread, void (*fn)(void *arg),
	void *arg),
       (below(sys), thread, fn, arg))
FAULTY_NEW(mutex_create, NEW_MUTEX, spw_mutex)
FAULTY_NEW(rwlock_create, NEW_RWLOCK, spw_rwlock)
FAULTY_NEW(cond_create, NEW_COND, spw_cond)

/* clang-format on */

static void *faulty_alloc(struct spw_sys *sys, size_t size)
{
	if (fails(sim_of(sys), SIM_ALLOC))
		return NULL;
	rig_silent(sim_of(sys)->engine, SIM_ALLOC);
	return below(sys)->alloc(below(sys), size);
}

/* What is on a disk can be done in part, or not at all; pipes do not fail. */
static bool on_disk(struct spw_sys *sys, int fd)
{
	struct sim *sim = sim_of(sys);

	return fd >= 0 && fd < SIM_FDS &&
	       sim->file[sim_table_self(sim)->fd[fd].file].kind == SIM_REGULAR;
}

static ssize_t faulty_read(struct spw_sys *sys, int fd, void *buf, size_t len)
{
	struct sim *sim = sim_of(sys);
	int error = len > 1 && on_disk(sys, fd) ? fault(sim, SIM_READ) : 0;
	ssize_t n;

	if (error && error != SHORT)
		return fail(sim, SIM_READ, error);
	n = below(sys)->read(below(sys), fd, buf, error ? 1 : len);
	if (error)
		rig_trace_fault(sim->engine);
	return n;
}

static ssize_t faulty_write(struct spw_sys *sys, int fd, const void *buf,
			    size_t len)
{
	struct sim *sim = sim_of(sys);
	int error = len > 1 && on_disk(sys, fd) ? fault(sim, SIM_WRITE) : 0;
	ssize_t n;

	if (error && error != SHORT)
		return fail(sim, SIM_WRITE, error);
	n = below(sys)->write(below(sys), fd, buf, error ? 1 : len);
	if (error)
		rig_trace_fault(sim->engine);
	return n;
}

/* It is closed whatever is said: filp_close comes after the number is free. */
static int faulty_close(struct spw_sys *sys, int fd)
{
	struct sim *sim = sim_of(sys);
	int error = on_disk(sys, fd) ? fault(sim, SIM_CLOSE) : 0;
	int rc = below(sys)->close(below(sys), fd);

	if (!error)
		return rc;
	rig_detail_result(sim->engine, " = %s", sim_errno_name(error));
	rig_trace_fault(sim->engine);
	return -error;
}

void sim_fault_calls(struct spw_sys *sys)
{
	sys->open = faulty_open;
	sys->close = faulty_close;
	sys->read = faulty_read;
	sys->write = faulty_write;
	sys->fchmod = faulty_fchmod;
	sys->unlink = faulty_unlink;
	sys->pipe = faulty_pipe;
	sys->dup_above = faulty_dup_above;
	sys->dup_onto = faulty_dup_onto;
	sys->private_table = faulty_private_table;
	sys->lease = faulty_lease;
	sys->flock = faulty_flock;
	sys->fsync = faulty_fsync;
	sys->rename = faulty_rename;
	sys->link = faulty_link;
	sys->link_fd = faulty_link_fd;
	sys->watch_closes = faulty_watch_closes;
	sys->scan_writers = faulty_scan_writers;
	sys->memfd = faulty_memfd;
	sys->seal = faulty_seal;
	sys->eventfd = faulty_eventfd;
	sys->epoll_create = faulty_epoll_create;
	sys->epoll_ctl = faulty_epoll_ctl;
	sys->clone = faulty_clone;
	sys->execve = faulty_execve;
	sys->exec_fd = faulty_exec_fd;
	sys->chdir = faulty_chdir;
	sys->pidfd_open = faulty_pidfd_open;
	sys->thread_create = faulty_thread_create;
	sys->mutex_create = faulty_mutex_create;
	sys->rwlock_create = faulty_rwlock_create;
	sys->cond_create = faulty_cond_create;
	sys->alloc = faulty_alloc;
}
