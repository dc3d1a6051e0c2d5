/* SPDX-License-Identifier: MIT */
/* How much there is to explore, guessed, beside how much there was. */
#include "cases.h"
#include "cells.h"

static unsigned rounds;

static void racy(unsigned index)
{
	for (unsigned i = 0; i < rounds; i++)
		increment(index);
}

static struct rig_estimate guess(const struct rig_subject *subject, uint64_t n)
{
	struct rig_estimate estimate;

	assert_int_equal(rig_estimate(bench.engine, subject, n, 1, &estimate),
			 0);
	return estimate;
}

/* Within five standard errors of a number that is known. */
static void expect_near(const struct rig_estimate *e, double traces)
{
	if (e->traces < traces - 5 * e->error - 1e-9 ||
	    e->traces > traces + 5 * e->error + 1e-9)
		fail_msg("%f, error %f, expected %f", e->traces, e->error,
			 traces);
}

static void counts_of_the_literature_are_met(void **state)
{
	struct rig_estimate e;

	rounds = 1;
	e = guess(use_cells(3, racy, NULL), 2000);
	expect_near(&e, 36);
	assert_true(e.error < 2);
	assert_true(e.schedules > 80 && e.schedules < 100); /* 90 */
	rounds = 2;
	e = guess(use_cells(3, racy, NULL), 5000);
	expect_near(&e, 7134);
	assert_true(e.error < 700);
}

/* One task alone, or tasks that have nothing in common. */
static void apart(unsigned index)
{
	load(index);
	store(index, 1);
}

static void one_trace_is_one_trace(void **state)
{
	struct rig_estimate e = guess(use_cells(3, apart, NULL), 50);

	assert_true(e.traces == 1 && e.error == 0);
	assert_true(e.schedules > 1);
}

static void check_case(const struct rig_subject *subject)
{
	const struct rig_limits limits = { .executions = SLOW ? 800 : 5000 };
	struct rig_estimate e;

	/* With starvation most traces are of clocks that random walks seldom
	 * move: the mean is right, but a few walks do not show it. */
	if (rig->plan.starve_ns)
		return;
	explore(subject, "dpor", &limits);
	if (!bench.search.complete)
		return;
	e = guess(subject, SLOW ? 200 : 500);
	/*
	 * Sampling has a long tail on the side where few walks lead: too small
	 * by far is no fault (private-table under fork), too large is one, and
	 * showed once that dpor missed traces.
	 */
	if (e.traces > 5 * e.error + (double)bench.search.traces ||
	    (SLOW ? 1000 : 100) * e.traces < (double)bench.search.traces)
		fail_msg("%s: guessed %f of %lu", rig->plan.fix.name, e.traces,
			 (unsigned long)bench.search.traces);
}

static void scenarios_are_guessed(void **state)
{
	for_each_case(check_case);
	for_each_fix(check_case);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_of_the_literature_are_met),
		TEST(one_trace_is_one_trace),
		CASE_TEST(scenarios_are_guessed),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
