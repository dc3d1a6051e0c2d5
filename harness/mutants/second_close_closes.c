/* SPDX-License-Identifier: MIT */
/*
 * Mutant: second-close-closes
 *
 * Breaks core/closers/refcount.c: who finds a descriptor closing does nothing.
 * Here the number is closed once more.
 *
 *	a1      close(a): close(3)
 *	a2                          close(a): close(3), which is not open
 */
#include "mutants/mutant.h"

#include <errno.h>

static int close_anyway(struct spw_fd *fd)
{
	int error = rig_closer_below.close(fd);

	return error == -EBADF ? fd->sys->close(fd->sys, fd->number) : error;
}

static void alter(struct spw_closer *closer)
{
	closer->close = close_anyway;
}

const struct rig_mutant rig_mutant_second_close_closes = {
	.name = "second-close-closes",
	.summary = "a descriptor that is closed is closed again",
	.rule = "core/closers/refcount.c: of two closes one closes",
	.scenario = "close/double-close",
	.fix = "refcount",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "contract",
	.alter = alter,
};
