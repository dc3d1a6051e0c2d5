/* SPDX-License-Identifier: MIT */
/* The matrix at a glance: which results stand where. */
#include "support.h"

static const struct report_real agreed = { .claim = "never", .agrees = true };
static const struct report_real disagreed = { .claim = "rarer" };
static const struct report_real promised_nothing = { .claim = "n/a",
						     .agrees = true };

static struct report_result cell(const char *scenario, const char *fix,
				 enum report_verdict verdict)
{
	return (struct report_result){ .scenario = scenario,
				       .fix = fix,
				       .verdict = verdict,
				       .real = &agreed };
}

static void check(const struct report_result *results, size_t n, bool color,
		  const char *expected)
{
	struct capture c;

	report_grid(capture_start(&c), results, n, color);
	assert_string_equal(capture_end(&c), expected);
	capture_free(&c);
}

/* Of long names as much as a line has room for, and no space at its end. */
static void scenarios_with_the_same_fixes_share_a_grid(void **state)
{
	const struct report_price price = { .ratio = 0.875 };
	const struct report_price none = { .skipped = "it is not here" };
	struct report_result results[] = {
		cell("etxtbsy/build-and-run", "none", REPORT_BROKEN),
		cell("etxtbsy/build-and-run", "lease", REPORT_PROVED),
		cell("tiny/box", "lock", REPORT_HELD),
		cell("fork/flock", "none", REPORT_BROKEN_MAYBE),
		cell("fork/flock", "lease", REPORT_NARROWED),
	};

	results[0].price = &price;
	results[1].price = &none;
	results[2].real = &promised_nothing;
	results[4].real = &disagreed;
	check(results, LENGTH(results), false,
	      "                etxtbsy/  fork/\n"
	      "                build-    flock\n"
	      "fix             and-run             price\n"
	      "none            BROKEN    BROKEN?   0.88x\n"
	      "lease           PROVED    NARROWED! SKIP\n"
	      "price: write, spawn and wait, beside posix_spawn without a fix\n"
	      "!: not what the fix claims, or not what the kernel does\n\n"
	      "fix             tiny/box\n"
	      "lock            held\n"
	      "in small letters: the scenario breaks the condition of what "
	      "the fix claims\n\n");
}

/* Of a run that was cut short the last scenario has fewer fixes. */
static void scenarios_with_other_fixes_do_not(void **state)
{
	const struct report_result results[] = {
		cell("a/x", "none", REPORT_BROKEN),
		cell("a/x", "lock", REPORT_PROVED),
		cell("a/y", "none", REPORT_UNJUDGED),
	};

	check(results, LENGTH(results), false,
	      "fix             a/x\n"
	      "none            BROKEN\n"
	      "lock            PROVED\n\n"
	      "fix             a/y\n"
	      "none            UNJUDGED\n\n");
	check(results, 0, false, "");
}

static void verdicts_have_colours(void **state)
{
	const struct report_result r = cell("a/x", "lock", REPORT_PROVED);

	check(&r, 1, true,
	      "\033[1mfix\033[0m             \033[1ma/x\033[0m\n"
	      "lock            \033[32mPROVED\033[0m\n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenarios_with_the_same_fixes_share_a_grid),
		cmocka_unit_test(scenarios_with_other_fixes_do_not),
		cmocka_unit_test(verdicts_have_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
