/* SPDX-License-Identifier: MIT */
/*
 * libspw: start programs, wait for them, and write the programs to start,
 * without the races that a process with several threads meets.
 *
 * Errors are returned as negative errno values. Every call may be made from
 * any thread unless it says otherwise. Strings and arrays that are passed in
 * stay the caller's and are not kept after the call.
 */
#ifndef SPW_SPW_H
#define SPW_SPW_H

#include <spw/sys.h>

struct spw_rt;   /* a runtime: one way to spawn, one guard, one waiter */
struct spw_proc; /* a started process, until it is released */

/*
 * A guard: one way to keep ETXTBSY ("text file busy") away from a program
 * that was just written with spw_write_executable. A table of hooks, each of
 * which may be NULL; see core/guards/ for one file per guard, and guard.h for
 * the hooks. Only the descriptive fields are public.
 */
struct spw_guard_info {
	const char *name;
	const char *summary;     /* what it does, one line */
	const char *claim;       /* what it promises */
	const char *condition;   /* under which condition the promise holds */
	const char *reference;   /* who uses it, where it is discussed */
	const char *unavailable; /* NULL, or why this system cannot run it */
	bool claims_sound;       /* the promise is "never ETXTBSY" */
	/* Of the condition, what a test has to know. */
	bool every_fork;  /* every fork goes through this runtime */
	bool no_mapping;  /* nobody has a mapping of the file */
	bool at_spawn;    /* for what spw_spawn starts; who executes the
				    program otherwise may find it busy */
	bool interpreted; /* it is a script, or dynamically linked */
};

struct spw_guard;

/* All guards in the order of the catalogue; the array ends with NULL. */
extern const struct spw_guard *const spw_guards[];

/* The guard of that name, or NULL. */
const struct spw_guard *spw_guard_find(const char *name);
const struct spw_guard_info *spw_guard_info(const struct spw_guard *guard);

/*
 * A waiter: one way to learn how a process ended; see core/waiters/ for one
 * file per waiter, and waiter.h for the hooks.
 */
struct spw_waiter_info {
	const char *name;
	const char *summary;   /* what it does, one line */
	const char *claim;     /* what it promises */
	const char *condition; /* under which condition the promise holds */
	const char *reference; /* who uses it, where it is discussed */
	bool claims_sound;     /* every waiter is told the same status, which is
				  that process's, and a signal reaches it or
				  nobody */
	bool pidfds;           /* of the condition: the kernel has such */
};

struct spw_waiter;

/* All waiters in the order of the catalogue; the array ends with NULL. */
extern const struct spw_waiter *const spw_waiters[];

/* The waiter of that name, or NULL. */
const struct spw_waiter *spw_waiter_find(const char *name);
const struct spw_waiter_info *spw_waiter_info(const struct spw_waiter *waiter);

struct spw_options {
	struct spw_sys *sys;             /* NULL: spw_sys_linux() */
	const struct spw_guard *guard;   /* NULL: "auto" */
	const struct spw_waiter *waiter; /* NULL: "auto" */
	/*
	 * How children are made. SPW_CLONE_VFORK (the better one): the child
	 * reports a failed exec through shared memory. SPW_CLONE_FORK: through
	 * a close-on-exec pipe, as Go, libuv and .NET do; kept because the
	 * historic fixes rest on what the end of that pipe means.
	 */
	enum spw_clone how;
};

/*
 * Opens a runtime. -ENOMEM, -EAGAIN (no thread), -ENOTSUP (the guard or the
 * waiter is not available here). Several runtimes may be open at once, but guards that lock
 * forks out see only the forks of their own runtime.
 */
int spw_open(struct spw_rt **rt, const struct spw_options *options);

/*
 * Closes a runtime. No other thread may be using it. Processes that it started
 * stay as they are: they are waited for and released as before.
 */
void spw_shut(struct spw_rt *rt);

struct spw_fd_map {
	int from; /* a number in the parent */
	int to;   /* the number it gets in the program */
};

enum spw_flags {
	SPW_NEW_SESSION = 1u << 0, /* setsid */
	SPW_NEW_GROUP = 1u << 1,   /* setpgid(0, 0); part of a new session */
};

struct spw_spec {
	const char *path;             /* seen from dir; PATH is not searched */
	char *const *argv;            /* NULL: { path, NULL } */
	char *const *envp;            /* NULL: empty */
	const char *dir;              /* NULL: the caller's working directory */
	const struct spw_fd_map *fds; /* in any order, with any overlap */
	size_t nfds;                  /* at most SPW_FDS_MAX */
	unsigned flags;               /* enum spw_flags */
};

#define SPW_FDS_MAX 64

/* The step of a spawn that failed. */
enum spw_stage {
	SPW_STAGE_NONE,    /* nothing failed */
	SPW_STAGE_PREPARE, /* before there was a child */
	SPW_STAGE_CLONE,
	SPW_STAGE_SESSION,
	SPW_STAGE_DIR,
	SPW_STAGE_FDS,
	SPW_STAGE_EXEC,
};

const char *spw_stage_name(enum spw_stage stage);

/*
 * Starts a program. Descriptors 0, 1 and 2 are passed on, beside the ones in
 * spec->fds; no other reaches it. The program runs with the caller's signal
 * mask and with every caught signal at its default. stage, where not NULL, is
 * set to the step that failed. On success *proc is the caller's, to be given to
 * spw_release. A SPW_CLONE_VFORK child borrows 32 KiB of the caller's stack.
 */
int spw_spawn(struct spw_rt *rt, const struct spw_spec *spec,
	      struct spw_proc **proc, enum spw_stage *stage);

pid_t spw_pid(const struct spw_proc *proc);

/*
 * Waits for the end of the process. With a waiter whose claim is sound: from
 * any thread, any number of threads at once, any number of times, and all are
 * told the same. -ECHILD: somebody else has reaped the process.
 */
int spw_wait(struct spw_proc *proc, struct spw_status *status);

/*
 * The same until deadline_ns, in the time of now_ns of spw/sys.h (on Linux
 * CLOCK_MONOTONIC). -ETIMEDOUT: it has not ended. -ENOTSUP: the waiter cannot
 * (those whose claim is sound can).
 */
int spw_wait_until(struct spw_proc *proc, uint64_t deadline_ns,
		   struct spw_status *status);

/*
 * Sends a signal to the process. -ESRCH: it has ended and was reaped, which
 * happens at its end or when it is waited for. With a waiter whose claim is
 * sound it never reaches another process that has got the same id.
 */
int spw_signal(struct spw_proc *proc, int sig);

/*
 * Gives the process up: waits for it if nobody has, then frees it. No other
 * thread may be using it.
 */
void spw_release(struct spw_proc *proc);

/*
 * Writes a program: creates path or truncates it, writes data, sets mode,
 * closes. With a guard whose claim is sound (spw_guard_info) a spawn of that
 * path through the same runtime does not fail with ETXTBSY afterwards, under
 * the guard's stated condition. After an error the content of path is
 * unspecified; nothing stays open.
 */
int spw_write_executable(struct spw_rt *rt, const char *path, const void *data,
			 size_t len, mode_t mode);

#endif
