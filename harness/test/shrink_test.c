/* SPDX-License-Identifier: MIT */
/* The shrinker: less to read, the same failure. */
#include "cells.h"
#include "cli/case.h"
#include "engine/shrink.h"

static const struct rig_strategy *const states = &rig_strategy_states;
static struct rig_schedule found, copy;
static struct rig_shrink result;
static char why[RIG_MESSAGE_MAX];

/* The failing execution with the most decisions among the first few. */
static void find_long(struct rig_case *c)
{
	const struct rig_limits limits = { .executions = 100000 };
	struct rig_strategy_options options = { .seed = 0 };

	found.n = 0;
	for (options.seed = 1; options.seed <= 20; options.seed++) {
		assert_int_equal(rig_explore(c->engine, c->subject,
					     rig_strategy_find("random"),
					     &options, &limits, &bench.search,
					     &copy),
				 0);
		assert_true(bench.search.violated);
		if (copy.n > found.n)
			found = copy;
	}
}

static struct rig_case *open_case(const char *fix, const char *kernel)
{
	struct rig_header header = { .scenario = "etxtbsy/build-and-run",
				     .actors = 2 };
	struct rig_plan plan;
	struct rig_case *c;

	snprintf(header.fix, sizeof(header.fix), "%s", fix);
	snprintf(header.kernel, sizeof(header.kernel), "%s", kernel);
	assert_int_equal(rig_case_open(&c), 0);
	assert_int_equal(rig_case_plan(&header, &plan, why, sizeof(why)), 0);
	rig_case_set(c, &plan);
	return c;
}

static void expect_replay(struct rig_case *c, int times)
{
	char message[RIG_MESSAGE_MAX];

	memcpy(message, result.message, sizeof(message));
	for (int i = 0; i < times; i++) {
		assert_int_equal(rig_schedule_run(c->engine, c->subject, &found,
						  false, &copy, why,
						  sizeof(why)),
				 0);
		assert_int_equal(c->engine->end, RIG_VIOLATED);
		assert_string_equal(c->engine->outcome, "etxtbsy");
		assert_string_equal(c->engine->message, message);
		assert_int_equal(copy.n, found.n);
	}
}

/*
 * The race needs one preemption, the fork while the file is open, and then the
 * writer must go on before the child has executed.
 */
static void counter_examples_become_minimal(void **state)
{
	static const char *const kernel[] = { "steps=call", "steps=kernel" };

	for (int i = 0; i < 2; i++) {
		struct rig_case *c = open_case("none", kernel[i]);
		size_t before;

		find_long(c);
		before = found.n;
		assert_true(before >= 8);
		assert_int_equal(rig_shrink(c->engine, c->subject, states,
					    &found, 0, &result, why,
					    sizeof(why)),
				 0);
		assert_true(result.minimal);
		assert_int_equal(result.decisions_before, before);
		assert_int_equal(result.preemptions,
				 rig_schedule_preemptions(&found));
		assert_true(result.preemptions <= result.preemptions_before);
		assert_in_range(found.n, 1, 3);
		expect_replay(c, 100);
		rig_case_close(c);
	}
}

/* Nothing can be taken away from the result, and nothing changes it again. */
static void minimal_ones_stay(void **state)
{
	struct rig_case *c = open_case("none", "steps=call");
	static struct rig_schedule less;
	size_t n;

	find_long(c);
	assert_int_equal(rig_shrink(c->engine, c->subject, states, &found, 0,
				    &result, why, sizeof(why)),
			 0);
	n = found.n;
	for (size_t leave = 0; leave < n; leave++) {
		less = found;
		less.n = n - 1;
		memmove(&less.decision[leave], &less.decision[leave + 1],
			(n - 1 - leave) * sizeof(less.decision[0]));
		assert_int_equal(rig_schedule_run(c->engine, c->subject, &less,
						  true, NULL, why, sizeof(why)),
				 0);
		assert_int_equal(c->engine->end, RIG_DONE);
	}
	assert_int_equal(rig_shrink(c->engine, c->subject, states, &found, 0,
				    &result, why, sizeof(why)),
			 0);
	assert_int_equal(found.n, n);
	assert_int_equal(result.decisions_before, n);
	rig_case_close(c);
}

static void few_executions_are_not_exceeded(void **state)
{
	struct rig_case *c = open_case("none", "");

	find_long(c);
	for (uint64_t limit = 1; limit < 200; limit *= 3) {
		copy = found;
		assert_int_equal(rig_shrink(c->engine, c->subject, states,
					    &copy, limit, &result, why,
					    sizeof(why)),
				 0);
		assert_true(result.executions <= limit);
		assert_false(result.minimal);
		assert_true(copy.n <= found.n);
	}
	rig_case_close(c);
}

static void what_passes_is_refused(void **state)
{
	struct rig_case *c = open_case("fork-lock", "");

	found.n = found.ncomments = 0;
	assert_int_equal(rig_shrink(c->engine, c->subject, states, &found, 0,
				    &result, why, sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "without a violation"));
	assert_int_equal(found.n, 0);
	rig_case_close(c);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct rig_case *c = open_case("none", "steps=call");

	find_long(c);
	rig_case_close(c);
	c = open_case("private-table", "steps=call");
	copy = found;
	assert_int_equal(rig_shrink(c->engine, c->subject, states, &copy, 0,
				    &result, why, sizeof(why)),
			 -EINVAL);
	assert_true(why[0] != '\0');
	assert_int_equal(copy.n, found.n);
	assert_memory_equal(copy.decision, found.decision,
			    found.n * sizeof(found.decision[0]));
	rig_case_close(c);
}

/* ---- the same failure, not just any ---- */

static void lost_or_worse(void)
{
	if (cells.cell[0].value == 1)
		rig_fail(bench.engine, "worst", "two were lost");
	if (cells.cell[0].value == 2)
		rig_fail(bench.engine, "lost", "one was lost");
}

/*
 * Of three increments, losing one takes fewer decisions than losing two. What
 * loses two must not become something that loses one.
 */
static void outcome_is_kept(void **state)
{
	const struct rig_subject *subject =
		use_cells(3, increment, lost_or_worse);
	const struct rig_limits limits = { .executions = 1 };
	size_t decisions[2] = { 0, 0 };

	for (uint64_t seed = 1; seed <= 60; seed++) {
		const struct rig_strategy_options options = { .seed = seed };
		bool worst;

		assert_int_equal(rig_explore(bench.engine, subject,
					     rig_strategy_find("random"),
					     &options, &limits, &bench.search,
					     &found),
				 0);
		if (!bench.search.violated)
			continue;
		worst = !strcmp(bench.search.outcome, "worst");
		assert_int_equal(rig_shrink(bench.engine, subject, states,
					    &found, 0, &result, why,
					    sizeof(why)),
				 0);
		assert_true(result.minimal);
		assert_int_equal(rig_schedule_run(bench.engine, subject, &found,
						  false, NULL, why,
						  sizeof(why)),
				 0);
		assert_int_equal(!strcmp(bench.engine->outcome, "worst"),
				 worst);
		/* The smallest there is has one size, wherever one began. */
		if (decisions[worst])
			assert_int_equal(found.n, decisions[worst]);
		decisions[worst] = found.n;
	}
	assert_true(decisions[0] && decisions[1]);
	assert_true(decisions[0] < decisions[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counter_examples_become_minimal),
		TEST(minimal_ones_stay),
		TEST(few_executions_are_not_exceeded),
		TEST(what_passes_is_refused),
		TEST(what_does_not_fit_is_refused),
		TEST(outcome_is_kept),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
