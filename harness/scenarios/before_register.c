/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/before-register
 *
 * The panic of 2009. One actor waits for a descriptor to be readable, and asks
 * the poller to register it; another closes it before the poller has come to
 * that. The kernel then refuses the number:
 *
 *	a1      wait(a): "register number 3"
 *	a2                                    close(a): close(3)
 *	poller                 looks: it is 3                   epoll-ctl(3) => EBADF
 *
 * That a1 sleeps on is not judged here: see close/blocked-reader.
 *
 * Outcomes:
 *	closed           acceptable
 *	register-failed  forbidden: the race
 *	failed           forbidden: any other error
 *
 * References: Go commit ef8f483c (2009), golang/go#143, nanomsg#230,
 * libuv/libuv#2897.
 */
#include "scenarios/close.h"

static void actor(struct rig_run *run, unsigned index)
{
	const struct rig_channel *a = run->state;

	if (index == 0)
		rig_register_failed(
			run, spw_fd_wait(a->fd, SPW_READ, rig_brief(run)), 'a');
	else
		rig_close_used(run, a);
}

const struct rig_scenario rig_scenario_before_register = {
	.name = "close/before-register",
	.summary = "closed between the wish to be told and the registration",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_REGISTERS,
	.actors_min = 2,
	.actors_max = 2,
	.actors = 2,
	.victims = 1,
	.outcomes = rig_close_outcomes,
	.state_size = sizeof(struct rig_channel),
	.begin = rig_close_begin,
	.actor = actor,
	.finish = rig_close_finish,
};
