/* SPDX-License-Identifier: MIT */
/*
 * Does a search over states, which merges what looks equal, miss anything?
 *
 *   coverage     What random executions meet, a complete search has met: all
 *                six guards, both scenarios, with and without inner steps; and
 *                what is about close.
 *   brute force  Where all executions can be made, nothing hashed and nothing
 *                merged, the ends are the same ones: outcomes, terminal states.
 *                Also under a bound, those with no more preemptions than that.
 *
 * What makes merging right in the first place is tested in picture_test.c.
 */
#include "cases.h"
#include "cells.h"
#include "races.h"

/* ---- coverage ---- */

static void keep_picture(struct watch *w, const uint64_t hash[2])
{
	note(hash, 0);
}

static void expect_picture(struct watch *w, const uint64_t hash[2])
{
	if (!noted(hash))
		w->broken = true;
}

/*
 * The whole search by hand: rig_explore would end at the first violation, and
 * here what comes after is wanted too.
 */
static void search_within(const struct rig_subject *subject,
			  const struct rig_strategy_options *options,
			  struct watch *w, void (*visit)(void))
{
	const struct rig_strategy *states = rig_strategy_find("states");
	uint64_t index = 0;

	assert_int_equal(states->open(&w->state, options), 0);
	w->pick = states->pick;
	while (states->begin(w->state, index++)) {
		if (bench.engine->record)
			bench.engine->record->n = 0;
		run_watched(w, subject);
		if (bench.engine->end != RIG_PRUNED && visit)
			visit();
		/* The words are needed once more, for the end. */
		bench.engine->hashing = true;
		states->end(w->state, bench.engine);
		bench.engine->hashing = false;
	}
	memset(&bench.search, 0, sizeof(bench.search));
	states->report(w->state, &bench.search);
	states->close(w->state);
	assert_null(bench.search.truncated);
}

static void search_states(const struct rig_subject *subject, struct watch *w,
			  void (*visit)(void))
{
	const struct rig_strategy_options options = { .seed = 0 };

	search_within(subject, &options, w, visit);
}

static void check_coverage(const struct rig_subject *subject)
{
	struct watch w = { .picture = keep_picture };

	/* Report pipes make the rest too large for a test of seconds. */
	if (rig->plan.how == SPW_CLONE_FORK &&
	    (rig->plan.kernel.inner_steps || rig->plan.starve_ns ||
	     !strcmp(rig->plan.scenario->name, scenarios[0])))
		return;
	if (SLOW &&
	    (rig->plan.how == SPW_CLONE_FORK ||
	     (rig->plan.starve_ns && strcmp(rig->plan.fix.name, "retry") != 0)))
		return;
	forget();
	search_states(subject, &w, NULL);
	w.picture = expect_picture;
	random_walks(subject, SLOW ? 60 : 150, &w);
	assert_int_equal(bench.search.states, nnotes);
}

/* Guards with calls that no other has. */
static const char *const others[] = { "clone-files", "fork-server",
				      "interpreter", "memfd", "proc-scan" };

static void searches_meet_what_random_walks_meet(void **state)
{
	for_each_case(check_coverage);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (unsigned k = 0; k < 4; k++)
			check_coverage(use_case(
				scenarios[k & 1], others[i], "vfork",
				k & 2 ? "steps=kernel" : "steps=call", 0));
}

/* Around close, with what claims everything; but for the one that spawns. */
static void closes_meet_what_random_walks_meet(void **state)
{
	for (unsigned i = 0; rig_scenarios[i]; i++) {
		const char *name = rig_scenarios[i]->name;

		if (SLOW && i % 3)
			continue;
		if (rig_scenarios[i]->family == &rig_family_close &&
		    strcmp(name, "close/during-spawn") != 0)
			check_coverage(use_case(name, "refcount", "vfork",
						"steps=call", 0));
	}
}

/* ---- brute force ---- */

/* The ends of all executions: outcomes as text, terminal pictures. */
enum { ENDS_MAX = 512 };

static struct ends {
	unsigned n, outcomes, terminals;
	uint64_t end[ENDS_MAX];
} ends;

static void note_end(void)
{
	uint64_t end = end_of(bench.engine);

	for (unsigned i = 0; i < ends.n; i++)
		if (ends.end[i] == end)
			return;
	assert_true(ends.n < ENDS_MAX);
	ends.end[ends.n++] = end;
	if (bench.engine->end == RIG_VIOLATED)
		ends.outcomes++;
	else
		ends.terminals++;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void compare_with_brute_force(const struct rig_subject *subject)
{
	struct watch w = { .picture = keep_picture };
	struct ends brute;

	memset(&ends, 0, sizeof(ends));
	brute_force(subject, 1000000, note_end);
	brute = ends;
	memset(&ends, 0, sizeof(ends));
	forget();
	search_states(subject, &w, note_end);
	assert_int_equal(ends.n, brute.n);
	qsort(ends.end, ends.n, sizeof(ends.end[0]), compare);
	qsort(brute.end, brute.n, sizeof(brute.end[0]), compare);
	assert_memory_equal(ends.end, brute.end, ends.n * sizeof(ends.end[0]));
	assert_int_equal(bench.search.terminal, brute.terminals);
}

static void small_programs_end_the_same(void **state)
{
	for (int i = 0; i < PROGRAMS; i++)
		compare_with_brute_force(use_program(programs[i]));
}

/*
 * What can be done in seconds: whole calls, children as by vfork, no
 * starvation; one of the actors only spawns. Beside that fork-lock, which
 * leaves little room, with two that write. Not private-table, whose third
 * thread makes millions of executions.
 */
static void scenarios_end_the_same(void **state)
{
	for (int i = 0; i < 5; i++)
		if (!SLOW || i % 2) /* retry, fork-lock */
			compare_with_brute_force(use_case(scenarios[1],
							  fixes[i], "vfork",
							  "steps=call", 0));
	compare_with_brute_force(
		use_case(scenarios[0], "fork-lock", "vfork", "steps=call", 0));
}

static void closes_end_the_same(void **state)
{
	static const char *const few[] = {
		"close/before-register", "close/blocked-reader",
		"close/kept-by-fork", "close/stale-batch", "close/mixed-poll"
	};

	for (int i = 0; i < (SLOW ? 3 : 5); i++)
		compare_with_brute_force(
			use_case(few[i], "refcount", "vfork", "steps=call", 0));
}

/* ---- under a bound ---- */

/* Each end, and the fewest preemptions that lead to it. */
static struct {
	unsigned n;
	uint64_t end[ENDS_MAX];
	unsigned preemptions[ENDS_MAX];
} cheapest;

static struct rig_schedule recorded;

static void note_cheapest(void)
{
	uint64_t end = end_of(bench.engine);
	unsigned preemptions = rig_schedule_preemptions(&recorded), i = 0;

	recorded.n = 0;
	while (i < cheapest.n && cheapest.end[i] != end)
		i++;
	assert_true(i < ENDS_MAX);
	if (i < cheapest.n && cheapest.preemptions[i] <= preemptions)
		return;
	cheapest.n += i == cheapest.n;
	cheapest.end[i] = end;
	cheapest.preemptions[i] = preemptions;
}

static unsigned too_many; /* preemptions: more than the search may make */

static void note_end_within(void)
{
	assert_true(rig_schedule_preemptions(&recorded) < too_many);
	note_end();
}

static void expect_ends_within(const struct rig_subject *subject,
			       unsigned preemptions)
{
	const struct rig_strategy_options options = { .bounded = true,
						      .preemptions =
							      preemptions };
	struct watch w = { .picture = keep_picture };
	unsigned expected = 0;

	memset(&ends, 0, sizeof(ends));
	forget();
	too_many = preemptions + 1;
	search_within(subject, &options, &w, note_end_within);
	for (unsigned i = 0; i < cheapest.n; i++) {
		bool seen = false;

		for (unsigned k = 0; k < ends.n; k++)
			seen = seen || ends.end[k] == cheapest.end[i];
		assert_int_equal(seen, cheapest.preemptions[i] <= preemptions);
		expected += seen;
	}
	assert_int_equal(ends.n, expected);
}

static unsigned most_needed; /* preemptions, for some end of some program */

static void compare_under_bounds(const struct rig_subject *subject)
{
	cheapest.n = 0;
	recorded.n = 0;
	bench.engine->record = &recorded;
	brute_force(subject, 1000000, note_cheapest);
	for (unsigned i = 0; i < cheapest.n; i++)
		if (cheapest.preemptions[i] > most_needed)
			most_needed = cheapest.preemptions[i];
	for (unsigned bound = 0; bound <= 4; bound++)
		expect_ends_within(subject, bound);
	expect_ends_within(subject, 1000);
	bench.engine->record = NULL;
}

static void bounded_searches_end_the_same(void **state)
{
	most_needed = 0;
	for (int i = 0; i < PROGRAMS; i++)
		compare_under_bounds(use_program(programs[i]));
	assert_true(most_needed >= 2);
	/* The clock, moved while a task could go on, is a preemption, too. */
	bench.engine->starve_ns = SECOND;
	compare_under_bounds(use_program(act_on_result));
}

/*
 * Whether the one who sleeps is still the current task when the clock wakes it
 * decides whether the third can go first without preempting anybody.
 */
static void ends_sleeps_looks(unsigned index)
{
	uint64_t value, late;

	switch (index) {
	case 0:
		load(3);
		break;
	case 1:
		load(3);
		rig_sleep(bench.engine, RIG_OP_ADD, 1);
		store(0, 1);
		break;
	case 2:
		value = load(0);
		late = bench.engine->now_ns;
		rig_note(bench.engine, late);
		store(1, 1 + value + 2 * late);
		break;
	}
}

static void sleepers_stay_current(void **state)
{
	bench.engine->starve_ns = SECOND;
	compare_under_bounds(use_cells(3, ends_sleeps_looks, NULL));
}

/*
 * Actors that do what a generator wrote for them: load, store, sleep. Most
 * states of such a program are reached with different numbers of preemptions
 * and with different current tasks.
 */
enum { SCRIPT_ACTORS = 3, SCRIPT_MAX = 3 };

static uint32_t script[SCRIPT_ACTORS][SCRIPT_MAX];
static unsigned script_len;

static void follow_script(unsigned index)
{
	uint64_t last = index + 1;

	for (unsigned i = 0; i < script_len; i++) {
		uint32_t word = script[index][i];
		unsigned cell = word / 8 % 2;

		if (word % 8 < 3)
			last = load(cell) * 3 + index + 1;
		else if (word % 8 < (bench.engine->starve_ns ? 5 : 7))
			store(cell, last++ % 8);
		else
			rig_sleep(bench.engine, RIG_OP_ADD, word / 16 % 3 + 1);
	}
}

static void write_script(uint64_t seed)
{
	struct rig_rng rng;

	rig_rng_seed(&rng, seed, 0);
	script_len = seed % 2 ? SCRIPT_MAX : 2;
	for (unsigned i = 0; i < SCRIPT_ACTORS; i++)
		for (unsigned k = 0; k < SCRIPT_MAX; k++)
			script[i][k] = (uint32_t)rig_rng_next(&rng);
}

static void bounded_random_programs_end_the_same(void **state)
{
	most_needed = 0;
	for (uint64_t seed = 0; seed < (SLOW ? 20 : 150); seed++) {
		write_script(seed);
		bench.engine->starve_ns = seed % 3 ? 0 : 2;
		compare_under_bounds(
			use_cells(SCRIPT_ACTORS, follow_script, NULL));
	}
	assert_true(most_needed >= (SLOW ? 2 : 3));
}

static void bounded_scenarios_end_the_same(void **state)
{
	compare_under_bounds(
		use_case(scenarios[1], "fork-lock", "vfork", "steps=call", 0));
	if (!SLOW)
		compare_under_bounds(use_case(scenarios[1], "none", "vfork",
					      "steps=call", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_TEST(searches_meet_what_random_walks_meet),
		CASE_TEST(closes_meet_what_random_walks_meet),
		TEST(small_programs_end_the_same),
		CASE_TEST(scenarios_end_the_same),
		CASE_TEST(closes_end_the_same),
		TEST(bounded_searches_end_the_same),
		TEST(sleepers_stay_current),
		TEST(bounded_random_programs_end_the_same),
		CASE_TEST(bounded_scenarios_end_the_same),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
