/* SPDX-License-Identifier: MIT */
/*
 * A waiter: one way to learn how a child ended, from any thread.
 *
 * The race. Whoever waits for a child consumes its status: the kernel tells it
 * once, and from then on the child's id may be another process's. So two
 * threads that wait for one child, a thread that waits for any child, a signal
 * sent by id and a table keyed by id can each meet a process that is not the
 * one that was meant. On Plan 9, and on Linux with __WNOTHREAD, only the thread
 * that made the child may wait for it at all.
 *
 * A waiter is a table of hooks. Each but wait and signal may be NULL. They are
 * called by any thread; those that return int return 0 or -errno.
 */
#ifndef SPW_WAITER_H
#define SPW_WAITER_H

#include <spw/spw.h>

struct spw_waits;

/* A spawn that has been asked for. */
struct spw_start {
	struct spw_rt *rt;
	const struct spw_spec *spec;
	struct spw_proc *proc;
	enum spw_stage stage; /* that failed */
	int error;            /* 0 or -errno */
};

/* Makes the child of start in the calling thread: sets proc->pid. spawn.c */
void spw_start_child(struct spw_start *start);

/* What a waiter has under a lock. */
enum spw_waiter_lock {
	SPW_LOCK_EACH = 1u << 0, /* proc->waits: one process */
	SPW_LOCK_ALL = 1u << 1,  /* rt->waits: a table of all; and where it is
				    the only one, each process */
};

struct spw_waiter {
	struct spw_waiter_info info;

	/*
	 * The waiter that is meant on this system for children with these
	 * enum spw_flags: for auto. One that can be here and has no table:
	 * neither open nor SPW_LOCK_ALL is looked at.
	 */
	const struct spw_waiter *(*choose)(struct spw_sys *sys, unsigned flags);
	/* Whether it can be here: 0, -ENOTSUP. */
	int (*open)(struct spw_sys *sys);
	unsigned lock; /* enum spw_waiter_lock */
	/*
	 * Calls spw_start_child, in which thread and with what around it is
	 * the waiter's; else the caller of spw_spawn does. After an error
	 * there is no process.
	 */
	void (*start)(struct spw_start *start);
	/* As spw_wait_until. */
	int (*wait)(struct spw_proc *proc, uint64_t deadline_ns,
		    struct spw_status *status);
	/* As spw_signal. */
	int (*signal)(struct spw_proc *proc, int sig);
	/* The process has been waited for, if that can be; its last user. */
	void (*release)(struct spw_proc *proc);
};

/* In the order of the catalogue. Each is a file in waiters/. */
#define SPW_WAITERS(X)  \
	X(direct)       \
	X(any_child)    \
	X(by_pid)       \
	X(sigchld)      \
	X(owner_thread) \
	X(owner_handle) \
	X(pidfd)        \
	X(auto)

#define SPW_WAITER_DECLARE(name) \
	extern const struct spw_waiter spw_waiter_##name;
SPW_WAITERS(SPW_WAITER_DECLARE)
#undef SPW_WAITER_DECLARE

#endif
