/* SPDX-License-Identifier: MIT */
/* Finds probes and runs each in a child that cannot do harm. */
#include "stress/probe.h"

#include "stress/probe_tools.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static const uint64_t default_timeout_ns = 5000000000;

/* In memory that parent and child share. */
struct answer {
	struct rig_probe_result result;
	bool given;
};

const char *rig_answer_name(enum rig_answer answer)
{
	static const char *const names[] = {
		[RIG_CANNOT_TELL] = "cannot tell",
		[RIG_NO] = "no",
		[RIG_YES] = "yes",
		[RIG_VALUE] = "value",
	};

	return names[answer];
}

/* ---- the child ---- */

/* As a process is when nobody has changed anything. */
static void settle(pid_t parent)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		probe_exit(1); /* it ended before that could help */
	setpgid(0, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void be_child(const struct rig_probe *probe,
		     const struct rig_probe_place *place, pid_t parent,
		     struct answer *answer)
{
	struct rig_probing p = { place, &answer->result };

	settle(parent);
	/* What is left of a killed run must not look as if it were used. */
	if (place->dir)
		close(place->dir->lock);
	answer->result.answer = probe->run(&p);
	answer->given = true;
	probe_exit(0);
}

/* ---- the parent ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/*
 * 1: it has ended, and stays a zombie, so that its group keeps its number; 0:
 * not yet; -ECHILD: it is gone (SIGCHLD is ignored here).
 */
static int has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT))
		return -errno;
	return info.si_pid != 0;
}

/*
 * Sleeps until it has ended, for a tenth of a second at most: a *stop that came
 * just before would wait for it. A millisecond where there is no pidfd.
 */
static void sleep_on(int pidfd, uint64_t ms)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	if (pidfd >= 0)
		poll(&poll_fd, 1, ms < 100 ? (int)ms : 100);
	else
		poll(NULL, 0, 1);
}

/* 1: it has ended; -ECHILD: it is gone; -ETIMEDOUT; -EINTR: *stop. */
static int await(pid_t pid, const struct rig_probe_place *place)
{
	uint64_t end = now_ns() + (place->timeout_ns ? place->timeout_ns :
						       default_timeout_ns);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int rc;

	while (!(rc = has_ended(pid))) {
		uint64_t now = now_ns();

		if (place->stop && *place->stop)
			rc = -EINTR;
		else if (now >= end)
			rc = -ETIMEDOUT;
		if (rc)
			break;
		sleep_on(pidfd, (end - now) / 1000000 + 1);
	}
	if (pidfd >= 0)
		close(pidfd);
	return rc;
}

/* Ends the child and what it has left, and takes over its answer. */
static void collect(pid_t pid, int why, const struct answer *answer,
		    struct rig_probing *p)
{
	int status = 0;

	/* A group with somebody in it keeps its number; an empty one is
	 * ESRCH. */
	kill(-pid, SIGKILL);
	if (why != -ECHILD) {
		kill(pid, SIGKILL); /* before it had a group */
		probe_reap(pid, &status);
	}
	if (answer->given)
		*p->result = answer->result;
	else if (why == -ETIMEDOUT)
		probe_say(p, RIG_CANNOT_TELL, "no answer in time");
	else if (why == -EINTR)
		probe_say(p, RIG_CANNOT_TELL, "interrupted");
	else
		probe_died(p, status);
}

void rig_probe_try(const struct rig_probe *probe,
		   const struct rig_probe_place *place,
		   struct rig_probe_result *result)
{
	struct rig_probing p = { place, result };
	struct answer *answer;
	pid_t parent = getpid(), pid;

	*result = (struct rig_probe_result){ .answer = RIG_CANNOT_TELL };
	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED) {
		probe_cannot(&p, "mmap", errno);
		return;
	}
	pid = fork();
	if (pid == 0)
		be_child(probe, place, parent, answer);
	if (pid > 0)
		collect(pid, await(pid, place), answer, &p);
	else
		probe_cannot(&p, "fork", errno);
	munmap(answer, sizeof(*answer));
}

/* ---- by name ---- */

/* Is name "subject/probe" or, where subjects count, "subject"? */
static bool names(const char *name, const struct rig_probe_subject *subject,
		  const struct rig_probe *probe, bool subjects)
{
	size_t len = strlen(subject->name);

	if (strncmp(name, subject->name, len) != 0)
		return false;
	return name[len] == '/' ? !strcmp(name + len + 1, probe->name) :
				  !name[len] && subjects;
}

const struct rig_probe *rig_probe_find(const char *name)
{
	for (int s = 0; rig_probe_subjects[s]; s++) {
		const struct rig_probe_subject *subject = rig_probe_subjects[s];

		for (size_t i = 0; i < subject->n; i++)
			if (names(name, subject, &subject->probes[i], false))
				return &subject->probes[i];
	}
	return NULL;
}

int rig_probe_run(const char *name, const struct rig_probe_place *place,
		  struct rig_probe_result *result)
{
	const struct rig_probe *probe = rig_probe_find(name);

	if (!probe)
		return -ENOENT;
	rig_probe_try(probe, place, result);
	return 0;
}

static bool wanted(const char *const *list, size_t n,
		   const struct rig_probe_subject *subject,
		   const struct rig_probe *probe)
{
	for (size_t i = 0; i < n; i++)
		if (names(list[i], subject, probe, true))
			return true;
	return !n;
}

int rig_probe_all(const struct rig_probe_place *place, const char *const *list,
		  size_t n, rig_probe_visit *visit, void *ctx)
{
	struct rig_probe_result result;

	for (int s = 0; rig_probe_subjects[s]; s++) {
		const struct rig_probe_subject *subject = rig_probe_subjects[s];

		for (size_t i = 0; i < subject->n; i++) {
			const struct rig_probe *probe = &subject->probes[i];

			if (!wanted(list, n, subject, probe))
				continue;
			rig_probe_try(probe, place, &result);
			if (place->stop && *place->stop)
				return -EINTR;
			visit(ctx, subject, probe, &result);
		}
	}
	return 0;
}

const struct rig_probe_subject *const rig_probe_subjects[] = {
	&rig_probe_subject_etxtbsy, &rig_probe_subject_running,
	&rig_probe_subject_lock,    &rig_probe_subject_wait,
	&rig_probe_subject_process, &rig_probe_subject_descriptor,
	&rig_probe_subject_uring,   &rig_probe_subject_directory,
	&rig_probe_subject_system,  NULL,
};
