/* SPDX-License-Identifier: MIT */
/*
 * A guard: one way to keep ETXTBSY away from a program that was just written.
 *
 * The race. Thread W opens a file for writing; thread F forks; W closes its
 * descriptor and executes the file. F's child still holds a reference to W's
 * open file description, until execve closes its close-on-exec descriptors
 * (do_close_on_exec) or the child ends. Until then the inode's write count is
 * above zero, and execve of the file fails (deny_write_access).
 *
 * A guard is a table of hooks around the steps of W and F. Each may be NULL. A
 * hook that returns nothing cannot fail; the others return 0 or -errno. state
 * is what open stored.
 */
#ifndef SPW_GUARD_H
#define SPW_GUARD_H

#include <spw/spw.h>

struct spw_write;

struct spw_guard {
	struct spw_guard_info info;

	int (*open)(struct spw_rt *rt, void **state);
	void (*shut)(struct spw_rt *rt, void *state);

	/* Around open, write and close of the file, in the writing thread. */
	void (*write_begin)(struct spw_rt *rt, void *state);
	void (*write_end)(struct spw_rt *rt, void *state);
	/* Does the whole write elsewhere, in place of the calling thread. */
	int (*write)(struct spw_rt *rt, void *state,
		     const struct spw_write *job);
	/* After the close: returns when the file may be executed. */
	int (*settle)(struct spw_rt *rt, void *state, const char *path);

	/* From before clone until exec was reported and a failure reaped. */
	void (*spawn_begin)(struct spw_rt *rt, void *state);
	void (*spawn_end)(struct spw_rt *rt, void *state);
	/* Around the clone call alone; all signals are blocked. */
	void (*fork_begin)(struct spw_rt *rt, void *state);
	void (*fork_end)(struct spw_rt *rt, void *state);
	/*
	 * The attempt-th try (from 0) of a spawn failed: waits and returns true
	 * for another one.
	 */
	bool (*again)(struct spw_rt *rt, void *state, unsigned attempt,
		      enum spw_stage stage, int error);
};

/* In the order of the catalogue. Each is a file in guards/. */
#define SPW_GUARDS(X) \
	X(none)       \
	X(retry)      \
	X(fork_lock)  \
	X(quiesce)    \
	X(lease)      \
	X(private_table)

#define SPW_GUARD_DECLARE(name) extern const struct spw_guard spw_guard_##name;
SPW_GUARDS(SPW_GUARD_DECLARE)
#undef SPW_GUARD_DECLARE

#endif
