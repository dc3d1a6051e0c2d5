/* SPDX-License-Identifier: MIT */
/*
 * dpor: as many executions as there are traces, each of them once, and none
 * missed.
 *
 *   counts       those that other checkers agree on
 *   brute force  every execution of small programs, reduced to its trace by
 *                hand: the same set
 *   states       where both can finish: the same ends
 */
#include "cells.h"
#include "races.h"
#include "traces.h"

/* ---- counts ---- */

static unsigned rounds;

static void racy(unsigned index)
{
	for (unsigned i = 0; i < rounds; i++)
		increment(index);
}

/* A lock section is one step: nothing in it can be seen from outside. */
static void section(unsigned index)
{
	for (unsigned i = 0; i < rounds; i++)
		rig_cell_add(bench.engine, &cells.cell[0], 1);
}

static uint64_t traces(unsigned actors, void (*actor)(unsigned), unsigned k)
{
	rounds = k;
	explore(use_cells(actors, actor, NULL), "dpor", NULL);
	assert_true(bench.search.complete && !bench.search.violated);
	return bench.search.traces;
}

/* Nidhugg and GenMC agree on these; (NK)!/K!^N for the locks. */
static void counts_are_those_of_the_literature(void **state)
{
	assert_int_equal(traces(3, section, 1), 6);
	assert_int_equal(traces(3, section, 2), 90);
	assert_int_equal(traces(3, section, 3), 1680);
	assert_int_equal(traces(3, racy, 1), 36);
	assert_int_equal(traces(3, racy, 2), 7134);
}

/* Who begins first is left out: one of 3! orders is explored. */
static void identical_actors_begin_in_one_order(void **state)
{
	bench.engine->identical = true;
	assert_int_equal(traces(3, section, 1), 1);
	assert_int_equal(traces(3, section, 2), 15);
	assert_int_equal(traces(3, section, 3), 280);
	assert_true(traces(3, racy, 1) < 36);
	bench.engine->identical = false;
}

static void small_programs_have_the_same_traces(void **state)
{
	for (int i = 0; i < PROGRAMS; i++)
		assert_true(same_traces(use_program(programs[i]), 100000));
}

/* ---- no end ---- */

static void spin(unsigned index)
{
	for (;;)
		load(0);
}

/* As long as an execution can be, and then what is pending. */
static void live_locks_are_found(void **state)
{
	explore(use_cells(2, spin, NULL), "dpor", NULL);
	assert_true(bench.search.violated);
	assert_string_equal(bench.search.outcome, "livelock");
}

/* ---- states ---- */

static unsigned agreed, walked;

/* Where both come to an end within the limit: verdict, and terminal states. */
static void check_within(const struct rig_subject *subject, uint64_t most)
{
	const struct rig_limits limits = { .executions = most };
	struct rig_search dpor;

	explore(subject, "dpor", &limits);
	dpor = bench.search;
	explore(subject, "states", &limits);
	if (dpor.stopped_by || bench.search.stopped_by)
		return;
	agreed++;
	assert_int_equal(dpor.violated, bench.search.violated);
	if (dpor.violated)
		assert_string_equal(dpor.outcome, bench.search.outcome);
	else
		assert_int_equal(dpor.terminal, bench.search.terminal);
}

static void check_case(const struct rig_subject *subject)
{
	check_within(subject, SLOW ? 1000 : 20000);
}

/* Every scenario there is, with every fix, as many actors as it has. */
static void check_scenario(const struct rig_scenario *scenario)
{
	struct rig_plan plan = { .scenario = scenario,
				 .how = SPW_CLONE_VFORK,
				 .kernel = rig_case_kernel(scenario),
				 .actors = scenario->actors };

	for (unsigned i = 0; scenario->family->fix(i, &plan.fix); i++) {
		if (rig_case_unavailable(&plan))
			continue;
		rig_case_set(rig, &plan);
		check_within(rig->subject, SLOW ? 500 : 5000);
	}
}

static void states_and_dpor_agree(void **state)
{
	agreed = 0;
	for_each_case(check_case);
	printf("%u of %d cases compared\n", agreed, 6 * 16);
	assert_true(agreed > (SLOW ? 30 : 60));
	agreed = 0;
	for (unsigned i = 0; rig_scenarios[i]; i++)
		check_scenario(rig_scenarios[i]);
	printf("%u scenarios and fixes compared\n", agreed);
	assert_true(agreed > 40);
}

/* ---- random walks ---- */

static unsigned at_random(void *state, struct rig_engine *e, rig_set choices)
{
	return rig_member(choices, rig_rng_below(state, rig_count(choices)));
}

/* Whatever a random walk does, dpor has done, up to the order of steps. */
static void check_walks(const struct rig_subject *subject)
{
	const struct rig_limits limits = { .executions = SLOW ? 400 : 1000 };
	bool identical = bench.engine->identical;
	struct rig_rng rng;

	bench.engine->identical = false;
	explore(subject, "dpor", &limits);
	if (bench.search.complete &&
	    bench.search.traces <= (SLOW ? 200 : 600)) {
		walked++;
		dpor_traces(subject);
		for (unsigned i = 0; i < (SLOW ? 20 : 200); i++) {
			rig_rng_seed(&rng, 5, i);
			run_noted(subject, at_random, &rng);
			if (bench.engine->end == RIG_DONE &&
			    add_trace(trace_of(&run_)))
				fail_msg("%s: a walk that dpor has not made",
					 rig->plan.fix.name);
		}
	}
	bench.engine->identical = identical;
}

static void no_walk_is_missed(void **state)
{
	walked = 0;
	for_each_case(check_walks);
	for_each_fix(check_walks);
	assert_true(walked > (SLOW ? 10 : 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_are_those_of_the_literature),
		TEST(identical_actors_begin_in_one_order),
		TEST(small_programs_have_the_same_traces),
		TEST(live_locks_are_found),
		CASE_TEST(states_and_dpor_agree),
		CASE_TEST(no_walk_is_missed),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
