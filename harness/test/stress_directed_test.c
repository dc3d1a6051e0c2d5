/* SPDX-License-Identifier: MIT */
/*
 * Directed stress runs. Nearly every attempt of an unfixed one is hit, and a
 * test that waits for a hit gives it seconds: a machine that is busy makes hits
 * rarer, never a sound fix hit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress/stress.h"
#include "stress/truncation.h"
#include "stress_dir.h"

static const uint64_t second = 1000000000;

/* With one CPU, or without the check, there is nothing to direct. */
static void need_a_race(void)
{
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (dir.busy_refused && CPU_COUNT(&cpus) >= 2)
		return;
	print_message("NOTE: one CPU, or files open for writing execute\n");
	skip();
}

static struct rig_stress_options options_of(const char *fix)
{
	struct rig_stress_options options = {
		.scenario = rig_scenario_find("etxtbsy/build-and-run"),
		.directed = true,
		.time_ns = second,
	};

	assert_true(
		rig_real_fix_find(options.scenario->family, fix, &options.fix));
	return options;
}

static enum rig_stress_end run(const struct rig_stress_options *options)
{
	char why[RIG_MESSAGE_MAX];

	if (rig_stress_run(options, &dir, &result))
		fail_msg("%s", result.why);
	return rig_stress_judge(&result, why, sizeof(why));
}

/* Long enough for what is rare, no longer than it takes. */
static void expect_hit(struct rig_stress_options *options)
{
	need_a_race();
	options->until_hit = true;
	options->time_ns = 40 * second;
	if (run(options) != RIG_STRESS_HIT)
		fail_msg("%s: %u attempts, %u windows, %s", options->fix.name,
			 (unsigned)result.test.attempts,
			 (unsigned)result.test.windows, result.test.error);
	assert_true(result.test.windows > 0);
	assert_int_equal(result.negative.hits, 0);
}

static void expect_clean(const struct rig_stress_options *options)
{
	need_a_race();
	if (run(options) != RIG_STRESS_CLEAN)
		fail_msg("%s: %u hits, %s", options->fix.name,
			 (unsigned)result.test.hits, result.test.error);
	assert_true(result.positive.hits > 0);
}

/* ---- what decides ---- */

static void test_unfixed(void **state)
{
	static const enum rig_spawn_api apis[] = { RIG_SPAWN_VFORK,
						   RIG_SPAWN_FORK };

	for (int i = 0; i < 2; i++) {
		struct rig_stress_options options = options_of("none");

		options.amplify.spawn = apis[i];
		options.time_ns = second;
		need_a_race();
		assert_int_equal(run(&options), RIG_STRESS_HIT);
		assert_true(result.test.windows > 0);
		assert_true(result.test.hits <= result.test.attempts);
		assert_in_range(result.test.first_hit_ns, 1, result.test.ns);
	}
}

static void test_sound_fixes(void **state)
{
	static const char *const fixes[] = { "lease", "fork-lock",
					     "private-table",
					     "writer-process" };

	for (int i = 0; i < 4; i++) {
		struct rig_stress_options options = options_of(fixes[i]);

		options.time_ns = second / 2;
		expect_clean(&options);
		/* Who keeps forks out is seen to; who waits is not spared. */
		if (i == 1)
			assert_int_equal(result.test.windows, 0);
		else
			assert_true(result.test.windows > 0);
	}
}

static void test_return_of_vfork_is_no_barrier(void **state)
{
	struct rig_stress_options options = options_of("quiesce");

	expect_hit(&options);
}

/* With the number of the pipe below the file's it is one attempt in a hundred,
 * or a thousand: too rare for a test where forks are slow. */
static void test_end_of_the_report_pipe_is_no_barrier(void **state)
{
	struct rig_stress_options options = options_of("quiesce");

	options.amplify.spawn = RIG_SPAWN_FORK;
	options.amplify.pipe_order = RIG_PIPE_HIGH;
	expect_hit(&options);
}

static void test_return_of_posix_spawn_is_no_barrier(void **state)
{
	struct rig_stress_options options = options_of("none");

	options.amplify.spawn = RIG_SPAWN_POSIX_SPAWN;
	options.amplify.spawn_return = true;
	expect_hit(&options);
}

static void test_end_of_a_pipe_beside_the_file_is_no_barrier(void **state)
{
	struct rig_stress_options options = options_of("canary-pipe");

	options.amplify.pipe_order = RIG_PIPE_HIGH;
	expect_hit(&options);
	options.amplify.pipe_order = RIG_PIPE_LOW;
	expect_hit(&options);
}

/* What is told before the file is released, where its release takes long. */
static void test_lock_and_event_are_no_barriers(void **state)
{
	static const char *const fixes[] = { "flock", "close-event" };
	uint64_t created, rewritten;

	need_a_race();
	assert_int_equal(rig_truncation_close(&dir, &created, &rewritten), 0);
	if (rewritten <= 4 * created) {
		print_message("NOTE: truncating does not delay a close on %s\n",
			      dir.fs);
		skip();
	}
	for (int i = 0; i < 2; i++) {
		struct rig_stress_options options = options_of(fixes[i]);

		options.amplify.rewrite = true;
		expect_hit(&options);
	}
}

static void test_what_only_narrows_is_no_barrier(void **state)
{
	static const char *const fixes[] = { "rename", "spawn-mutex",
					     "atfork-close", "fsync" };

	for (int i = 0; i < 4; i++) {
		struct rig_stress_options options = options_of(fixes[i]);

		expect_hit(&options);
	}
}

static void test_foreign_children(void **state)
{
	struct rig_stress_options options = options_of("fork-lock");

	options.amplify.never_exec = true;
	expect_hit(&options);
	assert_true(result.breaks_every_fork);
	options = options_of("private-table");
	options.amplify.never_exec = true;
	expect_clean(&options);
	assert_true(result.test.windows > 0);
	options = options_of("lease");
	options.amplify.never_exec = true;
	expect_clean(&options);
}

static void test_mappings(void **state)
{
	struct rig_stress_options options = options_of("private-table");

	options.amplify.mapped = true;
	options.amplify.spawn = RIG_SPAWN_FORK;
	expect_hit(&options);
	assert_true(result.breaks_no_mapping);
	options = options_of("lease");
	options.amplify.mapped = true;
	options.amplify.spawn = RIG_SPAWN_FORK;
	expect_clean(&options);
}

static void test_executed_by_the_library(void **state)
{
	struct rig_stress_options options = options_of("none");

	options.amplify.by_library = true;
	expect_hit(&options);
	assert_true(result.by_library);
	options = options_of("retry");
	options.attempts = 3;
	assert_int_not_equal(run(&options), RIG_STRESS_FAILED);
	assert_true(result.by_library);
	assert_true(result.test.attempts > 0);
}

static void test_several_holders(void **state)
{
	struct rig_stress_options options = options_of("lease");

	options.threads = 5;
	options.time_ns = second;
	expect_clean(&options);
}

/* ---- limits ---- */

static void test_attempts(void **state)
{
	struct rig_stress_options options = options_of("lease");

	need_a_race();
	options.attempts = 20;
	run(&options);
	assert_int_equal(result.test.attempts, 20);
}

static void test_one_cpu_is_too_few(void **state)
{
	struct rig_stress_options options = options_of("none");
	cpu_set_t all, one;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (size_t cpu = 0; !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(rig_stress_run(&options, &dir, &result), -ENOTSUP);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_non_null(strstr(result.why, "two CPUs"));
}

/* An amplifier that does nothing here is said to, not run. */
static void test_rewriting_where_that_is_nothing(void **state)
{
	struct rig_stress_options options = options_of("lease");
	struct rig_workdir memory;
	uint64_t created, rewritten;
	char why[RIG_MESSAGE_MAX];

	need_a_race();
	if (rig_workdir_open(&memory, "/dev/shm", why, sizeof(why))) {
		print_message("NOTE: %s\n", why);
		skip();
	}
	options.amplify.rewrite = true;
	assert_int_equal(rig_truncation_close(&memory, &created, &rewritten),
			 0);
	if (rig_stress_run(&options, &memory, &result) != -ENOTSUP ||
	    !strstr(result.why, "rewrite: on "))
		fail_msg("%d: %s, %u and %u ns", (int)result.test.attempts,
			 result.why, (unsigned)created, (unsigned)rewritten);
	rig_workdir_close(&memory);
}

static void test_stopped_before_it_begins(void **state)
{
	static volatile sig_atomic_t stop = 1;
	struct rig_stress_options options = options_of("none");

	need_a_race();
	options.stop = &stop;
	assert_int_equal(run(&options), RIG_STRESS_UNJUDGED);
	assert_int_equal(result.test.attempts, 0);
}

/* ---- nothing is left ---- */

static size_t count_entries(const char *path)
{
	DIR *entries = opendir(path);
	size_t n = 0;

	assert_non_null(entries);
	while (readdir(entries))
		n++;
	closedir(entries);
	return n;
}

static void test_nothing_is_left(void **state)
{
	struct rig_stress_options options = options_of("private-table");
	size_t fds = count_entries("/proc/self/fd");
	cpu_set_t before, after;

	need_a_race();
	sched_getaffinity(0, sizeof(before), &before);
	options.attempts = 20;
	run(&options);
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	sched_getaffinity(0, sizeof(after), &after);
	assert_true(CPU_EQUAL(&before, &after));
	assert_int_equal(count_entries(dir.path), 3 + 1); /* lock, other */
}

/* The first child of this process, or 0. */
static pid_t first_child(void)
{
	char path[64], line[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return (pid_t)strtol(line, NULL, 10);
}

static void stop_keeper(void *ctx, const struct rig_stress *so_far)
{
	kill(first_child(), SIGSTOP);
}

/* In a process of its own: after that one ends. */
static void test_an_executor_that_is_stuck(void **state)
{
	struct rig_stress_options options = options_of("none");
	int status;
	pid_t pid;

	need_a_race();
	options.progress = stop_keeper;
	options.patience_ns = second / 5;
	options.time_ns = 0;
	pid = fork();
	if (!pid) {
		int rc = rig_stress_run(&options, &dir, &result);

		_exit(rc != -ETIMEDOUT || first_child());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unfixed),
		cmocka_unit_test(test_sound_fixes),
		cmocka_unit_test(test_return_of_vfork_is_no_barrier),
		cmocka_unit_test(test_end_of_the_report_pipe_is_no_barrier),
		cmocka_unit_test(test_return_of_posix_spawn_is_no_barrier),
		cmocka_unit_test(
			test_end_of_a_pipe_beside_the_file_is_no_barrier),
		cmocka_unit_test(test_lock_and_event_are_no_barriers),
		cmocka_unit_test(test_what_only_narrows_is_no_barrier),
		cmocka_unit_test(test_foreign_children),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_executed_by_the_library),
		cmocka_unit_test(test_several_holders),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_one_cpu_is_too_few),
		cmocka_unit_test(test_rewriting_where_that_is_nothing),
		cmocka_unit_test(test_stopped_before_it_begins),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_an_executor_that_is_stuck),
	};

	return cmocka_run_group_tests(tests, open_dir, close_dir) != 0;
}
