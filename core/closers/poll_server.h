/* SPDX-License-Identifier: MIT */
/*
 * What the two closers of 2009 share: the poll server of Go's package net, as
 * it was around commit ef8f483c (net/fd.go: pollServer, netFD; net/fd_linux.go:
 * pollster), its channels a queue and its panics an error.
 */
#ifndef SPW_POLL_SERVER_H
#define SPW_POLL_SERVER_H

#include "closer.h"

/* A netFD on its way through a channel: cr, cw and cc, in this order. */
enum spw_channel { SPW_CR, SPW_CW, SPW_CC, SPW_CHANNELS };

int spw_server_open(struct spw_poller *poller);
void spw_server_shut(struct spw_poller *poller);
void spw_server_events(struct spw_poller *poller,
		       const struct spw_event *events, int n);
int spw_server_adopt(struct spw_fd *fd);
void spw_server_forget(struct spw_fd *fd);
int spw_server_enter(struct spw_fd *fd, struct spw_use *use);
void spw_server_leave(struct spw_fd *fd, struct spw_use *use);
int spw_server_await(struct spw_fd *fd, struct spw_use *use,
		     uint64_t deadline_ns);

/*
 * Sends fd through a channel and waits for the answer. -ETIMEDOUT;
 * -ENOTRECOVERABLE: the server panicked.
 */
int spw_server_send(struct spw_fd *fd, enum spw_channel channel,
		    uint64_t deadline_ns);
/* netFD.fd: the number, or -1. */
int spw_server_number(struct spw_fd *fd);
/* fd.file = nil; fd.fd = -1 */
void spw_server_forget_number(struct spw_fd *fd);
/* os.File.Close: the number is given back, unless it was before. */
int spw_server_close_file(struct spw_fd *fd);

#endif
