/* SPDX-License-Identifier: MIT */
/*
 * canary-pipe (M6): a pipe is opened next to the file; after the close of both,
 * wait for its end.
 *
 * The idea, from rust-lang/rust#114554: a child that inherited the file also
 * inherited the writing end of the pipe, which was opened before it and is
 * closed after it. When the last copy of that is gone, so is the last copy of
 * the file.
 *
 * Hole: execve does not close them at once. Final drops run last queued first
 * (task_work_add), so whichever of the two has the higher number goes first,
 * where both are final; and where one is dropped early, because its other
 * copies still stand, any order is possible. A child that never executes keeps
 * the write waiting for ever.
 */
#include "rt.h"

/* Returns when nobody has the writing end any more; there is no data. */
static int await_end(struct spw_sys *sys, int fd)
{
	char none;
	ssize_t n = sys->read(sys, fd, &none, sizeof(none));

	return n < 0 ? (int)n : 0;
}

static int canary_pipe_write(struct spw_rt *rt, void *state,
			     const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int canary[2];
	int error = sys->pipe(sys, canary);

	if (error < 0)
		return error;
	error = spw_write_file(sys, job);
	sys->close(sys, canary[1]);
	if (error == 0)
		error = await_end(sys, canary[0]);
	sys->close(sys, canary[0]);
	return error;
}

const struct spw_guard spw_guard_canary_pipe = {
	.info = {
		.name = "canary-pipe",
		.summary = "after the close, wait for the end of a pipe that "
			   "was opened beside the file",
		.claim = "ETXTBSY is rarer",
		.condition = "a child closes the file before the pipe",
		.reference = "rust-lang/rust#114554",
	},
	.write = canary_pipe_write,
};
