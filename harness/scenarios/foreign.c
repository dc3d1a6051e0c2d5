/* SPDX-License-Identifier: MIT */
/*
 * Children that libspw knows nothing of: made straight through the seam, as
 * system(), a library or another runtime in the same process makes them. No
 * guard is asked, and none is told.
 */
#include "scenarios/scenario.h"

#include <string.h>

enum { EXIT_NOT_EXECUTED = 127 };

/* Constant while the child may look at it. */
struct foreign {
	struct spw_sys *sys;
	const char *path; /* NULL: it never executes */
	uint64_t life_ns;
	sigset_t mask;
};

static SPW_CHILD int execute(void *arg)
{
	const struct foreign *child = arg;
	char *argv[] = { (char *)child->path, NULL };
	char *envp[] = { NULL };

	child->sys->signals_set(child->sys, &child->mask);
	child->sys->execve(child->sys, child->path, argv, envp);
	return EXIT_NOT_EXECUTED;
}

/* With memory of its own: it may call what a [child] must not. */
static int idle(void *arg)
{
	const struct foreign *child = arg;

	child->sys->signals_set(child->sys, &child->mask);
	child->sys->sleep_ns(child->sys, child->life_ns);
	return 0;
}

static void run_child(struct rig_run *run, enum spw_clone how, spw_child_fn *fn,
		      struct foreign *child)
{
	struct spw_sys *sys = run->sys;
	struct spw_status status = { .code = -1 };
	pid_t pid;
	int rc;

	sys->signals_block(sys, &child->mask);
	rig_fork_begin(run);
	rc = sys->clone(sys, how, fn, child, sizeof(*child), &pid);
	rig_fork_end(run);
	sys->signals_set(sys, &child->mask);
	if (!rc)
		rc = sys->wait(sys, pid, 0, &status);
	if (rc < 0)
		rig_run_fail(run, "failed", "a foreign child: %s",
			     strerror(-rc));
	else if (status.signaled || status.code)
		rig_run_fail(run, "failed", "a foreign child ended with %s %d",
			     status.signaled ? "signal" : "exit status",
			     status.code);
}

void rig_foreign_run(struct rig_run *run, const char *path)
{
	struct foreign child = { .sys = run->sys, .path = path };

	run_child(run, run->how, execute, &child);
}

void rig_foreign_idle(struct rig_run *run, uint64_t life_ns)
{
	struct foreign child = { .sys = run->sys, .life_ns = life_ns };

	run_child(run, SPW_CLONE_FORK, idle, &child);
}
