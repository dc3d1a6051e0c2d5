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

struct spw_rt;   /* a runtime: one way to spawn, to guard, to wait, to close */
struct spw_proc; /* a started process, until it is released */
struct spw_fd;   /* an adopted descriptor, until it is released */

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

/* What goes right when a descriptor is closed that others use. */
enum spw_close_rule {
	/* The poller is never asked to register a number that is closed. */
	SPW_CLOSE_REGISTERS = 1u << 0,
	/* No call is made on a number that is another file's. */
	SPW_CLOSE_OWNER = 1u << 1,
	/* Who is blocked is told. */
	SPW_CLOSE_WAKES = 1u << 2,
	/* Two closes close once. */
	SPW_CLOSE_ONCE = 1u << 3,
	/* An event is told to none but the descriptor that it is about. */
	SPW_CLOSE_EVENTS = 1u << 4,
	SPW_CLOSE_ALL = (1u << 5) - 1,
};

/*
 * A closer: one way to close a descriptor that other threads may be using; see
 * core/closers/ for one file per closer, and closer.h for the hooks.
 */
struct spw_closer_info {
	const char *name;
	const char *summary;
	const char *claim;
	const char *condition;
	const char *reference;
	const char *unavailable; /* NULL, or why this system cannot run it */
	unsigned rules;          /* enum spw_close_rule: what is claimed */
};

struct spw_closer;

/* All closers in the order of their history; the array ends with NULL. */
extern const struct spw_closer *const spw_closers[];

/* The closer of that name, or NULL. */
const struct spw_closer *spw_closer_find(const char *name);
const struct spw_closer_info *spw_closer_info(const struct spw_closer *closer);

struct spw_options {
	struct spw_sys *sys;             /* NULL: spw_sys_linux() */
	const struct spw_guard *guard;   /* NULL: "auto" */
	const struct spw_waiter *waiter; /* NULL: "auto" */
	const struct spw_closer *closer; /* NULL: "refcount" */
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
 * Closes a runtime. No other thread may be using it, and every descriptor that
 * it adopted has been released. Processes that it started stay as they are:
 * they are waited for and released as before.
 */
void spw_shut(struct spw_rt *rt);

struct spw_fd_map {
	int from; /* a number in the parent */
	int to;   /* the number it gets in the program */
};

enum spw_flags {
	SPW_NEW_SESSION = 1u << 0, /* setsid */
	SPW_NEW_GROUP = 1u << 1,   /* setpgid(0, 0); part of a new session */
	/*
	 * SIGKILL when the *thread* that made it ends (PR_SET_PDEATHSIG), which
	 * is not only when the process does: that of the spawn, or with guard
	 * fork-server that of spw_open. The waiters auto and owner-* make such
	 * a child in a thread that lives as long as it does, so that there the
	 * end of the process alone kills. Not for programs that change their
	 * user or group.
	 * -ENOTSUP: the system has no such thing.
	 */
	SPW_DIE_WITH_CREATOR = 1u << 2,
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

/* ---- descriptors that several threads use, and one closes ---- */

/* What is said of closing is said of closer "refcount". */

enum spw_way { SPW_READ, SPW_WRITE, SPW_WAYS };

/*
 * Takes a pipe, a socket or a device over: number is used through *fd only from
 * here on, and closed by spw_fd_close. It becomes non-blocking, and with it
 * every copy of it, since copies share that. *fd is the caller's, to be given
 * to spw_fd_release. The first one starts the runtime's poller thread.
 *
 * -ENOMEM, -EAGAIN (no thread), -EMFILE, -EBADF, -EPERM (nothing that can be
 * waited for: a regular file), -ENOTSUP. After an error number is still the
 * caller's, but may be non-blocking.
 */
int spw_fd_adopt(struct spw_rt *rt, int number, struct spw_fd **fd);

/*
 * One read(2), once there is something to be read: bytes, 0 at the end of file.
 * -EBADF: it was closed before; -ECANCELED: it was closed meanwhile;
 * -ETIMEDOUT: now_ns of the runtime's sys is deadline_ns (SPW_NO_DEADLINE: for ever);
 * else what read says. Any number of threads may read at a time.
 */
ssize_t spw_fd_read(struct spw_fd *fd, void *buf, size_t len,
		    uint64_t deadline_ns);

/*
 * One write(2), once there is room: bytes, perhaps fewer than len; else as
 * spw_fd_read. As with write, SIGPIPE is sent where nobody reads any more.
 */
ssize_t spw_fd_write(struct spw_fd *fd, const void *buf, size_t len,
		     uint64_t deadline_ns);

/*
 * Waits until the descriptor can be read or written (or would say why not), for
 * calls that libspw does not make, such as accept or connect: 0, or the errors
 * of spw_fd_read. It may say so again until a read or write has come to its
 * limit (-EAGAIN).
 */
int spw_fd_wait(struct spw_fd *fd, enum spw_way way, uint64_t deadline_ns);

/*
 * The number, for calls that libspw does not make. It stays what it is until it
 * is given back, once for each time that it was lent, and a close waits for
 * that: such calls should not block. -EBADF: it was closed.
 */
int spw_fd_lend(struct spw_fd *fd);
void spw_fd_give_back(struct spw_fd *fd);

/*
 * Closes the descriptor: no call begins on it any more, blocked ones end with
 * -ECANCELED, and when all have ended it is closed. Returns then, with what
 * close(2) says. -EBADF: somebody has closed it or is about to. Not from within
 * a loan of one's own, for which it would wait for ever.
 */
int spw_fd_close(struct spw_fd *fd);

/* Gives fd up: closes it if nobody has. No other thread may be using it. */
void spw_fd_release(struct spw_fd *fd);

#endif
