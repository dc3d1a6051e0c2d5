/* SPDX-License-Identifier: MIT */
/*
 * The busy and idle descriptors of bench_poller.h under a libuv loop, for
 * comparison. Built where pkg-config knows libuv.
 */
#ifndef RIG_BENCH_LIBUV_H
#define RIG_BENCH_LIBUV_H

#include <stdint.h>

/*
 * Round trips per second of one run of run_ns; 0: *why says what is missing.
 * The caller has seen to it that so many descriptors may be opened.
 */
#ifdef RIG_LIBUV
double rig_bench_libuv(uint64_t run_ns, const char **why);
#else
static inline double rig_bench_libuv(uint64_t run_ns, const char **why)
{
	(void)run_ns;
	*why = "built without libuv (libuv1-dev)";
	return 0;
}
#endif

#endif
