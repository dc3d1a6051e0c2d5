/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/mixed-poll
 *
 * Some other library is lent the number, and calls poll with it. poll sleeps on
 * the file that it finds, but tests the number again each time it is woken
 * (do_pollfd). When the number changes hands it is woken by the one file and
 * answers for the other:
 *
 *	a1      poll(3): sleeps on a                           woken: tests b
 *	a2                            close(a)  open(b) = 3  feed(b)
 *	                                                 hangs up a's peer
 *
 * Outcomes:
 *	closed           acceptable
 *	wrong-owner      forbidden: the race; also if the number is nobody's
 *	register-failed  forbidden: b cannot be registered
 *	failed           forbidden: any other error
 *
 * References: select(2) ("closed in another thread, the result is
 * unspecified"); socketry/io-event#71.
 */
#include "scenarios/close.h"

#include <errno.h>

/* a has nothing to say while it is open. */
static void poll_lent(struct rig_run *run, const struct rig_channel *a)
{
	int number = spw_fd_lend(a->fd);
	int mask;

	if (number == -EBADF)
		return;
	mask = run->sys->poll(run->sys, number, SPW_POLL_IN, rig_brief(run));
	spw_fd_give_back(a->fd);
	if (mask)
		rig_run_fail(run, "wrong-owner",
			     "poll of a, which is silent, says 0x%x%s",
			     (unsigned)mask,
			     mask == SPW_POLL_NVAL ? ": no such number" : "");
}

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_channels *s = run->state;

	if (index == 0) {
		poll_lent(run, &s->a);
		return;
	}
	if (!rig_channels_reuse(run, s))
		return;
	rig_channel_feed(run, &s->b);
	rig_channel_close_peer(run, &s->a);
	rig_channel_read(run, &s->b);
}

const struct rig_scenario rig_scenario_mixed_poll = {
	.name = "close/mixed-poll",
	.summary = "poll sleeps on the old file and tests the new one",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_OWNER,
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
