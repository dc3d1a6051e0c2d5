/* SPDX-License-Identifier: MIT */
/*
 * Scenario: fork/flock-try
 *
 * One actor takes the lock of a file, closes the file, and takes the lock again
 * without waiting: the second command of a program that allows one instance at
 * a time. Nobody else wants the lock. But flock belongs to the open file
 * description, and a child that was forked meanwhile holds that as well:
 *
 *	a1   open .. flock .. close .. open .. flock(LOCK_NB) => EWOULDBLOCK
 *	a2               fork ----------------------------------.
 *	a2's child       `- holds a copy of a1's descriptor -- execve(other)
 *
 * A moment later the lock is free, and /proc/locks shows nobody: a ghost. The
 * fix is to say so: LOCK_UN ends the lock for all copies. To keep forks away
 * from open to close works where every fork can be kept away; O_CLOFORK would,
 * where there is one (see core/guards/clofork.c). A retry only waits.
 *
 * Outcomes:
 *	free    acceptable
 *	busy    forbidden: the lock was refused although its owner had closed it
 *	failed  forbidden: any other error
 *
 * References: block/proto-fleet#1004, TheGreenCedar/CodeStory#1740 (1 in 4),
 * cq27-dev/rag-rat#410 (fixed by an explicit LOCK_UN), dolthub/doltlite#1205.
 *
 * Kernel notes: locks_remove_file in __fput, of the last reference. The same
 * holds for locks of open file descriptions (F_OFD_SETLK), not for those of
 * processes (F_SETLK).
 */
#include "scenarios/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

/* What flock says. */
static int take_and_close(struct rig_run *run)
{
	const char *path = run->world->path(run->world->ctx, 0);
	struct spw_sys *sys = run->sys;
	int fd, rc;

	rig_fork_window(run);
	fd = sys->open(sys, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	rc = fd < 0 ? fd : sys->flock(sys, fd, LOCK_EX | LOCK_NB);
	if (!rc && !strcmp(run->fix.name, "explicit"))
		rc = sys->flock(sys, fd, LOCK_UN);
	if (fd >= 0)
		sys->close(sys, fd);
	rig_fork_window_end(run);
	return rc;
}

static void own(struct rig_run *run)
{
	int rc = take_and_close(run);

	if (rig_fork_failed(run, "the first lock", rc))
		return;
	rc = take_and_close(run);
	if (rc == -EWOULDBLOCK)
		rig_run_fail(run, "busy",
			     "the lock was refused after its only owner had "
			     "closed the file");
	else
		rig_fork_failed(run, "the second lock", rc);
}

static void spawn_other(struct rig_run *run)
{
	const struct rig_world *world = run->world;
	const struct spw_spec spec = { .path = world->other_program(
					       world->ctx) };
	struct spw_proc *proc;
	int rc;

	rig_fork_begin(run);
	rc = spw_spawn(run->rt, &spec, &proc, NULL);
	rig_fork_end(run);
	if (!rig_fork_failed(run, "spawn", rc))
		spw_release(proc);
}

static void actor(struct rig_run *run, unsigned index)
{
	if (index == 0)
		own(run);
	else
		spawn_other(run);
}

static const struct rig_outcome outcomes[] = {
	{ .id = "free",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the lock could be taken again" },
	{ .id = "busy",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "the lock was refused although its owner had closed the "
		  "file" },
	RIG_OUTCOME_FAILED,
	{ .id = NULL },
};

const struct rig_scenario rig_scenario_flock_try = {
	.name = "fork/flock-try",
	.summary = "one actor locks a file, closes it and locks it again, the "
		   "others only spawn",
	.family = &rig_family_fork,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.outcomes = outcomes,
	.actor = actor,
};
