/* SPDX-License-Identifier: MIT */
/* JUnit: the document, and that no string breaks it. */
#include "support.h"

static const struct report_environment environment = {
	.version = "0.1.0",
	.commit = "0123abc",
	.command = "racerig explore \"x\" <y>",
	.kernel = "Linux 6.1.0 x86_64",
	.cpus = 2,
	.host = "builder",
	.unix_time = 1700000000,
};

static const char *junit(struct capture *c, const struct report_result *results,
			 size_t n)
{
	report_junit(capture_start(c), &environment, results, n);
	return capture_end(c);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void test_document(void **state)
{
	const struct report_result results[] = { example_proved(),
						 example_broken() };
	struct capture c;

	assert_string_equal(
		junit(&c, results, LENGTH(results)),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites>\n"
		"  <testsuite name=\"etxtbsy/build-and-run\" "
		"package=\"racerig\" id=\"0\" "
		"timestamp=\"2023-11-14T22:13:20\" hostname=\"builder\" "
		"tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" "
		"time=\"0.825\">\n"
		"    <properties>\n"
		"      <property name=\"version\" value=\"0.1.0\"/>\n"
		"      <property name=\"commit\" value=\"0123abc\"/>\n"
		"      <property name=\"command\" value=\"racerig explore "
		"&quot;x&quot; &lt;y&gt;\"/>\n"
		"      <property name=\"kernel\" "
		"value=\"Linux 6.1.0 x86_64\"/>\n"
		"      <property name=\"libc\" value=\"-\"/>\n"
		"      <property name=\"cpus\" value=\"2\"/>\n"
		"    </properties>\n"
		"    <testcase classname=\"etxtbsy/build-and-run\" "
		"name=\"fork-lock\" time=\"0.412\"/>\n"
		"    <testcase classname=\"etxtbsy/build-and-run\" "
		"name=\"none\" time=\"0.412\">\n"
		"      <failure type=\"BROKEN\" message=\"A finished program "
		"could not be executed.\">"
		"happened: a1: execve of prog-a1 failed\n"
		"found after 17 executions, 3 decisions, 1 preemptions\n"
		"schedule: out/build-and-run.sched\n"
		"      </failure>\n"
		"    </testcase>\n"
		"    <system-out>PROVED etxtbsy/build-and-run fork-lock: "
		"18234 executions, strategy states, seed 0xfedcba9876543210, "
		"actors 2, spawn vfork, kernel etxtbsy=on release-order=any "
		"steps=kernel, starvation 1000000000 ns\n"
		"BROKEN etxtbsy/build-and-run none: 18234 executions, "
		"strategy states, seed 0xfedcba9876543210, actors 2, spawn "
		"vfork, kernel etxtbsy=on release-order=any steps=kernel, "
		"starvation 1000000000 ns\n"
		"</system-out>\n"
		"    <system-err></system-err>\n"
		"  </testsuite>\n"
		"</testsuites>\n");
	capture_free(&c);
}

/* What each verdict becomes. */
static void test_verdicts(void **state)
{
	static const struct {
		enum report_verdict verdict;
		const char *part, *sums;
	} cases[] = {
		{ REPORT_PROVED, "time=\"0.412\"/>",
		  "failures=\"0\" errors=\"0\" skipped=\"0\"" },
		{ REPORT_HELD, "time=\"0.412\"/>",
		  "failures=\"0\" errors=\"0\" skipped=\"0\"" },
		{ REPORT_BROKEN, "<failure type=\"BROKEN\"",
		  "failures=\"1\" errors=\"0\" skipped=\"0\"" },
		{ REPORT_BROKEN_MAYBE, "<failure type=\"BROKEN?\"",
		  "failures=\"1\" errors=\"0\" skipped=\"0\"" },
		{ REPORT_NARROWED, "needs: a reason\n",
		  "failures=\"1\" errors=\"0\" skipped=\"0\"" },
		{ REPORT_UNJUDGED, "<skipped message=\"UNJUDGED: a reason\"/>",
		  "failures=\"0\" errors=\"0\" skipped=\"1\"" },
		{ REPORT_SKIP, "<skipped message=\"a reason\"/>",
		  "failures=\"0\" errors=\"0\" skipped=\"1\"" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct report_result r = example_broken();
		struct capture c;

		r.verdict = cases[i].verdict;
		r.reason = "a reason";
		junit(&c, &r, 1);
		assert_says(c.text, cases[i].part);
		assert_says(c.text, cases[i].sums);
		capture_free(&c);
	}
}

/* In the matrix the claim decides, not the verdict. */
static void test_matrix(void **state)
{
	struct report_real real = { .claim = "rarer",
				    .control = "100/100 reproduced",
				    .stress_reason = "UNJUDGED: x",
				    .agrees = true };
	struct report_result r = example_broken();
	struct capture c;

	r.real = &real;
	junit(&c, &r, 1);
	assert_says(c.text, "time=\"0.412\"/>");
	capture_free(&c);
	real.agrees = false;
	junit(&c, &r, 1);
	assert_says(c.text,
		    "<failure type=\"DISAGREES\" message=\"not what the "
		    "fix claims\">happened: a1");
	assert_says(c.text, "claims rarer, by call: 100/100 reproduced, "
			    "by force: UNJUDGED: x\n"
			    "0 hits in 0 attempts, unfixed 0 in 0\n");
	capture_free(&c);
	r.verdict = REPORT_SKIP;
	junit(&c, &r, 1);
	assert_says(c.text, "<skipped message=\"no reason given\"/>");
	capture_free(&c);
}

static void test_suites(void **state)
{
	struct report_result results[] = { example_proved(), example_proved(),
					   example_broken() };
	struct capture c;

	results[1].scenario = "tiny/x";
	junit(&c, results, LENGTH(results));
	assert_says(c.text, "name=\"etxtbsy/build-and-run\" "
			    "package=\"racerig\" id=\"0\"");
	assert_says(c.text, "hostname=\"builder\" tests=\"2\" failures=\"1\"");
	assert_says(c.text, "name=\"tiny/x\" package=\"racerig\" id=\"1\"");
	assert_says(c.text, "hostname=\"builder\" tests=\"1\" failures=\"0\"");
	capture_free(&c);
	assert_string_equal(junit(&c, NULL, 0),
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			    "<testsuites>\n</testsuites>\n");
	capture_free(&c);
}

/* What a message holds, and what is written. */
static void test_escaping(void **state)
{
	static const struct {
		const char *message, *written;
	} cases[] = {
		{ "", "" },
		{ "<a b=\"c\">&amp;'", "&lt;a b=&quot;c&quot;&gt;&amp;amp;'" },
		{ "]]>", "]]&gt;" },
		{ "\x01\x08\t\n\r\x1f\x7f!", "&#9;&#10;!" },
		{ "\u00e9 \u20ac \U0001f600", "\u00e9 \u20ac \U0001f600" },
		{ "\xff", "\ufffd" },
		{ "\xc0\xaf", "\ufffd\ufffd" },
		{ "\xed\xa0\x80", "\ufffd\ufffd\ufffd" },
		{ "\xef\xbf\xbe \xef\xbf\xbf \xef\xbf\xbd",
		  "\ufffd \ufffd \ufffd" },
		{ "cut \xe2\x82", "cut \ufffd\ufffd" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct report_result r = example_broken();
		struct capture c;
		char expected[200];

		r.outcome_text = r.message = cases[i].message;
		junit(&c, &r, 1);
		snprintf(expected, sizeof(expected), "message=\"%s\">",
			 cases[i].written);
		assert_says(c.text, expected);
		snprintf(expected, sizeof(expected), "happened: %s",
			 cases[i].written);
		assert_says(c.text, expected);
		capture_free(&c);
	}
}

static void test_time_and_host_may_be_unknown(void **state)
{
	const struct report_environment nothing = { .version = NULL };
	struct report_result r = example_proved();
	struct capture c;

	r.search.ns = UINT64_MAX;
	report_junit(capture_start(&c), &nothing, &r, 1);
	capture_end(&c);
	assert_says(c.text, "timestamp=\"1970-01-01T00:00:00\" "
			    "hostname=\"localhost\"");
	assert_says(c.text, "time=\"18446744073.710\"");
	capture_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_time_and_host_may_be_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
