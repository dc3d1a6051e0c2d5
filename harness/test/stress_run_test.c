/* SPDX-License-Identifier: MIT */
/*
 * Stress runs. What is left to chance is left to it for long enough: with
 * files held open an unfixed attempt is hit at least once in twenty, also on
 * one CPU, and a test that waits for a hit gives it thousands of attempts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress/stress.h"
#include "stress_dir.h"

static const uint64_t second = 1000000000;
static const uint64_t long_ns = 20000000000;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * second + (uint64_t)now.tv_nsec;
}

static struct rig_stress_options options_of(const char *scenario,
					    const char *fix)
{
	struct rig_stress_options options = {
		.scenario = rig_scenario_find(scenario),
		.amplify = { .hold_us = 100 },
		.time_ns = long_ns,
	};

	assert_true(rig_fix_find(options.scenario->family, fix, &options.fix));
	return options;
}

static enum rig_stress_end run(const struct rig_stress_options *options)
{
	char why[RIG_MESSAGE_MAX];

	if (rig_stress_run(options, &dir, &result))
		fail_msg("%s", result.why);
	return rig_stress_judge(&result, why, sizeof(why));
}

/* Where the kernel has no such check there is nothing to hit. */
static void need_busy_check(void)
{
	if (dir.busy_refused)
		return;
	print_message("NOTE: this kernel executes files open for writing\n");
	skip();
}

/* ---- hits ---- */

static void hit_with(enum rig_spawn_api spawn)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", "none");

	need_busy_check();
	options.until_hit = true;
	options.amplify.spawn = spawn;
	assert_int_equal(run(&options), RIG_STRESS_HIT);
	assert_true(result.test.hits >= 1);
	assert_true(result.test.attempts >= result.test.hits);
	assert_true(result.test.windows >= 1);
	assert_in_range(result.test.first_hit_ns, 1, result.test.ns);
	/* No hit of the sound fix beside it, which had its turn too. */
	assert_true(result.negative.attempts > 0);
	assert_int_equal(result.negative.hits, 0);
	assert_int_equal(result.positive.attempts, 0);
}

static void test_hit_with_vfork(void **state)
{
	hit_with(RIG_SPAWN_VFORK);
}

static void test_hit_with_fork(void **state)
{
	hit_with(RIG_SPAWN_FORK);
}

static void test_hit_with_posix_spawn(void **state)
{
	hit_with(RIG_SPAWN_POSIX_SPAWN);
}

static void test_hit_by_noise_alone(void **state)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", "none");

	need_busy_check();
	options.until_hit = true;
	options.threads = 1;
	options.amplify.noise = 4;
	assert_int_equal(run(&options), RIG_STRESS_HIT);
}

/* ---- no hits ---- */

static void expect_sound(const struct rig_fix *fix, enum rig_spawn_api spawn)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", fix->name);

	options.attempts = 200;
	options.amplify.spawn = spawn;
	if (run(&options) != RIG_STRESS_CLEAN)
		fail_msg("%s: %d hits, %s", fix->name, (int)result.test.hits,
			 result.test.error);
	assert_int_equal(result.test.attempts, 200);
	assert_true(result.positive.hits > 0);
	assert_true(result.negative.attempts > 0);
}

static void test_sound_fixes_are_not_hit(void **state)
{
	const struct rig_family *family = &rig_family_etxtbsy;
	struct rig_fix fix;

	need_busy_check();
	for (unsigned i = 0; family->fix(i, &fix); i++) {
		if (!fix.claims_sound || fix.unavailable)
			continue;
		if (!rig_fix_runs_here(&fix)) {
			printf("left out, this kernel cannot: %s\n", fix.name);
			continue;
		}
		expect_sound(&fix, RIG_SPAWN_VFORK);
		expect_sound(&fix, RIG_SPAWN_POSIX_SPAWN);
	}
}

/* Nobody else forks, so nobody can hold a copy. */
static void test_one_thread_alone_shows_nothing(void **state)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-beside-noise", "none");

	options.threads = 1;
	options.attempts = 50;
	assert_int_equal(run(&options), RIG_STRESS_UNJUDGED);
	assert_int_equal(result.test.attempts, 50);
	assert_int_equal(result.test.windows, 0);
	/* With a fix the control runs till the end of the time, for nothing. */
	options = options_of("etxtbsy/build-beside-noise", "lease");
	options.threads = 1;
	options.attempts = 50;
	options.time_ns = second / 2;
	assert_int_equal(run(&options), RIG_STRESS_UNJUDGED);
	assert_in_range(result.test.attempts, 1, 50);
	assert_true(result.positive.attempts > 0);
}

static void test_only_victims_are_counted(void **state)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-beside-noise", "lease");

	options.attempts = 30;
	run(&options);
	assert_int_equal(result.test.attempts, 30);
}

static void test_rewritten_programs(void **state)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", "lease");

	options.attempts = 200;
	options.amplify.rewrite = true;
	options.amplify.extra_fds = 20;
	assert_int_not_equal(run(&options), RIG_STRESS_FAILED);
	assert_int_equal(result.test.attempts, 200);
	assert_int_equal(result.test.hits, 0);
}

/* ---- limits ---- */

static void test_time_is_shared_out(void **state)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", "lease");
	uint64_t all;

	options.time_ns = 2 * second;
	run(&options);
	all = result.test.ns + result.positive.ns + result.negative.ns;
	assert_true(all >= 2 * second);
	assert_true(result.negative.ns > 0);
	if (all > 2 * second + second / 5) {
		print_message("NOTE: too busy a machine to compare shares\n");
		skip();
	}
	assert_in_range(result.test.ns, all / 100 * 45, all / 100 * 75);
	assert_in_range(result.positive.ns, all / 100 * 20, all / 100 * 45);
}

static void test_cpus_are_given_back(void **state)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", "none");
	cpu_set_t before, after;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	options.attempts = 20;
	options.amplify.cpus = 1;
	run(&options);
	assert_int_equal(result.cpus, 1);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	options.amplify.cpus = RIG_CPUS_MAX;
	assert_int_equal(rig_stress_run(&options, &dir, &result), -EINVAL);
	assert_non_null(strstr(result.why, "cpus=1024: only"));
}

static volatile sig_atomic_t stop;

static void stop_soon(void *ctx, const struct rig_stress *so_far)
{
	stop = 1;
}

static void test_stop(void **state)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", "lease");
	uint64_t begun = now_ns();

	options.time_ns = 0;
	options.stop = &stop;
	options.progress = stop_soon;
	stop = 0;
	run(&options);
	assert_true(result.interrupted);
	assert_true(result.test.attempts > 0);
	/* Stopped before it began. */
	assert_int_equal(run(&options), RIG_STRESS_UNJUDGED);
	assert_int_equal(result.test.attempts, 0);
	assert_true(now_ns() - begun < 10 * second);
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

/* A thread that was joined may be listed for a moment longer. */
static void expect_threads(size_t n)
{
	uint64_t begun = now_ns();

	while (count_entries("/proc/self/task") != n &&
	       now_ns() - begun < 10 * second)
		sched_yield();
	assert_int_equal(count_entries("/proc/self/task"), n);
}

static void test_nothing_is_left(void **state)
{
	static const char *const fixes[] = { "none", "fork-lock",
					     "private-table" };

	for (int i = 0; i < 3; i++) {
		struct rig_stress_options options =
			options_of("etxtbsy/build-and-run", fixes[i]);
		size_t threads = count_entries("/proc/self/task");
		size_t fds = count_entries("/proc/self/fd");

		options.attempts = 100;
		options.time_ns = second;
		options.amplify.noise = 2;
		options.amplify.extra_fds = 10;
		run(&options);
		assert_int_equal(count_entries("/proc/self/fd"), fds);
		expect_threads(threads);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

/* ---- scenarios that go wrong ---- */

static atomic_int acted; /* times that a scenario below was asked */
static const char *act_outcome;
static const char *act_fix;
static int act_from;

/* From the act_from-th time on, act_outcome with act_fix. */
static void act(struct rig_run *r, unsigned index)
{
	if (atomic_fetch_add(&acted, 1) >= act_from && act_outcome &&
	    (!act_fix || !strcmp(r->fix.name, act_fix)))
		rig_run_fail(r, act_outcome, "actor %u says so", index);
}

static const struct rig_scenario acting = {
	.name = "etxtbsy/acting",
	.family = &rig_family_etxtbsy,
	.outcomes = rig_etxtbsy_outcomes,
	.actor = act,
};

static struct rig_stress_options acting_options(const char *outcome,
						const char *fix, int from)
{
	struct rig_stress_options options =
		options_of("etxtbsy/build-and-run", "none");

	options.scenario = &acting;
	options.time_ns = second / 2;
	act_outcome = outcome;
	act_fix = fix;
	act_from = from;
	atomic_store(&acted, 0);
	return options;
}

static void test_an_error_ends_the_run(void **state)
{
	struct rig_stress_options options = acting_options("failed", NULL, 50);

	options.time_ns = 0;
	assert_int_equal(run(&options), RIG_STRESS_FAILED);
	assert_true(result.test.errors >= 1);
	assert_non_null(strstr(result.test.error, "says so"));
}

static void test_what_cannot_run_alone(void **state)
{
	struct rig_stress_options options = acting_options("failed", NULL, 0);

	/* Not even unfixed: that is not for the fix to answer. */
	assert_int_equal(rig_stress_run(&options, &dir, &result), -EIO);
	assert_non_null(strstr(result.why, "none, one thread alone: actor 0"));
	options = acting_options("failed", "lease", 0);
	assert_true(rig_fix_find(&rig_family_etxtbsy, "lease", &options.fix));
	assert_int_equal(rig_stress_run(&options, &dir, &result), -ENOTSUP);
	assert_non_null(strstr(result.why, "lease, one thread alone: actor 0"));
	/* As a control it is replaced by the next one. */
	options = acting_options("failed", "fork-lock", 0);
	assert_int_equal(rig_stress_run(&options, &dir, &result), 0);
	assert_string_equal(result.negative_fix, "lease");
}

static void test_a_control_that_must_not_fire(void **state)
{
	struct rig_stress_options options =
		acting_options("etxtbsy", "fork-lock", 20);

	assert_int_equal(run(&options), RIG_STRESS_FAILED);
	assert_true(result.negative.hits > 0);
}

static void test_hits_of_a_fix(void **state)
{
	struct rig_stress_options options =
		acting_options("etxtbsy", "retry", 20);

	assert_true(rig_fix_find(&rig_family_etxtbsy, "retry", &options.fix));
	assert_int_equal(run(&options), RIG_STRESS_HIT);
	assert_true(result.test.hits > 0);
	assert_int_equal(result.positive.hits, 0);
	assert_int_equal(result.negative.hits, 0);
}

static void test_scenario_of_the_model_alone(void **state)
{
	struct rig_stress_options options =
		options_of("tiny/lost-update", "none");

	assert_int_equal(rig_stress_run(&options, &dir, &result), -ENOTSUP);
	assert_non_null(strstr(result.why, "simulated world only"));
}

static int blocker[2];

/* The second time it is asked it does not come back. */
static void block(struct rig_run *r, unsigned index)
{
	char byte;

	if (atomic_fetch_add(&acted, 1) > 3 && read(blocker[0], &byte, 1) < 0)
		abort();
}

static const struct rig_scenario blocking = {
	.name = "etxtbsy/blocking",
	.family = &rig_family_etxtbsy,
	.outcomes = rig_etxtbsy_outcomes,
	.actor = block,
};

/* In a process of its own: threads that are stuck cannot be taken back. */
static void test_a_stuck_thread_is_reported(void **state)
{
	struct rig_stress_options options = acting_options(NULL, NULL, 0);
	uint64_t begun = now_ns();
	int status;
	pid_t pid;

	options.scenario = &blocking;
	options.patience_ns = second / 5;
	assert_int_equal(pipe(blocker), 0);
	pid = fork();
	if (!pid)
		_exit(rig_stress_run(&options, &dir, &result) != -ETIMEDOUT ||
		      !strstr(result.why, "does not end"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(now_ns() - begun < 10 * second);
	close(blocker[0]);
	close(blocker[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hit_with_vfork),
		cmocka_unit_test(test_hit_with_fork),
		cmocka_unit_test(test_hit_with_posix_spawn),
		cmocka_unit_test(test_hit_by_noise_alone),
		cmocka_unit_test(test_sound_fixes_are_not_hit),
		cmocka_unit_test(test_one_thread_alone_shows_nothing),
		cmocka_unit_test(test_only_victims_are_counted),
		cmocka_unit_test(test_rewritten_programs),
		cmocka_unit_test(test_time_is_shared_out),
		cmocka_unit_test(test_cpus_are_given_back),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_an_error_ends_the_run),
		cmocka_unit_test(test_what_cannot_run_alone),
		cmocka_unit_test(test_a_control_that_must_not_fire),
		cmocka_unit_test(test_hits_of_a_fix),
		cmocka_unit_test(test_scenario_of_the_model_alone),
		cmocka_unit_test(test_a_stuck_thread_is_reported),
	};

	return cmocka_run_group_tests(tests, open_dir, close_dir) != 0;
}
