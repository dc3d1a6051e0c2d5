/* SPDX-License-Identifier: MIT */
/*
 * Mutant: write-cut-short
 *
 * Breaks core/write_executable.c: after a short write the rest is written too.
 * Here half of each write is made and all of it is claimed, which is what a
 * caller sees who does not look at the count.
 */
#include "mutants/mutant.h"

static ssize_t write_half(struct spw_sys *sys, int fd, const void *buf,
			  size_t len)
{
	ssize_t n = rig_below.write(sys, fd, buf, len / 2);

	return n < 0 ? n : (ssize_t)len;
}

static void plant(struct spw_sys *sys)
{
	sys->write = write_half;
}

const struct rig_mutant rig_mutant_write_cut_short = {
	.name = "write-cut-short",
	.summary = "a short write is taken for a whole one",
	.rule = "core/write_executable.c: every byte is written",
	.scenario = "etxtbsy/build-and-run",
	.fix = "fork-lock",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "failed",
	.plant = plant,
};
