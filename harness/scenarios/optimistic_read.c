/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/optimistic-read
 *
 * What the change of 2009 left to be done: a read takes the number, and tries
 * it without asking anybody. Between the two the number becomes another's:
 *
 *	a1      read(a): it is 3                                   read(3) = 'b'
 *	a2                        close(a)  open(b) = 3  feed(b)
 *
 * The byte is lost to b, and a1 takes it for its own. The same with a write
 * damages b's file. That a1 may sleep on is not judged here: see
 * close/blocked-reader.
 *
 * Outcomes:
 *	closed           acceptable
 *	wrong-owner      forbidden: the race
 *	register-failed  forbidden: b cannot be registered
 *	failed           forbidden: any other error
 *
 * References: Go commit ef8f483c ("There is still a race in Read and Write"),
 * jSerialComm#223, NuProcess#48, crystal-lang/crystal#8733.
 */
#include "scenarios/close.h"

#include <errno.h>

/* There is a byte in a, so that a read of it never blocks. */
static int begin(struct rig_run *run)
{
	struct rig_channels *s = run->state;
	int rc = rig_channel_open(run, &s->a, 'a');

	if (!rc)
		rig_channel_feed(run, &s->a);
	return rc;
}

static void read_a(struct rig_run *run, const struct rig_channel *a)
{
	unsigned char byte = a->cookie;
	ssize_t n = spw_fd_read(a->fd, &byte, 1, rig_patience(run));

	/* a has a writer: an end of file is another's, too. */
	if (byte != a->cookie || n == 0)
		rig_run_fail(run, "wrong-owner",
			     "a read of a got what was written to b");
	else if (n != 1 && n != -EBADF && n != -ECANCELED && n != -ETIMEDOUT)
		rig_run_fail(run, "failed", "reading a: %zd", n);
}

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_channels *s = run->state;

	if (index == 0) {
		read_a(run, &s->a);
		return;
	}
	if (!rig_channels_reuse(run, s))
		return;
	rig_channel_feed(run, &s->b);
	rig_channel_read(run, &s->b);
}

const struct rig_scenario rig_scenario_optimistic_read = {
	.name = "close/optimistic-read",
	.summary = "a read takes the number before the close and uses it after",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_OWNER,
	.actors_min = 2,
	.actors_max = 2,
	.actors = 2,
	.victims = 1,
	.outcomes = rig_close_outcomes,
	.state_size = sizeof(struct rig_channels),
	.begin = begin,
	.actor = actor,
	.finish = rig_channels_finish,
};
