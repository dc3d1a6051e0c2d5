/* SPDX-License-Identifier: MIT */
/*
 * What the files of core share: the runtime, the child step and the plain
 * write of a file.
 */
#ifndef SPW_RT_H
#define SPW_RT_H

#include <spw/spw.h>

#include "guard.h"

struct spw_rt {
	struct spw_sys *sys;
	const struct spw_guard *guard;
	void *guard_state;
	enum spw_clone how;
};

struct spw_proc {
	struct spw_sys *sys;
	pid_t pid;
	bool reaped;
	struct spw_status status; /* once reaped */
};

/* How a child that could not execute its program ended. */
struct spw_report {
	enum spw_stage stage;
	int error; /* -errno */
};

/*
 * What the child step works from. Constant from clone until the report: under
 * SPW_CLONE_VFORK, and on a provider whose children share memory always, parent
 * and child look at the same block.
 */
struct spw_child {
	struct spw_sys *sys;
	const struct spw_spec *spec;
	char *const *argv;
	char *const *envp;
	sigset_t mask;             /* the caller's, for the program */
	struct spw_report *report; /* NULL: through report_fd */
	int report_fd;             /* -1, or a close-on-exec pipe */
};

/* The child's program between clone and execve; arg is a struct spw_child. */
spw_child_fn spw_child_main;

struct spw_write {
	const char *path;
	const void *data;
	size_t len;
	mode_t mode;
};

/* Creates or truncates, writes, sets the mode, closes. */
int spw_write_file(struct spw_sys *sys, const struct spw_write *job);

/* Calls a hook of the runtime's guard, which may be NULL. */
static inline void spw_hook(struct spw_rt *rt,
			    void (*hook)(struct spw_rt *rt, void *state))
{
	if (hook)
		hook(rt, rt->guard_state);
}

#endif
