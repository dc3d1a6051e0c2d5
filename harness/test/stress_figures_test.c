/* SPDX-License-Identifier: MIT */
/* What a stress run is told and what its counts amount to: no run needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stress/stress.h"

/* ---- the Wilson interval ---- */

/* Newcombe, Statistics in Medicine 17 (1998), table I, method 3; four digits. */
static void test_wilson_agrees_with_the_literature(void **state)
{
	static const struct {
		uint64_t hits, attempts;
		double low, high;
	} known[] = {
		{ 81, 263, 0.2553, 0.3662 },
		{ 15, 148, 0.0624, 0.1605 },
		{ 0, 20, 0.0000, 0.1611 },
		{ 1, 29, 0.0061, 0.1718 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		double low, high;

		rig_wilson(known[i].hits, known[i].attempts, &low, &high);
		assert_true(low > known[i].low - 0.00006 &&
			    low < known[i].low + 0.00006);
		assert_true(high > known[i].high - 0.00006 &&
			    high < known[i].high + 0.00006);
	}
}

static void test_wilson_at_its_ends(void **state)
{
	double low, high;

	rig_wilson(0, 0, &low, &high);
	assert_true(low == 0 && high == 1);
	/* Of zero hits, z^2 / (n + z^2): it never says "never". */
	rig_wilson(0, 1000000, &low, &high);
	assert_true(low == 0 && high > 3.84e-6 && high < 3.85e-6);
	rig_wilson(29, 29, &low, &high);
	assert_true(low > 0.882 && low < 0.884 && high == 1);
	rig_wilson(UINT64_MAX / 2, UINT64_MAX, &low, &high);
	assert_true(low > 0.4999 && low < 0.5 && high > 0.5 && high < 0.5001);
}

static void test_wilson_contains_the_rate(void **state)
{
	for (uint64_t n = 1; n < 200; n++) {
		for (uint64_t hits = 0; hits <= n; hits++) {
			double rate = (double)hits / (double)n, low, high;

			rig_wilson(hits, n, &low, &high);
			assert_true(0 <= low && low <= rate);
			assert_true(rate <= high && high <= 1);
		}
	}
}

/* ---- amplifiers ---- */

static struct rig_amplify parsed(const char *text)
{
	struct rig_amplify amplify = { .noise = 1 };
	const char *expected;

	if (rig_amplify_parse(&amplify, text, &expected))
		fail_msg("%s: expected %s", text, expected);
	return amplify;
}

static void test_amplifiers(void **state)
{
	assert_int_equal(parsed("spawn=vfork").spawn, RIG_SPAWN_VFORK);
	assert_int_equal(parsed("spawn=fork").spawn, RIG_SPAWN_FORK);
	assert_int_equal(parsed("spawn=posix_spawn").spawn,
			 RIG_SPAWN_POSIX_SPAWN);
	assert_int_equal(parsed("extra-fds=200").extra_fds, 200);
	assert_int_equal(parsed("extra-fds=100000").extra_fds, 100000);
	assert_int_equal(parsed("noise=4").noise, 4);
	assert_int_equal(parsed("noise=0").noise, 0);
	assert_int_equal(parsed("hold=100").hold_us, 100);
	assert_int_equal(parsed("cpus=1").cpus, 1);
	assert_true(parsed("rewrite").rewrite);
	assert_true(parsed("fsync").fsync);
	assert_true(parsed("mapped").mapped);
	assert_int_equal(parsed("pipe-order=low").pipe_order, RIG_PIPE_LOW);
	assert_int_equal(parsed("pipe-order=high").pipe_order, RIG_PIPE_HIGH);
	assert_true(parsed("spawn-return").spawn_return);
	assert_true(parsed("never-exec").never_exec);
	assert_true(parsed("executor=spawn").by_library);
	assert_false(parsed("executor=waiting").by_library);
	/* The others stay. */
	assert_int_equal(parsed("cpus=1").noise, 1);
}

static void test_wrong_amplifiers(void **state)
{
	static const struct {
		const char *text, *expected;
	} wrong[] = {
		{ "", "spawn=HOW" },
		{ "spawn", "spawn=HOW" },
		{ "spawning=fork", "spawn=HOW" },
		{ "=1", "spawn=HOW" },
		{ "spawn=", "spawn=vfork" },
		{ "spawn=clone", "spawn=vfork" },
		{ "spawn=fork ", "spawn=vfork" },
		{ "extra-fds=", "extra-fds=N" },
		{ "extra-fds=-1", "extra-fds=N" },
		{ "extra-fds=100001", "extra-fds=N" },
		{ "noise=65", "noise=N" },
		{ "noise=1x", "noise=N" },
		{ "noise=4294967297", "noise=N" },
		{ "hold=1000001", "hold=US" },
		{ "hold=1ms", "hold=US" },
		{ "cpus=0", "cpus=N" },
		{ "cpus=1025", "cpus=N" },
		{ "rewrite=1", "rewrite" },
		{ "rewrites", "rewrite" },
		{ "fsync=1", "fsync" },
		{ "mapped=no", "mapped" },
		{ "pipe-order=", "pipe-order=low" },
		{ "pipe-order=highest", "pipe-order=low" },
		{ "spawn-return=2", "spawn-return" },
		{ "never-exec=1", "never-exec" },
		{ "executor=", "executor=waiting" },
		{ "fs=/tmp", "--dir DIR" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rig_amplify amplify = { .noise = 0 };
		const char *expected = "";

		if (rig_amplify_parse(&amplify, wrong[i].text, &expected) !=
			    -EINVAL ||
		    strncmp(expected, wrong[i].expected,
			    strlen(wrong[i].expected)) != 0)
			fail_msg("\"%s\": expected %s", wrong[i].text,
				 expected);
	}
}

static void expect_together(struct rig_amplify amplify, bool directed,
			    const char *text)
{
	const char *why = "";
	int rc = rig_amplify_check(&amplify, directed, &why);

	assert_int_equal(rc, text ? -EINVAL : 0);
	if (text && strncmp(why, text, strlen(text)) != 0)
		fail_msg("\"%s\" does not begin with %s", why, text);
}

static void test_amplifiers_that_go_together(void **state)
{
	const struct rig_amplify high = { .pipe_order = RIG_PIPE_HIGH };
	const struct rig_amplify returned = { .spawn_return = true };
	const struct rig_amplify never = { .never_exec = true };
	const struct rig_amplify library = { .by_library = true };
	const struct rig_amplify both = { .never_exec = true,
					  .spawn_return = true };
	const struct rig_amplify either = { .extra_fds = 7,
					    .rewrite = true,
					    .fsync = true,
					    .mapped = true };

	expect_together(either, false, NULL);
	expect_together(either, true, NULL);
	expect_together(high, true, NULL);
	expect_together(high, false, "pipe-order");
	expect_together(returned, true, NULL);
	expect_together(returned, false, "spawn-return");
	expect_together(never, true, NULL);
	expect_together(never, false, "never-exec");
	expect_together(library, true, NULL);
	expect_together(library, false, "executor");
	expect_together(both, true, "never-exec");
	expect_together((struct rig_amplify){ .noise = 1 }, true, "noise");
	expect_together((struct rig_amplify){ .hold_us = 1 }, true, "hold");
	expect_together((struct rig_amplify){ .cpus = 1 }, true, "cpus");
}

/* ---- what the counts amount to ---- */

static void expect_judged(const struct rig_stress *r, enum rig_stress_end end,
			  const char *text)
{
	char why[RIG_MESSAGE_MAX];

	assert_int_equal(rig_stress_judge(r, why, sizeof(why)), end);
	if (!strstr(why, text))
		fail_msg("\"%s\" is not in \"%s\"", text, why);
}

static struct rig_stress clean_run(void)
{
	return (struct rig_stress){
		.test = { .attempts = 1000 },
		.positive = { .attempts = 500, .hits = 3 },
		.negative = { .attempts = 100 },
		.negative_fix = "lease",
	};
}

static void test_clean_only_beside_a_control_that_fired(void **state)
{
	struct rig_stress r = clean_run();

	expect_judged(&r, RIG_STRESS_CLEAN, "no hit, while");
	r.interrupted = true;
	expect_judged(&r, RIG_STRESS_CLEAN, "until the interruption");
	r.positive.hits = 0;
	expect_judged(&r, RIG_STRESS_UNJUDGED, "interrupted before");
	r.interrupted = false;
	expect_judged(&r, RIG_STRESS_UNJUDGED, "not hit either, in 500");
	r = clean_run();
	r.test.attempts = 0;
	expect_judged(&r, RIG_STRESS_UNJUDGED, "");
}

static void test_the_unfixed_variant_is_its_own_control(void **state)
{
	struct rig_stress r = { .test = { .attempts = 7, .hits = 1 },
				.test_is_positive = true };

	expect_judged(&r, RIG_STRESS_HIT, "hit on this kernel");
	r.test.hits = 0;
	expect_judged(&r, RIG_STRESS_UNJUDGED, "in 7 attempts");
}

static void test_hit(void **state)
{
	struct rig_stress r = clean_run();

	r.test.hits = 1;
	expect_judged(&r, RIG_STRESS_HIT, "hit on this kernel");
	/* One hit is enough; the control need not have had its turn. */
	r.positive = (struct rig_tally){ .attempts = 0 };
	expect_judged(&r, RIG_STRESS_HIT, "hit on this kernel");
}

static void test_a_hit_that_an_amplifier_is_to_blame_for(void **state)
{
	struct rig_stress r = clean_run();

	r.test.hits = 1;
	r.breaks_every_fork = true;
	expect_judged(&r, RIG_STRESS_HIT, "the run breaks the fix's");
	r.breaks_every_fork = false;
	r.breaks_no_mapping = true;
	expect_judged(&r, RIG_STRESS_HIT, "the run breaks the fix's");
}

static void test_what_spoils_a_run(void **state)
{
	struct rig_stress r = clean_run();

	r.test.hits = 5;
	r.negative.hits = 2;
	expect_judged(&r, RIG_STRESS_FAILED,
		      "lease, which is sound, was hit 2 times in 100");
	r = clean_run();
	r.test.hits = 5;
	r.positive.errors = 1;
	snprintf(r.positive.error, sizeof(r.positive.error), "the disk");
	expect_judged(&r, RIG_STRESS_FAILED, "the disk");
	r = clean_run();
	r.test = (struct rig_tally){ .refused = 9 };
	expect_judged(&r, RIG_STRESS_FAILED, "refused a process 9 times");
	/* Refusals beside attempts are back-pressure, nothing more. */
	r = clean_run();
	r.test.refused = 9;
	expect_judged(&r, RIG_STRESS_CLEAN, "no hit");
}

static void test_a_kernel_without_the_check(void **state)
{
	struct rig_stress r = clean_run();

	r.positive.hits = 0;
	snprintf(r.immune, sizeof(r.immune), "this kernel has no such check");
	expect_judged(&r, RIG_STRESS_UNJUDGED, "this kernel has no such check");
}

static void test_hits_by_outcome(void **state)
{
	struct rig_tally t = { .attempts = 9 };

	rig_tally_add(&t, "wrong-owner", 1);
	rig_tally_add(&t, "not-woken", 2);
	rig_tally_add(&t, "wrong-owner", 3);
	assert_int_equal(t.hits, 6);
	assert_string_equal(t.kind[0].outcome, "wrong-owner");
	assert_int_equal(t.kind[0].n, 4);
	assert_string_equal(t.kind[1].outcome, "not-woken");
	assert_int_equal(t.kind[1].n, 2);
	assert_null(t.kind[2].outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wilson_agrees_with_the_literature),
		cmocka_unit_test(test_wilson_at_its_ends),
		cmocka_unit_test(test_wilson_contains_the_rate),
		cmocka_unit_test(test_amplifiers),
		cmocka_unit_test(test_wrong_amplifiers),
		cmocka_unit_test(test_amplifiers_that_go_together),
		cmocka_unit_test(test_clean_only_beside_a_control_that_fired),
		cmocka_unit_test(test_the_unfixed_variant_is_its_own_control),
		cmocka_unit_test(test_hit),
		cmocka_unit_test(test_a_hit_that_an_amplifier_is_to_blame_for),
		cmocka_unit_test(test_what_spoils_a_run),
		cmocka_unit_test(test_a_kernel_without_the_check),
		cmocka_unit_test(test_hits_by_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
