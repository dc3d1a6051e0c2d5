/* SPDX-License-Identifier: MIT */
/* What the scenarios around waiting share: the fixes, starting, checking. */
#include "scenarios/wait.h"

#include <errno.h>
#include <string.h>

static bool wait_fix(unsigned i, struct rig_fix *fix)
{
	const struct spw_waiter_info *info;

	if (!spw_waiters[i])
		return false;
	info = spw_waiter_info(spw_waiters[i]);
	*fix = (struct rig_fix){ .name = info->name,
				 .summary = info->summary,
				 .claims_sound = info->claims_sound,
				 .pidfds = info->pidfds,
				 .guard = spw_guard_find("none"),
				 .waiter = spw_waiters[i] };
	return true;
}

const struct rig_family rig_family_wait = {
	.name = "wait",
	.fix = wait_fix,
	.uses_spw = true,
	.beside = 1u << RIG_GUARD,
};

const struct rig_outcome rig_wait_outcomes[] = {
	{ .id = "told",
	  .grade = RIG_ACCEPTABLE,
	  .text = "everybody was told the status of the child that was meant" },
	{ .id = "wrong-child",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a wait was told the status of another child" },
	{ .id = "lost-status",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a wait failed with ECHILD: somebody else was told the "
		  "status, or this thread may not be" },
	{ .id = "not-found",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a wait failed with \"process not found\"" },
	{ .id = "stolen",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a child that the library had not started was reaped by "
		  "it" },
	{ .id = "wrong-process",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a signal reached a process that was not meant" },
	{ .id = "killed",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a child was killed because the thread that made it had "
		  "ended" },
	{ .id = "deadlock",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a wait did not end, though the child had" },
	RIG_OUTCOME_FAILED,
	{ .id = NULL },
};

/* ---- starting ---- */

int rig_wait_programs(struct rig_run *run, unsigned n)
{
	const struct rig_world *world = run->world;
	int rc = 0;

	for (unsigned i = 0; !rc && i < n; i++) {
		size_t len;
		const void *program = world->program(world->ctx, i + 1, &len);

		rc = spw_write_executable(run->rt, world->path(world->ctx, i),
					  program, len, 0755);
	}
	return rc;
}

struct spw_proc *rig_wait_spawn(struct rig_run *run, unsigned i, unsigned flags)
{
	const struct rig_world *world = run->world;
	const struct spw_spec spec = { .path = world->path(world->ctx, i),
				       .flags = flags };
	struct spw_proc *proc;
	enum spw_stage stage;
	int rc = spw_spawn(run->rt, &spec, &proc, &stage);

	if (!rc)
		return proc;
	rig_run_fail(run, "failed", "spawn of %s: %s: %s", spec.path,
		     spw_stage_name(stage), strerror(-rc));
	return NULL;
}

static int create_children(struct rig_run *run)
{
	struct rig_children *children = run->state;
	int rc = run->sys->mutex_create(run->sys, &children->lock);

	if (rc)
		return rc;
	return run->sys->cond_create(run->sys, &children->changed);
}

int rig_wait_begin(struct rig_run *run)
{
	int rc = create_children(run);

	return rc ? rc : rig_wait_programs(run, run->actors);
}

int rig_wait_begin_with(struct rig_run *run, unsigned n)
{
	struct rig_children *children = run->state;
	int rc = rig_wait_begin(run);

	for (unsigned i = 0; !rc && i < n; i++) {
		children->proc[i] = rig_wait_spawn(run, i, 0);
		rc = children->proc[i] ? 0 : -ECHILD;
	}
	return rc;
}

void rig_wait_finish(struct rig_run *run)
{
	struct rig_children *children = run->state;

	for (unsigned i = 0; i < RIG_WAIT_CHILDREN; i++)
		if (children->proc[i])
			spw_release(children->proc[i]);
	run->sys->cond_destroy(run->sys, children->changed);
	run->sys->mutex_destroy(run->sys, children->lock);
}

/* ---- handles from actor to actor ---- */

static struct rig_children *held(struct rig_run *run, unsigned i)
{
	struct rig_children *children = run->state;

	run->sys->assert_held(run->sys, children->lock, &children->proc[i],
			      sizeof(children->proc[i]));
	run->sys->assert_held(run->sys, children->lock, &children->given_up[i],
			      sizeof(children->given_up[i]));
	return children;
}

void rig_wait_publish(struct rig_run *run, unsigned i, struct spw_proc *proc)
{
	struct rig_children *children = run->state;

	run->sys->mutex_lock(run->sys, children->lock);
	held(run, i)->proc[i] = proc;
	children->given_up[i] = !proc;
	run->sys->cond_broadcast(run->sys, children->changed);
	run->sys->mutex_unlock(run->sys, children->lock);
}

struct spw_proc *rig_wait_published(struct rig_run *run, unsigned i)
{
	struct rig_children *children = run->state;
	struct spw_proc *proc;

	run->sys->mutex_lock(run->sys, children->lock);
	while (!(proc = held(run, i)->proc[i]) && !children->given_up[i])
		run->sys->cond_wait(run->sys, children->changed,
				    children->lock);
	run->sys->mutex_unlock(run->sys, children->lock);
	return proc;
}

/* ---- checking ---- */

static void wait_failed(struct rig_run *run, const char *path, int error)
{
	if (error == -ECHILD)
		rig_run_fail(run, "lost-status",
			     "waiting for %s: ECHILD, no child process", path);
	else if (error == -ESRCH)
		rig_run_fail(run, "not-found",
			     "waiting for %s: process not found", path);
	else
		rig_run_fail(run, "failed", "waiting for %s: %s", path,
			     strerror(-error));
}

void rig_wait_told(struct rig_run *run, unsigned i, int error,
		   const struct spw_status *status)
{
	const char *path = run->world->path(run->world->ctx, i);

	if (error)
		wait_failed(run, path, error);
	else if (status->signaled)
		rig_run_fail(run, "wrong-process",
			     "%s was ended by signal %d, which was not meant "
			     "for it",
			     path, status->code);
	else if (status->code != (int)i + 1)
		rig_run_fail(run, "wrong-child",
			     "who waited for %s was told status %d, which is "
			     "another child's: its own is %u",
			     path, status->code, i + 1);
}

void rig_wait_check(struct rig_run *run, struct spw_proc *proc, unsigned i)
{
	struct spw_status status;

	if (proc)
		rig_wait_told(run, i, spw_wait(proc, &status), &status);
}
