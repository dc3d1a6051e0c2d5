/* SPDX-License-Identifier: MIT */
/*
 * Scenario: spawn/report-pipe-held
 *
 * One actor starts a program with fork; that it was executed is told by the end
 * of a close-on-exec pipe, as in Go, libuv and .NET. The other forks, behind the
 * library's back, a child that executes nothing for an hour. It may hold the
 * writing end, and spawn waits for that:
 *
 *	a1   pipe .. fork .. close(writing end) .. read => nothing, for an hour
 *	a1's child       `- execve(other) .. exit, and is a zombie
 *	a2      fork ------------------------------------------.
 *	a2's child  `- holds a copy of the writing end -- 1 h -- exit
 *
 * In life spawn hangs, its own child executed, even over. The hour stands for
 * ever, and is what bounds a search. A child as by vfork reports through memory
 * that it shares with its parent: nothing that anybody could inherit. No guard
 * helps, the pipe is no program.
 *
 * Outcomes:
 *	started  acceptable
 *	held     forbidden: spawn returned when somebody else's child had ended
 *	failed   forbidden: any other error
 *
 * References: golang/go src/syscall/exec_unix.go (the status pipe), JDK-8377907
 * (the same window: POSIX_SPAWN helper pipes in native forks).
 *
 * Kernel notes: as fork/pipe-eof.
 */
#include "scenarios/scenario.h"

static void start(struct rig_run *run)
{
	const struct rig_world *world = run->world;
	const struct spw_spec spec = { .path = world->other_program(
					       world->ctx) };
	struct spw_sys *sys = run->sys;
	uint64_t since = sys->now_ns(sys);
	struct spw_proc *proc;
	int rc = spw_spawn(run->rt, &spec, &proc, NULL);

	if (rig_fork_failed(run, "spawn", rc))
		return;
	if (sys->now_ns(sys) - since >= RIG_HOUR_NS / 2)
		rig_run_fail(run, "held",
			     "spawn returned when a child of somebody else "
			     "ended, long after its own had executed");
	spw_release(proc);
}

static void actor(struct rig_run *run, unsigned index)
{
	if (index == 0)
		start(run);
	else
		rig_foreign_idle(run, RIG_HOUR_NS);
}

static const struct rig_outcome outcomes[] = {
	{ .id = "started",
	  .grade = RIG_ACCEPTABLE,
	  .text = "spawn returned when the program was executed" },
	{ .id = "held",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "spawn returned only when somebody else's child had ended" },
	RIG_OUTCOME_FAILED,
	{ .id = NULL },
};

const struct rig_scenario rig_scenario_report_pipe_held = {
	.name = "spawn/report-pipe-held",
	.summary = "one actor spawns, the others fork children that never "
		   "execute",
	.family = &rig_family_spawn,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.foreign_fork = true,
	.outcomes = outcomes,
	.actor = actor,
};
