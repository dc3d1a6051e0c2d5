/* SPDX-License-Identifier: MIT */
/*
 * hardlink (M22): a program that has been written once is not written again;
 * the same content under another path becomes a link to the first inode.
 *
 * tailscale/tailcat#112 links its test binary instead of copying it, and copies
 * where it cannot. Making a name opens nothing.
 *
 * The first of its kind is written by a process of its own, as with the guard
 * writer-process, and so is what cannot be linked (another file system, the
 * first one is gone, too many links): that is the fallback. The runtime
 * remembers the program that it wrote last, one at a time.
 *
 * Hole: the names share one inode. Who writes to one of them in place changes
 * them all and makes them all busy; so this removes what stands at a path
 * before it writes there, and for a moment nothing stands there. Where somebody
 * has put another file in the place of the first one, that is linked.
 */
#include <errno.h>
#include <string.h>

#include "rt.h"

struct last {
	struct spw_mutex *lock;
	/* Under lock: a copy of all that belongs to it; .data NULL: none. */
	struct spw_write job;
};

static int hardlink_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	struct last *last;
	int error;

	if (!sys->link)
		return -ENOTSUP;
	last = sys->alloc(sys, sizeof(*last));
	if (!last)
		return -ENOMEM;
	error = sys->mutex_create(sys, &last->lock);
	if (error < 0)
		sys->free(sys, last);
	else
		*state = last;
	return error;
}

static void hardlink_shut(struct spw_rt *rt, void *state)
{
	struct last *last = state;

	rt->sys->mutex_destroy(rt->sys, last->lock);
	rt->sys->free(rt->sys, (void *)last->job.data);
	rt->sys->free(rt->sys, last);
}

static struct spw_write *last_job(struct spw_sys *sys, struct last *last)
{
	sys->assert_held(sys, last->lock, &last->job, sizeof(last->job));
	if (last->job.data)
		sys->assert_held(sys, last->lock, last->job.data,
				 last->job.len + strlen(last->job.path) + 1);
	return &last->job;
}

static void forget(struct spw_sys *sys, struct spw_write *job)
{
	sys->free(sys, (void *)job->data);
	job->data = NULL;
}

/* Path and content in one block. Without memory nothing is remembered. */
static void remember(struct spw_sys *sys, struct last *last,
		     const struct spw_write *job)
{
	struct spw_write *to = last_job(sys, last);
	size_t path_size = strlen(job->path) + 1;
	char *block;

	forget(sys, to);
	block = sys->alloc(sys, job->len + path_size);
	to->data = block;
	if (!block)
		return;
	memcpy(block, job->data, job->len);
	memcpy(block + job->len, job->path, path_size);
	to->path = block + job->len;
	to->len = job->len;
	to->mode = job->mode;
}

static int make_way(struct spw_sys *sys, const char *path)
{
	int error = sys->unlink(sys, path);

	return error == -ENOENT ? 0 : error;
}

/* Whether the content is there under another path. */
static bool can_link(const struct spw_write *last, const struct spw_write *job)
{
	return last->data && last->len == job->len && last->mode == job->mode &&
	       memcmp(last->data, job->data, job->len) == 0 &&
	       strcmp(last->path, job->path) != 0;
}

static int put_there(struct spw_sys *sys, struct last *last,
		     const struct spw_write *job)
{
	struct spw_write *first = last_job(sys, last);
	int error;

	/* From here on it may be anything; what is written is remembered. */
	if (first->data && strcmp(first->path, job->path) == 0)
		forget(sys, first);
	error = make_way(sys, job->path);
	if (error < 0)
		return error;
	if (can_link(first, job) && sys->link(sys, first->path, job->path) == 0)
		return 0;
	error = spw_write_by_process(sys, job);
	if (error == 0)
		remember(sys, last, job);
	return error;
}

static int hardlink_write(struct spw_rt *rt, void *state,
			  const struct spw_write *job)
{
	struct last *last = state;
	int error;

	rt->sys->mutex_lock(rt->sys, last->lock);
	error = put_there(rt->sys, last, job);
	rt->sys->mutex_unlock(rt->sys, last->lock);
	return error;
}

const struct spw_guard spw_guard_hardlink = {
	.info = {
		.name = "hardlink",
		.summary = "link a program that was written before, else "
			   "writer-process",
		.claim = "a program that was written is never busy",
		.condition = "nobody else writes or maps the file under any of "
			     "its names",
		.reference = "tailscale/tailcat#112, link(2)",
		.claims_sound = true,
	},
	.open = hardlink_open,
	.shut = hardlink_shut,
	.write = hardlink_write,
};
