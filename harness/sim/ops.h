/* SPDX-License-Identifier: MIT */
/* The operations of the simulated kernel. */
#ifndef SIM_OPS_H
#define SIM_OPS_H

#include "engine/engine.h"

/*
 * Every operation of the simulated kernel: X(id, name, class). A step inside a
 * call is inner; a call that only its own task can ever notice is minor.
 */
enum sim_class { SIM_CALL, SIM_INNER, SIM_MINOR };

#define SIM_OPS(X)                            \
	X(OPEN, "open", CALL)                 \
	X(CLOSE, "close", CALL)               \
	X(CLOSE_FROM, "close-from", CALL)     \
	X(READ, "read", CALL)                 \
	X(WRITE, "write", CALL)               \
	X(FCHMOD, "fchmod", CALL)             \
	X(UNLINK, "unlink", CALL)             \
	X(PIPE, "pipe", CALL)                 \
	X(DUP, "dup", CALL)                   \
	X(CLOEXEC, "close-range", MINOR)      \
	X(PRIVATE, "private-table", CALL)     \
	X(LEASE, "lease", CALL)               \
	X(FLOCK, "flock", CALL)               \
	X(MAP, "map", CALL)                   \
	X(UNMAP, "unmap", CALL)               \
	X(FSYNC, "fsync", CALL)               \
	X(RENAME, "rename", CALL)             \
	X(LINK, "link", CALL)                 \
	X(WATCH, "watch-closes", CALL)        \
	X(SCAN, "scan-writers", CALL)         \
	X(MEMFD, "memfd", CALL)               \
	X(SEAL, "seal", CALL)                 \
	X(SOCKET_PAIR, "socketpair", CALL)    \
	X(BLOCKING, "set-blocking", CALL)     \
	X(EVENTFD, "eventfd", CALL)           \
	X(POLL_FD, "poll-fd", CALL)           \
	X(EPOLL_CREATE, "epoll-create", CALL) \
	X(EPOLL_CTL, "epoll-ctl", CALL)       \
	X(EPOLL_WAIT, "epoll-wait", CALL)     \
	X(CLONE, "clone", CALL)               \
	X(EXECVE, "execve", CALL)             \
	X(INTERPRET, "interpret", CALL)       \
	X(CHDIR, "chdir", MINOR)              \
	X(SETSID, "setsid", MINOR)            \
	X(SETPGID, "setpgid", MINOR)          \
	X(DIE, "die-with-parent", CALL)       \
	X(WAIT, "wait", CALL)                 \
	X(KILL, "kill", CALL)                 \
	X(PIDFD_OPEN, "pidfd-open", CALL)     \
	X(POLL, "poll", CALL)                 \
	X(SIGCHLD, "sigchld-wait", CALL)      \
	X(EXIT, "exit", CALL)                 \
	X(THREAD, "thread-create", MINOR)     \
	X(JOIN, "thread-join", MINOR)         \
	X(LOCK, "lock", CALL)                 \
	X(UNLOCK, "unlock", CALL)             \
	X(RDLOCK, "read-lock", CALL)          \
	X(WRLOCK, "write-lock", CALL)         \
	X(RWUNLOCK, "rw-unlock", CALL)        \
	X(COND_WAIT, "cond-wait", CALL)       \
	X(BROADCAST, "broadcast", CALL)       \
	X(SLEEP, "sleep", CALL)               \
	X(PAUSE, "pause", CALL)               \
	X(VFORK_RETURN, "clone-return", CALL) \
	X(ALLOC, "alloc", MINOR)              \
	X(NEW_MUTEX, "mutex-create", MINOR)   \
	X(NEW_RWLOCK, "rwlock-create", MINOR) \
	X(NEW_COND, "cond-create", MINOR)     \
	X(READ_WAKE, "read-wake", INNER)      \
	X(LOOK, "scan-process", INNER)        \
	X(WAIT_WAKE, "wait-wake", INNER)      \
	X(POLL_WAKE, "poll-wake", INNER)      \
	X(EPOLL_WAKE, "epoll-wake", INNER)    \
	X(LEASE_BREAK, "lease-break", INNER)  \
	X(FLOCK_GRANT, "flock-grant", INNER)  \
	X(CLOSE_EVENT, "close-event", INNER)  \
	X(UNREGISTER, "unregister", INNER)    \
	X(UNFLOCK, "remove-flock", INNER)     \
	X(INTERPRETER, "interpreter", INNER)  \
	X(UNSHARE, "unshare-files", INNER)    \
	X(EXEC_MMAP, "exec-mmap", INNER)      \
	X(DROP, "drop", INNER)                \
	X(ORDER, "final-drop-order", INNER)   \
	X(UNLEASE, "remove-lease", INNER)     \
	X(RELEASE, "release", INNER)          \
	X(WRITE_COUNT, "write-count", INNER)  \
	X(ZOMBIE, "exit-notify", INNER)

enum sim_op {
	SIM_OP_FIRST = RIG_OP_SUBJECT - 1,
#define X(id, name, class) SIM_##id,
	SIM_OPS(X)
#undef X
		SIM_OP_END,
};

#endif
