/* SPDX-License-Identifier: MIT */
/* Making processes, and what one may do to another. */
#include "stress/apart.h"
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

enum { NAMESPACE_TID = 100, TRIES = 10 };

static enum rig_answer clone3_probe(struct rig_probing *p)
{
	pid_t pid = rig_fork3(0, NULL, NULL);

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
	pid = rig_fork3(RIG_CLONE_CLEAR_SIGHAND, NULL, NULL);
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
		pid = rig_fork3(0, &wanted, NULL);
		if (pid == 0)
			probe_exit(getpid() == wanted ? 0 : ENOSYS);
	}
	return probe_by_exit(p, pid);
}

static enum rig_answer namespace_probe(struct rig_probing *p)
{
	pid_t pid = rig_fork_apart();

	if (pid == 0)
		probe_exit(getpid() == 1 ? 0 : ENOSYS);
	return probe_by_exit(p, pid);
}

/* The first process of the namespace; its exit status is an errno. */
static int choose_in_namespace(void)
{
	const pid_t wanted = NAMESPACE_TID;
	int status;
	pid_t pid = rig_fork3(0, &wanted, NULL);

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
	pid_t pid = rig_fork_apart();

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
