/* SPDX-License-Identifier: MIT */
/*
 * A provider that has a child of its own forked while a file is being written:
 * the child inherits the file and holds it until it is let go. What system(), a
 * library or another runtime may do at any time.
 */
#ifndef CORE_TEST_HOLDER_H
#define CORE_TEST_HOLDER_H

#include "support.h"

struct holder {
	struct spw_sys sys; /* first: the calls find the rest */
	const char *path;
	pid_t pid; /* 0: not yet */
	int leash; /* closed: the child ends */
};

static inline void holder_open(struct holder *holder, const char *path)
{
	*holder = (struct holder){ .sys = *spw_sys_linux(), .path = path };
}

static inline bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static inline bool is_file_at(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static inline void holder_fork(struct holder *holder)
{
	int pipe[2];
	pid_t pid;

	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipe[1]);
		_exit(read(pipe[0], &(char){ 0 }, 1) != 0);
	}
	close(pipe[0]);
	holder->pid = pid; /* not by the child: it may be in shared memory */
	holder->leash = pipe[1];
}

static inline bool holder_is_there(const struct holder *holder)
{
	return holder->pid > 0;
}

static inline void holder_end(struct holder *holder)
{
	close(holder->leash);
	assert_int_equal(waitpid(holder->pid, NULL, 0), holder->pid);
	holder->pid = -1;
}

/* For sys.close: just before the file is closed, the child is forked. */
static inline int close_held(struct spw_sys *sys, int fd)
{
	struct holder *holder = (struct holder *)sys;

	if (holder->pid == 0 && is_file_at(fd, holder->path) &&
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
		holder_fork(holder);
	return spw_sys_linux()->close(sys, fd);
}

#endif
