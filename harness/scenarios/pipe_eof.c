/* SPDX-License-Identifier: MIT */
/*
 * Scenario: fork/pipe-eof
 *
 * One actor reads a pipe to its end, having closed the writing end itself. The
 * other forks a child that executes nothing for an hour, a worker or a daemon.
 * What the child has copied keeps the pipe open:
 *
 *	a1   pipe .. close(writing end) .. read => nothing, for an hour
 *	a2      fork ------------------------------------------.
 *	a2's child  `- holds a copy of the writing end -- 1 h -- exit
 *
 * In life the reader hangs: the hour stands for ever, and is what bounds a
 * search. Sound is a protocol that says where its end is (a last byte, a
 * length, the end of a process that is waited for); or that no fork comes
 * between pipe and close, where that can be had.
 *
 * Outcomes:
 *	ended   acceptable
 *	late    forbidden: the end was only seen when the child had ended
 *	failed  forbidden: any other error
 *
 * References: JDK-8377907 (pipes of ProcessBuilder in native forks),
 * dotnet/runtime#65768, rsc in golang/go#22315.
 *
 * Kernel notes: pipe_release, of the last reference to the writing end.
 */
#include "scenarios/scenario.h"

#include <errno.h>
#include <string.h>

/* Makes a pipe and closes its writing end; the other, or an error. */
static int open_pipe(struct rig_run *run)
{
	struct spw_sys *sys = run->sys;
	int fd[2], rc;

	rig_fork_window(run);
	rc = sys->pipe(sys, fd);
	if (!rc && !strcmp(run->fix.name, "explicit") &&
	    sys->write(sys, fd[1], "", 1) != 1)
		rc = -EIO;
	if (!rc)
		sys->close(sys, fd[1]);
	rig_fork_window_end(run);
	return rc ? rc : fd[0];
}

static void read_to_the_end(struct rig_run *run)
{
	struct spw_sys *sys = run->sys;
	int fd = open_pipe(run);
	uint64_t since;
	ssize_t n;
	char last;

	if (rig_fork_failed(run, "pipe", fd))
		return;
	since = sys->now_ns(sys);
	n = sys->read(sys, fd, &last, 1);
	if (rig_fork_failed(run, "read", (int)n))
		return;
	if (sys->now_ns(sys) - since >= RIG_HOUR_NS / 2)
		rig_run_fail(run, "late",
			     "the end of a pipe whose writing end was closed "
			     "came when a child of somebody else ended");
	sys->close(sys, fd);
}

static void actor(struct rig_run *run, unsigned index)
{
	if (index == 0)
		read_to_the_end(run);
	else
		rig_foreign_idle(run, RIG_HOUR_NS);
}

static const struct rig_outcome outcomes[] = {
	{ .id = "ended",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the end was seen when the writing end was closed" },
	{ .id = "late",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "the end was seen only when somebody else's child had "
		  "ended" },
	RIG_OUTCOME_FAILED,
	{ .id = NULL },
};

const struct rig_scenario rig_scenario_pipe_eof = {
	.name = "fork/pipe-eof",
	.summary = "one actor reads a pipe to its end, the others fork "
		   "children that never execute",
	.family = &rig_family_fork,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.outcomes = outcomes,
	.actor = actor,
};
