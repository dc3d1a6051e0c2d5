/* SPDX-License-Identifier: MIT */
/*
 * spw_spawn and spw_wait on the real kernel. The program that is spawned is
 * this one, with an argument that says what to tell about itself.
 */
#include "support.h"

#include <pthread.h>

/* All tests run once for each way to make a child. */
static enum spw_clone how;

/* ---- what the spawned program tells, on standard output ---- */

static int tell_fds(void)
{
	for (int fd = 0; fd < 256; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	}
	return 0;
}

static int tell_contents(char **fds)
{
	for (char c; *fds; fds++)
		putchar(pread((int)strtol(*fds, NULL, 10), &c, 1, 0) == 1 ?
				c :
				'-');
	return 0;
}

static int tell_mask(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		if (sigismember(&mask, sig))
			printf("%d ", sig);
	}
	return 0;
}

static int tell_ids(void)
{
	printf("%s %s", getsid(0) == getpid() ? "session" : "-",
	       getpgrp() == getpid() ? "group" : "-");
	return 0;
}

static int tell_dir(void)
{
	char dir[128];

	return getcwd(dir, sizeof(dir)) ? printf("%s", dir) < 0 : 1;
}

static int tell_env(void)
{
	for (char **env = environ; *env; env++)
		printf("%s ", *env);
	return 0;
}

static int tell(char **argv)
{
	if (strcmp(argv[1], "fds") == 0)
		return tell_fds();
	if (strcmp(argv[1], "contents") == 0)
		return tell_contents(argv + 2);
	if (strcmp(argv[1], "mask") == 0)
		return tell_mask();
	if (strcmp(argv[1], "ids") == 0)
		return tell_ids();
	if (strcmp(argv[1], "dir") == 0)
		return tell_dir();
	if (strcmp(argv[1], "env") == 0)
		return tell_env();
	return 2;
}

static char self[256];

/* Runs this program with spec's particulars and returns what it told. */
static const char *told(struct spw_rt *rt, struct spw_spec spec,
			char *const *argv)
{
	static char text[512];
	struct spw_fd_map fds[SPW_FDS_MAX];
	ssize_t n;
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	for (size_t i = 0; i < spec.nfds; i++)
		fds[i] = spec.fds[i];
	fds[spec.nfds++] = (struct spw_fd_map){ fd[1], 1 };
	spec.fds = fds;
	spec.path = self;
	spec.argv = argv;
	assert_int_equal(run(rt, &spec, NULL), 0);
	close(fd[1]);
	n = read(fd[0], text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd[0]);
	return text;
}

/* ---- ends ---- */

static void status_of_the_program(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	enum spw_stage stage = SPW_STAGE_EXEC;
	struct spw_spec spec = { .path = "/bin/true" };

	assert_int_equal(run(rt, &spec, &stage), 0);
	assert_int_equal(stage, SPW_STAGE_NONE);
	spec = (struct spw_spec){ .path = "/bin/sh",
				  .argv = ARGV("sh", "-c", "exit 7") };
	assert_int_equal(run(rt, &spec, NULL), 7);
	spec.argv = ARGV("sh", "-c", "kill -9 $$");
	assert_int_equal(run(rt, &spec, NULL), 1000 + SIGKILL);
	spw_shut(rt);
}

static void wait_again_returns_the_same(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	const struct spw_spec spec = { .path = "/bin/false" };
	struct spw_status status;
	struct spw_proc *proc;

	assert_int_equal(spw_spawn(rt, &spec, &proc, NULL), 0);
	assert_true(spw_pid(proc) > 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(spw_wait(proc, &status), 0);
		assert_false(status.signaled);
		assert_int_equal(status.code, 1);
	}
	spw_release(proc);
	spw_shut(rt);
}

static void release_reaps(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	const struct spw_spec spec = { .path = "/bin/true" };
	struct spw_proc *proc;

	assert_int_equal(spw_spawn(rt, &spec, &proc, NULL), 0);
	spw_shut(rt); /* a process outlives its runtime */
	spw_release(proc);
	assert_no_children();
}

/* ---- failures ---- */

static void check_failure(struct spw_rt *rt, const struct spw_spec *spec,
			  enum spw_stage stage, int error)
{
	enum spw_stage failed = SPW_STAGE_NONE;
	size_t fds = count_fds();

	assert_int_equal(run(rt, spec, &failed), -error);
	assert_string_equal(spw_stage_name(failed), spw_stage_name(stage));
	assert_no_children();
	assert_int_equal(count_fds(), fds);
}

static void failure_names_its_stage(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	struct spw_fd_map map[SPW_FDS_MAX + 1] = { { 250, 1 } };
	struct spw_spec spec = { .path = "/nowhere/at/all" };

	check_failure(rt, &spec, SPW_STAGE_EXEC, ENOENT);
	spec.path = "/etc/passwd";
	check_failure(rt, &spec, SPW_STAGE_EXEC, EACCES);
	spec.path = "/bin/true";
	spec.dir = "/nowhere/at/all";
	check_failure(rt, &spec, SPW_STAGE_DIR, ENOENT);
	spec.dir = NULL;
	spec.fds = map;
	spec.nfds = 1;
	check_failure(rt, &spec, SPW_STAGE_FDS, EBADF);
	spec.nfds = SPW_FDS_MAX + 1;
	check_failure(rt, &spec, SPW_STAGE_PREPARE, EINVAL);
	map[0].from = -1;
	spec.nfds = 1;
	check_failure(rt, &spec, SPW_STAGE_PREPARE, EBADF);
	spw_shut(rt);
}

/* A closed number stays invalid, whatever moves out of the way before it. */
static void closed_source_is_found(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	const struct spw_fd_map map[] = { { 1, 0 },
					  { 0, 1 },
					  { 2, 3 },
					  { 250, 4 } };
	const struct spw_spec spec = {
		.path = "/bin/true",
		.fds = map,
		.nfds = 4,
	};

	check_failure(rt, &spec, SPW_STAGE_FDS, EBADF);
	spw_shut(rt);
}

/* ---- what reaches the program ---- */

static void no_stray_descriptor(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	const struct spw_spec spec = { .nfds = 0 };
	int stray[8];

	for (int i = 0; i < 8; i++) {
		stray[i] = dup(2); /* not close-on-exec */
		assert_true(stray[i] > 2);
	}
	assert_string_equal(told(rt, spec, ARGV("self", "fds")), "0 1 2 ");
	for (int i = 0; i < 8; i++)
		close(stray[i]);
	spw_shut(rt);
}

/* Makes number first + i read as the letter 'a' + i. */
static void open_letters(int first, int n)
{
	for (int i = 0; i < n; i++) {
		char letter = (char)('a' + i);
		int fd = memfd_create("letter", MFD_CLOEXEC);

		assert_int_equal(write(fd, &letter, 1), 1);
		assert_int_equal(dup3(fd, first + i, O_CLOEXEC), first + i);
		close(fd);
	}
}

static void close_letters(int first, int n)
{
	for (int i = 0; i < n; i++)
		close(first + i);
}

static void descriptors_get_their_numbers(void **state)
{
	const struct {
		struct spw_fd_map map[4];
		size_t n;
		const char *contents;
	} cases[] = {
		{ { { 40, 40 } }, 1, "a---" },
		{ { { 40, 41 }, { 41, 40 } }, 2, "ba--" },
		{ { { 40, 41 }, { 41, 42 }, { 42, 40 } }, 3, "cab-" },
		{ { { 40, 41 }, { 41, 42 }, { 42, 43 } }, 3, "-abc" },
		{ { { 43, 42 }, { 42, 41 }, { 41, 40 } }, 3, "bcd-" },
		{ { { 40, 41 }, { 40, 42 }, { 40, 43 } }, 3, "-aaa" },
		{ { { 40, 41 }, { 41, 41 }, { 41, 40 } }, 3, "bb--" },
		{ { { 43, 40 }, { 40, 40 }, { 40, 43 } }, 3, "a--a" },
	};
	struct spw_rt *rt = open_rt("none", how, NULL);

	open_letters(40, 4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct spw_spec spec = {
			.fds = cases[i].map,
			.nfds = cases[i].n,
		};
		assert_string_equal(
			told(rt, spec,
			     ARGV("self", "contents", "40", "41", "42", "43")),
			cases[i].contents);
	}
	const struct spw_spec shift = {
		.fds = cases[3].map,
		.nfds = cases[3].n,
	};
	assert_string_equal(told(rt, shift, ARGV("self", "fds")),
			    "0 1 2 41 42 43 ");
	close_letters(40, 4);
	spw_shut(rt);
}

/* Every number up to 30 is a target, so the report pipe's is as well. */
static void report_pipe_is_out_of_the_way(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	struct spw_fd_map map[28];
	struct spw_spec spec = { .path = "/nowhere", .fds = map, .nfds = 28 };

	for (int i = 0; i < 28; i++)
		map[i] = (struct spw_fd_map){ 2, 3 + i };
	check_failure(rt, &spec, SPW_STAGE_EXEC, ENOENT);
	spec.path = "/bin/true";
	assert_int_equal(run(rt, &spec, NULL), 0);
	spw_shut(rt);
}

static void session_and_group(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	struct spw_spec spec = { .flags = 0 };

	assert_string_equal(told(rt, spec, ARGV("self", "ids")), "- -");
	spec.flags = SPW_NEW_GROUP;
	assert_string_equal(told(rt, spec, ARGV("self", "ids")), "- group");
	spec.flags = SPW_NEW_SESSION;
	assert_string_equal(told(rt, spec, ARGV("self", "ids")),
			    "session group");
	spec.flags = SPW_NEW_SESSION | SPW_NEW_GROUP;
	assert_string_equal(told(rt, spec, ARGV("self", "ids")),
			    "session group");
	spw_shut(rt);
}

static void signal_mask_is_the_callers(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	const struct spw_spec spec = { .flags = 0 };
	sigset_t mask, old, after;
	char expected[16];

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &mask, &old);
	snprintf(expected, sizeof(expected), "%d ", SIGUSR1);
	assert_string_equal(told(rt, spec, ARGV("self", "mask")), expected);
	pthread_sigmask(SIG_SETMASK, &old, &after);
	assert_true(sigismember(&after, SIGUSR1));
	assert_false(sigismember(&after, SIGTERM));
	spw_shut(rt);
}

static void do_nothing(int sig)
{
}

static void caught_signals_are_reset(void **state)
{
	struct spw_sys sys = *spw_sys_linux();
	struct spw_rt *rt = open_rt("none", how, &sys);

	sys.execve = execve_uncaught;
	signal(SIGUSR1, do_nothing);
	assert_int_equal(run_path(rt, "/bin/true"), 0);
	signal(SIGUSR1, SIG_DFL);
	spw_shut(rt);
}

static void directory_and_environment(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	struct spw_spec spec = { .dir = "/proc" };

	assert_string_equal(told(rt, spec, ARGV("self", "dir")), "/proc");
	assert_string_equal(told(rt, spec, ARGV("self", "env")), "");
	spec.envp = ARGV("A=1", "B=2");
	assert_string_equal(told(rt, spec, ARGV("self", "env")), "A=1 B=2 ");
	spw_shut(rt);
}

/* ---- many ---- */

static void *spawn_fifty(void *rt)
{
	uintptr_t failed = 0;

	for (int i = 0; i < 50; i++)
		failed += run_path(rt, "/bin/true") != 0;
	return (void *)failed;
}

static void from_four_threads(void **state)
{
	struct spw_rt *rt = open_rt("none", how, NULL);
	pthread_t thread[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, spawn_fifty, rt), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
	assert_no_children();
	spw_shut(rt);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_of_the_program),
		cmocka_unit_test(wait_again_returns_the_same),
		cmocka_unit_test(release_reaps),
		cmocka_unit_test(failure_names_its_stage),
		cmocka_unit_test(closed_source_is_found),
		cmocka_unit_test(no_stray_descriptor),
		cmocka_unit_test(descriptors_get_their_numbers),
		cmocka_unit_test(report_pipe_is_out_of_the_way),
		cmocka_unit_test(session_and_group),
		cmocka_unit_test(signal_mask_is_the_callers),
		cmocka_unit_test(caught_signals_are_reset),
		cmocka_unit_test(directory_and_environment),
		cmocka_unit_test(from_four_threads),
	};
	int failed;

	if (argc > 1)
		return tell(argv);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	how = SPW_CLONE_VFORK;
	failed = cmocka_run_group_tests_name("vfork", tests, NULL, NULL);
	how = SPW_CLONE_FORK;
	failed += cmocka_run_group_tests_name("fork", tests, NULL, NULL);
	return failed > 0;
}
