/* SPDX-License-Identifier: MIT */
/*
 * Scenario: close/during-spawn
 *
 * Two races at a time. A child holds everything from its fork until its exec has
 * closed it. One actor starts a program and waits for a descriptor; the other
 * closes that, in the window of the first one's child, and writes to it: a
 * registration that the child keeps alive fires.
 *
 *	a1      spawn ----------.  wait(a)                       "readable"
 *	a1's child  `- holds a --- execve .. drops a
 *	a2                    close(a)  feed(a)  writes its program  spawn
 *
 * And a1's child may hold the program that a2 writes, which then is busy, unless
 * the guard keeps that away.
 *
 * Outcomes:
 *	closed         acceptable
 *	stale-event    forbidden: the race
 *	etxtbsy        forbidden: the other race; the guard is the default one
 *	wrong-program  forbidden: the status is another program's
 *	failed         forbidden: any other error
 *
 * References: as close/kept-by-fork and etxtbsy/build-and-run.
 */
#include "scenarios/close.h"

#include <string.h>

static const struct rig_outcome outcomes[] = {
	{ .id = "closed",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the descriptor was closed, whoever used it was told, and "
		  "both programs ran" },
	{ .id = "stale-event",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "an event was told to a descriptor that it is not about" },
	{ .id = "etxtbsy",
	  .grade = RIG_FORBIDDEN,
	  .text = "a program that was written and closed could not be "
		  "executed: ETXTBSY, text file busy" },
	RIG_OUTCOME_WRONG_PROGRAM,
	RIG_OUTCOME_FAILED,
	{ .id = NULL },
};

static void actor(struct rig_run *run, unsigned index)
{
	struct rig_channel *a = run->state;
	const struct rig_world *world = run->world;
	struct spw_proc *proc;

	if (index == 0) {
		proc = rig_start_program(run, world->other_program(world->ctx));
		if (spw_fd_wait(a->fd, SPW_READ, rig_brief(run)) == 0)
			rig_run_fail(run, "stale-event",
				     "a is said to be readable, by what was "
				     "written after it was closed");
	} else {
		rig_close_used(run, a);
		rig_channel_feed(run, a);
		proc = rig_build_and_start(run, 1);
	}
	rig_end_program(run, proc, index ? index + 1 : 0);
}

const struct rig_scenario rig_scenario_during_spawn = {
	.name = "close/during-spawn",
	.summary = "closed while another actor's child has a copy",
	.family = &rig_family_close,
	.rules = SPW_CLOSE_EVENTS,
	.beside = 1u << RIG_GUARD | 1u << RIG_WAITER,
	.actors_min = 2,
	.actors_max = 2,
	.actors = 2,
	.victims = 1,
	.outcomes = outcomes,
	.state_size = sizeof(struct rig_channel),
	.begin = rig_close_begin,
	.actor = actor,
	.finish = rig_close_finish,
};
