/* SPDX-License-Identifier: MIT */
#include "stress/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>

/* A pid that no process has: of a child that libc has reaped already. */
enum { NO_CHILD = -1, EXIT_NOT_EXECUTED = 127 };

/*
 * Of the calling thread. A vfork child shares it with its parent, but no call
 * that a child makes writes to it.
 */
static _Thread_local struct {
	int writing;    /* descriptor of the program it writes, plus 1 */
	bool forking;   /* when that was opened, somebody was about to fork */
	uint64_t forks; /* begun until then */
	bool refused;
	/* posix_spawn only: a child step that runs in this very thread. */
	jmp_buf executed;
	pid_t pid;
	bool in_step;
	sigset_t mask; /* for the program */
} thread;

static struct rig_seam *seam_of(struct spw_sys *sys)
{
	return (struct rig_seam *)(void *)sys;
}

/* ---- the window ---- */

static int seam_open(struct spw_sys *sys, const char *path, int flags,
		     mode_t mode)
{
	struct rig_seam *seam = seam_of(sys);
	int fd = spw_sys_linux()->open(sys, path, flags, mode);

	if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY) {
		thread.writing = fd + 1;
		thread.forks = atomic_load(&seam->forks);
		thread.forking = atomic_load(&seam->forked) < thread.forks;
	}
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

static SPW_CHILD int seam_close(struct spw_sys *sys, int fd)
{
	struct rig_seam *seam = seam_of(sys);

	if (thread.writing == fd + 1) {
		thread.writing = 0;
		if (seam->hold_ns)
			sys->sleep_ns(sys, seam->hold_ns);
		if (thread.forking || atomic_load(&seam->forks) != thread.forks)
			atomic_fetch_add(&seam->windows, 1);
	}
	return spw_sys_linux()->close(sys, fd);
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
};

/* The child has its copy of the descriptors. It shares the count. */
static SPW_CHILD int start_vfork(void *arg)
{
	const struct start *start = arg;

	atomic_fetch_add(&start->seam->forked, 1);
	return start->child(start->arg);
}

static int seam_vfork(struct rig_seam *seam, spw_child_fn *child, void *arg,
		      pid_t *pid)
{
	struct start start = { seam, child, arg };
	struct spw_sys *sys = spw_sys_linux();
	int rc = sys->clone(sys, SPW_CLONE_VFORK, start_vfork, &start,
			    sizeof(start), pid);

	if (rc)
		atomic_fetch_add(&seam->forked, 1);
	return rc;
}

static int seam_clone(struct spw_sys *sys, enum spw_clone how,
		      spw_child_fn *child, void *arg, size_t arg_len,
		      pid_t *pid)
{
	struct rig_seam *seam = seam_of(sys);
	int rc;

	atomic_fetch_add(&seam->forks, 1);
	if (how == SPW_CLONE_VFORK) {
		rc = seam_vfork(seam, child, arg, pid);
	} else {
		rc = spw_sys_linux()->clone(sys, how, child, arg, arg_len, pid);
		atomic_fetch_add(&seam->forked, 1);
	}
	if (is_refusal(rc))
		thread.refused = true;
	return rc;
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

	if (how == SPW_CLONE_FORK) /* no spawn: a child that writes a file */
		return seam_clone(sys, how, child, arg, arg_len, pid);
	atomic_fetch_add(&seam->forks, 1);
	thread.pid = NO_CHILD;
	thread.in_step = true;
	if (!setjmp(thread.executed))
		child(arg);
	thread.in_step = false;
	/* Later than the copy was made, but when that was nobody tells. */
	atomic_fetch_add(&seam->forked, 1);
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
	posix_spawnattr_t attr;
	int error = posix_spawnattr_init(&attr);

	if (!error) {
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
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

static int step_wait(struct spw_sys *sys, pid_t pid, struct spw_status *status)
{
	if (pid != NO_CHILD)
		return spw_sys_linux()->wait(sys, pid, status);
	*status = (struct spw_status){ .code = EXIT_NOT_EXECUTED };
	return 0;
}

/* ---- */

void rig_seam_init(struct rig_seam *seam, const struct rig_amplify *amplify)
{
	seam->sys = *spw_sys_linux();
	seam->hold_ns = (uint64_t)amplify->hold_us * 1000;
	seam->sys.open = amplify->rewrite ? seam_open_again : seam_open;
	seam->sys.close = seam_close;
	seam->sys.clone = seam_clone;
	if (amplify->spawn == RIG_SPAWN_POSIX_SPAWN) {
		seam->sys.clone = step_clone;
		seam->sys.cloexec_from = step_cloexec_from;
		seam->sys.signals_set = step_signals_set;
		seam->sys.execve = step_execve;
		seam->sys.wait = step_wait;
	}
}

enum spw_clone rig_seam_how(const struct rig_amplify *amplify)
{
	return amplify->spawn == RIG_SPAWN_FORK ? SPW_CLONE_FORK :
						  SPW_CLONE_VFORK;
}
