/* SPDX-License-Identifier: MIT */
#include "control/target.h"

#include <spw/sys.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FDS_CHECKED = 40 };

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

static int call_clone(const struct server *self, struct ctl_slot *slot)
{
	struct spw_sys *sys = spw_sys_linux();
	struct server child = *self;
	pid_t pid;

	child.slot = (unsigned)slot->arg[1];
	return sys->clone(sys, (enum spw_clone)slot->arg[0], serve_child,
			  &child, sizeof(child), &pid);
}

static int call_wait(struct spw_sys *sys, struct ctl_slot *slot)
{
	struct spw_status status;
	int rc = sys->wait(sys, slot->arg[0], &status);

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
		return -ENOSYS;
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
		return call_wait(spw_sys_linux(), slot);
	case CTL_EXIT:
		return 0;
	default:
		return call_file(self, slot);
	}
}

/* Answers calls until told to exit; the exit code. */
static SPW_CHILD int serve(const struct server *self)
{
	struct ctl_slot *slot = &self->page->slot[self->slot];

	for (;;) {
		bool over;

		ctl_await(slot, CTL_TARGET, 0);
		over = slot->op == CTL_EXIT;
		slot->result = call(self, slot);
		ctl_give(slot, CTL_CONTROLLER);
		if (over)
			return slot->arg[0];
	}
}

/* Whoever dies in the rig, nobody stays behind waiting for a turn. */
static SPW_CHILD int serve_child(void *arg)
{
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	return serve(arg);
}

/* ---- the service thread ---- */

static void *serve_thread(void *arg)
{
	serve(arg);
	return NULL;
}

static int start_thread(struct server *of, unsigned slot)
{
	static struct server servers[CTL_SLOTS];
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	servers[slot] = *of;
	servers[slot].slot = slot;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, serve_thread, &servers[slot]);
	pthread_attr_destroy(&attr);
	return -rc;
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

_Noreturn void ctl_target_main(struct ctl_page *page,
			       const struct ctl_programs *programs)
{
	struct server self = { page, programs, CTL_SERVICE };
	struct ctl_slot *slot = &page->slot[CTL_SERVICE];

	for (;;) {
		ctl_await(slot, CTL_TARGET, 0);
		if (slot->op == CTL_THREAD)
			slot->result =
				start_thread(&self, (unsigned)slot->arg[0]);
		else if (slot->op == CTL_OBSERVE)
			slot->result = observe(slot->arg[0]);
		else
			slot->result = clean();
		ctl_give(slot, CTL_CONTROLLER);
	}
}
