/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/dup-survivor
 *
 * A copy of the descriptor, made by dup, outlives the close. A registration
 * that was left behind is then of a file that is still there: it goes on
 * firing, and when the file gets its old number back it stands in the way of
 * the new one (EEXIST):
 *
 *	a1      wait(a): registered                      "readable"
 *	a2                           close(a)  feed(a)               dup = a's
 *	                                                    number, adopt, read
 *
 * Nothing is written to a before its close has returned.
 *
 * Outcomes:
 *	closed           acceptable
 *	stale-event      forbidden: the race
 *	register-failed  forbidden: the old registration is still there
 *	wrong-owner      forbidden: what was written is lost
 *	failed           forbidden: any other error
 *
 * References: epoll(7), Q6; libuv/libuv#826, manticoresearch#4057.
 */
#include "scenarios/close.h"

#include <errno.h>

struct state {
	struct rig_channel a;
	int copy;
	struct rig_channel again; /* the same pipe, adopted once more */
};

static int begin(struct rig_run *run)
{
	struct state *s = run->state;
	int rc = rig_channel_open(run, &s->a, 'a');

	s->copy = s->again.peer = -1;
	if (rc)
		return rc;
	s->copy = run->sys->dup_above(run->sys, s->a.number, 0);
	return s->copy < 0 ? s->copy : 0;
}

static void adopt_again(struct rig_run *run, struct state *s)
{
	struct rig_channel *again = &s->again;
	int number = run->sys->dup_above(run->sys, s->copy, 0), rc;

	*again = (struct rig_channel){ .number = number,
				       .peer = -1,
				       .name = 'a',
				       .cookie = s->a.cookie };
	rc = number < 0 ? number : spw_fd_adopt(run->rt, number, &again->fd);
	if (!rc) {
		rig_channel_read(run, again);
		return;
	}
	rig_run_fail(run, rc == -EEXIST ? "register-failed" : "failed",
		     "a, again under its number, is refused: %d", rc);
	if (number >= 0)
		run->sys->close(run->sys, number);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct state *s = run->state;

	if (index == 0) {
		if (spw_fd_wait(s->a.fd, SPW_READ, rig_brief(run)) == 0)
			rig_run_fail(run, "stale-event",
				     "a is said to be readable, by what was "
				     "written after it was closed");
		return;
	}
	rig_close_used(run, &s->a);
	rig_channel_feed(run, &s->a);
	adopt_again(run, s);
}

static void finish(struct rig_run *run)
{
	struct state *s = run->state;

	rig_channel_release(run, &s->a);
	rig_channel_release(run, &s->again);
	if (s->copy >= 0)
		run->sys->close(run->sys, s->copy);
}

const struct rig_scenario rig_scenario_dup_survivor = {
	.name = "close/dup-survivor",
	.summary = "a copy keeps the registration alive, and the number comes "
		   "back",
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
