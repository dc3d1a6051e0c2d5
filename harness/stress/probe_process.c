/* SPDX-License-Identifier: MIT */
/* Making processes, and what one may do to another. */
#include "stress/probe_tools.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

/* uapi/linux/sched.h */
static const uint64_t clear_sighand = 0x100000000;

/* struct clone_args as of Linux 5.5 (CLONE_ARGS_SIZE_VER1). */
struct clone3_args {
	uint64_t flags;
	uint64_t pidfd;
	uint64_t child_tid;
	uint64_t parent_tid;
	uint64_t exit_signal;
	uint64_t stack;
	uint64_t stack_size;
	uint64_t tls;
	uint64_t set_tid;
	uint64_t set_tid_size;
};

enum { NAMESPACE_TID = 100, TRIES = 10 };

/* As fork; the child may do little, libc does not know of it. */
static pid_t fork3(uint64_t flags, const pid_t *tid)
{
	struct clone3_args args = {
		.flags = flags,
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)tid,
		.set_tid_size = tid != NULL,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args,
				   tid ? sizeof(args) :
					 offsetof(struct clone3_args, set_tid));

	return pid < 0 ? -errno : pid;
}

static enum rig_answer clone3_probe(struct rig_probing *p)
{
	pid_t pid = fork3(0, NULL);

	if (pid == 0)
		probe_exit(0);
	return probe_by_exit(p, pid);
}

static void on_signal(int sig)
{
}

static enum rig_answer clear_sighand_probe(struct rig_probing *p)
{
	struct sigaction action = { .sa_handler = on_signal };
	pid_t pid;

	sigaction(SIGUSR1, &action, NULL);
	pid = fork3(clear_sighand, NULL);
	if (pid == 0) {
		sigaction(SIGUSR1, NULL, &action);
		probe_exit(action.sa_handler == SIG_DFL ? 0 : ENOSYS);
	}
	return probe_by_exit(p, pid);
}

/* ---- choosing a pid ---- */

/* A pid that was free a moment ago. */
static pid_t free_pid(void)
{
	pid_t pid = probe_fork();
	int status, rc;

	if (pid == 0)
		probe_exit(0);
	rc = pid < 0 ? pid : probe_reap(pid, &status);
	return rc ? rc : pid;
}

/* Another process may take it in between: -EEXIST. */
static enum rig_answer set_tid_probe(struct rig_probing *p)
{
	pid_t wanted, pid = -EEXIST;

	for (int i = 0; i < TRIES && pid == -EEXIST; i++) {
		wanted = free_pid();
		if (wanted < 0)
			return probe_cannot(p, "fork", wanted);
		pid = fork3(0, &wanted);
		if (pid == 0)
			probe_exit(getpid() == wanted ? 0 : ENOSYS);
	}
	return probe_by_exit(p, pid);
}

/*
 * fork into a new user and pid namespace. clone and not unshare, which refuses
 * where there are threads; sanitizers have one.
 */
static pid_t fork_into_namespace(void)
{
	pid_t pid = (pid_t)syscall(
		SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);

	return pid < 0 ? -errno : pid;
}

static enum rig_answer namespace_probe(struct rig_probing *p)
{
	pid_t pid = fork_into_namespace();

	if (pid == 0)
		probe_exit(getpid() == 1 ? 0 : ENOSYS);
	return probe_by_exit(p, pid);
}

/* The first process of the namespace; its exit status is an errno. */
static int choose_in_namespace(void)
{
	const pid_t wanted = NAMESPACE_TID;
	int status;
	pid_t pid = fork3(0, &wanted);

	if (pid == 0)
		probe_exit(getpid() == wanted ? 0 : ENOSYS);
	if (pid < 0)
		return -pid;
	if (probe_reap(pid, &status) || !WIFEXITED(status))
		return EIO;
	return WEXITSTATUS(status);
}

static enum rig_answer set_tid_namespace_probe(struct rig_probing *p)
{
	pid_t pid = fork_into_namespace();

	if (pid == 0)
		probe_exit(choose_in_namespace());
	return probe_by_exit(p, pid);
}

/* ---- ptrace ---- */

static enum rig_answer ptrace_probe(struct rig_probing *p)
{
	pid_t child = probe_idle_child();
	int status = 0, rc;

	if (child < 0)
		return probe_cannot(p, "fork", child);
	rc = probe_rc(ptrace(PTRACE_SEIZE, child, 0, 0));
	if (!rc)
		rc = probe_rc(ptrace(PTRACE_INTERRUPT, child, 0, 0));
	if (!rc)
		rc = probe_reap(child, &status);
	if (!rc && !WIFSTOPPED(status))
		rc = -ESRCH;
	probe_kill(child);
	return probe_feature(p, rc);
}

static const struct rig_probe probes[] = {
	{ "clone3", "clone3", "clone(2)", clone3_probe },
	{ "clear-sighand", "CLONE_CLEAR_SIGHAND", "clone(2)",
	  clear_sighand_probe },
	{ "set-tid", "clone3 may choose the pid",
	  "clone(2) set_tid; capabilities(7) CAP_CHECKPOINT_RESTORE",
	  set_tid_probe },
	{ "namespace", "a user and pid namespace may be made",
	  "user_namespaces(7), pid_namespaces(7)", namespace_probe },
	{ "set-tid-namespace", "clone3 may choose the pid in there",
	  "clone(2) set_tid", set_tid_namespace_probe },
	{ "ptrace", "a child may be traced", "ptrace(2) PTRACE_SEIZE",
	  ptrace_probe },
};

const struct rig_probe_subject rig_probe_subject_process = {
	.name = "process",
	.title = "making processes",
	PROBES(probes),
};
