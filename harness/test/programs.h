/* SPDX-License-Identifier: MIT */
/* What small programs for the simulated kernel are made of. */
#ifndef HARNESS_TEST_PROGRAMS_H
#define HARNESS_TEST_PROGRAMS_H

#include "support.h"

enum { READ = O_RDONLY | O_CLOEXEC, WRITE = O_WRONLY | O_CLOEXEC };

/* An executable at path that exits with code. */
static inline void install(const char *path, int code)
{
	uint8_t image[SIM_PROGRAM_SIZE];

	sim_program(image, code);
	MUST(!sim_install(bench.sim, path, image, sizeof(image)));
}

struct exec_step {
	struct spw_sys *sys;
	const char *path;
};

/* Exits with the number of the error where execve fails. */
static inline int exec_step(void *arg)
{
	const struct exec_step *step = arg;

	return -step->sys->execve(step->sys, step->path, NULL, NULL);
}

/* Starts path as vfork and execve do, without waiting for its end. */
static inline pid_t start(struct spw_sys *sys, const char *path)
{
	struct exec_step step = { sys, path };
	pid_t pid;

	MUST(!sys->clone(sys, SPW_CLONE_VFORK, exec_step, &step, sizeof(step),
			 &pid));
	return pid;
}

static inline int await(struct spw_sys *sys, pid_t pid)
{
	struct spw_status status;

	MUST(sys->wait(sys, pid, 0, &status) > 0);
	MUST(!status.signaled);
	return status.code;
}

/* The exit status of path, or the number of the error. */
static inline int run(struct spw_sys *sys, const char *path)
{
	return await(sys, start(sys, path));
}

static inline int open_new(struct spw_sys *sys, const char *path)
{
	int fd = sys->open(sys, path, WRITE | O_CREAT, 0700);

	MUST(fd >= 0);
	return fd;
}

static inline void shut(struct spw_sys *sys, int fd)
{
	MUST(!sys->close(sys, fd));
}

/* ---- a child that holds its copies until it is told to go on ---- */

struct holder {
	struct spw_sys *sys;
	int go[2];
	const char *path; /* executed then; NULL: it exits with 0 */
	pid_t pid;
};

static inline int hold_step(void *arg)
{
	const struct holder *h = arg;
	struct exec_step step = { h->sys, h->path };
	char byte;

	h->sys->read(h->sys, h->go[0], &byte, 1);
	return h->path ? exec_step(&step) : 0;
}

/* Its argument block is *h, which stays as it is until the child is gone. */
static inline void hold(struct spw_sys *sys, struct holder *h, const char *path)
{
	pid_t pid;

	*h = (struct holder){ .sys = sys, .path = path };
	MUST(!sys->pipe(sys, h->go));
	MUST(!sys->clone(sys, SPW_CLONE_FORK, hold_step, h,
			 offsetof(struct holder, pid), &pid));
	h->pid = pid;
}

static inline void let_go(struct holder *h)
{
	MUST(h->sys->write(h->sys, h->go[1], "", 1) == 1);
}

static inline int release(struct holder *h)
{
	int code = await(h->sys, h->pid);

	shut(h->sys, h->go[0]);
	shut(h->sys, h->go[1]);
	return code;
}

static inline int let_go_and_wait(struct holder *h)
{
	let_go(h);
	return release(h);
}

/* ---- threads ---- */

static inline struct spw_thread *begin(struct spw_sys *sys,
				       void (*fn)(void *arg))
{
	struct spw_thread *thread;

	MUST(!sys->thread_create(sys, &thread, fn, sys));
	return thread;
}

#endif
