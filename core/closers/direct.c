/* SPDX-License-Identifier: MIT */
/*
 * direct: close the number and be done, as Go's package net did until November
 * 2009 (netFD.Close and AddFD, the lines that commit ef8f483c removes).
 *
 * Holes. Between AddFD's look at the number and its epoll_ctl the number is
 * closed: the registration fails, and the poll server panics (golang/go#143).
 * Or the number is somebody else's by then: that file is registered, and its
 * event wakes the wrong reader. The same between Read's look at the number and
 * its read, which then takes somebody else's data. Who sleeps is told nothing.
 * Two closes at once both close: the second takes an innocent descriptor.
 */
#include <errno.h>

#include "poll_server.h"

/* e := fd.file.Close(); fd.file = nil; fd.fd = -1 */
static int direct_close(struct spw_fd *fd)
{
	int number = spw_server_number(fd), error;

	if (number < 0)
		return -EBADF;
	/* So that a close may linger: SetNonblock(fd.file.Fd(), false). */
	fd->sys->set_blocking(fd->sys, number, true);
	error = spw_server_close_file(fd);
	spw_server_forget_number(fd);
	return error;
}

const struct spw_closer spw_closer_direct = {
	.info = {
		.name = "direct",
		.summary = "the number is closed, whoever uses it",
		.claim = "none",
		.condition = "nobody else uses the descriptor any more",
		.reference = "Go before commit ef8f483c (2009); golang/go#143",
	},
	.open = spw_server_open,
	.shut = spw_server_shut,
	.events = spw_server_events,
	.adopt = spw_server_adopt,
	.forget = spw_server_forget,
	.enter = spw_server_enter,
	.leave = spw_server_leave,
	.await = spw_server_await,
	.close = direct_close,
};
