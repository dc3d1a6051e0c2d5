/* SPDX-License-Identifier: MIT */
/*
 * spawn-mutex (M3): one spawn at a time, from before the fork until the exec
 * was reported. Who writes a file takes no part.
 *
 * Bazel did it around ProcessBuilder.start() (bazelbuild/bazel#3356) and saw
 * 2.4 % of failed invocations go to none; JDK-8068370 asks for the same. It
 * works as far as it does because a thread that writes and then spawns has to
 * wait until the children of the others have executed.
 *
 * Hole: the descriptor is copied all the same, by a spawn that begins while the
 * file is open, and the spawn of that file waits for no more than the report of
 * the exec: the same as with quiesce, and it comes before the close-on-exec
 * descriptors are gone. Forks that take no part are not kept out at all.
 */
#include "rt.h"

static int spawn_mutex_open(struct spw_rt *rt, void **state)
{
	struct spw_mutex *lock;
	int error = rt->sys->mutex_create(rt->sys, &lock);

	if (error == 0)
		*state = lock;
	return error;
}

static void spawn_mutex_shut(struct spw_rt *rt, void *state)
{
	rt->sys->mutex_destroy(rt->sys, state);
}

static void spawn_mutex_spawn_begin(struct spw_rt *rt, void *state)
{
	rt->sys->mutex_lock(rt->sys, state);
}

static void spawn_mutex_spawn_end(struct spw_rt *rt, void *state)
{
	rt->sys->mutex_unlock(rt->sys, state);
}

const struct spw_guard spw_guard_spawn_mutex = {
	.info = {
		.name = "spawn-mutex",
		.summary = "one spawn at a time, until its exec is reported",
		.claim = "ETXTBSY is rarer",
		.condition = "a child has closed the file when its exec is "
			     "reported, and every fork goes through this "
			     "runtime",
		.reference = "bazelbuild/bazel#3356, JDK-8068370",
		.at_spawn = true,
		.every_fork = true,
	},
	.open = spawn_mutex_open,
	.shut = spawn_mutex_shut,
	.spawn_begin = spawn_mutex_spawn_begin,
	.spawn_end = spawn_mutex_spawn_end,
};
