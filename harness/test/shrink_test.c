/* SPDX-License-Identifier: MIT */
/* The shrinker: less to read, the same failure. */
#include "brute.h"
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

/* ---- the smallest of all, known from every execution ---- */

struct cost {
	unsigned preemptions, tasks;
	size_t decisions;
};

static struct cost least;
static unsigned failing;
static struct rig_schedule recorded;

static bool cheaper(const struct cost *a, const struct cost *b)
{
	if (a->preemptions != b->preemptions)
		return a->preemptions < b->preemptions;
	if (a->decisions != b->decisions)
		return a->decisions < b->decisions;
	return a->tasks < b->tasks;
}

static struct cost cost_of(const struct rig_schedule *s)
{
	return (struct cost){ .preemptions = rig_schedule_preemptions(s),
			      .tasks = bench.engine->ntasks,
			      .decisions = s->n };
}

static void keep_least(void)
{
	struct cost cost = cost_of(&recorded);

	if (bench.engine->end == RIG_VIOLATED) {
		if (!failing++ || cheaper(&cost, &least))
			least = cost;
	}
	recorded.n = 0;
}

/* From wherever a random search begins, it ends at the smallest there is. */
static void expect_least(const struct rig_subject *subject)
{
	const struct rig_limits limits = { .executions = 10000 };
	struct rig_strategy_options options = { .seed = 0 };

	failing = 0;
	recorded.n = 0;
	bench.engine->record = &recorded;
	brute_force(subject, 100000, keep_least);
	bench.engine->record = NULL;
	assert_true(failing > 1);
	for (options.seed = 1; options.seed <= 20; options.seed++) {
		struct cost cost;

		assert_int_equal(rig_explore(bench.engine, subject,
					     rig_strategy_find("random"),
					     &options, &limits, &bench.search,
					     &found),
				 0);
		assert_true(bench.search.violated);
		assert_int_equal(rig_shrink(bench.engine, subject, states,
					    &found, 0, &result, why,
					    sizeof(why)),
				 0);
		assert_true(result.minimal);
		assert_true(result.fewest_preemptions);
		assert_true(result.fewest_decisions);
		/* What it hands out is what the engine has executed last. */
		cost = cost_of(&found);
		assert_int_equal(cost.preemptions, least.preemptions);
		assert_int_equal(cost.decisions, least.decisions);
		assert_int_equal(cost.tasks, least.tasks);
		assert_int_equal(bench.engine->end, RIG_VIOLATED);
	}
}

static void bad_if_stored(void)
{
	if (cells.cell[3].value)
		rig_fail(bench.engine, "bad", "%u", 3);
}

/*
 * One preemption of a1 is enough, alone. With none it takes two decisions: a4
 * first, a3 before a2.
 */
static void fails_in_two_ways(unsigned index)
{
	switch (index) {
	case 0:
		store(0, 1);
		store(0, 0);
		break;
	case 1:
		if (load(0) || load(2))
			store(3, 1);
		break;
	case 2:
		store(2, load(1));
		break;
	case 3:
		store(1, 1);
		break;
	}
}

static void fewer_preemptions_may_take_more_decisions(void **state)
{
	const struct rig_subject *subject =
		use_cells(4, fails_in_two_ways, bad_if_stored);

	expect_least(subject);
	assert_int_equal(least.preemptions, 0);
	assert_int_equal(least.decisions, 2);
}

static void looks(void *arg)
{
	load(1);
}

/* Preempted early or late it fails; early it makes a task that it need not. */
static void makes_a_task_or_not(unsigned index)
{
	struct rig_task *task;
	uint64_t value;

	if (!index) {
		for (unsigned i = 1; i <= 3; i++)
			store(0, i % 3);
		return;
	}
	value = load(0);
	if (value == 1)
		MUST(!rig_task_create(bench.engine, RIG_KIND_THREAD, looks,
				      NULL, NULL, &task));
	if (value)
		store(3, 1);
}

static void fewest_tasks_come_last(void **state)
{
	expect_least(use_cells(2, makes_a_task_or_not, bad_if_stored));
	assert_int_equal(least.preemptions, 1);
	assert_int_equal(least.decisions, 1);
	assert_int_equal(least.tasks, 3);
}

static void all_but_one_lost(void)
{
	if (cells.cell[0].value == 1)
		rig_fail(bench.engine, "lost", "all but one");
}

static void three_increments_shrink_to_the_least(void **state)
{
	expect_least(use_cells(3, increment, all_but_one_lost));
}

/* What was not shown is not said. */
static void nothing_is_claimed_beyond_the_limit(void **state)
{
	const struct rig_subject *subject =
		use_cells(4, fails_in_two_ways, bad_if_stored);
	const struct rig_limits limits = { .executions = 10000 };
	const struct rig_strategy_options options = { .seed = 3 };
	unsigned shown[4] = { 0 };

	assert_int_equal(rig_explore(bench.engine, subject,
				     rig_strategy_find("random"), &options,
				     &limits, &bench.search, &found),
			 0);
	for (uint64_t limit = 1; limit < 1200; limit += 1 + limit / 8) {
		unsigned level;

		copy = found;
		assert_int_equal(rig_shrink(bench.engine, subject, states,
					    &copy, limit, &result, why,
					    sizeof(why)),
				 0);
		assert_true(result.executions <= limit);
		level = (unsigned)result.fewest_preemptions +
			(unsigned)result.fewest_decisions +
			(unsigned)result.minimal;
		shown[level]++;
		if (level > 0)
			assert_int_equal(result.preemptions, 0);
		if (level > 1)
			assert_int_equal(copy.n, 2);
	}
	assert_true(shown[0] && shown[1] && shown[3]);
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
		TEST(fewer_preemptions_may_take_more_decisions),
		TEST(fewest_tasks_come_last),
		TEST(three_increments_shrink_to_the_least),
		TEST(nothing_is_claimed_beyond_the_limit),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
