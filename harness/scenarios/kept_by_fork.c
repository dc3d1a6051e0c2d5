/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/kept-by-fork
 *
 * A registration is of an open file description, and ends with that. A child
 * that was forked before the close has a copy of the descriptor, and so its
 * parent's poller goes on being told what happens to a file that the parent has
 * closed, and can remove the registration no more:
 *
 *	a1          wait(a): registered                               "readable"
 *	a2          fork                   close(a)  feed(a)
 *	a2's child  `- holds a ---------------------------------- exit
 *
 * Nothing is written to a before its close has returned.
 *
 * Outcomes:
 *	closed       acceptable
 *	stale-event  forbidden: the race
 *	failed       forbidden: any other error
 *
 * References: epoll(7), Q6; joyent/libuv#1099, libuv/libuv#4323.
 */
#include "scenarios/close.h"

struct state {
	struct rig_channel a;
	int go[2];
};

struct child {
	struct spw_sys *sys;
	int go;
};

static int begin(struct rig_run *run)
{
	struct state *s = run->state;
	int rc = rig_channel_open(run, &s->a, 'a');

	s->go[0] = s->go[1] = -1;
	return rc ? rc : run->sys->pipe(run->sys, s->go);
}

/* Holds what it has inherited until it is told to end. */
static SPW_CHILD int hold(void *arg)
{
	const struct child *child = arg;
	char byte;

	return child->sys->read(child->sys, child->go, &byte, 1) != 1;
}

static void close_beside_child(struct rig_run *run, struct state *s)
{
	struct child child = { .sys = run->sys, .go = s->go[0] };
	struct spw_status status = { .code = -1 };
	sigset_t mask;
	pid_t pid;
	int rc;

	run->sys->signals_block(run->sys, &mask);
	rc = run->sys->clone(run->sys, SPW_CLONE_FORK, hold, &child,
			     sizeof(child), &pid);
	run->sys->signals_set(run->sys, &mask);
	if (rc) {
		rig_run_fail(run, "failed", "fork: %d", rc);
		return;
	}
	rig_close_used(run, &s->a);
	rig_channel_feed(run, &s->a);
	run->sys->write(run->sys, s->go[1], "", 1);
	rc = run->sys->wait(run->sys, pid, 0, &status);
	if (rc < 0 || status.code)
		rig_run_fail(run, "failed", "the child: %d", rc);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct state *s = run->state;

	if (index != 0)
		close_beside_child(run, s);
	else if (spw_fd_wait(s->a.fd, SPW_READ, rig_brief(run)) == 0)
		rig_run_fail(run, "stale-event",
			     "a is said to be readable, by what was written "
			     "after it was closed");
}

static void finish(struct rig_run *run)
{
	struct state *s = run->state;

	rig_channel_release(run, &s->a);
	for (int i = 0; i < 2; i++)
		if (s->go[i] >= 0)
			run->sys->close(run->sys, s->go[i]);
}

const struct rig_scenario rig_scenario_kept_by_fork = {
	.name = "close/kept-by-fork",
	.summary = "a forked child keeps the registration alive",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_EVENTS,
	.actors_min = 2,
	.actors_max = 2,
	.actors = 2,
	.victims = 1,
	.outcomes = rig_close_outcomes,
	.state_size = sizeof(struct state),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
