/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/blocked-reader
 *
 * A reader sleeps until there is something to read; the descriptor is closed;
 * nobody will ever write. On Linux a close wakes nobody by itself, neither in
 * read nor in epoll-wait, so whoever closes has to:
 *
 *	a1      read(a): nothing there, sleeps                   ... and sleeps
 *	a2                                      close(a)
 *
 * Outcomes:
 *	closed           acceptable: the reader was told
 *	not-woken        forbidden: the race
 *	wrong-owner      forbidden: the reader woke on another file
 *	register-failed  forbidden: a, whose number another had, is refused
 *	failed           forbidden: any other error
 *
 * References: golang/go#45211, golang/go#44818, golang/go#6222.
 */
#include "scenarios/close.h"

#include <errno.h>

static void actor(struct rig_run *run, unsigned index)
{
	const struct rig_channel *a = run->state;
	char byte;
	ssize_t n;

	if (index != 0) {
		rig_close_used(run, a);
		return;
	}
	n = spw_fd_read(a->fd, &byte, 1, rig_patience(run));
	if (rig_register_failed(run, n, 'a'))
		return;
	if (n == -ETIMEDOUT)
		rig_run_fail(run, "not-woken",
			     "the reader of a was not woken by its close");
	else if (n >= 0) /* nothing was written to a, and it has a writer */
		rig_run_fail(run, "wrong-owner",
			     "a read of a got what is another's");
	else if (n != -EBADF && n != -ECANCELED)
		rig_run_fail(run, "failed", "reading a: %zd", n);
}

const struct rig_scenario rig_scenario_blocked_reader = {
	.name = "close/blocked-reader",
	.summary = "closed while a reader sleeps, which must be woken",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_WAKES,
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
