/* SPDX-License-Identifier: MIT */
/*
 * Mutant: count-not-kept
 *
 * Breaks core/closers/refcount.c: a user is counted from before its first call
 * on the number until after its last. Here the count is given back at once, so
 * a close waits for nobody.
 *
 *	a1      enters: it is 3                          read(3) = 'b'
 *	a2                       close(a)  open(b) = 3
 */
#include "mutants/mutant.h"

static int enter(struct spw_fd *fd, struct spw_use *use)
{
	int error = rig_closer_below.enter(fd, use);

	if (error == 0)
		rig_closer_below.leave(fd, use);
	return error;
}

static void leave(struct spw_fd *fd, struct spw_use *use)
{
}

static void alter(struct spw_closer *closer)
{
	closer->enter = enter;
	closer->leave = leave;
}

const struct rig_mutant rig_mutant_count_not_kept = {
	.name = "count-not-kept",
	.summary = "a call on the number is counted only when it begins",
	.rule = "core/closers/refcount.c: close waits until the last user has "
		"left",
	.scenario = "close/optimistic-read",
	.fix = "refcount",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "wrong-owner",
	.alter = alter,
};
