/* SPDX-License-Identifier: MIT */
/* What the scenarios around close share: channels, and what their ends say. */
#ifndef RIG_CLOSE_H
#define RIG_CLOSE_H

#include "scenarios/scenario.h"

/*
 * A pipe whose reading end is libspw's. Whatever is written to it is its
 * cookie, so that a byte says whose it is, wherever it is read: no other
 * channel has the same one, in whatever run of this process.
 */
struct rig_channel {
	struct spw_fd *fd; /* NULL: none */
	int number;        /* of the reading end */
	int peer;          /* the writing end; -1: closed */
	char name;         /* of its kind in the scenario: a, b */
	unsigned char cookie;
};

enum {
	/* On a real kernel: what takes longer hangs. */
	RIG_PATIENCE_NS = 1000000000,
	/* Likewise, of waits that should be in vain. */
	RIG_BRIEF_NS = 5000000,
};

/*
 * The deadline of a call that begins now. In simulated time both are longer
 * than any starvation: what ends by them would have had no end.
 */
uint64_t rig_patience(const struct rig_run *run);
uint64_t rig_brief(const struct rig_run *run);

/* 0, or -errno after the run was failed. */
int rig_channel_open(struct rig_run *run, struct rig_channel *channel,
		     char name);
/* Writes one byte. */
void rig_channel_feed(struct rig_run *run, const struct rig_channel *channel);
/* Reads one byte, which has been written and must be the cookie. */
void rig_channel_read(struct rig_run *run, const struct rig_channel *channel);
void rig_channel_close_peer(struct rig_run *run, struct rig_channel *channel);
/* Closes what is open. */
void rig_channel_release(struct rig_run *run, struct rig_channel *channel);

/* Closes the reading end, while others use it; that must not fail. */
void rig_close_used(struct rig_run *run, const struct rig_channel *channel);

/* A state of two: a is there from the start, b gets its number. */
struct rig_channels {
	struct rig_channel a, b;
};

/* Closes a and opens b; false: the run was failed. */
bool rig_channels_reuse(struct rig_run *run, struct rig_channels *channels);

/* Of scenarios whose state begins with the channel a: opens it. */
int rig_close_begin(struct rig_run *run);
/* Of those whose state is that alone, and of those where it is two. */
void rig_close_finish(struct rig_run *run);
void rig_channels_finish(struct rig_run *run);

/* -ENOTRECOVERABLE: the poller has registered, or tried to, what it must not. */
bool rig_register_failed(struct rig_run *run, ssize_t result, char name);

extern const struct rig_outcome rig_close_outcomes[];

#endif
