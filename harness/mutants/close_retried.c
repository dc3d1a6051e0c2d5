/* SPDX-License-Identifier: MIT */
/*
 * Mutant: close-retried
 *
 * Breaks core/include/spw/sys.h: a number is free when close returns, whatever
 * it returns, so close is called once. Here it is called again, as after -EINTR
 * in a loop that is right for every other call. Mostly there is nothing under
 * that number any more, and nobody minds EBADF. But the number is free before
 * the file is: whoever opens one meanwhile gets it, and loses it.
 *
 *	a1   close(3) ............... write-count 0  close(3)
 *	a2            open(p2) = 3                             write(3) = EBADF
 */
#include "mutants/mutant.h"

/* The rig stops at a close that fails; an empty write only looks. */
static bool is_open(struct spw_sys *sys, int fd)
{
	return rig_below.write(sys, fd, "", 0) == 0;
}

static int close_again(struct spw_sys *sys, int fd)
{
	int error = rig_below.close(sys, fd);

	if (is_open(sys, fd))
		rig_below.close(sys, fd);
	return error;
}

static void plant(struct spw_sys *sys)
{
	sys->close = close_again;
}

const struct rig_mutant rig_mutant_close_retried = {
	.name = "close-retried",
	.summary = "close is called again for the same number",
	.rule = "core/include/spw/sys.h: close is called once",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "contract",
	.plant = plant,
};
