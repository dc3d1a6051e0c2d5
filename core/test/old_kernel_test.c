/* SPDX-License-Identifier: MIT */
/*
 * The ways round system calls that the kernel lacks, or that a filter does not
 * know: clone3 (Linux 5.3; CLONE_CLEAR_SIGHAND 5.5) and close_range (5.9). A
 * filter of our own takes them away, in a process for each case.
 */
#include "support.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* From here on both calls fail with error. */
static bool take_away(int error)
{
	const unsigned result = SECCOMP_RET_ERRNO | (unsigned)error;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, result),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void do_nothing(int sig)
{
}

static bool opens_private_table(void)
{
	const struct spw_options options = {
		.guard = spw_guard_find("private-table"),
	};
	struct spw_rt *rt;

	return spw_open(&rt, &options) != -ENOTSUP;
}

enum { GOOD, NO_FILTER, SPAWN_FAILED, STRAY, TABLE };

/* In a process of its own; stray is a descriptor that is not close-on-exec. */
static int without_calls(int error, enum spw_clone how, const char *stray)
{
	struct spw_sys sys = *spw_sys_linux();
	struct spw_rt *rt = open_rt("none", how, &sys);
	const struct spw_spec spec = {
		.path = "/bin/sh",
		.argv = ARGV("sh", "-c", "! test -e /proc/self/fd/$0", stray),
	};

	if (!take_away(error))
		return NO_FILTER;
	signal(SIGUSR1, do_nothing);
	sys.execve = execve_uncaught;
	if (run_path(rt, "/bin/true") != 0 ||
	    run_path(rt, "/nowhere") != -ENOENT)
		return SPAWN_FAILED;
	if (run(rt, &spec, NULL) != 0)
		return STRAY;
	if (error == ENOSYS && opens_private_table())
		return TABLE;
	spw_shut(rt);
	return 0;
}

static void check(int error, enum spw_clone how)
{
	char stray[16];
	int status, fd = dup(2);
	pid_t pid;

	snprintf(stray, sizeof(stray), "%d", fd);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(without_calls(error, how, stray));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fd);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_FILTER)
		skip();
	assert_int_equal(WEXITSTATUS(status), GOOD);
}

static void calls_are_missing(void **state)
{
	check(ENOSYS, SPW_CLONE_VFORK);
	check(ENOSYS, SPW_CLONE_FORK);
}

static void calls_are_forbidden(void **state)
{
	check(EPERM, SPW_CLONE_VFORK);
	check(EPERM, SPW_CLONE_FORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_missing),
		cmocka_unit_test(calls_are_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
