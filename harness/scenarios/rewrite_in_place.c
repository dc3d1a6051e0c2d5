/* SPDX-License-Identifier: MIT */
/*
 * Scenario: etxtbsy/rewrite-in-place
 *
 * A program exists and is started; while it may still be running its file is
 * written again, in place, and the new program is started. The second actor
 * only starts something else. Both directions of the check are met:
 *
 *	a1   spawn(p1) .. open(p1, write | truncate) .. close .. spawn(p1)
 *	                  => ETXTBSY: the old image runs        => ETXTBSY
 *	a2                          fork -------------------------.
 *	a2's child                  `- holds a copy ------------- execve(other)
 *
 * That the file cannot be opened while its old image runs is right, and no
 * guard is asked to prevent it: the actor waits for the old program and writes
 * again, and that must work. Who removes the old file first, or renames a new
 * one over it, is spared this half; the other half is the race.
 *
 * Outcomes:
 *	ran            acceptable
 *	old-image      acceptable: the open was refused, and was not once the old
 *		       program had ended
 *	etxtbsy        forbidden: the race
 *	failed         forbidden: any other error
 *	wrong-program  forbidden: the status is another program's, as the old one's
 *
 * References: golang/go#22220 (cmd/go rewrites build IDs in place), mold#1361
 * (falls back on unlink when open says ETXTBSY), cmd/go's cache, which takes
 * ETXTBSY of an open for "already written by another go process".
 *
 * Kernel notes: exe_file_deny_write_access until exit_mm; get_write_access and
 * do_truncate in the open. On ext4 the release of a truncated file takes long
 * (delayed allocation), which is where most of the time of the race is.
 */
#include "scenarios/scenario.h"

#include <errno.h>
#include <string.h>

enum { OLD = 1, NEW };

static int write_program(struct rig_run *run, const char *path, unsigned code)
{
	const struct rig_world *world = run->world;
	size_t len;
	const void *program = world->program(world->ctx, code, &len);

	return spw_write_executable(run->rt, path, program, len, 0755);
}

static int begin(struct rig_run *run)
{
	const struct rig_world *world = run->world;

	return write_program(run, world->path(world->ctx, 0), OLD);
}

/* Starts the old program, which may still run when this returns; or NULL. */
static struct spw_proc *start_old(struct rig_run *run, const char *path)
{
	const struct spw_spec spec = { .path = path };
	struct spw_proc *proc;
	int rc = spw_spawn(run->rt, &spec, &proc, NULL);

	if (rc == -ENOENT) { /* a world that repeats the actor removes it */
		rc = write_program(run, path, OLD);
		if (!rc)
			rc = spw_spawn(run->rt, &spec, &proc, NULL);
	}
	if (!rc)
		return proc;
	rig_run_fail(run, rc == -ETXTBSY ? "etxtbsy" : "failed",
		     "spawn of the old %s: %s", path, strerror(-rc));
	return NULL;
}

static void rewrite(struct rig_run *run, const char *path)
{
	struct spw_proc *old = start_old(run, path);
	struct spw_status status;
	int rc;

	if (!old)
		return;
	rc = write_program(run, path, NEW);
	spw_wait(old, &status);
	spw_release(old);
	if (rc == -ETXTBSY)
		rc = write_program(run, path, NEW);
	if (rc)
		rig_run_fail(run, "failed", "writing %s again: %s", path,
			     strerror(-rc));
	else
		rig_run_program(run, path, NEW);
}

static void actor(struct rig_run *run, unsigned index)
{
	const struct rig_world *world = run->world;

	if (index == 0)
		rewrite(run, world->path(world->ctx, 0));
	else
		rig_run_program(run, world->other_program(world->ctx), 0);
}

static const struct rig_outcome outcomes[] = {
	{ .id = "ran",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the old program ran, and then the new one" },
	{ .id = "old-image",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the file could not be opened while the old program ran, and "
		  "could afterwards" },
	RIG_OUTCOME_ETXTBSY,
	RIG_OUTCOME_FAILED,
	RIG_OUTCOME_WRONG_PROGRAM,
	{ .id = NULL },
};

const struct rig_scenario rig_scenario_rewrite_in_place = {
	.name = "etxtbsy/rewrite-in-place",
	.summary = "one actor overwrites a program that may still run, the "
		   "others only spawn",
	.family = &rig_family_etxtbsy,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.outcomes = outcomes,
	.begin = begin,
	.actor = actor,
};
