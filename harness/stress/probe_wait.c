/* SPDX-License-Identifier: MIT */
/* Who may wait for a child, and how it is named meanwhile. */
#include "stress/probe_tools.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* asm-generic/unistd.h and uapi/linux/wait.h, for older headers and musl. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif

enum {
	IDTYPE_PIDFD = 3, /* P_PIDFD */
	CODE = 7,
	TRIES = 500, /* of a millisecond */
};

/* ---- pidfd ---- */

static int pidfd_of(pid_t pid)
{
	return probe_rc(syscall(SYS_pidfd_open, pid, 0));
}

static enum rig_answer pidfd_open_probe(struct rig_probing *p)
{
	return probe_feature(p, pidfd_of(getpid()));
}

/* Calls use with a pidfd of child, which is then killed. */
static enum rig_answer with_pidfd(struct rig_probing *p, pid_t child,
				  enum rig_answer (*use)(struct rig_probing *p,
							 pid_t child, int fd))
{
	enum rig_answer answer;
	int fd = child < 0 ? child : pidfd_of(child);

	answer = fd < 0 ? probe_feature(p, fd) : use(p, child, fd);
	probe_kill(child);
	if (fd >= 0)
		close(fd);
	return answer;
}

/* The system call: not every libc hands its P_PIDFD through. */
static enum rig_answer wait_by_pidfd(struct rig_probing *p, pid_t child, int fd)
{
	siginfo_t info = { .si_pid = 0 };
	int rc = probe_rc(
		syscall(SYS_waitid, IDTYPE_PIDFD, fd, &info, WEXITED, NULL));

	if (rc < 0)
		return probe_feature(p, rc);
	return info.si_pid == child && info.si_status == CODE ? RIG_YES :
								RIG_NO;
}

static enum rig_answer pidfd_wait_probe(struct rig_probing *p)
{
	pid_t child = probe_fork();

	if (child == 0)
		probe_exit(CODE);
	return with_pidfd(p, child, wait_by_pidfd);
}

static enum rig_answer signal_by_pidfd(struct rig_probing *p, pid_t child,
				       int fd)
{
	int status = 0;
	int rc = probe_rc(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));

	if (rc < 0)
		return probe_feature(p, rc);
	rc = probe_reap(child, &status);
	if (rc)
		return probe_cannot(p, "waitpid", rc);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? RIG_YES :
								    RIG_NO;
}

static enum rig_answer pidfd_signal_probe(struct rig_probing *p)
{
	return with_pidfd(p, probe_idle_child(), signal_by_pidfd);
}

/* ---- __WNOTHREAD: only children of the thread itself, as on Plan 9 ---- */

/* 0: a child of the calling thread; -ECHILD: of another one. */
static int wait_as_thread(pid_t child)
{
	return probe_rc(waitpid(child, NULL, __WNOTHREAD | WNOHANG));
}

struct other {
	pid_t child;
	int rc;
};

static void *wait_on_other_thread(void *arg)
{
	struct other *o = arg;

	o->rc = wait_as_thread(o->child);
	return NULL;
}

static enum rig_answer nothread_probe(struct rig_probing *p)
{
	struct other o = { .child = probe_idle_child() };
	int own, rc;

	if (o.child < 0)
		return probe_cannot(p, "fork", o.child);
	own = wait_as_thread(o.child);
	rc = probe_on_thread(wait_on_other_thread, &o);
	probe_kill(o.child);
	if (rc)
		return probe_cannot(p, "a thread", rc);
	if (own)
		return probe_feature(p, own);
	return o.rc == -ECHILD ? RIG_YES :
	       o.rc            ? probe_cannot(p, "waitpid", o.rc) :
				 RIG_NO;
}

/* Not probe_fork: its child would be killed with this thread. */
static void *fork_on_thread(void *arg)
{
	struct other *o = arg;

	o->child = fork();
	if (o->child == 0)
		for (;;)
			pause();
	o->rc = errno;
	return NULL;
}

/*
 * Its creator's end gives a child to another thread (find_new_reaper), a little
 * after pthread_join has seen that end (mm_release comes before exit_notify).
 */
static enum rig_answer orphan_probe(struct rig_probing *p)
{
	struct other o = { .child = -1 };
	int rc = probe_on_thread(fork_on_thread, &o);

	if (rc)
		return probe_cannot(p, "a thread", rc);
	if (o.child < 0)
		return probe_cannot(p, "fork", o.rc);
	rc = wait_as_thread(o.child);
	for (int i = 0; i < TRIES && rc == -ECHILD; i++) {
		poll(NULL, 0, 1);
		rc = wait_as_thread(o.child);
	}
	probe_kill(o.child);
	return rc == 0       ? RIG_YES :
	       rc == -ECHILD ? RIG_NO :
			       probe_feature(p, rc);
}

static const struct rig_probe probes[] = {
	{ "pidfd-open", "pidfd_open", "pidfd_open(2)", pidfd_open_probe },
	{ "pidfd-wait", "waitid(P_PIDFD)", "waitid(2)", pidfd_wait_probe },
	{ "pidfd-signal", "pidfd_send_signal", "pidfd_send_signal(2)",
	  pidfd_signal_probe },
	{ "nothread", "__WNOTHREAD hides the children of other threads",
	  "waitpid(2) __WNOTHREAD; Linux do_wait", nothread_probe },
	{ "nothread-orphan", "... not when their thread has ended",
	  "waitpid(2); Linux forget_original_parent", orphan_probe },
};

const struct rig_probe_subject rig_probe_subject_wait = {
	.name = "wait",
	.title = "waiting for children",
	PROBES(probes),
};
