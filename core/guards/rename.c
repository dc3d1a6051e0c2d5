/* SPDX-License-Identifier: MIT */
/*
 * rename (M17): the program is written under another name beside it, closed,
 * and renamed to its own.
 *
 * Proposed in golang/go#22220 and shown to be useless there, with mv; merged as
 * a fix in other places ever since. A good way to replace a program, also one
 * that is running, but no help here.
 *
 * Hole: all of it. What is open for writing, and what execve tests, is the
 * inode, and that has not changed.
 */
#include <errno.h>
#include <string.h>

#include "rt.h"

#define SUFFIX ".new"

static int rename_open(struct spw_rt *rt, void **state)
{
	return rt->sys->rename ? 0 : -ENOTSUP;
}

static char *name_beside(struct spw_sys *sys, const char *path)
{
	size_t len = strlen(path);
	char *name = sys->alloc(sys, len + sizeof(SUFFIX));

	if (name) {
		memcpy(name, path, len + 1);
		memcpy(name + len, SUFFIX, sizeof(SUFFIX));
	}
	return name;
}

static int rename_write(struct spw_rt *rt, void *state,
			const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	char *name = name_beside(sys, job->path);
	struct spw_write beside = *job;
	int error;

	if (!name)
		return -ENOMEM;
	beside.path = name;
	error = spw_write_file(sys, &beside);
	if (error == 0)
		error = sys->rename(sys, name, job->path);
	if (error < 0)
		sys->unlink(sys, name);
	sys->free(sys, name);
	return error;
}

const struct spw_guard spw_guard_rename = {
	.info = {
		.name = "rename",
		.summary = "write under another name, then rename",
		.claim = "none, though it is often taken for a fix",
		.condition = "no other thread forks while the file is open",
		.reference = "golang/go#22220",
	},
	.open = rename_open,
	.write = rename_write,
};
