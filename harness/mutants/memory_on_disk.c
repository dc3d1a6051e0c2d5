/* SPDX-License-Identifier: MIT */
/*
 * Mutant: memory-on-disk
 *
 * Breaks core/guards/memfd.c: the copy is a file in memory, whose descriptor
 * does not count as a writer. Here it is a file without a name on disk, as
 * where memfd_create is replaced by O_TMPFILE: it stays open for writing, and
 * so it is always busy.
 */
#include "mutants/mutant.h"

#include <fcntl.h>

static int open_unnamed(struct spw_sys *sys)
{
	return rig_below.open(sys, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
}

/* There is none for such a file. */
static int no_seal(struct spw_sys *sys, int fd)
{
	return 0;
}

static void plant(struct spw_sys *sys)
{
	sys->memfd = open_unnamed;
	sys->seal = no_seal;
}

const struct rig_mutant rig_mutant_memory_on_disk = {
	.name = "memory-on-disk",
	.summary = "the copy that is executed is on disk",
	.rule = "core/guards/memfd.c: the copy is in memory",
	.scenario = "etxtbsy/build-and-run",
	.fix = "memfd",
	.spawn = SPW_CLONE_VFORK,
	.actors = 1,
	.outcome = "etxtbsy",
	.plant = plant,
};
