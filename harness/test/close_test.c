/* SPDX-License-Identifier: MIT */
/*
 * The scenarios around close under the complete closer: dpor against all
 * executions made by hand, against random walks, and against the guess of how
 * many traces there are.
 */
#include "traces.h"

static const char *const scenarios_of_close[] = {
	"close/before-register", "close/blocked-reader",  "close/double-close",
	"close/dup-survivor",    "close/kept-by-fork",    "close/mixed-poll",
	"close/number-reused",   "close/optimistic-read", "close/stale-batch",
};

enum {
	SCENARIOS = sizeof(scenarios_of_close) / sizeof(*scenarios_of_close),
	EXECUTIONS_MAX = SLOW ? 300 : 2000,
	WALKS = SLOW ? 10 : 100,
};

static void for_each(void (*check)(const struct rig_subject *subject))
{
	for (unsigned i = 0; i < 2 * SCENARIOS; i++)
		check(use_case(scenarios_of_close[i / 2], "refcount", "vfork",
			       i % 2 ? "steps=kernel" : "steps=call", 0));
}

static unsigned compared;

static void compare_traces(const struct rig_subject *subject)
{
	compared += same_traces(subject, EXECUTIONS_MAX);
}

static void the_same_traces_as_by_hand(void **state)
{
	compared = 0;
	for_each(compare_traces);
	assert_true(compared >= (SLOW ? 2 : 4));
}

static unsigned at_random(void *state, struct rig_engine *e, rig_set choices)
{
	return rig_member(choices, rig_rng_below(state, rig_count(choices)));
}

static void walk(const struct rig_subject *subject)
{
	struct rig_rng rng;

	dpor_traces(subject);
	assert_int_equal(found_.noutcomes, 0);
	for (unsigned i = 0; i < WALKS; i++) {
		rig_rng_seed(&rng, 7, i);
		run_noted(subject, at_random, &rng);
		if (bench.engine->end != RIG_DONE)
			fail_msg("%s: %s", bench.engine->outcome,
				 bench.engine->message);
		if (add_end())
			fail_msg("%s: a walk that dpor has not made",
				 rig->plan.scenario->name);
	}
}

static void no_walk_is_missed(void **state)
{
	for_each(walk);
}

static void guess(const struct rig_subject *subject)
{
	struct rig_estimate e;

	explore(subject, "dpor", NULL);
	assert_true(bench.search.complete);
	assert_int_equal(rig_estimate(bench.engine, subject, SLOW ? 100 : 1000,
				      1, &e),
			 0);
	if (e.traces > 5 * e.error + (double)bench.search.traces)
		fail_msg("%s: guessed %f of %lu", rig->plan.scenario->name,
			 e.traces, (unsigned long)bench.search.traces);
}

static void there_are_not_too_few(void **state)
{
	for_each(guess);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_TEST(the_same_traces_as_by_hand),
		CASE_TEST(no_walk_is_missed),
		CASE_TEST(there_are_not_too_few),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
