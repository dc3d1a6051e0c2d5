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
 * is what open stored. A guard whose calls the provider lacks says -ENOTSUP in
 * open.
 */
#ifndef SPW_GUARD_H
#define SPW_GUARD_H

#include <spw/spw.h>

struct spw_child;
struct spw_program;
struct spw_report;
struct spw_write;

struct spw_guard {
	struct spw_guard_info info;

	int (*open)(struct spw_rt *rt, void **state);
	void (*shut)(struct spw_rt *rt, void *state);

	/* Around open, write and close of the file, in the writing thread. */
	void (*write_begin)(struct spw_rt *rt, void *state);
	void (*write_end)(struct spw_rt *rt, void *state);
	/* Does the whole write in its own way, in place of open to close. */
	int (*write)(struct spw_rt *rt, void *state,
		     const struct spw_write *job);
	/* After the close: returns when the file may be executed. */
	int (*settle)(struct spw_rt *rt, void *state, const char *path);

	/*
	 * What is executed, where that is not the file at spec->path: fills
	 * *program in, which has the path and the arguments already.
	 */
	int (*program)(struct spw_rt *rt, void *state,
		       const struct spw_spec *spec,
		       struct spw_program *program);
	/*
	 * Does the whole spawn elsewhere, in place of clone to report: *pid is
	 * a child of this process that executes, or has failed and is a zombie.
	 */
	void (*spawn)(struct spw_rt *rt, void *state,
		      const struct spw_child *child, pid_t *pid,
		      struct spw_report *report);
	/* Children share the parent's table: SPW_CLONE_FILES. */
	bool shares_table;
	/* A spec that maps descriptors is refused: -ENOTSUP. */
	bool no_fd_map;

	/* From before clone until exec was reported and a failure reaped. */
	void (*spawn_begin)(struct spw_rt *rt, void *state);
	void (*spawn_end)(struct spw_rt *rt, void *state);
	/*
	 * Around the clone call alone; all signals are blocked. The first may
	 * add to what the child does, in child->close_first.
	 */
	void (*fork_begin)(struct spw_rt *rt, void *state,
			   struct spw_child *child);
	void (*fork_end)(struct spw_rt *rt, void *state);
	/*
	 * The attempt-th try (from 0) of a spawn failed: waits and returns true
	 * for another one.
	 */
	bool (*again)(struct spw_rt *rt, void *state, unsigned attempt,
		      enum spw_stage stage, int error);
};

/* In the order of the catalogue. Each is a file in guards/. */
#define SPW_GUARDS(X)      \
	X(none)            \
	X(retry)           \
	X(fork_lock)       \
	X(spawn_mutex)     \
	X(quiesce)         \
	X(canary_pipe)     \
	X(flock)           \
	X(lease)           \
	X(close_event)     \
	X(writer_process)  \
	X(private_table)   \
	X(io_uring_direct) \
	X(clofork)         \
	X(atfork_close)    \
	X(clone_files)     \
	X(fork_server)     \
	X(rename)          \
	X(tmpfile_link)    \
	X(fsync)           \
	X(interpreter)     \
	X(memfd)           \
	X(hardlink)        \
	X(proc_scan)       \
	X(auto)

#define SPW_GUARD_DECLARE(name) extern const struct spw_guard spw_guard_##name;
SPW_GUARDS(SPW_GUARD_DECLARE)
#undef SPW_GUARD_DECLARE

#endif
