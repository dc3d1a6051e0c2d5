/* SPDX-License-Identifier: MIT */
/* What the tests of core share. */
#ifndef CORE_TEST_SUPPORT_H
#define CORE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spw/spw.h>

/* An argument list of string literals. */
#define ARGV(...) ((char *const *)(const char *[]){ __VA_ARGS__, NULL })

/* A runtime, or NULL where the guard is not available here, which is said. */
static inline struct spw_rt *try_rt(const char *guard, enum spw_clone how,
				    struct spw_sys *sys)
{
	const struct spw_options options = {
		.sys = sys,
		.guard = spw_guard_find(guard),
		.how = how,
	};
	struct spw_rt *rt;
	int error;

	assert_non_null(options.guard);
	error = spw_open(&rt, &options);
	if (error == -ENOTSUP) {
		print_message("%s: not available on this system\n", guard);
		return NULL;
	}
	assert_int_equal(error, 0);
	return rt;
}

static inline struct spw_rt *open_rt(const char *guard, enum spw_clone how,
				     struct spw_sys *sys)
{
	struct spw_rt *rt = try_rt(guard, how, sys);

	assert_non_null(rt);
	return rt;
}

/* Spawns, waits, releases; returns the exit status, 1000 + signal or -errno. */
static inline int run(struct spw_rt *rt, const struct spw_spec *spec,
		      enum spw_stage *stage)
{
	struct spw_status status;
	struct spw_proc *proc;
	int error = spw_spawn(rt, spec, &proc, stage);

	if (error < 0)
		return error;
	error = spw_wait(proc, &status);
	spw_release(proc);
	if (error < 0)
		return error;
	return status.signaled ? 1000 + status.code : status.code;
}

static inline int run_path(struct spw_rt *rt, const char *path)
{
	const struct spw_spec spec = { .path = path };

	return run(rt, &spec, NULL);
}

/*
 * An execve that fails with ENOTRECOVERABLE where SIGUSR1 is caught: it would
 * run the parent's handler in the child.
 */
static inline SPW_CHILD int execve_uncaught(struct spw_sys *sys,
					    const char *path,
					    char *const argv[],
					    char *const envp[])
{
	uintptr_t action[8]; /* of the kernel: the handler comes first */

	syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, sizeof(uint64_t));
	if (action[0] != (uintptr_t)SIG_DFL)
		return -ENOTRECOVERABLE;
	return (int)syscall(SYS_execve, path, argv, envp) < 0 ? -errno : 0;
}

/* A new directory below $TMPDIR or /tmp; path has room for 128. */
static inline void make_dir(char *path)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, 128, "%s/spw.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
}

/* The content of a file, mapped; for munmap. */
static inline void *map_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	data = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(data, MAP_FAILED);
	close(fd);
	return data;
}

/* The number of open descriptors of this process. */
static inline size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static inline void assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#endif
