/* SPDX-License-Identifier: MIT */
/* fork-server: what reaches the program through the server, and its end. */
#include "support.h"

#include <pthread.h>

static struct spw_rt *open_server(void)
{
	return open_rt("fork-server", SPW_CLONE_VFORK, NULL);
}

/* Runs a line of shell; "$0" and what follows are args'. */
static int run_shell(struct spw_rt *rt, struct spw_spec spec, const char *line)
{
	spec.path = "/bin/sh";
	spec.argv = ARGV("sh", "-c", line, "zero", "one");
	return run(rt, &spec, NULL);
}

static void spec_reaches_the_program(void **state)
{
	struct spw_rt *rt = open_server();
	struct spw_spec spec = { .dir = "/proc", .envp = ARGV("A=1", "B=") };

	assert_int_equal(run_shell(rt, spec, "exit 7"), 7);
	assert_int_equal(run_shell(rt, spec, "kill -9 $$"), 1000 + SIGKILL);
	assert_int_equal(run_shell(rt, spec, "test $(pwd) = /proc"), 0);
	assert_int_equal(run_shell(rt, spec, "test $A-$B- = 1--"), 0);
	assert_int_equal(run_shell(rt, spec, "test $0-$1 = zero-one"), 0);
	/* pid, session: fields 1 and 6 of the stat file. */
	spec.flags = SPW_NEW_SESSION;
	assert_int_equal(run_shell(rt, spec,
				   "read p c s pp g sid r < /proc/$$/stat; "
				   "test $sid = $$"),
			 0);
	spec.flags = 0;
	assert_int_equal(run_shell(rt, spec,
				   "read p c s pp g sid r < /proc/$$/stat; "
				   "test $sid != $$"),
			 0);
	spw_shut(rt);
	assert_no_children();
}

static void program_is_a_child_of_this_process(void **state)
{
	struct spw_rt *rt = open_server();
	const struct spw_spec spec = { .path = "/bin/false" };
	struct spw_status status;
	struct spw_proc *proc;
	siginfo_t info = { 0 };

	assert_int_equal(spw_spawn(rt, &spec, &proc, NULL), 0);
	assert_int_equal(waitid(P_PID, (id_t)spw_pid(proc), &info,
				WEXITED | WNOWAIT),
			 0);
	spw_shut(rt); /* a process outlives its runtime, and its server */
	assert_int_equal(spw_wait(proc, &status), 0);
	assert_int_equal(status.code, 1);
	spw_release(proc);
	assert_no_children();
}

static void signal_mask_is_the_callers(void **state)
{
	struct spw_rt *rt = open_server();
	char pattern[64];
	const struct spw_spec spec = {
		.path = "/bin/grep", /* a shell would clear its mask */
		.argv = ARGV("grep", "-q", pattern, "/proc/self/status"),
	};
	sigset_t mask, old;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &mask, &old);
	snprintf(pattern, sizeof(pattern), "SigBlk:.*%016llx",
		 1ull << (SIGUSR1 - 1));
	assert_int_equal(run(rt, &spec, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(run(rt, &spec, NULL), 1);
	spw_shut(rt);
}

/* Neither what is open when the server is forked nor what comes later. */
static void server_has_no_other_descriptor(void **state)
{
	int before[2], after[2];
	struct spw_rt *rt;
	struct spw_spec spec = { .dir = NULL };

	assert_int_equal(pipe(before), 0);
	rt = open_server();
	assert_int_equal(pipe(after), 0);
	/* Three, and the one that ls itself opens. */
	assert_int_equal(
		run_shell(rt, spec, "test $(ls /proc/self/fd | wc -l) = 4"), 0);
	/* The end of a pipe comes: nobody else has the writing end. */
	close(before[1]);
	close(after[1]);
	assert_int_equal(read(before[0], &(char){ 0 }, 1), 0);
	assert_int_equal(read(after[0], &(char){ 0 }, 1), 0);
	close(before[0]);
	close(after[0]);
	spw_shut(rt);
}

static void check_failure(struct spw_rt *rt, const struct spw_spec *spec,
			  enum spw_stage stage, int error)
{
	enum spw_stage failed = SPW_STAGE_NONE;

	assert_int_equal(run(rt, spec, &failed), -error);
	assert_string_equal(spw_stage_name(failed), spw_stage_name(stage));
}

static void failure_names_its_stage(void **state)
{
	size_t fds = count_fds();
	struct spw_rt *rt = open_server();
	const struct spw_fd_map map = { 2, 1 };
	struct spw_spec spec = { .path = "/nowhere/at/all" };

	check_failure(rt, &spec, SPW_STAGE_EXEC, ENOENT);
	spec.path = "/etc/passwd";
	check_failure(rt, &spec, SPW_STAGE_EXEC, EACCES);
	spec.path = "/bin/true";
	spec.dir = "/nowhere/at/all";
	check_failure(rt, &spec, SPW_STAGE_DIR, ENOENT);
	spec.dir = NULL;
	spec.fds = &map;
	spec.nfds = 1;
	check_failure(rt, &spec, SPW_STAGE_PREPARE, ENOTSUP);
	spec.nfds = 0;
	assert_int_equal(run(rt, &spec, NULL), 0);
	spw_shut(rt);
	assert_no_children();
	assert_int_equal(count_fds(), fds);
}

static void requests_have_a_bound(void **state)
{
	struct spw_rt *rt = open_server();
	static char *many[1200];
	static char big[20000];
	struct spw_spec spec = { .path = "/bin/true", .argv = many };

	/* The arguments and nothing else make the sum: "x", 1023 of it. */
	for (int i = 0; i < 1024; i++)
		many[i] = (char *)"x";
	assert_int_equal(run(rt, &spec, NULL), 0);
	many[1024] = (char *)"x";
	check_failure(rt, &spec, SPW_STAGE_CLONE, E2BIG);
	many[1024] = NULL;
	spec.envp = ARGV("A=");
	check_failure(rt, &spec, SPW_STAGE_CLONE, E2BIG);
	spec = (struct spw_spec){ .path = "/bin/true",
				  .argv = ARGV("true", big) };
	/* "/bin/true", "true" and this fill 16384 bytes with their zeros. */
	memset(big, 'x', 16384 - 10 - 5 - 1);
	assert_int_equal(run(rt, &spec, NULL), 0);
	memset(big, 'x', 16384 - 10 - 5);
	check_failure(rt, &spec, SPW_STAGE_CLONE, E2BIG);
	assert_int_equal(run_path(rt, "/bin/true"), 0);
	spw_shut(rt);
}

static pid_t server_pid;

static int clone_noted(struct spw_sys *sys, enum spw_clone how,
		       spw_child_fn *child, void *arg, size_t arg_len,
		       pid_t *pid)
{
	int error = spw_sys_linux()->clone(sys, how, child, arg, arg_len, pid);

	if (how == SPW_CLONE_FORK)
		server_pid = *pid;
	return error;
}

static void killed_server_is_told(void **state)
{
	size_t fds = count_fds();
	struct spw_sys sys = *spw_sys_linux();
	const struct spw_spec spec = { .path = "/bin/true" };
	siginfo_t info = { 0 };
	struct spw_rt *rt;

	sys.clone = clone_noted;
	rt = open_rt("fork-server", SPW_CLONE_VFORK, &sys);
	assert_int_equal(run(rt, &spec, NULL), 0);
	kill(server_pid, SIGTERM); /* blocked there */
	assert_int_equal(run(rt, &spec, NULL), 0);
	kill(server_pid, SIGKILL);
	assert_int_equal(
		waitid(P_PID, (id_t)server_pid, &info, WEXITED | WNOWAIT), 0);
	for (int i = 0; i < 3; i++)
		check_failure(rt, &spec, SPW_STAGE_CLONE, EPIPE);
	spw_shut(rt);
	assert_no_children();
	assert_int_equal(count_fds(), fds);
}

static void *spawn_fifty(void *rt)
{
	uintptr_t failed = 0;

	for (int i = 0; i < 50; i++)
		failed += run_path(rt, "/bin/true") != 0;
	return (void *)failed;
}

static void from_four_threads(void **state)
{
	struct spw_rt *rt = open_server();
	pthread_t thread[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, spawn_fifty, rt), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
	spw_shut(rt);
	assert_no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_reaches_the_program),
		cmocka_unit_test(program_is_a_child_of_this_process),
		cmocka_unit_test(signal_mask_is_the_callers),
		cmocka_unit_test(server_has_no_other_descriptor),
		cmocka_unit_test(failure_names_its_stage),
		cmocka_unit_test(requests_have_a_bound),
		cmocka_unit_test(killed_server_is_told),
		cmocka_unit_test(from_four_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
