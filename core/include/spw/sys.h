/* SPDX-License-Identifier: MIT */
/*
 * The seam: every call that libspw makes to the world below it.
 *
 * core never calls libc for files, processes, threads, locks, time or memory;
 * it calls through one table, so that the same object code runs on the real
 * kernel (spw_sys_linux) and on any other provider, such as a simulated one.
 *
 * Conventions
 *   errors     every call that can fail returns a negative errno (-EAGAIN)
 *   signals    a call that a signal interrupts goes on; only close may return
 *              -EINTR, since it cannot be repeated
 *   time       nanoseconds, unsigned, monotonic; a deadline is what now_ns
 *              says then
 *   ownership  what a *_create call hands out is destroyed by its *_destroy
 *   threads    a provider may be used by any number of threads at once
 *   child      calls marked [child] may be made between clone and execve; in a
 *              SPW_CLONE_VFORK child they run on the parent's memory, so a
 *              provider keeps them free of locks, of libc state and of memory
 *              allocation, and marks them SPW_CHILD.
 *   optional   an entry marked [optional] is NULL where the provider lacks it;
 *              whoever needs it looks first and says -ENOTSUP
 *
 * Shared fields of core are protected by a mutex of the seam, never by
 * atomics: a provider that switches tasks only inside these calls then sees
 * every interleaving that matters, as long as the program is free of data
 * races (which a race detector checks on the real kernel).
 */
#ifndef SPW_SYS_H
#define SPW_SYS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct spw_sys;
struct spw_mutex;
struct spw_rwlock;
struct spw_cond;
struct spw_thread;
struct spw_ring;

/* How a child process is made. */
enum spw_clone {
	/* Own copy of memory; the parent goes on at once (fork). */
	SPW_CLONE_FORK,
	/*
	 * The parent's memory, on a stack of its own; the parent is suspended
	 * until the child has replaced its memory or ended. On Linux that is
	 * exec_mmap() inside execve, which comes *before* do_close_on_exec():
	 * the parent may run while the child still holds every descriptor.
	 */
	SPW_CLONE_VFORK,
	/*
	 * As SPW_CLONE_VFORK, with the parent's descriptor table instead of a
	 * copy (CLONE_FILES): what the child does to a number, the parent sees.
	 * execve makes the copy (unshare_files in begin_new_exec, before
	 * exec_mmap) and closes the close-on-exec ones in it.
	 */
	SPW_CLONE_FILES,
	/*
	 * As SPW_CLONE_VFORK, but a child of the caller's parent (CLONE_PARENT):
	 * the parent waits for it, the caller cannot.
	 */
	SPW_CLONE_SIBLING,
};

/* A deadline that does not come. */
#define SPW_NO_DEADLINE UINT64_MAX

/*
 * A flag for open, beside those of POSIX.1-2008: no child inherits the
 * descriptor (O_CLOFORK of POSIX.1-2024). A provider that lacks it answers
 * -ENOTSUP before it looks at anything else.
 */
#define SPW_O_CLOFORK (1 << 30)

/* How a process ended. */
struct spw_status {
	bool signaled; /* true: killed by a signal, false: it exited */
	int code;      /* the signal's number, or the exit status */
};

enum spw_wait_flags {
	/* The child stays a zombie, to be waited for again (WNOWAIT). */
	SPW_WAIT_PEEK = 1u << 0,
	/*
	 * Only children that the calling thread made, or that came to it when
	 * the thread that made them ended (__WNOTHREAD). So it is on Plan 9
	 * always; on Linux any thread may wait for any child of its process.
	 */
	SPW_WAIT_THREAD = 1u << 1,
};

#define SPW_ANY_CHILD (-1)

/* What a descriptor may be waited for to be; the values are those of Linux. */
enum spw_poll {
	SPW_POLL_IN = 0x1,
	SPW_POLL_OUT = 0x4,
	SPW_POLL_ERR = 0x8,  /* always asked for */
	SPW_POLL_HUP = 0x10, /* likewise */
	SPW_POLL_NVAL = 0x20,
	SPW_POLL_RDHUP = 0x2000,
};

/* How epoll tells; beside enum spw_poll in the same word. */
#define SPW_POLL_ONCE (1u << 30)
#define SPW_POLL_EDGE (1u << 31)

enum spw_epoll_op { SPW_EPOLL_ADD = 1, SPW_EPOLL_DEL, SPW_EPOLL_MOD };

struct spw_event {
	uint32_t events; /* enum spw_poll */
	uint64_t data;   /* as registered */
};

/*
 * Marks every function that runs in a child between clone and execve. It runs
 * on its parent's memory, where the bookkeeping of a sanitizer would be the
 * parent's too: a function that never returns, because execve succeeded, would
 * stay on ThreadSanitizer's shadow stack for ever.
 */
#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
#define SPW_CHILD                                         \
	__attribute__((disable_sanitizer_instrumentation, \
		       no_sanitize("address", "thread", "undefined")))
#endif
#endif
#ifndef SPW_CHILD
#define SPW_CHILD __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

/*
 * The child's program between clone and execve. What it returns is the exit
 * status of the child (it returns only when execve failed).
 */
typedef int spw_child_fn(void *arg);

struct spw_sys {
	/* ---- files: flags, modes and meanings as in POSIX ---- */
	/* [child] */
	int (*open)(struct spw_sys *sys, const char *path, int flags,
		    mode_t mode);
	/* [child] The number is free when this returns, whatever it returns. */
	int (*close)(struct spw_sys *sys, int fd);
	/* [child] */
	ssize_t (*read)(struct spw_sys *sys, int fd, void *buf, size_t len);
	/* [child] */
	ssize_t (*write)(struct spw_sys *sys, int fd, const void *buf,
			 size_t len);
	/* [child] */
	int (*fchmod)(struct spw_sys *sys, int fd, mode_t mode);
	int (*unlink)(struct spw_sys *sys, const char *path);
	/* Both ends are close-on-exec; fd[0] reads, fd[1] writes. */
	int (*pipe)(struct spw_sys *sys, int fd[2]);
	/* [child] The lowest free number >= least, close-on-exec. */
	int (*dup_above)(struct spw_sys *sys, int fd, int least);
	/* [child] to refers to from's file and survives exec; from == to too. */
	int (*dup_onto)(struct spw_sys *sys, int from, int to);
	/* [child] Every descriptor >= first becomes close-on-exec. */
	int (*cloexec_from)(struct spw_sys *sys, int first);
	/* [child, optional] Every descriptor >= first is closed. */
	int (*close_from)(struct spw_sys *sys, int first);
	/*
	 * The calling thread gets a descriptor table of its own that holds only
	 * the numbers below keep. Nothing is copied above it, so no descriptor
	 * of another thread is kept alive (unshare(CLONE_FILES) would).
	 * -ENOTSUP: the kernel cannot.
	 */
	int (*private_table)(struct spw_sys *sys, int keep);
	/*
	 * fcntl(F_SETLEASE): type is F_RDLCK or F_UNLCK. The provider makes the
	 * break signal harmless first: the default, SIGIO, kills.
	 * -EAGAIN: the file is open for writing somewhere.
	 */
	int (*lease)(struct spw_sys *sys, int fd, int type);
	/* [optional] Writes the file's data to its device (fsync). */
	int (*fsync)(struct spw_sys *sys, int fd);
	/*
	 * [optional] flock: op is LOCK_EX, which waits, LOCK_EX | LOCK_NB, which
	 * says -EWOULDBLOCK instead, or LOCK_UN. The lock is the open file description's: a child that has inherited it holds it
	 * too, and it ends with the last of them (locks_remove_file in __fput,
	 * before the write count is given back).
	 */
	int (*flock)(struct spw_sys *sys, int fd, int op);
	/*
	 * [optional, both or none] A shared mapping of the first len bytes of
	 * fd's file. It holds the open file description (vm_file), so a file
	 * that was open for writing still is when fd is closed. A child of
	 * SPW_CLONE_FORK has it as well (dup_mmap), until it executes or ends.
	 * What it shows is not to be looked at: not every provider has it.
	 */
	int (*map)(struct spw_sys *sys, int fd, size_t len, void **mapping);
	int (*unmap)(struct spw_sys *sys, void *mapping, size_t len);
	/* [optional] Replaces what is at to, in one step. */
	int (*rename)(struct spw_sys *sys, const char *from, const char *to);
	/* [optional] One more name for the file at from. -EEXIST, -ENOENT. */
	int (*link)(struct spw_sys *sys, const char *from, const char *to);
	/* [optional] A first name for fd's file, from O_TMPFILE. -EEXIST. */
	int (*link_fd)(struct spw_sys *sys, int fd, const char *to);
	/*
	 * [optional] A close-on-exec descriptor that can be read once for each
	 * open file description of the file at path, open for writing, that is
	 * released from now on (inotify, IN_CLOSE_WRITE): fsnotify_close in
	 * __fput, before the write count is given back. A read waits for one,
	 * and returns at most SPW_EVENT_MAX bytes that say no more than that.
	 */
	int (*watch_closes)(struct spw_sys *sys, const char *path);
	/*
	 * [optional] A file in memory without a name (memfd_create), open for
	 * reading and writing, close-on-exec, which can be sealed. Being open
	 * so does not count as being open for writing: seal it before it is
	 * executed, or what runs can be changed.
	 */
	int (*memfd)(struct spw_sys *sys);
	/* [optional] No one can change fd's file any more (F_ADD_SEALS). */
	int (*seal)(struct spw_sys *sys, int fd);
	/*
	 * [optional] 1: a process that the caller may look at has the file at
	 * path open for writing; 0: none was seen. Reads /proc/PID/fd, process
	 * after process: what changes meanwhile may be missed.
	 */
	int (*scan_writers)(struct spw_sys *sys, const char *path);

	/*
	 * ---- [optional, all or none] files through io_uring ----
	 * A ring has one direct descriptor: a file that is in no descriptor
	 * table, so no child inherits it. One thread at a time.
	 */
	/* -ENOSYS, -EPERM: there is no io_uring here. */
	int (*ring_create)(struct spw_sys *sys, struct spw_ring **ring);
	/* The kernel takes a ring down later, in its own time. */
	void (*ring_destroy)(struct spw_sys *sys, struct spw_ring *ring);
	int (*ring_open)(struct spw_sys *sys, struct spw_ring *ring,
			 const char *path, int flags, mode_t mode);
	/* At the file's position. */
	ssize_t (*ring_write)(struct spw_sys *sys, struct spw_ring *ring,
			      const void *buf, size_t len);
	/*
	 * The descriptor is gone when this returns; a worker of the ring may
	 * hold the file a little longer.
	 */
	int (*ring_close)(struct spw_sys *sys, struct spw_ring *ring);

	/* ---- [optional, all or none] descriptors that are waited for ---- */
	/* Connected stream sockets of the machine, close-on-exec, blocking. */
	int (*socket_pair)(struct spw_sys *sys, int fd[2]);
	/* O_NONBLOCK, of fd's open file description: copies of fd share it. */
	int (*set_blocking)(struct spw_sys *sys, int fd, bool blocking);
	/* eventfd(0), close-on-exec, non-blocking. */
	int (*eventfd)(struct spw_sys *sys);
	/*
	 * poll of one number: enum spw_poll, 0 when now_ns is deadline_ns. The
	 * number is looked up again each time it looks; what it sleeps on is
	 * the file that it found first.
	 */
	int (*poll)(struct spw_sys *sys, int fd, unsigned events,
		    uint64_t deadline_ns);
	/* Close-on-exec. */
	int (*epoll_create)(struct spw_sys *sys);
	/*
	 * A registration is of fd's open file description under the number fd,
	 * and ends with that file, not with that number. events and data: as in
	 * struct spw_event; unused by SPW_EPOLL_DEL.
	 */
	int (*epoll_ctl)(struct spw_sys *sys, int epoll, enum spw_epoll_op op,
			 int fd, unsigned events, uint64_t data);
	/* Waits for the first of them; at most n, of which there are some. */
	int (*epoll_wait)(struct spw_sys *sys, int epoll,
			  struct spw_event *events, int n);

	/* ---- processes ---- */
	/*
	 * [child] Runs child(arg) in a new process and stores its id. arg_len is the
	 * size of the block at arg: it must not change before the child has
	 * executed or ended, because a provider may share it with the child
	 * under SPW_CLONE_FORK as well. Where the child starts, every caught
	 * signal is back at its default; the caller, which has blocked them
	 * all, hands down its mask.
	 */
	int (*clone)(struct spw_sys *sys, enum spw_clone how,
		     spw_child_fn *child, void *arg, size_t arg_len,
		     pid_t *pid);
	/* [child] Returns only on failure. */
	int (*execve)(struct spw_sys *sys, const char *path, char *const argv[],
		      char *const envp[]);
	/*
	 * [child, optional] Executes fd's file (execveat, AT_EMPTY_PATH). -ENOENT
	 * for a script where fd is close-on-exec: its interpreter could not open
	 * it any more.
	 */
	int (*exec_fd)(struct spw_sys *sys, int fd, char *const argv[],
		       char *const envp[]);
	/* [child] */
	int (*chdir)(struct spw_sys *sys, const char *path);
	/* [child] The caller leads a new session. */
	int (*setsid)(struct spw_sys *sys);
	/* [child] The caller joins process group pgid (0: leads its own). */
	int (*setpgid)(struct spw_sys *sys, pid_t pgid);
	/*
	 * [child, optional] The caller gets sig whenever the *thread* whose
	 * child it is ends (PR_SET_PDEATHSIG: forget_original_parent). It keeps
	 * that when it executes, and its own children do not have it.
	 */
	int (*die_with_parent)(struct spw_sys *sys, int sig);
	/* Blocks every signal for the calling thread; *old is the mask before. */
	void (*signals_block)(struct spw_sys *sys, sigset_t *old);
	/* [child] Sets the calling thread's mask. */
	void (*signals_set)(struct spw_sys *sys, const sigset_t *mask);
	/*
	 * Waits for the child pid, or for SPW_ANY_CHILD, to end and reaps it;
	 * flags are enum spw_wait_flags. The child's id, or -ECHILD: there is
	 * no such child, or it was reaped meanwhile.
	 */
	pid_t (*wait)(struct spw_sys *sys, pid_t pid, unsigned flags,
		      struct spw_status *status);
	/*
	 * 0 where there is a process of that id, be it a zombie; else -ESRCH.
	 * An id is free for another process as soon as the one is reaped.
	 */
	int (*kill)(struct spw_sys *sys, pid_t pid, int sig);
	/*
	 * [optional] Returns when SIGCHLD is pending for this process, and
	 * takes it: once, however many children have ended meanwhile. Every
	 * thread has to block the signal. -ETIMEDOUT.
	 */
	int (*sigchld_wait)(struct spw_sys *sys, uint64_t deadline_ns);

	/*
	 * ---- [optional, all or none] processes by descriptor ----
	 * A pidfd means one process, whatever becomes of its id; it does not
	 * keep the id from being given to another. -ENOSYS, -EPERM, -EINVAL:
	 * there are none here, whatever the arguments are.
	 */
	/* Close-on-exec; pid has not been reaped. -EINVAL: it is 0. */
	int (*pidfd_open)(struct spw_sys *sys, pid_t pid);
	/* Returns when the process has ended. -ETIMEDOUT. */
	int (*pidfd_poll)(struct spw_sys *sys, int fd, uint64_t deadline_ns);
	/* Reaps it, as wait does; it has ended. -ECHILD, -EBADF. */
	int (*pidfd_wait)(struct spw_sys *sys, int fd,
			  struct spw_status *status);
	/* As kill. -ESRCH: the process has been reaped. -EBADF. */
	int (*pidfd_signal)(struct spw_sys *sys, int fd, int sig);

	/* ---- threads and locks ---- */
	int (*thread_create)(struct spw_sys *sys, struct spw_thread **thread,
			     void (*fn)(void *arg), void *arg);
	/* Waits for the end of the thread and frees it. */
	void (*thread_join)(struct spw_sys *sys, struct spw_thread *thread);
	int (*mutex_create)(struct spw_sys *sys, struct spw_mutex **mutex);
	void (*mutex_destroy)(struct spw_sys *sys, struct spw_mutex *mutex);
	void (*mutex_lock)(struct spw_sys *sys, struct spw_mutex *mutex);
	void (*mutex_unlock)(struct spw_sys *sys, struct spw_mutex *mutex);
	/*
	 * Not recursive. A waiting writer keeps new readers out: with the
	 * reader-preferring default of glibc a stream of readers keeps a writer
	 * out for ever.
	 */
	int (*rwlock_create)(struct spw_sys *sys, struct spw_rwlock **lock);
	void (*rwlock_destroy)(struct spw_sys *sys, struct spw_rwlock *lock);
	void (*rwlock_read)(struct spw_sys *sys, struct spw_rwlock *lock);
	void (*rwlock_write)(struct spw_sys *sys, struct spw_rwlock *lock);
	void (*rwlock_unlock)(struct spw_sys *sys, struct spw_rwlock *lock);
	int (*cond_create)(struct spw_sys *sys, struct spw_cond **cond);
	void (*cond_destroy)(struct spw_sys *sys, struct spw_cond *cond);
	/* mutex is held by the caller, before and after. Wakes may be spurious. */
	void (*cond_wait)(struct spw_sys *sys, struct spw_cond *cond,
			  struct spw_mutex *mutex);
	/*
	 * The same, but no longer than until now_ns is deadline_ns (SPW_NO_DEADLINE:
	 * for ever). 0, or -ETIMEDOUT where no wake came before; the mutex is
	 * held again either way.
	 */
	int (*cond_wait_until)(struct spw_sys *sys, struct spw_cond *cond,
			       struct spw_mutex *mutex, uint64_t deadline_ns);
	/* Wakes all; the mutex of the condition is held by the caller. */
	void (*cond_broadcast)(struct spw_sys *sys, struct spw_cond *cond);
	/*
	 * States that the caller holds mutex and is about to read or change the
	 * len bytes at shared, which it protects. Checked where that is
	 * possible. A provider that merges equal states of a program relies on
	 * it: those bytes are the only way in which one thread's memory can
	 * influence another between two calls.
	 */
	void (*assert_held)(struct spw_sys *sys, struct spw_mutex *mutex,
			    const void *shared, size_t len);

	/* ---- time ---- */
	uint64_t (*now_ns)(struct spw_sys *sys);
	void (*sleep_ns)(struct spw_sys *sys, uint64_t ns);
	/*
	 * What a loop that polls the kernel calls between tries; attempt counts
	 * from 0. Waits a short while, longer as attempt grows, or until
	 * something the caller looked at has changed.
	 */
	void (*pause)(struct spw_sys *sys, unsigned attempt);

	/* ---- memory ---- */
	/* Zeroed; NULL when there is none. */
	void *(*alloc)(struct spw_sys *sys, size_t size);
	/* NULL is allowed. */
	void (*free)(struct spw_sys *sys, void *ptr);
};

/* The most that a read from watch_closes returns. */
#define SPW_EVENT_MAX 64

/* The real kernel. One static table, never freed, no set-up. */
struct spw_sys *spw_sys_linux(void);

#endif
