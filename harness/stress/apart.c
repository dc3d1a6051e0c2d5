/* SPDX-License-Identifier: MIT */
#include "stress/apart.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

/* struct clone_args as of Linux 5.5 (CLONE_ARGS_SIZE_VER1). */
struct clone3_args {
	uint64_t flags;
	uint64_t pidfd;
	uint64_t child_tid;
	uint64_t parent_tid;
	uint64_t exit_signal;
	uint64_t stack;
	uint64_t stack_size;
	uint64_t tls;
	uint64_t set_tid;
	uint64_t set_tid_size;
};

pid_t rig_fork3(uint64_t flags, const pid_t *tid, int *pidfd)
{
	struct clone3_args args = {
		.flags = flags,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)tid,
		.set_tid_size = tid != NULL,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args,
				   tid ? sizeof(args) :
					 offsetof(struct clone3_args, set_tid));

	return pid < 0 ? -errno : pid;
}

pid_t rig_fork_apart(void)
{
	pid_t pid = (pid_t)syscall(
		SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);

	return pid < 0 ? -errno : pid;
}

/* Exit statuses that no sanitizer has. */
enum { RAN = 0, NO_IDS = 120 };

enum { SOME_ID = 201, LOOK_NS = 5000000 };

static bool can_choose(void)
{
	const pid_t wanted = SOME_ID;
	pid_t pid = rig_fork3(0, &wanted, NULL);

	if (pid == 0)
		_exit(0);
	return pid == wanted && waitpid(pid, NULL, 0) == pid;
}

static int await(pid_t pid, const volatile sig_atomic_t *stop)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	bool told = false;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (stop && *stop && !told)
			told = !kill(pid, SIGINT);
		nanosleep(&look, NULL);
	}
	if (!WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) == RAN    ? 0 :
	       WEXITSTATUS(status) == NO_IDS ? -ENOTSUP :
					       -EIO;
}

int rig_run_apart(void (*run)(void *arg), void *arg,
		  const volatile sig_atomic_t *stop)
{
	pid_t pid = rig_fork_apart();

	if (pid < 0)
		return -ENOTSUP;
	if (pid > 0)
		return await(pid, stop);
	/* With it end all the processes of its namespace. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (!can_choose())
		_exit(NO_IDS);
	run(arg);
	_exit(RAN);
}
