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
		_exit(1); /* it ended before that could help */
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
	answer->result.answer = probe->run(&p);
	answer->given = true;
	_exit(0);
}

/* ---- the parent ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Has it ended? It stays a zombie, so its group keeps its number. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

/* 0: it has ended; -ETIMEDOUT; -EINTR: *stop. */
static int await(pid_t pid, const struct rig_probe_place *place)
{
	uint64_t timeout = place->timeout_ns ? place->timeout_ns :
					       default_timeout_ns;
	uint64_t end = now_ns() + timeout;
	int rc = 0, fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (!has_ended(pid)) {
		uint64_t now = now_ns();
		uint64_t left_ms = now < end ? (end - now) / 1000000 + 1 : 0;

		if (place->stop && *place->stop)
			rc = -EINTR;
		else if (!left_ms)
			rc = -ETIMEDOUT;
		if (rc)
			break;
		/* No pidfd, or no descriptor for one: look every millisecond */
		poll(&poll_fd, fd >= 0, fd >= 0 && left_ms < 1000 ?
						(int)left_ms :
					fd >= 0 ? 1000 :
						  1);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Ends the child and what it has left, and takes over its answer. */
static void collect(pid_t pid, int why, const struct answer *answer,
		    struct rig_probing *p)
{
	int status = 0;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL); /* before it had a group */
	probe_reap(pid, &status);
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

/* ---- subjects; each file of probes ends with its own ---- */

extern const struct rig_probe_subject rig_probe_subject_etxtbsy;
extern const struct rig_probe_subject rig_probe_subject_running;
extern const struct rig_probe_subject rig_probe_subject_lock;
extern const struct rig_probe_subject rig_probe_subject_wait;
extern const struct rig_probe_subject rig_probe_subject_process;
extern const struct rig_probe_subject rig_probe_subject_descriptor;
extern const struct rig_probe_subject rig_probe_subject_uring;
extern const struct rig_probe_subject rig_probe_subject_directory;
extern const struct rig_probe_subject rig_probe_subject_system;

const struct rig_probe_subject *const rig_probe_subjects[] = {
	&rig_probe_subject_etxtbsy,   &rig_probe_subject_running,
	&rig_probe_subject_lock,      &rig_probe_subject_wait,
	&rig_probe_subject_process,   &rig_probe_subject_descriptor,
	&rig_probe_subject_uring,     &rig_probe_subject_directory,
	&rig_probe_subject_system,    NULL,
};
