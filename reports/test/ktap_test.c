/* SPDX-License-Identifier: MIT */
/* KTAP: the checker finds what is wrong, and the writer passes it. */
#include "support.h"

#include "ktap_check.h"

/* ---- the checker ---- */

#define V  "KTAP version 1\n"
#define SV "  KTAP version 1\n"

static void test_checker_accepts(void **state)
{
	static const char *const good[] = {
		V "1..0\n",
		V "1..1\nok 1\n",
		V "1..1\nok 1 a name # rcode=0\n",
		V "1..2\n# why\nnot ok 1 a\nok 2 b # SKIP no reason\n",
		V "1..2\nnot ok 1 a # TIMEOUT 30 s\nnot ok 2 b # ERROR x\n",
		V "1..1\n" SV "  1..2\n  ok 1 a\n  # so\n  not ok 2 b\n"
		  "# example failed\nnot ok 1 c\n",
		V "1..1\n" SV "  1..1\n  ok 1 a # SKIP\nok 1 c # SKIP all\n",
		V "1..2\n" SV "  1..1\n    KTAP version 1\n    1..1\n"
		  "    ok 1 a\n  ok 1 b\nok 1 c\nok 2 d\n",
	};

	for (size_t i = 0; i < LENGTH(good); i++) {
		struct ktap k;
		unsigned line;
		const char *why = ktap_check(good[i], &k, &line);

		if (why)
			fail_msg("%s in line %u of:\n%s", why, line, good[i]);
	}
}

/* What is wrong, in which line it is seen, and what is said then. */
static const struct {
	const char *text;
	unsigned line;
	const char *why;
} bad[] = {
	{ "", 1, "no version line" },
	{ "1..1\nok 1 a\n", 1, "a plan without a version" },
	{ V "ok 1 a\n", 2, "no plan" },
	{ V V "1..1\nok 1 a\n", 2, "a second version" },
	{ V "1..1\n" V "ok 1 a\n", 3, "a second version" },
	{ V "1..1\n1..1\nok 1 a\n", 3, "a second plan" },
	{ V "1..x\n", 2, "a plan that is not" },
	{ V "1..2 \nok 1\nok 2\n", 2, "a plan that is not" },
	{ V "1..2\nok 1 a\n", 4, "fewer or more tests" },
	{ V "1..1\nok 1 a\nok 2 b\n", 4, "a wrong number" },
	{ V "1..2\nok 1 a\nok 1 b\n", 4, "a wrong number" },
	{ V "1..2\nok 2 a\nok 1 b\n", 3, "a wrong number" },
	{ V "1..1\nok 0 a\n", 3, "a wrong number" },
	{ V "1..1\nok a\n", 3, "without a number" },
	{ V "1..1\nok 1a\n", 3, "no space" },
	{ V "1..1\nok 1 a#b\n", 3, "a '#'" },
	{ V "1..1\nok 1 a #b\n", 3, "a '#'" },
	{ V "1..1\nok 1 a # SKIP b # c\n", 3, "a '#'" },
	{ V "1..1\nok 1 a # TO"
	    "DO x\n",
	  3, "a directive that" },
	{ V "1..1\nok 1 a # BROKEN\n", 3, "a directive that" },
	{ V "1..1\nok 1 a # TIMEOUT\n", 3, "a directive of" },
	{ V "1..1\nok 1 a # ERROR x\n", 3, "a directive of" },
	{ V "1..1\nOK 1 a\n", 3, "no known form" },
	{ V "1..1\n\nok 1 a\n", 3, "no known form" },
	{ V "1..1\n#\nok 1 a\n", 3, "no known form" },
	{ "# x\n" V "1..1\nok 1 a\n", 1, "outside of its level" },
	{ V "# x\n1..1\nok 1 a\n", 2, "no plan" },
	{ V "1..1\nok 1 a\r\n", 3, "a control character" },
	{ V "1..1\n\tok 1 a\n", 3, "a control character" },
	{ V "1..1\nok 1 a", 3, "no newline" },
	{ V "1..1\n ok 1 a\n", 3, "an indentation" },
	{ V "1..1\n  ok 1 a\n", 3, "a result before the plan" },
	{ V "1..1\n  # x\nok 1 a\n", 3, "outside of its level" },
	{ V "1..1\n" SV "  ok 1 a\nok 1 b\n", 4, "no plan" },
	{ V "1..1\n" SV "  1..1\n  ok 1 a\n", 6, "subtests without" },
	{ V "1..1\n" SV "  1..1\n  ok 1 a\n  ok 2 b\nok 1 c\n", 6,
	  "a wrong number" },
	{ V "1..1\n" SV "  1..2\n  ok 1 a\nok 1 c\n", 6,
	  "fewer or more subtests" },
	{ V "1..1\n" SV "  1..1\n  not ok 1 a\nok 1 c\n", 6, "contradict" },
	{ V "1..1\n" SV "  1..1\n  ok 1 a\nnot ok 1 c\n", 6, "contradict" },
	{ V "1..1\n" SV "  1..1\n  ok 1 a\nok 1 c # SKIP\n", 6,
	  "a parent skipped" },
	{ V SV "  1..1\n  ok 1 a\n1..1\nok 1 c\n", 2, "before the plan" },
	{ V "1..1\n" SV "  1..1\n  ok 1 a\n" SV, 6, "a second version" },
	{ V "1..1\n    KTAP version 1\n", 3, "before the plan" },
};

static void test_checker_refuses(void **state)
{
	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct ktap k;
		unsigned line;
		const char *why = ktap_check(bad[i].text, &k, &line);

		if (!why || !strstr(why, bad[i].why) || line != bad[i].line)
			fail_msg("\"%s\" in line %u, expected \"%s\" in line "
				 "%u of:\n%s",
				 why ? why : "nothing", line, bad[i].why,
				 bad[i].line, bad[i].text);
	}
}

/* ---- the writer ---- */

static struct ktap checked(struct capture *c,
			   const struct report_result *results, size_t n)
{
	struct ktap k;
	unsigned line;
	const char *why;

	report_ktap(capture_start(c), results, n);
	capture_end(c);
	why = ktap_check(c->text, &k, &line);
	if (why)
		fail_msg("%s in line %u of:\n%s", why, line, c->text);
	return k;
}

static struct report_result example(const char *scenario, const char *fix,
				    enum report_verdict verdict)
{
	struct report_result r = example_broken();

	r.scenario = scenario;
	r.fix = fix;
	r.verdict = verdict;
	r.reason = "a reason";
	return r;
}

static void test_document(void **state)
{
	const struct report_result results[] = {
		example_proved(),
		example_broken(),
		{ .scenario = "tiny/x",
		  .fix = "lock",
		  .verdict = REPORT_SKIP,
		  .reason = "no futex" },
	};
	struct capture c;

	checked(&c, results, LENGTH(results));
	assert_string_equal(
		c.text,
		"KTAP version 1\n"
		"1..2\n"
		"  KTAP version 1\n"
		"  1..2\n"
		"  # PROVED: 18234 executions in 412 ms\n"
		"  # world sim, strategy states, seed 0xfedcba9876543210, "
		"actors 2, spawn vfork\n"
		"  # kernel etxtbsy=on release-order=any steps=kernel, "
		"starvation 1.00 s\n"
		"  ok 1 fork-lock\n"
		"  # BROKEN: 18234 executions in 412 ms\n"
		"  # world sim, strategy states, seed 0xfedcba9876543210, "
		"actors 2, spawn vfork\n"
		"  # kernel etxtbsy=on release-order=any steps=kernel, "
		"starvation 1.00 s\n"
		"  # A finished program could not be executed.\n"
		"  # happened: a1: execve of prog-a1 failed\n"
		"  # schedule: out/build-and-run.sched\n"
		"  not ok 2 none\n"
		"not ok 1 etxtbsy/build-and-run\n"
		"  KTAP version 1\n"
		"  1..1\n"
		"  ok 1 lock # SKIP no futex\n"
		"ok 2 tiny/x # SKIP nothing was judged\n");
	capture_free(&c);
}

/* What each verdict becomes. */
static void test_verdicts(void **state)
{
	static const struct {
		enum report_verdict verdict;
		const char *line;
	} cases[] = {
		{ REPORT_PROVED, "\n  ok 1 f\n" },
		{ REPORT_HELD, "\n  ok 1 f\n" },
		{ REPORT_BROKEN, "\n  not ok 1 f\n" },
		{ REPORT_BROKEN_MAYBE, "\n  not ok 1 f\n" },
		{ REPORT_NARROWED, "# needs: a reason\n" },
		{ REPORT_NARROWED, "\n  not ok 1 f\n" },
		{ REPORT_UNJUDGED, "\n  ok 1 f # SKIP UNJUDGED: a reason\n" },
		{ REPORT_SKIP, "\n  ok 1 f # SKIP a reason\n" },
		{ (enum report_verdict)99, "\n  not ok 1 f\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct report_result r = example("s", "f", cases[i].verdict);
		struct capture c;

		checked(&c, &r, 1);
		if (!strstr(c.text, cases[i].line))
			fail_msg("no \"%s\" in:\n%s", cases[i].line, c.text);
		capture_free(&c);
	}
}

/* In the matrix the claim decides, not the verdict. */
static void test_matrix(void **state)
{
	struct report_real real = { .claim = "rarer",
				    .control = "100/100 reproduced",
				    .hits = 3,
				    .attempts = 1000,
				    .agrees = true };
	struct report_result r = example("s", "f", REPORT_BROKEN);
	struct capture c;

	r.real = &real;
	assert_int_equal(checked(&c, &r, 1).ok, 2);
	assert_non_null(strstr(c.text, "  # claims rarer, by call: 100/100 "
				       "reproduced\n  # by force: judged\n"
				       "  # 3 hits in 1000 attempts, unfixed 0 "
				       "in 0\n  ok 1 f\n"));
	capture_free(&c);
	real.agrees = false;
	assert_int_equal(checked(&c, &r, 1).not_ok, 2);
	capture_free(&c);
	r.verdict = REPORT_SKIP;
	assert_int_equal(checked(&c, &r, 1).skip, 2);
	capture_free(&c);
}

/* Results of a scenario belong together, wherever they stand. */
static void test_scenarios_are_gathered(void **state)
{
	const struct report_result results[] = {
		example("a", "1", REPORT_HELD),
		example("b", "1", REPORT_BROKEN),
		example("a", "2", REPORT_UNJUDGED),
		example("c", "1", REPORT_SKIP),
		example("b", "2", REPORT_HELD),
		example("a", "1", REPORT_HELD),
	};
	struct capture c;
	struct ktap k = checked(&c, results, LENGTH(results));

	assert_int_equal(k.level[0].plan, 3);
	assert_int_equal(k.ok, 3 + 1);     /* and a itself */
	assert_int_equal(k.not_ok, 1 + 1); /* and b itself */
	assert_int_equal(k.skip, 2 + 1);   /* and c itself */
	assert_non_null(strstr(c.text, "\nok 1 a\n"));
	assert_non_null(strstr(c.text, "\nnot ok 2 b\n"));
	assert_non_null(strstr(c.text, "\nok 3 c # SKIP"));
	capture_free(&c);
}

static void test_nothing_at_all(void **state)
{
	struct capture c;

	checked(&c, NULL, 0);
	assert_string_equal(c.text, "KTAP version 1\n1..0\n");
	capture_free(&c);
}

/* No string can make a line, a directive or a result of its own. */
static void test_hostile_strings(void **state)
{
	static const char *const hostile[] = {
		"",
		" ",
		"#",
		" # SKIP ",
		"\n",
		"\nok 1 a\n",
		"a\r\nnot ok 1",
		"\t\x1b[31m\x7f",
		"\xff\xfe",
		"1..9",
		"KTAP version 1",
		"%s%n",
		"x\n  KTAP version 1\n  1..5",
	};

	for (size_t i = 0; i < LENGTH(hostile); i++)
		for (int v = REPORT_PROVED; v <= REPORT_SKIP; v++) {
			struct report_result r = example(
				hostile[i], hostile[i], (enum report_verdict)v);
			struct capture c;
			struct ktap k;

			r.reason = r.message = r.schedule = hostile[i];
			r.kernel_options = r.outcome_text = hostile[i];
			k = checked(&c, &r, 1);
			assert_int_equal(k.ok + k.not_ok + k.skip, 2);
			assert_int_equal(k.not_ok / 2,
					 report_verdict_exit(r.verdict) == 1);
			capture_free(&c);
		}
}

static void test_long_strings_and_missing_ones(void **state)
{
	static char longest[100000];
	struct report_result r = example("s", "f", REPORT_BROKEN);
	struct capture c;

	memset(longest, 'x', sizeof(longest) - 1);
	r.message = longest;
	r.reason = r.outcome_text = r.schedule = r.kernel_options = NULL;
	r.world = r.strategy = r.spawn = NULL;
	checked(&c, &r, 1);
	capture_free(&c);
	r.verdict = REPORT_UNJUDGED;
	checked(&c, &r, 1);
	assert_non_null(strstr(c.text, "# SKIP UNJUDGED: no reason given\n"));
	capture_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checker_accepts),
		cmocka_unit_test(test_checker_refuses),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_scenarios_are_gathered),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_long_strings_and_missing_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
