/* SPDX-License-Identifier: MIT */
/*
 * memfd (M21): what is written to the file goes to a file in memory as well,
 * which is sealed; a spawn of that path executes the latter, by descriptor.
 *
 * runc executes a sealed copy of itself so (CVE-2019-5736). A descriptor of
 * memfd_create does not count as being open for writing, so the copies that
 * children hold do no harm, and the seal makes up for the protection that is
 * lost with the count.
 *
 * Hole: a script is executed from its file, without any help: its interpreter
 * could not open a close-on-exec descriptor. What runs is what was written
 * through this runtime under that very path, whatever stands there now; its
 * /proc/self/exe is not the path. Each path keeps a descriptor and the memory
 * until the runtime is closed. vm.memfd_noexec may forbid it.
 */
#include <errno.h>
#include <string.h>

#include "rt.h"

struct kept {
	struct kept *next;
	int fd; /* -1: the path is a script now */
	size_t path_size;
	char path[];
};

struct store {
	struct spw_mutex *lock;
	struct kept *first; /* under lock, with all that follow */
};

static int memfd_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	struct store *store;
	int error;

	if (!sys->memfd || !sys->seal || !sys->exec_fd)
		return -ENOTSUP;
	store = sys->alloc(sys, sizeof(*store));
	if (!store)
		return -ENOMEM;
	error = sys->mutex_create(sys, &store->lock);
	if (error < 0)
		sys->free(sys, store);
	else
		*state = store;
	return error;
}

static void memfd_shut(struct spw_rt *rt, void *state)
{
	struct spw_sys *sys = rt->sys;
	struct store *store = state;

	while (store->first) {
		struct kept *kept = store->first;

		store->first = kept->next;
		if (kept->fd >= 0)
			sys->close(sys, kept->fd);
		sys->free(sys, kept);
	}
	sys->mutex_destroy(sys, store->lock);
	sys->free(sys, store);
}

/* What is kept for path, or NULL. */
static struct kept *find(struct spw_sys *sys, struct store *store,
			 const char *path)
{
	struct kept *kept;

	sys->assert_held(sys, store->lock, &store->first, sizeof(store->first));
	for (kept = store->first; kept; kept = kept->next) {
		sys->assert_held(sys, store->lock, kept,
				 sizeof(*kept) + kept->path_size);
		if (strcmp(kept->path, path) == 0)
			return kept;
	}
	return NULL;
}

static struct kept *add(struct spw_sys *sys, struct store *store,
			const char *path)
{
	size_t size = strlen(path) + 1;
	struct kept *kept = sys->alloc(sys, sizeof(*kept) + size);

	if (!kept)
		return NULL;
	memcpy(kept->path, path, size);
	kept->path_size = size;
	kept->fd = -1;
	kept->next = store->first;
	store->first = kept;
	return kept;
}

/* Takes fd over, which may be -1. */
static int keep(struct spw_sys *sys, struct store *store, const char *path,
		int fd)
{
	struct kept *kept;
	int old = fd;

	sys->mutex_lock(sys, store->lock);
	kept = find(sys, store, path);
	if (!kept)
		kept = add(sys, store, path);
	if (kept) {
		old = kept->fd;
		kept->fd = fd;
	}
	sys->mutex_unlock(sys, store->lock);
	if (old >= 0)
		sys->close(sys, old);
	return kept ? 0 : -ENOMEM;
}

static bool is_script(const struct spw_write *job)
{
	return job->len >= 2 && memcmp(job->data, "#!", 2) == 0;
}

static int copy_to_memory(struct spw_sys *sys, const struct spw_write *job)
{
	int fd = sys->memfd(sys);
	int error;

	if (fd < 0)
		return fd;
	error = spw_file_fill(sys, fd, job);
	if (error == 0)
		error = sys->seal(sys, fd);
	if (error == 0)
		return fd;
	sys->close(sys, fd);
	return error;
}

static int memfd_write(struct spw_rt *rt, void *state,
		       const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	int error = spw_write_file(sys, job);
	int fd = -1;

	if (error == 0 && !is_script(job)) {
		fd = copy_to_memory(sys, job);
		if (fd < 0)
			error = fd;
	}
	return error < 0 ? error : keep(sys, state, job->path, fd);
}

static int memfd_program(struct spw_rt *rt, void *state,
			 const struct spw_spec *spec,
			 struct spw_program *program)
{
	struct spw_sys *sys = rt->sys;
	struct store *store = state;
	const struct kept *kept;
	int fd = -1;

	/* Another file than the one that was written under that name. */
	if (spec->dir && spec->path[0] != '/')
		return 0;
	sys->mutex_lock(sys, store->lock);
	kept = find(sys, store, spec->path);
	/* A copy: the next write may close this one before the spawn is done. */
	if (kept && kept->fd >= 0)
		fd = program->fd = sys->dup_above(sys, kept->fd, 3);
	sys->mutex_unlock(sys, store->lock);
	return fd < -1 ? fd : 0;
}

const struct spw_guard spw_guard_memfd = {
	.info = {
		.name = "memfd",
		.summary = "execute a sealed copy in memory",
		.claim = "a program that was written is never busy",
		.condition = "it is not a script; it is spawned under the path "
			     "that it was written to",
		.reference = "memfd_create(2), execveat(2), opencontainers/runc",
		.claims_sound = true,
		.at_spawn = true,
	},
	.open = memfd_open,
	.shut = memfd_shut,
	.write = memfd_write,
	.program = memfd_program,
};
