/* SPDX-License-Identifier: MIT */
#include "control/target.h"

#include <spw/sys.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_VFORK
#define CLONE_VFORK 0x00004000
#endif

enum { FDS_CHECKED = 40, ALIVE_MS = 1000 };

/* struct clone_args as of Linux 5.5 (CLONE_ARGS_SIZE_VER1). */
struct clone3_at {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls;
	uint64_t set_tid, set_tid_size;
};

struct server {
	struct ctl_page *page;
	const struct ctl_programs *programs;
	unsigned slot;
};

static int serve_child(void *arg);

/* ---- calls: Linux as libspw's own provider makes them ---- */

/* Decimal, without stdio: this runs in children that share memory. */
static SPW_CHILD void print_number(unsigned n, char buf[4])
{
	unsigned at = 0;

	if (n >= 10)
		buf[at++] = (char)('0' + n / 10);
	buf[at++] = (char)('0' + n % 10);
	buf[at] = '\0';
}

static SPW_CHILD int call_execve(struct spw_sys *sys, struct ctl_slot *slot,
				 unsigned number)
{
	char digits[4];
	char *argv[] = { slot->path, digits, NULL, NULL };
	char *envp[] = { NULL };

	print_number(number, digits);
	if (slot->data[0]) {
		argv[1] = (char *)slot->data;
		argv[2] = digits;
	}
	if (slot->op == CTL_EXEC_FD)
		return sys->exec_fd(sys, slot->arg[0], argv, envp);
	return sys->execve(sys, slot->path, argv, envp);
}

/*
 * A child with an id that was chosen, which needs a pid namespace of one's own.
 * Its memory is a copy under vfork as well: it has nothing to say there.
 */
static int clone_at(spw_child_fn *child, void *arg, enum spw_clone how,
		    pid_t pid)
{
	struct clone3_at args = {
		.flags = how == SPW_CLONE_VFORK ? CLONE_VFORK : 0,
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long result = syscall(SYS_clone3, &args, sizeof(args));

	if (result == 0)
		syscall(SYS_exit_group, child(arg));
	return result < 0 ? -errno : 0;
}

static int leave(void *arg)
{
	return *(const int *)arg;
}

int ctl_can_choose_ids(void)
{
	pid_t pid = 201;
	int code = 1;
	int rc = clone_at(leave, &code, SPW_CLONE_FORK, pid);

	if (!rc && waitpid(pid, NULL, 0) != pid)
		rc = -errno;
	return rc;
}

static int call_clone(const struct server *self, struct ctl_slot *slot)
{
	struct spw_sys *sys = spw_sys_linux();
	struct server child = *self;
	pid_t pid;

	child.slot = (unsigned)slot->arg[1];
	if (slot->arg[2])
		return clone_at(serve_child, &child,
				(enum spw_clone)slot->arg[0], slot->arg[2]);
	return sys->clone(sys, (enum spw_clone)slot->arg[0], serve_child,
			  &child, sizeof(child), &pid);
}

static int call_wait(struct spw_sys *sys, struct ctl_slot *slot)
{
	struct spw_status status = { .code = 0 };
	int rc;

	if (slot->op == CTL_PIDFD_WAIT)
		rc = sys->pidfd_wait(sys, slot->arg[0], &status);
	else
		rc = sys->wait(sys, slot->arg[0], (unsigned)slot->arg[1],
			       &status);
	slot->out[0] = status.code;
	slot->out[1] = status.signaled;
	return rc;
}

/* Addresses go through data. */
static int call_map(struct spw_sys *sys, struct ctl_slot *s)
{
	void *address = NULL;
	int rc;

	if (s->op == CTL_MAP) {
		rc = sys->map(sys, s->arg[0], (size_t)s->arg[1], &address);
		memcpy(s->data, &address, sizeof(address));
		return rc;
	}
	memcpy(&address, s->data, sizeof(address));
	return sys->unmap(sys, address, (size_t)s->arg[0]);
}

/* Calls on processes that have ended, or may have. */
static int call_process(struct spw_sys *sys, struct ctl_slot *s)
{
	switch (s->op) {
	case CTL_KILL:
		return sys->kill(sys, s->arg[0], s->arg[1]);
	case CTL_SIGCHLD:
		return sys->sigchld_wait(sys, 0);
	case CTL_PIDFD_OPEN:
		return sys->pidfd_open(sys, s->arg[0]);
	case CTL_PIDFD_POLL:
		return sys->pidfd_poll(sys, s->arg[0], 0);
	case CTL_PIDFD_SIGNAL:
		return sys->pidfd_signal(sys, s->arg[0], s->arg[1]);
	default:
		return call_wait(sys, s);
	}
}

/* Calls that no child makes. -ENOSYS: not one of these. */
static SPW_CHILD int call_poll(struct spw_sys *sys, struct ctl_slot *s)
{
	struct spw_event *events = (struct spw_event *)(void *)s->data;

	switch (s->op) {
	case CTL_SOCKET_PAIR:
		return sys->socket_pair(sys, s->out);
	case CTL_SET_BLOCKING:
		return sys->set_blocking(sys, s->arg[0], s->arg[1]);
	case CTL_EVENTFD:
		return sys->eventfd(sys);
	case CTL_POLL:
		return sys->poll(sys, s->arg[0], (unsigned)s->arg[1], 0);
	case CTL_EPOLL_CREATE:
		return sys->epoll_create(sys);
	case CTL_EPOLL_CTL:
		return sys->epoll_ctl(sys, s->arg[0],
				      (enum spw_epoll_op)s->arg[1], s->arg[2],
				      events->events, events->data);
	case CTL_EPOLL_WAIT:
		return sys->epoll_wait(sys, s->arg[0], events, s->arg[1]);
	default:
		return -ENOSYS;
	}
}

/* Calls that some guards make. -ENOSYS: not one of these. */
static SPW_CHILD int call_file_more(struct spw_sys *sys, struct ctl_slot *s)
{
	switch (s->op) {
	case CTL_FLOCK:
		return sys->flock(sys, s->arg[0], s->arg[1]);
	case CTL_MAP:
	case CTL_UNMAP:
		return call_map(sys, s);
	case CTL_FSYNC:
		return sys->fsync(sys, s->arg[0]);
	case CTL_RENAME:
		return sys->rename(sys, s->path, (const char *)s->data);
	case CTL_LINK:
		return sys->link(sys, s->path, (const char *)s->data);
	case CTL_LINK_FD:
		return sys->link_fd(sys, s->arg[0], s->path);
	case CTL_WATCH:
		return sys->watch_closes(sys, s->path);
	case CTL_MEMFD:
		return sys->memfd(sys);
	case CTL_SEAL:
		return sys->seal(sys, s->arg[0]);
	case CTL_SCAN:
		return sys->scan_writers(sys, s->path);
	default:
		return call_poll(sys, s);
	}
}

/* Calls on files. -ENOSYS: not one of these. */
static SPW_CHILD int call_file(const struct server *self, struct ctl_slot *s)
{
	struct spw_sys *sys = spw_sys_linux();

	switch (s->op) {
	case CTL_OPEN:
		return sys->open(sys, s->path, s->arg[0], (mode_t)s->arg[1]);
	case CTL_CLOSE:
		return sys->close(sys, s->arg[0]);
	case CTL_CLOSE_FROM:
		return sys->close_from(sys, s->arg[0]);
	case CTL_READ:
		return (int)sys->read(sys, s->arg[0], s->data, s->len);
	case CTL_WRITE:
		return (int)sys->write(sys, s->arg[0], s->data, s->len);
	case CTL_WRITE_PROGRAM:
		return (int)sys->write(sys, s->arg[0],
				       self->programs->image[s->arg[1]],
				       self->programs->len);
	case CTL_FCHMOD:
		return sys->fchmod(sys, s->arg[0], (mode_t)s->arg[1]);
	case CTL_UNLINK:
		return sys->unlink(sys, s->path);
	case CTL_PIPE:
		return sys->pipe(sys, s->out);
	case CTL_DUP_ABOVE:
		return sys->dup_above(sys, s->arg[0], s->arg[1]);
	case CTL_DUP_ONTO:
		return sys->dup_onto(sys, s->arg[0], s->arg[1]);
	case CTL_CLOEXEC_FROM:
		return sys->cloexec_from(sys, s->arg[0]);
	case CTL_PRIVATE_TABLE:
		return sys->private_table(sys, s->arg[0]);
	case CTL_LEASE:
		return sys->lease(sys, s->arg[0], s->arg[1]);
	default:
		return call_file_more(sys, s);
	}
}

static SPW_CHILD int call(const struct server *self, struct ctl_slot *slot)
{
	switch (slot->op) {
	case CTL_BOOT:
		return (int)syscall(SYS_getpid);
	case CTL_CLONE:
		return call_clone(self, slot);
	case CTL_EXECVE:
	case CTL_EXEC_FD:
		return call_execve(spw_sys_linux(), slot, self->slot);
	case CTL_WAIT:
	case CTL_KILL:
	case CTL_SIGCHLD:
	case CTL_PIDFD_OPEN:
	case CTL_PIDFD_POLL:
	case CTL_PIDFD_WAIT:
	case CTL_PIDFD_SIGNAL:
		return call_process(spw_sys_linux(), slot);
	case CTL_DIE:
		return spw_sys_linux()->die_with_parent(spw_sys_linux(),
							slot->arg[0]);
	case CTL_EXIT:
		return 0;
	default:
		return call_file(self, slot);
	}
}

/*
 * Waits for its turn. Whoever dies in the rig, nobody stays behind waiting. Not
 * by PR_SET_PDEATHSIG: a child must outlive the thread that made it.
 */
static SPW_CHILD bool await_turn(struct ctl_slot *slot, long parent)
{
	while (ctl_await(slot, CTL_TARGET, ALIVE_MS))
		if (syscall(SYS_getppid) != parent)
			return false;
	return true;
}

/* Answers calls until told to exit; the exit code. */
static SPW_CHILD int serve(const struct server *self)
{
	struct ctl_slot *slot = &self->page->slot[self->slot];
	long parent = syscall(SYS_getppid);

	for (;;) {
		bool over;

		if (!await_turn(slot, parent))
			return 123;
		over = slot->op == CTL_EXIT;
		slot->result = call(self, slot);
		ctl_give(slot, CTL_CONTROLLER);
		if (over)
			return slot->arg[0];
	}
}

static SPW_CHILD int serve_child(void *arg)
{
	return serve(arg);
}

/* ---- the service thread ---- */

static struct thread {
	struct server server;
	pid_t tid;
} threads[CTL_SLOTS];

static void *serve_thread(void *arg)
{
	struct thread *thread = arg;

	__atomic_store_n(&thread->tid, (pid_t)syscall(SYS_gettid),
			 __ATOMIC_RELAXED);
	serve(&thread->server);
	return NULL;
}

static int start_thread(const struct server *of, unsigned slot)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (slot == 0) /* the main thread, which serves already */
		return 0;
	threads[slot] = (struct thread){ .server = *of };
	threads[slot].server.slot = slot;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, serve_thread, &threads[slot]);
	pthread_attr_destroy(&attr);
	return -rc;
}

/*
 * Its children are another thread's when its id is gone (exit_notify, then
 * release_task); for pthread_join it is over earlier.
 */
static int join_thread(unsigned slot)
{
	pid_t tid = __atomic_load_n(&threads[slot].tid, __ATOMIC_RELAXED);

	while (!syscall(SYS_tgkill, getpid(), tid, 0))
		sched_yield();
	return errno == ESRCH ? 0 : -errno;
}

static int observe(pid_t pid)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* What an execution may have left: its files, and descriptors. */
static int clean(void)
{
	char path[CTL_PATH];
	int open_fds = 0;

	while (!spw_sys_linux()->sigchld_wait(spw_sys_linux(), 0))
		;
	for (int i = 1; i < CTL_PROGRAMS; i++) {
		snprintf(path, sizeof(path), "prog-a%d", i);
		unlink(path);
		snprintf(path, sizeof(path), "script-a%d", i);
		unlink(path);
	}
	for (int fd = 3; fd < FDS_CHECKED; fd++)
		open_fds += fcntl(fd, F_GETFD) >= 0;
	return open_fds;
}

static int service(const struct server *self, const struct ctl_slot *slot)
{
	switch (slot->op) {
	case CTL_THREAD:
		return start_thread(self, (unsigned)slot->arg[0]);
	case CTL_JOIN:
		return join_thread((unsigned)slot->arg[0]);
	case CTL_OBSERVE:
		return observe(slot->arg[0]);
	case CTL_KILL:
		return kill(slot->arg[0], slot->arg[1]) ? -errno : 0;
	default:
		return clean();
	}
}

static void *serve_service(void *arg)
{
	const struct server *self = arg;
	struct ctl_slot *slot = &self->page->slot[CTL_SERVICE];

	for (;;) {
		ctl_await(slot, CTL_TARGET, 0);
		slot->result = service(self, slot);
		ctl_give(slot, CTL_CONTROLLER);
	}
	return NULL;
}

/*
 * The main thread stands for the scenario's: children of threads that end come
 * to it. SIGCHLD is left pending, in every thread.
 */
_Noreturn void ctl_target_main(struct ctl_page *page,
			       const struct ctl_programs *programs)
{
	static struct server self, main;
	pthread_t thread;
	sigset_t set;

	self = (struct server){ page, programs, CTL_SERVICE };
	main = (struct server){ page, programs, 0 };
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, serve_service, &self))
		_exit(120);
	_exit(serve(&main));
}
