/* SPDX-License-Identifier: MIT */
/* The table for people. */
#include "support.h"

#include "reports/text.h"

static char *table(struct capture *c, const struct report_result *results,
		   size_t n)
{
	report_table(capture_start(c), results, n, false);
	capture_end(c);
	return c->text;
}

/* The text with every run of white space as one space. */
static char *on_one_line(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		bool space = *from == ' ' || *from == '\n';

		if (!space)
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
	return text;
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void test_rows(void **state)
{
	struct report_result results[] = {
		{ .scenario = "tiny/lost-update",
		  .fix = "none",
		  .verdict = REPORT_HELD,
		  .reason = "random",
		  .search = { .executions = 1000000, .ns = 2500000000 } },
		{ .scenario = "tiny/x", .fix = "lock", .verdict = REPORT_SKIP },
	};
	struct capture c;

	assert_string_equal(
		table(&c, results, LENGTH(results)),
		"scenario          fix   verdict  executions    time  why\n"
		"tiny/lost-update  none  HELD        1000000  2.50 s  random\n"
		"tiny/x            lock  SKIP              0     0 s\n");
	capture_free(&c);
}

static void test_proof_states_its_scope(void **state)
{
	struct report_result r = example_proved();
	struct capture c;
	const char *text = on_one_line(table(&c, &r, 1));

	assert_says(text, "No violation in any of the 9120 reachable states of "
			  "this scenario in the model.");
	assert_says(text, "etxtbsy/build-and-run with fix fork-lock");
	assert_says(text, "actors 2, calls per actor 9, spawn vfork");
	assert_says(text, "reduction none (every reachable state once)");
	assert_says(text, "bound none, truncated 0, hash width 128");
	assert_says(text, "18234 executions, 9120 states, "
			  "34 distinct terminal states");
	assert_says(text, "61 scheduling points, depth 40");
	assert_says(text, "etxtbsy=on release-order=any steps=kernel");
	assert_says(text, "starvation allowed up to 1.00 s");
	assert_says(text, "assumptions sequential consistency");
	assert_says(text, "model version 1, conformance none");
	assert_says(text, "time 412 ms");
	capture_free(&c);
}

/* Whoever fills in a result may be wrong about it; the table shows that. */
static void test_proof_shows_what_was_left_out(void **state)
{
	struct report_result r = example_proved();
	struct capture c;

	r.search.complete = false;
	r.search.truncated = "states beyond 64 MiB";
	assert_says(on_one_line(table(&c, &r, 1)),
		    "bound not complete, truncated states beyond 64 MiB");
	capture_free(&c);
	r.search.stopped_by = "time";
	assert_says(on_one_line(table(&c, &r, 1)), "bound time");
	capture_free(&c);
	r.search.stopped_by = NULL;
	r.bounded = true;
	assert_says(on_one_line(table(&c, &r, 1)), "bound preemptions");
	capture_free(&c);
}

static void test_violation(void **state)
{
	struct report_result r = example_broken();
	struct capture c;
	const char *text = on_one_line(table(&c, &r, 1));

	assert_says(text, "A finished program could not be executed.");
	assert_says(text, "happened a1: execve of prog-a1 failed");
	assert_says(text, "after 17 executions, shrunk to 3 decisions "
			  "(1 preemption)");
	assert_says(text, "critical a1.c1 execve#1: before it something "
			  "passes");
	assert_says(text, "schedule out/build-and-run.sched");
	assert_null(strstr(text, "were looked for"));
	assert_null(strstr(text, "needs"));
	capture_free(&c);
	r.verdict = REPORT_NARROWED;
	r.reason = "a step inside the kernel";
	assert_says(on_one_line(table(&c, &r, 1)),
		    "needs a step inside the kernel");
	capture_free(&c);
	r.bounded = true;
	r.preemption_bound = 2;
	assert_says(on_one_line(table(&c, &r, 1)),
		    "preemptions at most 2 were looked for");
	capture_free(&c);
}

static void test_clipped_reason_is_repeated_in_full(void **state)
{
	struct report_result r = {
		.scenario = "etxtbsy/build-beside-noise",
		.fix = "lease",
		.verdict = REPORT_UNJUDGED,
		.reason = "the positive control did not fire: this kernel has "
			  "no such check, so nothing was shown",
	};
	struct capture c;
	const char *text = table(&c, &r, 1);

	assert_says(text, "the positive control did not fire:...\n");
	assert_says(on_one_line(c.text), r.reason);
	capture_free(&c);
}

static void test_promise_of_a_sample(void **state)
{
	struct report_result r = {
		.scenario = "tiny/x",
		.fix = "lock",
		.verdict = REPORT_HELD,
		.promise = { .depth = 3,
			     .tasks = 3,
			     .points = 20,
			     .longest = 20,
			     .executions = 10000,
			     .miss = 2.3962e-4 },
	};
	struct capture c;

	assert_says(on_one_line(table(&c, &r, 1)),
		    "PCT depth 3: a bug of that depth missed with probability "
		    "<= 2.4e-4 after 10000 executions (n 3, k 20)");
	assert_null(strstr(c.text, "values"));
	assert_null(strstr(c.text, "says nothing"));
	capture_free(&c);
	r.promise.longest = 25;
	r.promise.values = true;
	assert_says(on_one_line(table(&c, &r, 1)),
		    "(n 3, k 20); of what comes after 20 of up to 25 steps it "
		    "says nothing; values were drawn, too");
	capture_free(&c);
	r.verdict = REPORT_UNJUDGED; /* not for those who found nothing else */
	assert_null(strstr(table(&c, &r, 1), "PCT"));
	capture_free(&c);
}

static void check_probability(double value, const char *expected)
{
	char buf[TEXT_PROBABILITY_MAX];

	assert_string_equal(text_probability(value, buf), expected);
}

/* Rounded up, as it is a bound. */
static void test_probabilities(void **state)
{
	check_probability(1, "1.0e0");
	check_probability(0, "0.0e0");
	check_probability(0.5, "5.0e-1");
	check_probability(0.251, "2.6e-1");
	check_probability(0.999, "1.0e0");
	check_probability(0.00999, "1.0e-2");
	check_probability(2.3962e-4, "2.4e-4");
	check_probability(2.41e-4, "2.5e-4");
	check_probability(1e-300, "1.0e-300");
}

/* A result with every string and number as long as they come. */
static struct report_result make_enormous(char *words)
{
	struct report_result r = example_broken();

	for (size_t i = 0; i < 3999; i++)
		words[i] = i % 97 == 96 ? ' ' : 'w';
	words[3999] = '\0';
	r.scenario = r.fix = r.spawn = r.kernel_options = r.reason = words;
	r.outcome = r.outcome_text = r.message = r.schedule = words;
	r.assumptions = r.conformance = r.critical = words;
	r.bounded = true;
	r.preemption_bound = UINT32_MAX;
	r.actors = r.calls_per_actor = r.decisions = r.preemptions = UINT32_MAX;
	r.starve_ns = r.found_at = UINT64_MAX;
	r.promise = (struct report_promise){
		.depth = UINT32_MAX,
		.tasks = UINT32_MAX,
		.points = UINT32_MAX - 1,
		.longest = UINT32_MAX,
		.executions = UINT64_MAX,
		.miss = 1e-300,
		.values = true,
	};
	r.search = (struct report_search){
		.executions = UINT64_MAX,
		.states = UINT64_MAX,
		.terminal = UINT64_MAX,
		.depth = UINT32_MAX,
		.points = UINT32_MAX,
		.stopped_by = words,
		.truncated = words,
		.ns = UINT64_MAX,
	};
	return r;
}

static void test_never_wider_than_100_columns(void **state)
{
	char words[4000];
	struct report_result r = make_enormous(words);
	struct capture c;

	for (int verdict = REPORT_PROVED; verdict <= REPORT_SKIP; verdict++) {
		r.verdict = (enum report_verdict)verdict;
		assert_in_range(longest_line(table(&c, &r, 1)), 1, 100);
		capture_free(&c);
	}
}

static void test_color_changes_nothing_else(void **state)
{
	struct report_result r = example_broken();
	struct capture plain, colored;
	char *to;

	report_table(capture_start(&colored), &r, 1, true);
	capture_end(&colored);
	assert_says(colored.text, "\033[31mBROKEN");
	to = colored.text;
	for (char *from = to; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_string_equal(table(&plain, &r, 1), colored.text);
	capture_free(&plain);
	capture_free(&colored);
}

static void test_no_results(void **state)
{
	struct capture c;

	assert_string_equal(table(&c, NULL, 0),
			    "scenario  fix  verdict  executions  time  why\n");
	capture_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_proof_states_its_scope),
		cmocka_unit_test(test_proof_shows_what_was_left_out),
		cmocka_unit_test(test_violation),
		cmocka_unit_test(test_clipped_reason_is_repeated_in_full),
		cmocka_unit_test(test_promise_of_a_sample),
		cmocka_unit_test(test_probabilities),
		cmocka_unit_test(test_never_wider_than_100_columns),
		cmocka_unit_test(test_color_changes_nothing_else),
		cmocka_unit_test(test_no_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
