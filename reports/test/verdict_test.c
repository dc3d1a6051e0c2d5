/* SPDX-License-Identifier: MIT */
/* Verdicts: their names, exit codes and greppable line; durations. */
#include "support.h"

static void test_names_and_exit_codes(void **state)
{
	static const struct {
		const char *name;
		enum report_verdict verdict;
		int code;
	} cases[] = {
		{ "PROVED", REPORT_PROVED, 0 },
		{ "HELD", REPORT_HELD, 0 },
		{ "BROKEN", REPORT_BROKEN, 1 },
		{ "BROKEN?", REPORT_BROKEN_MAYBE, 1 },
		{ "NARROWED", REPORT_NARROWED, 1 },
		{ "UNJUDGED", REPORT_UNJUDGED, 3 },
		{ "SKIP", REPORT_SKIP, 4 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_string_equal(report_verdict_name(cases[i].verdict),
				    cases[i].name);
		assert_int_equal(report_verdict_exit(cases[i].verdict),
				 cases[i].code);
	}
}

static void check_line(const struct report_result *r, const char *expected)
{
	struct capture c;

	report_verdict_line(capture_start(&c), r);
	assert_string_equal(capture_end(&c), expected);
	capture_free(&c);
}

static void test_line(void **state)
{
	struct report_result r = example_proved();

	check_line(&r, "VERDICT etxtbsy/build-and-run fork-lock PROVED "
		       "18234 executions 0.41 s\n");
	r.verdict = REPORT_NARROWED;
	r.reason = "starvation for at least 127 ms";
	r.search.executions = UINT64_MAX;
	r.search.ns = 59995000000;
	check_line(&r, "VERDICT etxtbsy/build-and-run fork-lock NARROWED "
		       "18446744073709551615 executions 60.00 s\n");
}

static void test_line_says_why_there_is_no_judgement(void **state)
{
	struct report_result r = {
		.scenario = "tiny/lost-update",
		.fix = "lock",
		.verdict = REPORT_UNJUDGED,
		.reason = "the control did not fire",
	};

	check_line(&r, "VERDICT tiny/lost-update lock UNJUDGED "
		       "0 executions 0.00 s (the control did not fire)\n");
	r.verdict = REPORT_SKIP;
	check_line(&r, "VERDICT tiny/lost-update lock SKIP "
		       "0 executions 0.00 s (the control did not fire)\n");
}

static void test_durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 s" },
		{ 1, "1 ns" },
		{ 999, "999 ns" },
		{ 1000, "1.00 us" },
		{ 9995, "10.0 us" },
		{ 99950, "100 us" },
		{ 999499, "999 us" },
		{ 999500, "1.00 ms" },
		{ 12345678, "12.3 ms" },
		{ 700000000, "700 ms" },
		{ 999999999, "1.00 s" },
		{ 1500000000, "1.50 s" },
		{ 60000000000, "1 min 0 s" },
		{ 754400000000, "12 min 34 s" },
		{ 3599500000000, "1 h 0 min" },
		{ UINT64_MAX, "5124095 h 34 min" },
	};
	char buf[32];

	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_ptr_equal(report_duration(cases[i].ns, buf, sizeof(buf)),
				 buf);
		assert_string_equal(buf, cases[i].text);
	}
}

static void test_duration_stays_in_its_buffer(void **state)
{
	char buf[5] = "....";

	report_duration(12345678, buf, 4);
	assert_string_equal(buf, "12.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_exit_codes),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_line_says_why_there_is_no_judgement),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_duration_stays_in_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
