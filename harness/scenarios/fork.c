/* SPDX-License-Identifier: MIT */
/*
 * Families fork and spawn: what a child holds that is no program, and what
 * suffers from it. The window is that of ETXTBSY, the fixes are others: not to
 * rest on the last close.
 */
#include "scenarios/scenario.h"

#include <string.h>

static bool from_list(const struct rig_fix *fixes, size_t n, unsigned i,
		      struct rig_fix *fix)
{
	if (i >= n)
		return false;
	*fix = fixes[i];
	fix->guard = spw_guard_find("none"); /* nothing else is in the way */
	return true;
}

#define FROM_LIST(fixes, i, fix) \
	from_list((fixes), sizeof(fixes) / sizeof((fixes)[0]), (i), (fix))

static bool fork_fix(unsigned i, struct rig_fix *fix)
{
	static const struct rig_fix fixes[] = {
		{ .name = "none", .summary = "the end comes with a close" },
		{ .name = "explicit",
		  .summary = "the end is said: LOCK_UN, a last byte",
		  .claims_sound = true },
		{ .name = "fork-lock",
		  .summary = "no fork while the descriptor is open",
		  .claims_sound = true,
		  .every_fork = true,
		  .locks_forks = true },
	};

	return FROM_LIST(fixes, i, fix);
}

const struct rig_family rig_family_fork = {
	.name = "fork",
	.fix = fork_fix,
	.uses_spw = true,
};

static bool spawn_fix(unsigned i, struct rig_fix *fix)
{
	static const struct rig_fix fixes[] = {
		{ .name = "none",
		  .summary = "fork, and exec is reported by the end of a pipe",
		  .sets_how = true,
		  .how = SPW_CLONE_FORK },
		{ .name = "shared-report",
		  .summary = "a child as by vfork, which reports through "
			     "memory",
		  .claims_sound = true,
		  .sets_how = true,
		  .how = SPW_CLONE_VFORK },
	};

	return FROM_LIST(fixes, i, fix);
}

const struct rig_family rig_family_spawn = {
	.name = "spawn",
	.fix = spawn_fix,
	.uses_spw = true,
};

void rig_fork_begin(struct rig_run *run)
{
	if (run->forks)
		run->sys->rwlock_write(run->sys, run->forks);
}

void rig_fork_end(struct rig_run *run)
{
	if (run->forks)
		run->sys->rwlock_unlock(run->sys, run->forks);
}

void rig_fork_window(struct rig_run *run)
{
	if (run->forks)
		run->sys->rwlock_read(run->sys, run->forks);
}

void rig_fork_window_end(struct rig_run *run)
{
	if (run->forks)
		run->sys->rwlock_unlock(run->sys, run->forks);
}

bool rig_fork_failed(struct rig_run *run, const char *call, int rc)
{
	if (rc < 0)
		rig_run_fail(run, "failed", "%s: %s", call, strerror(-rc));
	return rc < 0;
}
