/* SPDX-License-Identifier: MIT */
/*
 * fork-lock (M2): no fork while a program is being written.
 *
 * A lock with readers and a writer, where the roles are not what their names
 * say: whoever writes a file holds the read side from open to close, whoever
 * forks holds the write side around the clone. A child's descriptor table is
 * then a snapshot from a time when no such file was open. What comes after the
 * fork does not matter: the lock is not held until the exec.
 *
 * Used by Go programs through syscall.ForkLock (golang/go#22315,
 * tailscale/tailcat#112) and by rustup (rust-lang/rustup#1921).
 *
 * Hole: forks that do not take the lock, by system(), by a library, by another
 * runtime. A mapping of the file that outlives its descriptor is inherited all
 * the same and counts as a writer. Price: a slow write holds up every fork.
 */
#include "rt.h"

static int fork_lock_open(struct spw_rt *rt, void **state)
{
	struct spw_rwlock *lock;
	int error = rt->sys->rwlock_create(rt->sys, &lock);

	if (error == 0)
		*state = lock;
	return error;
}

static void fork_lock_shut(struct spw_rt *rt, void *state)
{
	rt->sys->rwlock_destroy(rt->sys, state);
}

static void fork_lock_write_begin(struct spw_rt *rt, void *state)
{
	rt->sys->rwlock_read(rt->sys, state);
}

static void fork_lock_fork_begin(struct spw_rt *rt, void *state,
				 struct spw_child *child)
{
	rt->sys->rwlock_write(rt->sys, state);
}

static void fork_lock_unlock(struct spw_rt *rt, void *state)
{
	rt->sys->rwlock_unlock(rt->sys, state);
}

const struct spw_guard spw_guard_fork_lock = {
	.info = {
		.name = "fork-lock",
		.summary = "no fork between open and close of the file",
		.claim = "a program that was written is never busy",
		.condition = "every fork of the process goes through this runtime, "
			     "and nobody maps the file",
		.reference = "golang/go#22315, rust-lang/rustup#1921",
		.claims_sound = true,
		.every_fork = true,
		.no_mapping = true,
	},
	.open = fork_lock_open,
	.shut = fork_lock_shut,
	.write_begin = fork_lock_write_begin,
	.write_end = fork_lock_unlock,
	.fork_begin = fork_lock_fork_begin,
	.fork_end = fork_lock_unlock,
};
