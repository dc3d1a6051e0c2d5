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

#include <string.h>

enum { ATTEMPTS = 100, THREADS = 4 };

static struct rig_workdir dir;
static struct rig_stress result;

static int open_dir(void **state)
{
	char why[256];

	if (!rig_workdir_open(&dir, NULL, why, sizeof(why)))
		return 0;
	print_message("%s\n", why);
	return -1;
}

static int close_dir(void **state)
{
	rig_workdir_close(&dir);
	return 0;
}

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
		if (!fix.claims_sound || !can_run(s, &fix))
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
		if (rig_scenarios[i]->family == &rig_family_wait)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_second_waiter),
	};

	return cmocka_run_group_tests(tests, open_dir, close_dir) > 0;
}
