/* SPDX-License-Identifier: MIT */
/*
 * io_uring: is it permitted, and does it open files that no descriptor table
 * has. The latter as the guard io-uring-direct would.
 */
#include "stress/probe_tools.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <spw/sys.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

static enum rig_answer setup_probe(struct rig_probing *p)
{
	uint64_t params[15] = { 0 }; /* struct io_uring_params */

	return probe_feature(p,
			     probe_rc(syscall(SYS_io_uring_setup, 1, params)));
}

/* A direct descriptor is 0; a kernel that knows none refuses or returns one of
 * the table, and 0 to 2 are taken there. */
static enum rig_answer direct_probe(struct rig_probing *p)
{
	struct spw_sys *sys = spw_sys_linux();
	struct spw_ring *ring;
	int rc = sys->ring_create(sys, &ring);

	if (rc < 0)
		return probe_feature(p, rc);
	for (int fd = 0; fd >= 0 && fd <= 2;)
		fd = open("/", O_RDONLY | O_DIRECTORY);
	rc = sys->ring_open(sys, ring, "/", O_RDONLY | O_DIRECTORY, 0);
	sys->ring_destroy(sys, ring);
	return rc == -ENOTSUP ? RIG_NO : probe_feature(p, rc);
}

static const struct rig_probe probes[] = {
	{ "setup", "io_uring is permitted", "io_uring_setup(2)", setup_probe },
	{ "direct", "it opens direct descriptors",
	  "io_uring_enter(2) file_index", direct_probe },
};

const struct rig_probe_subject rig_probe_subject_uring = {
	.name = "io-uring",
	.title = "io_uring",
	PROBES(probes),
};
