/* SPDX-License-Identifier: MIT */
/*
 * clofork (M13): the file is opened with O_CLOFORK, so that no child inherits
 * the descriptor.
 *
 * In POSIX.1-2024 (Austin Group 1318) for this very race; in illumos, Solaris
 * 11.4, FreeBSD 15 and NetBSD 11. Linux refused it in 2020 ("NAK to this patch
 * series, and the entire concept"); a kernel that has it is found by trying.
 *
 * Hole: none for the descriptor that was opened so. A copy made by dup has the
 * flag no more, nor has one received through a socket without
 * MSG_CMSG_CLOFORK, and a mapping of the file is inherited.
 */
#include <errno.h>
#include <fcntl.h>

#include "rt.h"

/* Whether there is such a flag is said before whether there is such a file. */
static int clofork_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	int fd = sys->open(sys, "/", O_RDONLY | O_CLOEXEC | SPW_O_CLOFORK, 0);

	if (fd >= 0)
		sys->close(sys, fd);
	return fd == -ENOTSUP ? fd : 0;
}

static int clofork_write(struct spw_rt *rt, void *state,
			 const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int fd = spw_file_open(sys, job->path, SPW_O_CLOFORK);

	if (fd < 0)
		return fd;
	return spw_file_close(sys, fd, spw_file_fill(sys, fd, job));
}

const struct spw_guard spw_guard_clofork = {
	.info = {
		.name = "clofork",
		.summary = "open the file with O_CLOFORK",
		.claim = "a program that was written is never busy",
		.condition = "the kernel has O_CLOFORK; nobody else writes or "
			     "maps the file",
		.reference = "POSIX.1-2024, Austin Group 1318",
		.claims_sound = true,
		.no_mapping = true,
	},
	.open = clofork_open,
	.write = clofork_write,
};
