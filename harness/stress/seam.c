/* SPDX-License-Identifier: MIT */
#include "stress/seam.h"

#include "engine/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A pid that no process has: of a child that libc has reaped already. */
enum { NO_CHILD = INT_MAX, EXIT_NOT_EXECUTED = 127 };

/*
 * Of the calling thread. A vfork child shares it with its parent, but no call
 * that a child makes writes to it.
 */
static _Thread_local struct {
	int writing;    /* descriptor of the program it writes, plus 1 */
	bool forking;   /* when that was opened, somebody was about to fork */
	uint64_t forks; /* begun until then */
	bool refused;
	void *mapping;  /* of the program, with mapped; or NULL */
	bool holds;     /* its children are holders of a directed run */
	int pipe_end;   /* of its last pipe, where children write, plus 1 */
	uint64_t sleep; /* a random number: how long before that is closed */
	int watch;      /* of the closes of its program, plus 1 */
	int late; /* the same, closed by the writer, not yet in truth; plus 1 */
	/* posix_spawn only: a child step that runs in this very thread. */
	jmp_buf executed;
	pid_t pid;
	bool in_step;
	sigset_t mask; /* for the program */
} thread;

#ifndef SCHED_IDLE
#define SCHED_IDLE 5
#endif

static struct rig_seam *seam_of(struct spw_sys *sys)
{
	return (struct rig_seam *)(void *)sys;
}

/* ---- the window ---- */

/*
 * A number that is out of the way: with many below it to be closed before it,
 * and room above it. What cannot be moved stays.
 */
static int move_to(int fd, int least)
{
	int moved = least ? fcntl(fd, F_DUPFD_CLOEXEC, least) : -1;

	if (moved < 0)
		return fd;
	spw_sys_linux()->close(spw_sys_linux(), fd);
	return moved;
}

static int seam_open(struct spw_sys *sys, const char *path, int flags,
		     mode_t mode)
{
	struct rig_seam *seam = seam_of(sys);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	int fd;

	/* A file that is open for writing alone cannot be mapped. */
	if (writes && seam->amplify->mapped)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	fd = spw_sys_linux()->open(sys, path, flags, mode);
	if (fd < 0 || !writes)
		return fd;
	if (seam->stage)
		fd = move_to(fd, seam->stage->file_number);
	thread.writing = fd + 1;
	thread.forks = atomic_load(&seam->forks);
	thread.forking = atomic_load(&seam->forked) < thread.forks;
	return fd;
}

/*
 * With rewrite the program of the last attempt has ended, but whoever reads
 * its /proc files may hold the image a little longer: that is not our race.
 */
static int seam_open_again(struct spw_sys *sys, const char *path, int flags,
			   mode_t mode)
{
	enum { TRIES = 1000 };
	int fd = seam_open(sys, path, flags, mode);

	for (unsigned i = 0; fd == -ETXTBSY && i < TRIES; i++) {
		sys->pause(sys, i);
		fd = seam_open(sys, path, flags, mode);
	}
	return fd;
}

enum { MAPPING = 1 }; /* bytes, so one page */

/* A program was written: what the amplifiers do before it is closed. */
static void before_close(struct rig_seam *seam, int fd)
{
	const struct rig_amplify *amplify = seam->amplify;

	if (amplify->fsync)
		fsync(fd);
	if (amplify->mapped)
		thread.mapping =
			mmap(NULL, MAPPING, PROT_READ, MAP_SHARED, fd, 0);
	if (amplify->hold_us)
		seam->sys.sleep_ns(&seam->sys,
				   (uint64_t)amplify->hold_us * 1000);
	if (seam->stage)
		rig_stage_copy(seam->stage);
	if (thread.forking || atomic_load(&seam->forks) != thread.forks)
		atomic_fetch_add(&seam->windows, 1);
}

/*
 * With pipe-order=low the end of a pipe is told too early where a child has
 * dropped its copy of the writing end, not yet that of the file, and the last
 * one then is closed here. When that is nobody can see: any moment is tried.
 */
static void before_pipe_close(struct rig_seam *seam)
{
	struct rig_rng rng;

	if (seam->amplify->pipe_order != RIG_PIPE_LOW)
		return;
	rig_rng_seed(&rng, thread.sleep, (uint64_t)(uintptr_t)&thread);
	thread.sleep = rig_rng_next(&rng);
	seam->sys.sleep_ns(
		&seam->sys,
		rig_rng_below(&rng, atomic_load(&seam->stage->life_ns) + 1));
}

/*
 * To end a watch takes the kernel milliseconds (fsnotify waits for readers), in
 * which every child is done. Who watches many files with one descriptor, as
 * programs do that watch, would not wait for that; so here it ends later.
 */
static int seam_watch_closes(struct spw_sys *sys, const char *path)
{
	int fd = spw_sys_linux()->watch_closes(sys, path);

	if (fd >= 0 && seam_of(sys)->stage)
		thread.watch = fd + 1;
	return fd;
}

void rig_seam_end_round(void)
{
	if (thread.late)
		spw_sys_linux()->close(spw_sys_linux(), thread.late - 1);
	thread.late = 0;
}

static SPW_CHILD int seam_close(struct spw_sys *sys, int fd)
{
	struct rig_seam *seam = seam_of(sys);
	bool written = thread.writing == fd + 1;
	void *mapping;
	int rc;

	if (written) {
		thread.writing = 0;
		before_close(seam, fd);
	} else if (seam->stage && thread.pipe_end == fd + 1) {
		thread.pipe_end = 0;
		before_pipe_close(seam);
	}
	if (thread.watch == fd + 1) {
		thread.watch = 0;
		thread.late = fd + 1;
		return 0;
	}
	rc = spw_sys_linux()->close(sys, fd);
	mapping = thread.mapping;
	if (mapping && mapping != MAP_FAILED)
		munmap(mapping, MAPPING);
	if (mapping)
		thread.mapping = NULL;
	if (written && seam->stage)
		rig_stage_set(&seam->stage->closed,
			      atomic_load(&seam->stage->asked));
	return rc;
}

static int seam_pipe(struct spw_sys *sys, int fd[2])
{
	struct rig_seam *seam = seam_of(sys);
	int rc = spw_sys_linux()->pipe(sys, fd);

	if (rc || !seam->stage)
		return rc;
	fd[1] = move_to(fd[1], seam->stage->pipe_number);
	thread.pipe_end = fd[1] + 1;
	return 0;
}

/* ---- forks ---- */

static bool is_refusal(int error)
{
	return error == -EAGAIN || error == -ENOMEM;
}

struct start {
	struct rig_seam *seam;
	spw_child_fn *child;
	void *arg;
	struct rig_stage *stage; /* of a holder's child; else NULL */
	bool own_table;
};

/* The child has its copy of the descriptors. It shares the count. */
static SPW_CHILD int start_vfork(void *arg)
{
	const struct start *start = arg;

	atomic_fetch_add(&start->seam->forked, 1);
	if (start->stage)
		rig_stage_enter(start->stage, start->own_table);
	return start->child(start->arg);
}

static SPW_CHILD int start_fork(void *arg)
{
	const struct start *start = arg;

	if (start->stage)
		rig_stage_enter(start->stage, start->own_table);
	return start->child(start->arg);
}

static int seam_clone(struct spw_sys *sys, enum spw_clone how,
		      spw_child_fn *child, void *arg, size_t arg_len,
		      pid_t *pid)
{
	struct rig_seam *seam = seam_of(sys);
	struct start start = { seam, child, arg,
			       thread.holds ? seam->stage : NULL,
			       how != SPW_CLONE_FILES };
	bool shares = how != SPW_CLONE_FORK;
	int rc;

	atomic_fetch_add(&seam->forks, 1);
	if (start.stage)
		rig_stage_add(&start.stage->forking);
	rc = spw_sys_linux()->clone(spw_sys_linux(), how,
				    shares ? start_vfork : start_fork, &start,
				    sizeof(start), pid);
	if (rc || !shares)
		atomic_fetch_add(&seam->forked, 1);
	if (is_refusal(rc))
		thread.refused = true;
	return rc;
}

void rig_seam_hold(void)
{
	thread.holds = true;
}

bool rig_seam_refused(void)
{
	bool refused = thread.refused;

	thread.refused = false;
	return refused;
}

/* ---- posix_spawn in the place of clone and execve ---- */

/*
 * The child step runs here, in the calling thread. It has to be one that only
 * marks descriptors, sets its mask and executes, as all of a scenario are.
 * Where execve succeeds it does not return, as ever; where it fails, the step
 * ends, and so, as far as core can see, does its process.
 */
static int step_clone(struct spw_sys *sys, enum spw_clone how,
		      spw_child_fn *child, void *arg, size_t arg_len,
		      pid_t *pid)
{
	struct rig_seam *seam = seam_of(sys);

	/* No spawn, but a child that writes a file, or a fork server's; and
	 * posix_spawn makes neither siblings nor shares a table. */
	if (how != SPW_CLONE_VFORK)
		return seam_clone(sys, how, child, arg, arg_len, pid);
	atomic_fetch_add(&seam->forks, 1);
	if (seam->stage && thread.holds)
		rig_stage_add(&seam->stage->forking);
	thread.pid = NO_CHILD;
	thread.in_step = true;
	if (!setjmp(thread.executed))
		child(arg);
	thread.in_step = false;
	/* Later than the copy was made, but when that was nobody tells. */
	atomic_fetch_add(&seam->forked, 1);
	if (seam->stage && thread.holds)
		rig_stage_add(&seam->stage->copied);
	*pid = thread.pid;
	return 0;
}

/* Every descriptor of the rig is close-on-exec already. */
static SPW_CHILD int step_cloexec_from(struct spw_sys *sys, int first)
{
	return 0;
}

static SPW_CHILD void step_signals_set(struct spw_sys *sys,
				       const sigset_t *mask)
{
	if (thread.in_step)
		thread.mask = *mask;
	else
		spw_sys_linux()->signals_set(sys, mask);
}

static int step_execve(struct spw_sys *sys, const char *path,
		       char *const argv[], char *const envp[])
{
	const struct sched_param lowest = { .sched_priority = 0 };
	short flags = POSIX_SPAWN_SETSIGMASK;
	posix_spawnattr_t attr;
	int error;

	if (!thread.in_step) /* a child that is one */
		return spw_sys_linux()->execve(sys, path, argv, envp);
	error = posix_spawnattr_init(&attr);
	if (!error) {
		/* As rig_stage_enter does; musl has no such attribute. */
		if (seam_of(sys)->stage && thread.holds &&
		    !posix_spawnattr_setschedpolicy(&attr, SCHED_IDLE) &&
		    !posix_spawnattr_setschedparam(&attr, &lowest))
			flags |= POSIX_SPAWN_SETSCHEDULER;
		posix_spawnattr_setflags(&attr, flags);
		posix_spawnattr_setsigmask(&attr, &thread.mask);
		error = posix_spawn(&thread.pid, path, NULL, &attr, argv, envp);
		posix_spawnattr_destroy(&attr);
	}
	if (!error)
		longjmp(thread.executed, 1);
	thread.pid = NO_CHILD;
	thread.refused = is_refusal(-error);
	return -error;
}

static int step_exec_fd(struct spw_sys *sys, int fd, char *const argv[],
			char *const envp[])
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return step_execve(sys, path, argv, envp);
}

static pid_t step_wait(struct spw_sys *sys, pid_t pid, unsigned flags,
		       struct spw_status *status)
{
	if (pid != NO_CHILD)
		return spw_sys_linux()->wait(sys, pid, flags, status);
	*status = (struct spw_status){ .code = EXIT_NOT_EXECUTED };
	return pid;
}

/* ---- */

void rig_seam_init(struct rig_seam *seam, const struct rig_amplify *amplify)
{
	seam->sys = *spw_sys_linux();
	seam->amplify = amplify;
	seam->sys.open = amplify->rewrite ? seam_open_again : seam_open;
	seam->sys.close = seam_close;
	seam->sys.pipe = seam_pipe;
	if (seam->sys.watch_closes)
		seam->sys.watch_closes = seam_watch_closes;
	seam->sys.clone = seam_clone;
	if (amplify->spawn == RIG_SPAWN_POSIX_SPAWN) {
		seam->sys.clone = step_clone;
		seam->sys.cloexec_from = step_cloexec_from;
		seam->sys.signals_set = step_signals_set;
		seam->sys.execve = step_execve;
		seam->sys.exec_fd = step_exec_fd;
		seam->sys.wait = step_wait;
	}
}

enum spw_clone rig_seam_how(const struct rig_amplify *amplify)
{
	return amplify->spawn == RIG_SPAWN_FORK ? SPW_CLONE_FORK :
						  SPW_CLONE_VFORK;
}
