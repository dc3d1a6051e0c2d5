/* SPDX-License-Identifier: MIT */
#include "cli/bench_wait.h"

#include "engine/explore.h"
#include "stress/workdir.h"

#include <spw/spw.h>

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { PAIRS = 400 };

/* What the spawning thread and the waiting one have together. */
struct desk {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct spw_proc *proc; /* to be waited for, or NULL */
	bool over;
	int error;
};

static void *wait_for_all(void *arg)
{
	struct desk *desk = arg;
	struct spw_status status = { .code = 0 };

	pthread_mutex_lock(&desk->lock);
	for (;;) {
		struct spw_proc *proc = desk->proc;
		int error;

		if (!proc && desk->over)
			break;
		if (!proc) {
			pthread_cond_wait(&desk->changed, &desk->lock);
			continue;
		}
		pthread_mutex_unlock(&desk->lock);
		error = spw_wait(proc, &status);
		pthread_mutex_lock(&desk->lock);
		desk->error = error || status.code ? -EIO : desk->error;
		desk->proc = NULL;
		pthread_cond_broadcast(&desk->changed);
	}
	pthread_mutex_unlock(&desk->lock);
	return NULL;
}

static int handed(struct desk *desk, struct spw_rt *rt, const char *path)
{
	const struct spw_spec spec = { .path = path };
	struct spw_proc *proc;
	int rc = spw_spawn(rt, &spec, &proc, NULL);

	if (rc)
		return rc;
	pthread_mutex_lock(&desk->lock);
	desk->proc = proc;
	pthread_cond_broadcast(&desk->changed);
	while (desk->proc)
		pthread_cond_wait(&desk->changed, &desk->lock);
	rc = desk->error;
	pthread_mutex_unlock(&desk->lock);
	spw_release(proc);
	return rc;
}

static int bare(const char *path)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };
	char *envp[] = { NULL };
	int status = 0;
	pid_t pid;
	int rc = posix_spawn(&pid, path, NULL, NULL, argv, envp);

	if (rc)
		return -rc;
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -EIO;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Turn about, so that a machine that becomes busy slows both alike. */
static int measure(struct desk *desk, struct spw_rt *rt, const char *path,
		   struct rig_bench_wait *out)
{
	static uint64_t ns[2][PAIRS];
	const unsigned middle = PAIRS / 2;
	int rc = 0;

	for (unsigned i = 0; !rc && i < PAIRS; i++)
		for (unsigned k = 0; !rc && k < 2; k++) {
			uint64_t start = rig_monotonic_ns();

			rc = k ? handed(desk, rt, path) : bare(path);
			ns[k][i] = rig_monotonic_ns() - start;
		}
	if (rc)
		return rc;
	qsort(ns[0], PAIRS, sizeof(ns[0][0]), by_value);
	qsort(ns[1], PAIRS, sizeof(ns[1][0]), by_value);
	out->bare = 1e9 / (double)ns[0][middle];
	out->handed = 1e9 / (double)ns[1][middle];
	return 0;
}

static int with_thread(struct spw_rt *rt, const char *path,
		       struct rig_bench_wait *out)
{
	struct desk desk = { .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };
	pthread_t thread;
	int rc = -pthread_create(&thread, NULL, wait_for_all, &desk);

	if (rc)
		return rc;
	rc = measure(&desk, rt, path, out);
	pthread_mutex_lock(&desk.lock);
	desk.over = true;
	pthread_cond_broadcast(&desk.changed);
	pthread_mutex_unlock(&desk.lock);
	pthread_join(thread, NULL);
	return rc;
}

int rig_bench_wait(struct rig_workdir *dir, struct rig_bench_wait *out)
{
	const struct spw_options options = {
		.how = SPW_CLONE_VFORK,
		.waiter = spw_waiter_find("pidfd"),
	};
	unsigned char image[RIG_PROGRAM_MAX];
	int len = rig_program(image, 0);
	char path[PATH_MAX];
	struct spw_rt *rt;
	int rc = len < 0 ? len : spw_open(&rt, &options);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%.*s/bench", PATH_MAX - 8, dir->path);
	rc = spw_write_executable(rt, path, image, (size_t)len, 0755);
	if (!rc)
		rc = with_thread(rt, path, out);
	spw_shut(rt);
	return rc;
}
