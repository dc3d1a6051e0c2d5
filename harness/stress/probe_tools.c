/* SPDX-License-Identifier: MIT */
#include "stress/probe_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RAN = 200 }; /* an exit status that no errno is */

/* ---- answers ---- */

enum rig_answer probe_say(struct rig_probing *p, enum rig_answer answer,
			  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->result->text, RIG_PROBE_TEXT, format, args);
	va_end(args);
	return answer;
}

enum rig_answer probe_cannot(struct rig_probing *p, const char *what, int error)
{
	return probe_say(p, RIG_CANNOT_TELL, "%s: %s", what,
			 strerror(error < 0 ? -error : error));
}

enum rig_answer probe_feature(struct rig_probing *p, int rc)
{
	switch (-rc) {
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
		return probe_say(p, RIG_CANNOT_TELL, "%s", strerror(-rc));
	default:
		return rc >= 0 ? RIG_YES :
				 probe_say(p, RIG_NO, "%s", strerror(-rc));
	}
}

enum rig_answer probe_died(struct rig_probing *p, int status)
{
	if (!WIFSIGNALED(status))
		return probe_say(p, RIG_CANNOT_TELL, "exit status %d",
				 WEXITSTATUS(status));
	if (WTERMSIG(status) == SIGSYS)
		return probe_say(p, RIG_CANNOT_TELL,
				 "killed by SIGSYS (a seccomp filter)");
	return probe_say(p, RIG_CANNOT_TELL, "killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
}

/* ---- processes ---- */

_Noreturn void probe_exit(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

pid_t probe_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			probe_exit(1); /* it ended before that could help */
	}
	return pid;
}

int probe_reap(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

void probe_kill(pid_t pid)
{
	int status;

	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	probe_reap(pid, &status);
}

enum rig_answer probe_by_exit(struct rig_probing *p, pid_t pid)
{
	int status, rc = pid < 0 ? pid : probe_reap(pid, &status);

	if (rc)
		return probe_feature(p, rc);
	return WIFEXITED(status) ? probe_feature(p, -WEXITSTATUS(status)) :
				   probe_died(p, status);
}

pid_t probe_idle_child(void)
{
	pid_t pid = probe_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

int probe_on_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, fn, arg);

	return rc ? -rc : -pthread_join(thread, NULL);
}

/* ---- files ---- */

int probe_path(struct rig_probing *p, const char *name, char path[PROBE_PATH])
{
	const struct rig_workdir *dir = p->place->dir;

	/* The pid: what a probe that was killed has left is not in the way. */
	if (!dir)
		return -ENOENT;
	return snprintf(path, PROBE_PATH, "%s/%d-%s", dir->path, getpid(),
			name) < PROBE_PATH ?
		       0 :
		       -ENAMETOOLONG;
}

enum rig_answer probe_no_dir(struct rig_probing *p)
{
	return probe_say(p, RIG_CANNOT_TELL, "%s",
			 p->place->dir    ? "the path is too long" :
			 p->place->no_dir ? p->place->no_dir :
					    "no work directory");
}

static int write_all(int fd, const void *data, size_t len)
{
	ssize_t n = write(fd, data, len);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -ENOSPC;
}

int probe_write(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, data, len);
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

int probe_write_program(const char *path)
{
	unsigned char program[RIG_PROGRAM_MAX];
	int len = rig_program(program, RAN);

	return len < 0 ? len : probe_write(path, program, (size_t)len);
}

int probe_fill(int fd)
{
	unsigned char program[RIG_PROGRAM_MAX];
	int len = rig_program(program, RAN);

	return len < 0 ? len : write_all(fd, program, (size_t)len);
}

int probe_write_script(const char *path, const char *interpreter)
{
	char line[PROBE_PATH + sizeof("#!\n")];
	int len = snprintf(line, sizeof(line), "#!%s\n", interpreter);

	return probe_write(path, line, (size_t)len);
}

/* ---- programs ---- */

/* In a child. Returns only on failure. */
static int execute(const char *path, int fd)
{
	char *argv[] = { (char *)(path ? path : "program"), NULL };
	char *envp[] = { NULL };

	if (path)
		execve(path, argv, envp);
	else
		syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return errno;
}

int probe_execute(const char *path, int fd)
{
	pid_t pid = probe_fork();
	int status, rc;

	if (pid == 0)
		probe_exit(execute(path, fd));
	rc = pid < 0 ? pid : probe_reap(pid, &status);
	if (rc)
		return rc;
	if (!WIFEXITED(status) || !WEXITSTATUS(status))
		return -ENOEXEC;
	return WEXITSTATUS(status) == RAN ? 0 : -WEXITSTATUS(status);
}

/*
 * The pipe closes in execve, after the file that is executed was denied to
 * writers: bprm_execve opens it, begin_new_exec closes descriptors.
 */
pid_t probe_start(const char *path)
{
	unsigned char failed = 0;
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = probe_fork();
	if (pid == 0) {
		failed = (unsigned char)execute(path, -1);
		probe_exit(write(fds[1], &failed, 1) != 1);
	}
	close(fds[1]);
	if (pid > 0 && read(fds[0], &failed, 1) == 1) {
		probe_reap(pid, &status);
		pid = -failed;
	}
	close(fds[0]);
	return pid;
}
