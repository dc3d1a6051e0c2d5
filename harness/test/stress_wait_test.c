/* SPDX-License-Identifier: MIT */
/*
 * Waiting by force: in every scenario the unfixed waiter is hit, and those that
 * claim to be sound there are not, and leave nothing: no child, no descriptor,
 * no thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stress/stress.h"
#include "stress_dir.h"

#include <errno.h>
#include <string.h>

enum { ATTEMPTS = 100, THREADS = 4 };

static enum rig_stress_end hammer(const struct rig_scenario *scenario,
				  const struct rig_fix *fix, bool until_hit)
{
	const struct rig_stress_options options = {
		.scenario = scenario,
		.fix = *fix,
		.threads = THREADS,
		.attempts = until_hit ? 0 : ATTEMPTS,
		.time_ns = 20000000000,
		.until_hit = until_hit,
	};
	char why[RIG_MESSAGE_MAX] = "";
	int rc = rig_stress_run(&options, &dir, &result);

	if (rc)
		fail_msg("%s %s: %s", scenario->name, fix->name, result.why);
	return rig_stress_judge(&result, why, sizeof(why));
}

/* Where ids cannot be chosen a run that needs them says so, and is none. */
static bool is_possible(const struct rig_scenario *s)
{
	struct rig_stress_options options = { .scenario = s,
					      .attempts = 1,
					      .threads = 1,
					      .time_ns = 20000000000 };
	int rc;

	assert_true(s->family->fix(0, &options.fix));
	rc = rig_stress_run(&options, &dir, &result);
	assert_true(!rc || rc == -ENOTSUP);
	if (rc)
		print_message("NOTE: not tested here: %s: %s\n", s->name,
			      result.why);
	return !rc;
}

/* pidfd where there is none, as on Plan 9. */
static bool can_run(const struct rig_scenario *s, const struct rig_fix *fix)
{
	return !fix->pidfds || !s->kernel ||
	       strcmp(s->kernel, "wait-scope=thread") != 0;
}

static void check_scenario(const struct rig_scenario *s)
{
	struct rig_fix fix;

	for (unsigned i = 0; s->family->fix(i, &fix); i++) {
		if (!i)
			assert_int_equal(hammer(s, &fix, true), RIG_STRESS_HIT);
		if (rig_claim(s, &fix) != RIG_CLAIM_NEVER ||
		    !fix.claims_sound || !can_run(s, &fix))
			continue;
		if (hammer(s, &fix, false) != RIG_STRESS_CLEAN)
			fail_msg("%s %s: %d hits, %s", s->name, fix.name,
				 (int)result.test.hits, result.test.error);
		assert_true(result.positive.hits > 0);
	}
}

static void test_scenarios(void **state)
{
	for (unsigned i = 0; rig_scenarios[i]; i++)
		if (rig_scenarios[i]->family == &rig_family_wait &&
		    is_possible(rig_scenarios[i]))
			check_scenario(rig_scenarios[i]);
}

/* The 2013 change, of which a second waiter is one too many. */
static void test_second_waiter(void **state)
{
	struct rig_fix fix;

	assert_true(rig_fix_find(&rig_family_wait, "owner-thread", &fix));
	assert_int_equal(hammer(rig_scenario_find("wait/double-wait"), &fix,
				true),
			 RIG_STRESS_HIT);
	assert_string_equal(result.test.outcome, "not-found");
}

/* As one of two outcomes. */
static void expect_hits(const char *scenario, const char *waiter,
			const char *outcome, const char *other)
{
	const struct rig_scenario *s = rig_scenario_find(scenario);
	struct rig_fix fix;

	if (!is_possible(s))
		return;
	assert_true(rig_fix_find(s->family, waiter, &fix));
	assert_int_equal(hammer(s, &fix, true), RIG_STRESS_HIT);
	if (strcmp(result.test.outcome, outcome) != 0)
		assert_string_equal(result.test.outcome, other);
}

/* Ids that are used again: a table by id has one entry for two children. */
static void test_ids_are_used_again(void **state)
{
	expect_hits("wait/pid-reuse", "owner-thread", "wrong-child",
		    "not-found");
}

/* What is tied to a thread ends with it, whoever waits. */
static void test_creators_end(void **state)
{
	expect_hits("wait/creator-dies", "pidfd", "killed", "killed");
}

/* Two ends, one signal: the second is never told. */
static void test_lost_signal(void **state)
{
	expect_hits("wait/coalesced", "sigchld", "deadlock", "deadlock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_second_waiter),
		cmocka_unit_test(test_ids_are_used_again),
		cmocka_unit_test(test_creators_end),
		cmocka_unit_test(test_lost_signal),
	};

	return cmocka_run_group_tests(tests, open_dir, close_dir) > 0;
}
