/* SPDX-License-Identifier: MIT */
/* Simulated time: who wakes when, and for how long a task may be starved. */
#include "brute.h"
#include "cells.h"

enum { MS = 1000000 };

static uint64_t starve_ns;

/* ---- sleepers ---- */

static const uint64_t naps[] = { 30 * MS, 10 * MS, 20 * MS };
static unsigned woken;

static void nap(unsigned index)
{
	rig_sleep(bench.engine, RIG_OP_ADD, naps[index]);
	MUST(bench.engine->now_ns >= naps[index]);
	woken = woken * 4 + index + 1;
}

static void in_order_of_deadlines(void)
{
	MUST(woken == (2 * 4 + 3) * 4 + 1);
	MUST(bench.engine->now_ns == 30 * MS);
	woken = 0;
}

static void sleepers_wake_in_order(void **state)
{
	woken = 0;
	/* Nothing else can run: there is nothing to decide. */
	assert_int_equal(brute_force(use_cells(3, nap, in_order_of_deadlines),
				     10, must_be_done),
			 1);
}

/* The third with the first: they wake together, and either may go first. */
static void nap_with_first(unsigned index)
{
	rig_sleep(bench.engine, RIG_OP_ADD, naps[index % 2]);
	woken |= 1u << index;
	if (index % 2 == 0)
		MUST(woken & 2);
}

static void clear_woken(void)
{
	MUST(woken == 7);
	woken = 0;
}

static void equal_deadlines_come_in_any_order(void **state)
{
	woken = 0;
	assert_int_equal(brute_force(use_cells(3, nap_with_first, clear_woken),
				     10, must_be_done),
			 2);
}

static void sleep_of_nothing_is_over_at_once(void **state)
{
	woken = 0;
	assert_int_equal(brute_force(use_cells(1, nap, NULL), 10, NULL), 1);
	assert_int_equal(bench.engine->now_ns, 30 * MS);
}

/* ---- starvation ---- */

static uint64_t longest; /* of all executions, by the program's own watch */
static uint64_t starved; /* the same, as the engine says it */

/* A step that can always go on: how long did it have to wait? */
static void step(void)
{
	uint64_t before = bench.engine->now_ns;
	uint64_t waited;

	load(0);
	waited = bench.engine->now_ns - before;
	if (waited > longest)
		longest = waited;
	MUST(waited <= starve_ns);
}

/* One worker of a few steps beside two who sleep, again and again. */
static void work_or_sleep(unsigned index)
{
	if (index == 0) {
		for (int i = 0; i < 3; i++)
			step();
		return;
	}
	for (int i = 0; i < 3; i++)
		rig_sleep(bench.engine, RIG_OP_ADD, (index * 2 + 1) * MS);
	step();
}

static void note_starved(void)
{
	must_be_done();
	if (bench.engine->starved_ns > starved)
		starved = bench.engine->starved_ns;
	assert_true(bench.engine->starved_ns <= starve_ns);
}

/* All executions of the search that is under test, not only its result. */
static void search_starving(uint64_t ns)
{
	const struct rig_subject *subject = use_cells(3, work_or_sleep, NULL);
	const struct rig_strategy *states = rig_strategy_find("states");
	const struct rig_strategy_options options = { .seed = 1 };
	uint64_t index = 0;
	void *strategy;

	starve_ns = bench.engine->starve_ns = ns;
	longest = starved = 0;
	assert_int_equal(states->open(&strategy, &options), 0);
	bench.engine->hashing = true;
	while (states->begin(strategy, index++)) {
		assert_int_equal(rig_engine_run(bench.engine, subject,
						states->pick, strategy),
				 0);
		if (bench.engine->end != RIG_PRUNED)
			note_starved();
		states->end(strategy, bench.engine);
	}
	bench.engine->hashing = false;
	states->close(strategy);
}

/*
 * Never more than allowed, and the bound is reached: less would not be what a
 * schedule was promised. Without a bound it is 21 ms: the sleeper of 3 ms wakes
 * at 3, waits until the other has slept to 15, and then sleeps twice more.
 */
static void starvation_is_bounded(void **state)
{
	static const unsigned allowed_ms[] = { 0, 1, 2, 3, 4, 7, 14, 15, 21 };

	for (size_t i = 0; i < sizeof(allowed_ms) / sizeof(*allowed_ms); i++) {
		search_starving(allowed_ms[i] * MS);
		assert_int_equal(longest, allowed_ms[i] * MS);
		assert_int_equal(starved, longest);
	}
	search_starving(1000 * MS);
	assert_int_equal(longest, 21 * MS);
}

/* With no starvation a sleeper never overtakes who can run. */
static bool working;
static uint64_t short_nap;

static void runs_or_oversleeps(unsigned index)
{
	if (index == 1) {
		rig_sleep(bench.engine, RIG_OP_ADD, short_nap);
		MUST(!working);
		return;
	}
	working = true;
	for (int i = 0; i < 5; i++)
		load(0);
	working = false;
}

static void nobody_oversleeps_without(void **state)
{
	const struct rig_subject *subject =
		use_cells(2, runs_or_oversleeps, NULL);

	/* The worker alone can run until it has ended. */
	for (short_nap = 0; short_nap < 2; short_nap++)
		assert_int_equal(brute_force(subject, 10, must_be_done), 1);
	short_nap = 1;
	bench.engine->starve_ns = 1;
	explore(subject, "states", NULL);
	assert_true(bench.search.violated);
	assert_int_equal(bench.search.starved_ns, 1);
	working = false;
}

/* What the seam offers: the same clock. */
static void watch_the_clock(struct spw_sys *sys)
{
	uint64_t before = sys->now_ns(sys);

	sys->sleep_ns(sys, 7 * MS);
	MUST(sys->now_ns(sys) == before + 7 * MS);
	sys->sleep_ns(sys, 0);
	MUST(sys->now_ns(sys) == before + 7 * MS);
}

static void seam_has_the_clock(void **state)
{
	expect_done(watch_the_clock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sleepers_wake_in_order),
		TEST(equal_deadlines_come_in_any_order),
		TEST(sleep_of_nothing_is_over_at_once),
		TEST(starvation_is_bounded),
		TEST(nobody_oversleeps_without),
		TEST(seam_has_the_clock),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
