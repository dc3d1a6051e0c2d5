/* SPDX-License-Identifier: MIT */
/*
 * round-trip: the close goes through the poll server, as Go commit ef8f483c of
 * November 2009 made it (WaitCloseAck, the channel cc, the lines that it adds).
 *
 * The server sets fd.fd to -1 and acknowledges; only then the closer gives the
 * number back. So the server, which registers, never meets a number that is
 * closed: the panic is gone.
 *
 * Holes. The one of its own comment is left in: "There is still a race in Read
 * and Write, because they optimistically try to use the fd and don't call into
 * the PollServer unless they get EAGAIN." And those who sleep when cc is served
 * are not woken; their registration and what the pollster remembers of the
 * number stay.
 */
#include <errno.h>

#include "poll_server.h"

/* f := fd.file; pollserver.WaitCloseAck(fd); return f.Close() */
static int round_trip_close(struct spw_fd *fd)
{
	int number = spw_server_number(fd), error;

	if (number < 0)
		return -EBADF;
	/* So that a close may linger: SetNonblock(fd.file.Fd(), false). */
	fd->sys->set_blocking(fd->sys, number, true);
	error = spw_server_send(fd, SPW_CC, SPW_NO_DEADLINE);
	return error < 0 ? error : spw_server_close_file(fd);
}

const struct spw_closer spw_closer_round_trip = {
	.info = {
		.name = "round-trip",
		.summary = "the poller acknowledges a close before it is made",
		.claim = "no registration of a closed number",
		.condition = "nobody sleeps on the descriptor",
		.reference = "Go commit ef8f483c (2009)",
		.rules = SPW_CLOSE_REGISTERS,
	},
	.open = spw_server_open,
	.shut = spw_server_shut,
	.events = spw_server_events,
	.adopt = spw_server_adopt,
	.forget = spw_server_forget,
	.enter = spw_server_enter,
	.leave = spw_server_leave,
	.await = spw_server_await,
	.close = round_trip_close,
};
