/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/stale-batch
 *
 * epoll-wait has handed out a batch, which from then on is memory. Before the
 * poller comes to an event in it, the descriptor that it is about is closed,
 * and another takes its place: the number, or the object behind the event's
 * data. It is told what happened to the one before it:
 *
 *	a1      feed(a)
 *	poller           epoll-wait = { a }                           tells b
 *	a2                                   close(a)  open(b)  wait(b)
 *
 * Nothing is ever written to b.
 *
 * Outcomes:
 *	closed           acceptable
 *	stale-event      forbidden: the race
 *	register-failed  forbidden: b cannot be registered
 *	failed           forbidden: any other error
 *
 * References: nginx ("stale event from a file descriptor that was just closed
 * in this iteration"), h2o#1427, golang/go#59545, golang/go#81037.
 */
#include "scenarios/close.h"

#include <errno.h>

static void wait_for_b(struct rig_run *run, const struct rig_channel *b)
{
	int rc = spw_fd_wait(b->fd, SPW_READ, rig_brief(run));

	if (rig_register_failed(run, rc, 'b'))
		return;
	if (rc == 0)
		rig_run_fail(run, "stale-event",
			     "b is said to be readable; what was written was "
			     "written to a");
	else if (rc != -ETIMEDOUT)
		rig_run_fail(run, "failed", "waiting for b: %d", rc);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_channels *s = run->state;

	if (index == 0) {
		rig_channel_feed(run, &s->a);
		spw_fd_wait(s->a.fd, SPW_READ, rig_brief(run));
		return;
	}
	if (rig_channels_reuse(run, s))
		wait_for_b(run, &s->b);
}

const struct rig_scenario rig_scenario_stale_batch = {
	.name = "close/stale-batch",
	.summary = "an event is delivered after the close of what it is about",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_EVENTS,
	.actors_min = 2,
	.actors_max = 2,
	.actors = 2,
	.victims = 1,
	.outcomes = rig_close_outcomes,
	.state_size = sizeof(struct rig_channels),
	.begin = rig_close_begin,
	.actor = actor,
	.finish = rig_channels_finish,
};
