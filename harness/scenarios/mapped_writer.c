/* SPDX-License-Identifier: MIT */
/*
 * Scenario: etxtbsy/mapped-writer
 *
 * One actor has written a program through a shared mapping, as mold, lld and
 * gold do, and has closed the descriptor long ago. It takes the mapping away,
 * puts the last bytes in with libspw (a signature, a build ID), and runs the
 * program. The other actor only starts something else:
 *
 *	a1   (mapping of p1) unmap .. open(p1) write close .. spawn(p1) => ETXTBSY
 *	a2            fork -----------------------------------.
 *	a2's child    `- has a1's mapping, not its descriptor - execve(other)
 *
 * A mapping holds the open file description as a descriptor does, and fork
 * copies the mappings of the whole process. So it is of no use that no child
 * gets the descriptor: fork-lock, private-table, writer-process and O_CLOFORK
 * are broken here, with --spawn fork. A child as by vfork has no mapping of its
 * own, it only borrows its parent's memory, and what it holds up is the plain
 * race. lease asks for the number that a mapping counts in; hardlink writes
 * another inode.
 *
 * Outcomes:
 *	ran            acceptable
 *	etxtbsy        forbidden: the race
 *	failed         forbidden: any other error
 *	wrong-program  forbidden: the status is another program's
 *
 * References: mmap(2) ("closing the file descriptor does not unmap the
 * region"), golang/go#22315.
 *
 * Kernel notes: vm_file in dup_mmap; exec_mmap and exit_mm give it up, before
 * do_close_on_exec and exit_files. A private or read-only mapping of a file
 * that was opened O_RDWR counts as well; one of a file opened O_RDONLY, as a
 * shared library's, does not.
 */
#include "scenarios/scenario.h"

#include <errno.h>
#include <fcntl.h>

enum { MAPPED = 1 }; /* bytes, so one page */

struct state {
	void *mapping;
};

/* The mapping that stays when the descriptor is closed. */
static int begin(struct rig_run *run)
{
	struct state *state = run->state;
	struct spw_sys *sys = run->sys;
	const char *path = run->world->path(run->world->ctx, 0);
	int fd, rc;

	if (!sys->map)
		return -ENOTSUP;
	fd = sys->open(sys, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	if (fd < 0)
		return fd;
	rc = sys->map(sys, fd, MAPPED, &state->mapping);
	sys->close(sys, fd);
	return rc;
}

static void actor(struct rig_run *run, unsigned index)
{
	const struct rig_world *world = run->world;
	const struct state *state = run->state;
	int rc;

	if (index) {
		rig_run_program(run, world->other_program(world->ctx), 0);
		return;
	}
	rc = run->sys->unmap(run->sys, state->mapping, MAPPED);
	if (rc)
		rig_run_fail(run, "failed", "unmap: error %d", -rc);
	else
		rig_build_and_run(run, 0);
}

const struct rig_scenario rig_scenario_mapped_writer = {
	.name = "etxtbsy/mapped-writer",
	.summary = "one actor gives up a mapping, writes and runs a program, "
		   "the others only spawn",
	.family = &rig_family_etxtbsy,
	.actors_min = 1,
	.actors_max = 4,
	.actors = 2,
	.victims = 1,
	.mapping = true,
	.outcomes = rig_etxtbsy_outcomes,
	.state_size = sizeof(struct state),
	.begin = begin,
	.actor = actor,
};
