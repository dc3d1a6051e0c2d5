/* SPDX-License-Identifier: MIT */
/*
 * close-event (M9): after the close, wait for the kernel's event that says that
 * a file which was open for writing has been closed (inotify, IN_CLOSE_WRITE).
 *
 * The event comes once for an open file description, at its last close, so it
 * does wait for the copies in children. What build daemons do that watch for
 * programs that others write.
 *
 * Hole: __fput() begins with fsnotify_close() and ends with put_write_access(),
 * which is the count that execve tests; the file system's release() lies
 * between and may take long. The event does not say whose close it was: where
 * two write the same file, the first one's event ends the wait of both. A child
 * that never executes keeps the write waiting for ever.
 */
#include <errno.h>

#include "rt.h"

static int close_event_open(struct spw_rt *rt, void **state)
{
	return rt->sys->watch_closes ? 0 : -ENOTSUP;
}

static int await_event(struct spw_sys *sys, int watch)
{
	_Alignas(8) char event[SPW_EVENT_MAX];
	ssize_t n = sys->read(sys, watch, event, sizeof(event));

	return n < 0 ? (int)n : 0;
}

static int close_event_write(struct spw_rt *rt, void *state,
			     const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int fd = spw_file_open(sys, job->path, 0);
	int watch, error;

	if (fd < 0)
		return fd;
	watch = sys->watch_closes(sys, job->path);
	if (watch < 0)
		return spw_file_close(sys, fd, watch);
	error = spw_file_fill(sys, fd, job);
	error = spw_file_close(sys, fd, error);
	if (error == 0)
		error = await_event(sys, watch);
	sys->close(sys, watch);
	return error;
}

const struct spw_guard spw_guard_close_event = {
	.info = {
		.name = "close-event",
		.summary = "after the close, wait for inotify's "
			   "IN_CLOSE_WRITE",
		.claim = "ETXTBSY is rarer",
		.condition = "a file is no longer open for writing when its "
			     "close is announced, and nobody else writes it",
		.reference = "IN_CLOSE_WRITE in inotify(7); __fput in the "
			     "kernel's fs/file_table.c",
	},
	.open = close_event_open,
	.write = close_event_write,
};
