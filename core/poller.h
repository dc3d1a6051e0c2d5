/* SPDX-License-Identifier: MIT */
/*
 * The poller: one thread of a runtime that waits for events of all its
 * descriptors, in batches, and hands them to the closer. It is started when the
 * first descriptor is adopted and stopped with the runtime.
 */
#ifndef SPW_POLLER_H
#define SPW_POLLER_H

#include "rt.h"

enum { SPW_BATCH = 64 };

/* What an event of the wake-up descriptor carries. */
#define SPW_WAKE UINT64_MAX

struct spw_poller {
	struct spw_sys *sys;
	const struct spw_closer *closer;
	int epoll;
	int wake; /* an eventfd: makes the thread look */
	struct spw_thread *thread;
	struct spw_mutex *lock; /* of what is behind state */
	void *state;            /* the closer's */
};

/* The runtime's poller, started where it is not running yet. */
int spw_poller_get(struct spw_rt *rt, struct spw_poller **poller);

/* Makes the thread hand SPW_WAKE to the closer, once or more. */
void spw_poller_wake(struct spw_poller *poller);

/* Where one runs: ends it and frees it. No descriptor is left. */
void spw_poller_stop(struct spw_rt *rt);

#endif
