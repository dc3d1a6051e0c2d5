/* SPDX-License-Identifier: MIT */
/*
 * What the poller of libspw carries: many idle descriptors, a thousand busy
 * ones, each read and written in blocking style; and the same by hand, and with
 * a libuv loop.
 */
#ifndef RIG_BENCH_POLLER_H
#define RIG_BENCH_POLLER_H

enum { RIG_IDLE_FDS = 10000, RIG_BUSY_FDS = 1000 };

enum rig_poller_kind {
	RIG_POLLER_SPW,   /* libspw, closer refcount */
	RIG_POLLER_PLAIN, /* epoll, and a condition for each descriptor */
	RIG_POLLER_LIBUV, /* a loop with callbacks, in one thread */
	RIG_POLLER_KINDS,
};

/*
 * Round trips (a write and a read at each of two ends) per second, of one run;
 * 0: *why says what is missing.
 */
double rig_bench_poller(enum rig_poller_kind kind, const char **why);

#endif
