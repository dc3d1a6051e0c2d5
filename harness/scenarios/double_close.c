/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/double-close
 *
 * Two actors close one descriptor, each having seen it open, and each opens a
 * file of its own after that. The second close finds the number open again:
 *
 *	a1      close(a): it is 3                              close(3)
 *	a2                         close(3)  open = 3                    read(3)
 *
 * The descriptor that a1 takes is a2's, who is innocent.
 *
 * Outcomes:
 *	closed         acceptable: one of them was told that it is closed
 *	double-closed  forbidden: the race
 *	contract       forbidden: a number was closed that nobody had open
 *	failed         forbidden: any other error
 *
 * References: rsyslog#3406, proxychains-ng#542, containerd/console#34,
 * golang/go#16969; fdsan (Android), guarded descriptors (Darwin).
 */
#include "scenarios/close.h"

#include <errno.h>

/* Opens a pipe that nobody knows of, and uses it. */
static void use_own(struct rig_run *run, char cookie)
{
	struct spw_sys *sys = run->sys;
	int fd[2];
	char byte;

	if (sys->pipe(sys, fd)) {
		rig_run_fail(run, "failed", "no pipe");
		return;
	}
	if (sys->set_blocking(sys, fd[0], false) ||
	    sys->write(sys, fd[1], &cookie, 1) != 1 ||
	    sys->read(sys, fd[0], &byte, 1) != 1 || byte != cookie)
		rig_run_fail(run, "double-closed",
			     "a pipe that was just opened is open no more");
	sys->close(sys, fd[0]);
	sys->close(sys, fd[1]);
}

static void actor(struct rig_run *run, unsigned index)
{
	const struct rig_channel *a = run->state;
	int rc = spw_fd_close(a->fd);

	if (rc && rc != -EBADF)
		rig_run_fail(run, "failed", "close of a: %d", rc);
	else
		use_own(run, (char)('x' + index));
}

const struct rig_scenario rig_scenario_double_close = {
	.name = "close/double-close",
	.summary = "two close one descriptor; the second hits another's",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_ONCE,
	.actors_min = 2,
	.actors_max = 2,
	.actors = 2,
	.outcomes = rig_close_outcomes,
	.state_size = sizeof(struct rig_channel),
	.begin = rig_close_begin,
	.actor = actor,
	.finish = rig_close_finish,
};
