/* SPDX-License-Identifier: MIT */
/*
 * What waiters have in common: the lock under which a process is, and a process
 * as they see it.
 */
#ifndef SPW_WAITS_H
#define SPW_WAITS_H

#include "waiter.h"

struct spw_channel;

/*
 * A lock and what is under it: one for each process, or where a waiter has a
 * table of all of them one for a runtime, which its processes may outlive.
 */
struct spw_waits {
	struct spw_sys *sys;
	struct spw_mutex *lock;
	struct spw_cond *changed; /* something below, or in a process, has */
	struct spw_waits_shared { /* under lock */
		unsigned users; /* a process; or a runtime, and its processes */
		bool reaping;   /* sigchld: somebody waits for the signal */
		struct spw_proc *first;      /* sigchld: all processes */
		struct spw_channel *channel; /* owner-thread: by id */
	} shared;
};

struct spw_proc {
	struct spw_sys *sys;
	const struct spw_waiter *waiter;
	struct spw_waits *waits; /* NULL: it is under no lock */
	struct spw_waits *table; /* that of the runtime, or NULL */
	pid_t pid;
	int fd;                   /* pidfd */
	struct spw_start *start;  /* owner-*: until the child has been made */
	struct spw_thread *owner; /* owner-*: who waits for the child */
	/* Set once. Under waits->lock where there is one, of the waiter's. */
	struct spw_end {
		bool done; /* it is known how the process ended */
		bool made; /* owner-*: the spawn is over, well or not */
		int error; /* done: its status could not be had */
		struct spw_status status;
	} end;
	struct spw_channel *channel; /* owner-thread: this process's */
	struct spw_proc *next;       /* sigchld */
};

/* One reference; -ENOMEM, -EAGAIN. */
int spw_waits_open(struct spw_sys *sys, struct spw_waits **waits);
/* One more; returns waits. */
struct spw_waits *spw_waits_get(struct spw_waits *waits);
/* The last reference frees it. */
void spw_waits_put(struct spw_waits *waits);
/* And a process, which has ended or never was. */
void spw_free_proc(struct spw_proc *proc);

void spw_waits_lock(struct spw_waits *waits);
void spw_waits_unlock(struct spw_waits *waits);

/* With the lock held: the shared part of waits, of a process. */
struct spw_waits_shared *spw_waits_shared(struct spw_waits *waits);
struct spw_end *spw_waits_end(struct spw_proc *proc);

/* Under the lock: the end is known, and everybody is told. */
void spw_waits_tell(struct spw_proc *proc, int error,
		    const struct spw_status *status);
/*
 * For a waiter that makes each child in a thread of its own, which runs
 * own(proc): that calls spw_start_child(proc->start) first and then
 * spw_waits_made, from where on it does not touch proc->start. The thread is
 * proc->owner; where the spawn has failed it is gone already.
 */
void spw_waits_own(struct spw_start *start, void (*own)(void *proc));
void spw_waits_made(struct spw_proc *proc);
/*
 * Takes the lock and waits for the end to be known, at most until deadline_ns:
 * what it was, or -ETIMEDOUT. For any number of threads.
 */
int spw_waits_await(struct spw_proc *proc, uint64_t deadline_ns,
		    struct spw_status *status);
/* Under the lock: a signal to the process, which is not reaped meanwhile. */
int spw_waits_signal(struct spw_proc *proc, int sig);

/* ---- by id, as the waiters do that keep no more than a note: by_pid.c ---- */

/* The status, where the process has been waited for; else -EAGAIN. */
int spw_known_end(struct spw_proc *proc, struct spw_status *status);
/* Keeps what a wait returned, pid or -errno; 0 or that error. */
int spw_take_end(struct spw_proc *proc, pid_t pid,
		 const struct spw_status *status);
/* To whoever has the id, unless the process is known to have ended. */
int spw_signal_by_pid(struct spw_proc *proc, int sig);

/* ---- for auto ---- */

/* Whether this system has pidfds that can be waited for: pidfd.c */
bool spw_has_pidfds(struct spw_sys *sys);

#endif
