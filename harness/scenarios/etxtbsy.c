/* SPDX-License-Identifier: MIT */
/* What the scenarios around ETXTBSY share: the fixes, write-then-exec. */
#include "scenarios/scenario.h"

#include <errno.h>
#include <string.h>

static void describe(const struct spw_guard *guard, struct rig_fix *fix)
{
	const struct spw_guard_info *info = spw_guard_info(guard);

	*fix = (struct rig_fix){ .name = info->name,
				 .summary = info->summary,
				 .claims_sound = info->claims_sound,
				 .every_fork = info->every_fork,
				 .no_mapping = info->no_mapping,
				 .at_spawn = info->at_spawn,
				 .interpreted = info->interpreted,
				 .unavailable = info->unavailable,
				 .guard = guard };
}

static bool etxtbsy_real_fix(unsigned i, struct rig_fix *fix)
{
	if (!spw_guards[i])
		return false;
	describe(spw_guards[i], fix);
	return true;
}

/* A ring's workers are the kernel's own threads, and go their own ways. */
static bool etxtbsy_fix(unsigned i, struct rig_fix *fix)
{
	if (!etxtbsy_real_fix(i, fix))
		return false;
	if (!strcmp(fix->name, "io-uring-direct"))
		fix->unavailable = "io_uring is not simulated; racerig stress "
				   "runs it";
	return true;
}

const struct rig_family rig_family_etxtbsy = {
	.name = "etxtbsy",
	.fix = etxtbsy_fix,
	.real_fix = etxtbsy_real_fix,
	.uses_spw = true,
	.beside = 1u << RIG_WAITER,
};

const struct rig_outcome rig_etxtbsy_outcomes[] = {
	{ .id = "ran",
	  .grade = RIG_ACCEPTABLE,
	  .text = "every program that was written was executed and ended as "
		  "it should" },
	RIG_OUTCOME_ETXTBSY,
	RIG_OUTCOME_FAILED,
	RIG_OUTCOME_WRONG_PROGRAM,
	{ .id = NULL },
};

static void report_spawn(struct rig_run *run, const char *path, int error,
			 enum spw_stage stage)
{
	if (error == -ETXTBSY && stage == SPW_STAGE_EXEC)
		rig_run_fail(run, "etxtbsy",
			     "execve of %s, which its writer has closed, "
			     "failed with ETXTBSY",
			     path);
	else
		rig_run_fail(run, "failed", "spawn of %s: %s: %s", path,
			     spw_stage_name(stage), strerror(-error));
}

struct spw_proc *rig_start_program(struct rig_run *run, const char *path)
{
	const struct spw_spec spec = { .path = path };
	enum spw_stage stage;
	struct spw_proc *proc;
	int rc = spw_spawn(run->rt, &spec, &proc, &stage);

	if (!rc)
		return proc;
	report_spawn(run, path, rc, stage);
	return NULL;
}

void rig_end_program(struct rig_run *run, struct spw_proc *proc, unsigned code)
{
	struct spw_status status;
	int rc;

	if (!proc)
		return;
	rc = spw_wait(proc, &status);
	spw_release(proc);
	if (rc)
		rig_run_fail(run, "failed", "waiting for program %u: %s", code,
			     strerror(-rc));
	else if (status.signaled || status.code != (int)code)
		rig_run_fail(run, "wrong-program",
			     "a program ended with %s %d, expected exit status "
			     "%u",
			     status.signaled ? "signal" : "exit status",
			     status.code, code);
}

void rig_run_program(struct rig_run *run, const char *path, unsigned code)
{
	rig_end_program(run, rig_start_program(run, path), code);
}

struct spw_proc *rig_build_and_start(struct rig_run *run, unsigned index)
{
	const struct rig_world *world = run->world;
	const char *path = world->path(world->ctx, index);
	size_t len;
	const void *program = world->program(world->ctx, index + 1, &len);
	int rc = spw_write_executable(run->rt, path, program, len, 0755);

	if (!rc)
		return rig_start_program(run, path);
	rig_run_fail(run, "failed", "writing %s: %s", path, strerror(-rc));
	return NULL;
}

void rig_build_and_run(struct rig_run *run, unsigned index)
{
	rig_end_program(run, rig_build_and_start(run, index), index + 1);
}
