/* SPDX-License-Identifier: MIT */
/*
 * A closer: one way to close a descriptor that other threads may be using.
 *
 * The race. Thread U is about to make a call on a number, or to have it watched
 * by the poller, or sleeps until the poller says that it is ready; thread C
 * closes the descriptor. From then on the number is free and may at once be
 * another file's: U's call, its registration or its event lands there, or U
 * sleeps for ever.
 *
 * A closer is a table of hooks around what users do with a descriptor. fd->state
 * and poller->state are the closer's own. Hooks return 0 or -errno.
 */
#ifndef SPW_CLOSER_H
#define SPW_CLOSER_H

#include <spw/spw.h>

struct spw_poller;

struct spw_fd {
	struct spw_sys *sys;
	const struct spw_closer *closer;
	struct spw_poller *poller;
	int number; /* as adopted; for adopt alone */
	void *state;
};

/* One call of a user. */
struct spw_use {
	enum spw_way way;
	bool lent; /* the number is used by somebody else's calls: no way */
	/* Only the poller is asked: what it has said before counts, too. */
	bool asks_only;
	int number;    /* set by enter */
	uint64_t seen; /* of refcount: events before the last try */
};

struct spw_closer {
	struct spw_closer_info info;

	/* With the poller, before its thread and after it. */
	int (*open)(struct spw_poller *poller);
	void (*shut)(struct spw_poller *poller);
	/*
	 * The poller's thread has a batch, in which SPW_WAKE may be; n < 0: it
	 * has failed, and ends.
	 */
	void (*events)(struct spw_poller *poller,
		       const struct spw_event *events, int n);

	/* The descriptor fd->number is non-blocking, and new to the closer. */
	int (*adopt)(struct spw_fd *fd);
	/* It is closed, and nobody uses fd. */
	void (*forget)(struct spw_fd *fd);
	/* Around a user's calls on use->number. */
	int (*enter)(struct spw_fd *fd, struct spw_use *use);
	void (*leave)(struct spw_fd *fd, struct spw_use *use);
	/*
	 * Between two tries of a call that would have blocked: until it may be
	 * tried again. -ETIMEDOUT, -ECANCELED, or why it must not be.
	 */
	int (*await)(struct spw_fd *fd, struct spw_use *use,
		     uint64_t deadline_ns);
	int (*close)(struct spw_fd *fd);
};

/* In the order of their history. Each is a file in closers/. */
#define SPW_CLOSERS(X) \
	X(direct)      \
	X(round_trip)  \
	X(refcount)

#define SPW_CLOSER_DECLARE(name) \
	extern const struct spw_closer spw_closer_##name;
SPW_CLOSERS(SPW_CLOSER_DECLARE)
#undef SPW_CLOSER_DECLARE

#endif
