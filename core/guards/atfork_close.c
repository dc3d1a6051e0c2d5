/* SPDX-License-Identifier: MIT */
/*
 * atfork-close (M14): the runtime keeps a list of the descriptors that are open
 * for writing, and the first thing a child does is to close them.
 *
 * What a handler of pthread_atfork does, or closefrom() after fork. The list is
 * locked across the fork and handed to the child as a block of its own.
 *
 * Hole: it acts after the fork. Between that and the child's first step the
 * copy is there, and the child may be preempted there for any time; and a file
 * that is open but not yet in the list is not closed at all. Handlers of
 * pthread_atfork do not run for vfork, posix_spawn and clone; this list is for
 * the forks of one runtime. It has room for sixteen files at a time, and more
 * are written as they would be without it.
 */
#include <errno.h>

#include "rt.h"

struct list {
	struct spw_mutex *lock;
	struct files {
		unsigned n;
		int fd[SPW_CLOSE_FIRST_MAX];
	} files; /* under lock */
};

static int atfork_close_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	struct list *list = sys->alloc(sys, sizeof(*list));
	int error;

	if (!list)
		return -ENOMEM;
	error = sys->mutex_create(sys, &list->lock);
	if (error < 0)
		sys->free(sys, list);
	else
		*state = list;
	return error;
}

static void atfork_close_shut(struct spw_rt *rt, void *state)
{
	struct list *list = state;

	rt->sys->mutex_destroy(rt->sys, list->lock);
	rt->sys->free(rt->sys, list);
}

static struct files *files(struct spw_sys *sys, struct list *list)
{
	sys->assert_held(sys, list->lock, &list->files, sizeof(list->files));
	return &list->files;
}

static void add(struct spw_sys *sys, struct list *list, int fd)
{
	struct files *f;

	sys->mutex_lock(sys, list->lock);
	f = files(sys, list);
	if (f->n < SPW_CLOSE_FIRST_MAX)
		f->fd[f->n++] = fd;
	sys->mutex_unlock(sys, list->lock);
}

static void remove_fd(struct spw_sys *sys, struct list *list, int fd)
{
	struct files *f;

	sys->mutex_lock(sys, list->lock);
	f = files(sys, list);
	for (unsigned i = 0; i < f->n; i++) {
		if (f->fd[i] == fd)
			f->fd[i] = f->fd[--f->n];
	}
	sys->mutex_unlock(sys, list->lock);
}

static int atfork_close_write(struct spw_rt *rt, void *state,
			      const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int fd = spw_file_open(sys, job->path, 0);
	int error;

	if (fd < 0)
		return fd;
	add(sys, state, fd);
	error = spw_file_fill(sys, fd, job);
	/* First: the number may be another file's as soon as it is closed. */
	remove_fd(sys, state, fd);
	return spw_file_close(sys, fd, error);
}

static void atfork_close_fork_begin(struct spw_rt *rt, void *state,
				    struct spw_child *child)
{
	struct list *list = state;
	const struct files *f;

	rt->sys->mutex_lock(rt->sys, list->lock);
	f = files(rt->sys, list);
	child->nclose_first = f->n;
	for (unsigned i = 0; i < f->n; i++)
		child->close_first[i] = f->fd[i];
}

static void atfork_close_fork_end(struct spw_rt *rt, void *state)
{
	struct list *list = state;

	rt->sys->mutex_unlock(rt->sys, list->lock);
}

const struct spw_guard spw_guard_atfork_close = {
	.info = {
		.name = "atfork-close",
		.summary = "a child first closes what is open for writing",
		.claim = "ETXTBSY is rarer",
		.condition = "a child takes its first step before the file is "
			     "executed, and every fork goes through this "
			     "runtime",
		.reference = "pthread_atfork(3), close_range(2)",
		.no_mapping = true,
		.every_fork = true,
	},
	.open = atfork_close_open,
	.shut = atfork_close_shut,
	.write = atfork_close_write,
	.fork_begin = atfork_close_fork_begin,
	.fork_end = atfork_close_fork_end,
};
