/* SPDX-License-Identifier: MIT */
/*
 * Samplers: what defines each, as frequencies over many executions with fixed
 * seeds. Bounds are five standard deviations wide, so a seed that fails says
 * that the sampler is wrong, not that it had bad luck.
 */
#include "brute.h"
#include "cells.h"
#include "strategies/profile.h"

#include <math.h>

enum {
	LEARNING = 32, /* executions in which pct and surw learn */
	MANY = SLOW ? 3000 : 30000,
};

/* ---- running them ---- */

static const struct rig_strategy *strategy;
static void *sampler;

static void begin_sampler(const char *name, uint64_t seed, unsigned depth)
{
	const struct rig_strategy_options options = { .seed = seed,
						      .depth = depth };

	strategy = rig_strategy_find(name);
	assert_int_equal(strategy->open(&sampler, &options), 0);
	bench.engine->every = strategy->every;
}

static void end_sampler(void)
{
	bench.engine->every = false;
	strategy->close(sampler);
}

static void run_once(const struct rig_subject *subject, uint64_t index)
{
	assert_true(strategy->begin(sampler, index));
	assert_int_equal(rig_engine_run(bench.engine, subject, strategy->pick,
					sampler),
			 0);
	if (strategy->end)
		strategy->end(sampler, bench.engine);
}

/* The tasks' letters, as they came to cell 0 in one execution. */
static char order[16];
static unsigned norder;

/* After what there is to learn: the executions that are counted. */
static void run_many(const char *name, unsigned depth,
		     const struct rig_subject *subject, void (*visit)(void))
{
	norder = 0;
	begin_sampler(name, 7, depth);
	for (unsigned i = 0; i < LEARNING + MANY; i++) {
		run_once(subject, i);
		if (i >= LEARNING)
			visit();
		norder = 0;
	}
	end_sampler();
}

static void check_rate(uint64_t hits, double expected)
{
	double sigma = sqrt(MANY * expected * (1 - expected));

	if (fabs((double)hits - MANY * expected) > 5 * sigma)
		fail_msg("%d of %d, expected %.0f", (int)hits, (int)MANY,
			 MANY * expected);
}

/* ---- which order ---- */

static void mark(unsigned index)
{
	if (norder < sizeof(order) - 1)
		order[norder++] = (char)('a' + index);
}

static void write_and_mark(unsigned index)
{
	store(0, index);
	mark(index);
}

enum { KINDS_MAX = 100 };

static struct {
	unsigned n;
	struct {
		char order[16];
		unsigned times;
	} kind[KINDS_MAX];
} seen;

static void count_order(void)
{
	unsigned i = 0;

	order[norder] = '\0';
	while (i < seen.n && strcmp(seen.kind[i].order, order) != 0)
		i++;
	if (i == seen.n) {
		assert_true(seen.n < KINDS_MAX);
		memcpy(seen.kind[seen.n++].order, order, sizeof(order));
	}
	seen.kind[i].times++;
}

static void sample_orders(const char *name, const struct rig_subject *subject)
{
	memset(&seen, 0, sizeof(seen));
	run_many(name, 0, subject, count_order);
}

/*
 * Pearson's statistic against all kinds being equally likely, in standard
 * deviations above its mean (a chi-square of n - 1 has 2 (n - 1) as variance).
 */
static double unevenness(unsigned kinds)
{
	double expected = (double)MANY / kinds, sum = 0;

	assert_int_equal(seen.n, kinds);
	for (unsigned i = 0; i < kinds; i++)
		sum += pow(seen.kind[i].times - expected, 2) / expected;
	return (sum - (kinds - 1)) / sqrt(2.0 * (kinds - 1));
}

/* ---- surw: uniform over the interleavings of one object's events ---- */

static unsigned events[ACTORS_MAX];

static void writes(unsigned index)
{
	for (unsigned i = 0; i < events[index]; i++)
		write_and_mark(index);
}

static void surw_is_uniform(void **state)
{
	events[0] = events[1] = 3;
	sample_orders("surw", use_cells(2, writes, NULL));
	assert_true(unevenness(20) < 5); /* 6! / (3! 3!) */
	events[0] = 1;
	events[1] = 5;
	sample_orders("surw", use_cells(2, writes, NULL));
	assert_true(unevenness(6) < 5);
	events[0] = events[1] = events[2] = 2;
	sample_orders("surw", use_cells(3, writes, NULL));
	assert_true(unevenness(90) < 5); /* 6! / (2! 2! 2!) */
}

/* The first task does much that is its own, which must not count. */
static void mostly_private(unsigned index)
{
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned j = 0; !index && j < 5; j++)
			store(1, j);
		write_and_mark(index);
	}
}

static void surw_selects(void **state)
{
	const struct rig_subject *subject = use_cells(2, mostly_private, NULL);

	sample_orders("surw", subject);
	assert_true(unevenness(6) < 5);
	/* And that is no matter of course. */
	sample_orders("random", subject);
	assert_true(seen.n < 6 || unevenness(6) > 50);
}

static void born(void *arg)
{
	write_and_mark(2);
	write_and_mark(2);
	if (!--cells.running)
		rig_enable(bench.engine, 1); /* main */
}

/*
 * a, then a creates c; a has one event left, c two, b one:
 * a < {a, c < c} has 3 orders, and b has 5 places in each.
 */
static void has_a_child(unsigned index)
{
	struct rig_task *task;

	write_and_mark(index);
	if (index)
		return;
	cells.running++;
	MUST(!rig_task_create(bench.engine, RIG_KIND_THREAD, born, NULL, NULL,
			      &task));
	write_and_mark(index);
}

/*
 * Nobody has come to cell 0 when c is created, but who is to be first may have
 * been drawn: if it was a, then c may take its place. 12 orders of a, b, c, c.
 */
static void has_a_child_early(unsigned index)
{
	struct rig_task *task;

	if (!index) {
		store(1, 0);
		cells.running++;
		MUST(!rig_task_create(bench.engine, RIG_KIND_THREAD, born, NULL,
				      NULL, &task));
	}
	write_and_mark(index);
}

static void surw_counts_children(void **state)
{
	sample_orders("surw", use_cells(2, has_a_child, NULL));
	assert_true(unevenness(15) < 5);
	sample_orders("surw", use_cells(2, has_a_child_early, NULL));
	assert_true(unevenness(12) < 5);
}

/* ---- pos: the odds of a race do not hang on what else is done ---- */

static unsigned hits;

static void late_write(unsigned index)
{
	if (index) {
		mark((unsigned)load(0));
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		store(1, i);
	store(0, 1);
}

static void count_late(void)
{
	hits += order[0] == 'b';
}

/* The load is last where its priority is the least of ten. */
static void pos_draws_per_event(void **state)
{
	const struct rig_subject *subject = use_cells(2, late_write, NULL);

	hits = 0;
	run_many("pos", 0, subject, count_late);
	check_rate(hits, 0.1);
}

static void two_races(unsigned index)
{
	store(0, index + 1);
	store(1, index + 1);
}

static void count_crossed(void)
{
	hits += cells.cell[0].value != cells.cell[1].value;
}

/*
 * Who loses the first race draws again. The second is won by the same task
 * where its next draw is above that (1/2), or is below and still above the
 * draw that the other makes then (1/2 times 1/3); else the orders are crossed.
 * Had the loser kept its priority, that would be 1/4 and not 1/3.
 */
static void pos_redraws_after_a_race(void **state)
{
	hits = 0;
	run_many("pos", 0, use_cells(2, two_races, NULL), count_crossed);
	check_rate(hits, 1 / 3.0);
}

/* ---- pct: priorities, changed depth - 1 times ---- */

static unsigned depth, most_preemptions;

/* How often a task was left that could have gone on: it was picked later. */
static void count_preemptions(void)
{
	const struct rig_engine *e = bench.engine;
	unsigned n = 0;

	for (unsigned i = 1; i < e->ndecisions; i++) {
		bool again = false;

		if (e->log[i] == e->log[i - 1])
			continue;
		for (unsigned j = i; j < e->ndecisions; j++)
			again |= e->log[j] == e->log[i - 1];
		n += again && e->log[i - 1]; /* main waits */
	}
	if (n >= depth)
		fail_msg("%u preemptions with depth %u", n, depth);
	if (n > most_preemptions)
		most_preemptions = n;
}

static void pct_changes_depth_minus_one_times(void **state)
{
	const struct rig_subject *subject = use_cells(3, writes, NULL);

	events[0] = events[1] = events[2] = 4;
	for (depth = 1; depth <= 4; depth++) {
		most_preemptions = 0;
		run_many("pct", depth, subject, count_preemptions);
		assert_int_equal(most_preemptions, depth - 1);
	}
}

/* Depth 1 is one priority a task: every order of whole tasks as often. */
static void pct_priorities_are_uniform(void **state)
{
	memset(&seen, 0, sizeof(seen));
	events[0] = events[1] = events[2] = 2;
	run_many("pct", 1, use_cells(3, writes, NULL), count_order);
	assert_true(unevenness(6) < 5);
}

/* A bug of depth 2: the load must come between two certain stores. */
static void deep(unsigned index)
{
	if (index)
		mark((unsigned)load(0));
	else
		for (unsigned i = 1; i <= 5; i++)
			store(0, i);
}

static void count_third(void)
{
	hits += order[0] == 'd';
}

static void pct_keeps_its_promise(void **state)
{
	const struct rig_limits limits = { .executions = 1000 };
	const struct rig_subject *subject = use_cells(2, deep, NULL);
	const struct rig_strategy_options options = { .seed = 5, .depth = 2 };
	const struct rig_promise *p = &bench.search.promise;
	double least, expected;

	assert_int_equal(rig_explore(bench.engine, subject,
				     rig_strategy_find("pct"), &options,
				     &limits, &bench.search, &bench.found),
			 0);
	assert_int_equal(p->depth, 2);
	assert_int_equal(p->tasks, 3); /* and main */
	assert_int_equal(p->points, bench.search.points);
	assert_int_equal(p->longest, p->points);
	assert_in_range(p->executions, 1000 - LEARNING, 999);
	assert_false(p->values);
	least = 1.0 / (p->tasks * p->points);
	expected = pow(1 - least, (double)p->executions);
	assert_true(fabs(p->miss / expected - 1) < 1e-9);
	hits = 0;
	run_many("pct", 2, subject, count_third);
	if (hits < MANY * least - 5 * sqrt(MANY * least))
		fail_msg("%u of %d, promised %.0f", hits, (int)MANY,
			 MANY * least);
}

/* Executions that get longer after the learning, and draw values. */
static unsigned execution;

static void grows(unsigned index)
{
	for (unsigned i = 0; i < (execution < 100 ? 3 : 6); i++)
		store(0, i);
	if (execution == 200)
		rig_choose(bench.engine, RIG_OP_LOAD, 3);
}

static void next_execution(void)
{
	execution++;
}

static void pct_says_what_it_does_not_cover(void **state)
{
	const struct rig_subject *subject = use_cells(2, grows, next_execution);
	struct rig_limits limits = { .executions = 90 };
	const struct rig_promise *p = &bench.search.promise;

	execution = 0;
	explore(subject, "pct", &limits);
	assert_int_equal(p->depth, 3);
	assert_int_equal(p->longest, p->points);
	execution = 0;
	limits.executions = 150;
	explore(subject, "pct", &limits);
	assert_int_equal(p->longest, p->points + 6);
	assert_false(p->values);
	execution = 0;
	limits.executions = 300;
	explore(subject, "pct", &limits);
	assert_true(p->values);
	/* With nothing run there is nothing to promise. */
	limits.executions = 1;
	explore(subject, "pct", &limits);
	assert_int_equal(p->depth, 0);
	explore(subject, "random", &limits);
	assert_int_equal(p->depth, 0);
}

/* ---- all of them ---- */

static void increments(unsigned index)
{
	increment(index);
	increment(index);
}

static uint64_t finals;

static void note_final(void)
{
	finals |= 1ull << cells.cell[0].value;
}

static const char *const names[] = { "random", "pos", "pct", "surw" };

static void all_reach_what_there_is(void **state)
{
	const struct rig_limits limits = { .executions = MANY };
	const struct rig_subject *subject =
		use_cells(3, increments, note_final);
	uint64_t all;

	finals = 0;
	brute_force(subject, 100000, must_be_done);
	all = finals;
	for (unsigned i = 0; i < 4; i++) {
		finals = 0;
		explore(subject, names[i], &limits);
		assert_int_equal(finals, all);
	}
}

static uint8_t logs[100][64];

static void keep_log(unsigned i)
{
	assert_true(bench.engine->ndecisions < 63);
	memset(logs[i], 0, sizeof(logs[i]));
	memcpy(logs[i], bench.engine->log, bench.engine->ndecisions);
	logs[i][63] = (uint8_t)bench.engine->ndecisions;
}

/*
 * Of the seed, the index and, for pct and surw, what was learnt in the first
 * executions, which come in their order: the others may come in any.
 */
static void executions_are_functions(const char *name, unsigned first)
{
	const struct rig_subject *subject = use_cells(3, increments, NULL);
	unsigned differ = 0;

	begin_sampler(name, 3, 0);
	for (unsigned i = 0; i < 100; i++) {
		run_once(subject, i);
		keep_log(i);
	}
	end_sampler();
	begin_sampler(name, 3, 0);
	for (unsigned i = 0; i < first; i++)
		run_once(subject, i);
	for (unsigned i = 100; i-- > first;) {
		run_once(subject, i);
		assert_int_equal(bench.engine->ndecisions, logs[i][63]);
		assert_memory_equal(bench.engine->log, logs[i], logs[i][63]);
	}
	end_sampler();
	begin_sampler(name, 4, 0);
	for (unsigned i = 0; i < 100; i++) {
		run_once(subject, i);
		differ += memcmp(bench.engine->log, logs[i], logs[i][63]) != 0;
	}
	end_sampler();
	assert_true(differ > 50);
}

static void executions_are_functions_of_seed_and_index(void **state)
{
	executions_are_functions("random", 0);
	executions_are_functions("pos", 0);
	executions_are_functions("pct", LEARNING);
	executions_are_functions("surw", LEARNING);
}

/* After the first executions nothing is learnt, whatever is seen. */
static void check_settled(const char *name)
{
	const struct rig_subject *subject = use_cells(2, writes, NULL);

	events[0] = events[1] = 3;
	begin_sampler(name, 3, 0);
	for (unsigned i = 0; i < 100; i++) {
		run_once(subject, i);
		keep_log(i);
	}
	events[0] = 12;
	run_once(subject, 100);
	events[0] = 3;
	for (unsigned i = LEARNING; i < 100; i++) {
		run_once(subject, i);
		assert_int_equal(bench.engine->ndecisions, logs[i][63]);
		assert_memory_equal(bench.engine->log, logs[i], logs[i][63]);
	}
	end_sampler();
}

static void learning_ends(void **state)
{
	check_settled("pct");
	check_settled("surw");
}

/* ---- profiles have a fixed size ---- */

static void profiles_are_bounded(void **state)
{
	static struct rig_profile p;
	static uint32_t total[RIG_PROFILE_TASKS];
	uint8_t last = RIG_PROFILE_NONE;

	for (unsigned i = 0; i < 2 * RIG_PROFILE_TASKS; i++) {
		uint8_t task = rig_profile_task(&p, 1000 + i, last);

		last = i < RIG_PROFILE_TASKS ? (uint8_t)i : RIG_PROFILE_NONE;
		assert_int_equal(task, last);
		for (unsigned o = 0; o < 2 * RIG_PROFILE_OBJECTS; o++)
			rig_profile_note(&p, task, 77 + o, o & 1);
	}
	rig_profile_learn(&p);
	assert_int_equal(p.ntasks, RIG_PROFILE_TASKS);
	assert_int_equal(p.nobjects, RIG_PROFILE_OBJECTS);
	assert_int_equal(p.nracy, RIG_PROFILE_OBJECTS / 2);
	for (unsigned i = 0; i < RIG_PROFILE_TASKS; i++)
		assert_int_equal(rig_profile_find(&p, 1000 + i), i);
	assert_int_equal(rig_profile_find(&p, 999), -1);
	/* Each is the parent of the next: a chain. */
	rig_profile_total(&p, 1, total);
	for (unsigned i = 0; i < RIG_PROFILE_TASKS; i++)
		assert_int_equal(total[i], RIG_PROFILE_TASKS - i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(surw_is_uniform),
		TEST(surw_selects),
		TEST(surw_counts_children),
		TEST(pos_draws_per_event),
		TEST(pos_redraws_after_a_race),
		TEST(pct_changes_depth_minus_one_times),
		TEST(pct_priorities_are_uniform),
		TEST(pct_keeps_its_promise),
		TEST(pct_says_what_it_does_not_cover),
		TEST(all_reach_what_there_is),
		TEST(executions_are_functions_of_seed_and_index),
		TEST(learning_ends),
		TEST(profiles_are_bounded),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
