/* SPDX-License-Identifier: MIT */
/* What it costs that another thread waits. */
#ifndef RIG_BENCH_WAIT_H
#define RIG_BENCH_WAIT_H

#include "stress/workdir.h"

/* Tiny static programs a second, medians of one run. */
struct rig_bench_wait {
	double bare;   /* posix_spawn and waitpid in one thread */
	double handed; /* spw_spawn, and spw_wait in another, waiter pidfd */
};

/* 0 or -errno; -ENOTSUP: no pidfds here. */
int rig_bench_wait(struct rig_workdir *dir, struct rig_bench_wait *out);

#endif
