/* SPDX-License-Identifier: MIT */
/*
 * What the files of core share: the runtime, the child step and the plain
 * write of a file.
 */
#ifndef SPW_RT_H
#define SPW_RT_H

#include <spw/spw.h>

#include "closer.h"
#include "guard.h"
#include "waiter.h"

struct spw_rt {
	struct spw_sys *sys;
	const struct spw_guard *guard;
	void *guard_state;
	enum spw_clone how;
	const struct spw_waiter *waiter;
	const struct spw_waiter *tied; /* of children with a flag: spawn.c */
	struct spw_waits *waits;       /* of SPW_LOCK_ALL, or NULL */
	const struct spw_closer *closer;
	struct spw_mutex *lock;    /* of poller, until it is there */
	struct spw_poller *poller; /* NULL: no descriptor was adopted yet */
};

/* How a child that could not execute its program ended. */
struct spw_report {
	enum spw_stage stage;
	int error; /* -errno */
};

/* What a child executes. */
struct spw_program {
	const char *path;
	char *const *argv;
	int fd;       /* -1, or executed in the place of path; closed after */
	void *memory; /* freed after the spawn; NULL: nothing */
};

/* Descriptors that a child closes first, at most. */
#define SPW_CLOSE_FIRST_MAX 16

/*
 * What the child step works from. Constant from clone until the report: under
 * SPW_CLONE_VFORK, and on a provider whose children share memory always, parent
 * and child look at the same block.
 */
struct spw_child {
	struct spw_sys *sys;
	const struct spw_spec *spec;
	struct spw_program program;
	char *const *envp;
	sigset_t mask;             /* the caller's, for the program */
	struct spw_report *report; /* NULL: through report_fd */
	int report_fd;             /* -1, or a close-on-exec pipe */
	bool shares_table;         /* with its parent: no number is touched */
	unsigned nclose_first;
	int close_first[SPW_CLOSE_FIRST_MAX];
};

/* The child's program between clone and execve; arg is a struct spw_child. */
spw_child_fn spw_child_main;

struct spw_write {
	const char *path;
	const void *data;
	size_t len;
	mode_t mode;
};

/*
 * The steps of a plain write, for guards that put something between them; a
 * child may take them. open: created or truncated; a descriptor or -errno.
 */
int spw_file_open(struct spw_sys *sys, const char *path, int more_flags);
/* In as many writes as it takes. */
int spw_write_all(struct spw_sys *sys, int fd, const void *data, size_t len);
/* The data, then the mode. */
int spw_file_fill(struct spw_sys *sys, int fd, const struct spw_write *job);
/* Returns error, or where that is 0 the result of the close. */
int spw_file_close(struct spw_sys *sys, int fd, int error);

/* All of them. */
int spw_write_file(struct spw_sys *sys, const struct spw_write *job);

/* What guards have in common with auto, or with each other. */

/* Waits until nobody has fd's file open for writing: lease.c. */
int spw_lease_await(struct spw_sys *sys, int fd);
/* The write in a process of its own, which ends: writer_process.c. */
int spw_write_by_process(struct spw_sys *sys, const struct spw_write *job);

/* Calls a hook of the runtime's guard, which may be NULL. */
static inline void spw_hook(struct spw_rt *rt,
			    void (*hook)(struct spw_rt *rt, void *state))
{
	if (hook)
		hook(rt, rt->guard_state);
}

#endif
