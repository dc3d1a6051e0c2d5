/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/number-reused
 *
 * As close/before-register, but the number is another file's by the time the
 * poller registers it. The kernel has nothing against it, and the first actor
 * is told that its file is readable when the other one is:
 *
 *	a1      wait(a): "register 3"                                   "readable"
 *	a2                             close(3)  open(b) = 3  feed(b)
 *	poller            looks: 3                       epoll-ctl(3)   event of b
 *
 * Nothing is ever written to a.
 *
 * Outcomes:
 *	closed           acceptable
 *	wrong-owner      forbidden: the race
 *	register-failed  forbidden: b cannot be registered
 *	failed           forbidden: any other error
 *
 * References: Go commit ef8f483c (the comment that it removes: "which we'd now
 * be referring to"), jSerialComm#223, socketry/io-event#71.
 */
#include "scenarios/close.h"

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_channels *s = run->state;

	if (index == 0) {
		if (spw_fd_wait(s->a.fd, SPW_READ, rig_brief(run)) == 0)
			rig_run_fail(run, "wrong-owner",
				     "a is said to be readable; what was "
				     "written was written to b");
		return;
	}
	if (!rig_channels_reuse(run, s))
		return;
	rig_channel_feed(run, &s->b);
	rig_channel_read(run, &s->b);
}

const struct rig_scenario rig_scenario_number_reused = {
	.name = "close/number-reused",
	.summary = "what is registered is the number's next owner",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_REGISTERS,
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
