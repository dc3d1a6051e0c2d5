/* SPDX-License-Identifier: MIT */
/* Searches: what they visit, when they stop, and what they find. */
#include "brute.h"
#include "cells.h"

/* ---- what there is to visit, by another way ---- */

/*
 * Tasks that each load a cell, then store what they loaded plus one, k times:
 * written out as a recursion that knows no engine, no picks and no hashes.
 */
struct model {
	unsigned tasks, rounds;
	unsigned pc[ACTORS_MAX]; /* even: load next, odd: store next */
	uint64_t loaded[ACTORS_MAX];
	uint64_t cell;
	uint64_t interleavings;
	uint64_t finals; /* bit v: the cell ends as v */
};

static void enumerate(struct model *m)
{
	bool ended = true;

	for (unsigned i = 0; i < m->tasks; i++) {
		uint64_t cell = m->cell, loaded = m->loaded[i];

		if (m->pc[i] == 2 * m->rounds)
			continue;
		ended = false;
		if (m->pc[i]++ & 1)
			m->cell = loaded + 1;
		else
			m->loaded[i] = cell;
		enumerate(m);
		m->pc[i]--;
		m->cell = cell;
		m->loaded[i] = loaded;
	}
	if (ended) {
		m->interleavings++;
		m->finals |= 1ull << m->cell;
	}
}

static unsigned rounds;
static uint64_t finals;

static void increments(unsigned index)
{
	for (unsigned i = 0; i < rounds; i++)
		increment(index);
}

static void note_final(void)
{
	finals |= 1ull << cells.cell[0].value;
}

static void check_counts(unsigned tasks, unsigned n, uint64_t interleavings)
{
	struct model m = { .tasks = tasks, .rounds = n };
	const struct rig_subject *subject =
		use_cells(tasks, increments, note_final);
	const struct rig_search *s;

	rounds = n;
	enumerate(&m);
	assert_int_equal(m.interleavings, interleavings);
	/* Without hashing: one execution for each interleaving. */
	finals = 0;
	assert_int_equal(brute_force(subject, 100000, must_be_done),
			 interleavings);
	assert_int_equal(finals, m.finals);
	/* With hashing: the same ends, each in some execution. */
	finals = 0;
	s = explore(subject, "states", NULL);
	assert_true(s->complete && !s->violated && !s->truncated &&
		    !s->stopped_by);
	assert_int_equal(finals, m.finals);
	assert_int_equal(s->terminal, __builtin_popcountll(m.finals));
	assert_true(s->executions <= interleavings);
}

static void states_visits_what_there_is(void **state)
{
	check_counts(2, 1, 6);     /* 4! / (2! 2!) */
	check_counts(3, 1, 90);    /* 6! / (2! 2! 2!) */
	check_counts(4, 1, 2520);  /* 8! / 2!^4 */
	check_counts(2, 2, 70);    /* 8! / (4! 4!) */
	check_counts(2, 3, 924);   /* 12! / (6! 6!) */
	check_counts(3, 2, 34650); /* 12! / 4!^3 */
	check_counts(1, 5, 1);
}

/*
 * Three tasks, one increment each: a state is where each task is, what it has
 * loaded and not stored yet, and the cell. Counted by trying all of them from
 * the first; only those where two or more can go on are decisions.
 */
struct seen {
	unsigned n;
	uint64_t code[1000];
};

static void count_states(struct model *m, struct seen *seen)
{
	uint64_t code = m->cell;
	unsigned able = 0;

	for (unsigned i = 0; i < m->tasks; i++) {
		able += m->pc[i] < 2;
		code = code * 4 + m->pc[i];
		code = code * 8 + (m->pc[i] == 1 ? m->loaded[i] : 0);
	}
	for (unsigned i = 0; i < seen->n; i++)
		if (seen->code[i] == code)
			return;
	if (able > 1)
		seen->code[seen->n++] = code;
	for (unsigned i = 0; i < m->tasks; i++) {
		struct model next = *m;

		if (m->pc[i] == 2)
			continue;
		if (next.pc[i]++)
			next.cell = m->loaded[i] + 1;
		else
			next.loaded[i] = m->cell;
		count_states(&next, seen);
	}
}

static void states_are_counted_exactly(void **state)
{
	for (unsigned tasks = 2; tasks <= 4; tasks++) {
		struct model m = { .tasks = tasks };
		struct seen seen = { .n = 0 };

		count_states(&m, &seen);
		rounds = 1;
		explore(use_cells(tasks, increments, NULL), "states", NULL);
		assert_int_equal(bench.search.states, seen.n);
	}
}

/* ---- a bound of preemptions ---- */

static void two_counted(void)
{
	if (cells.cell[0].value != 2)
		rig_fail(bench.engine, "lost", "%u", 7);
}

static const struct rig_search *explore_within(const struct rig_subject *what,
					       unsigned preemptions)
{
	const struct rig_strategy_options options = { .bounded = true,
						      .preemptions =
							      preemptions };
	const struct rig_limits none = { .executions = 0 };

	assert_int_equal(rig_explore(bench.engine, what,
				     rig_strategy_find("states"), &options,
				     &none, &bench.search, &bench.found),
			 0);
	return &bench.search;
}

static void preemptions_are_bounded(void **state)
{
	const struct rig_subject *subject =
		use_cells(2, increment, two_counted);

	assert_false(explore_within(subject, 0)->violated);
	assert_true(bench.search.complete);
	assert_true(bench.search.executions > 1);
	assert_true(explore_within(subject, 1)->violated);
	assert_int_equal(rig_schedule_preemptions(&bench.found), 1);
}

/* With three actors of four steps there is always more behind it. */
static void each_bound_reaches_further(void **state)
{
	const struct rig_subject *subject = use_cells(3, increments, NULL);
	uint64_t states = 0;

	rounds = 2;
	for (unsigned bound = 0; bound < 5; bound++) {
		explore_within(subject, bound);
		assert_true(bench.search.complete);
		assert_null(bench.search.truncated);
		assert_true(bench.search.states > states);
		states = bench.search.states;
	}
}

/* ---- limits ---- */

static void memory_limit_is_said(void **state)
{
	const struct rig_strategy *states = rig_strategy_find("states");
	const struct rig_strategy_options options = { .memory = 40000 };
	const struct rig_limits limits = { .executions = 0 };
	const struct rig_subject *subject = use_cells(3, increments, NULL);

	rounds = 2;
	assert_int_equal(rig_explore(bench.engine, subject, states, &options,
				     &limits, &bench.search, &bench.found),
			 0);
	assert_false(bench.search.complete);
	assert_non_null(bench.search.truncated);
	assert_true(bench.search.states > 500);
	explore(subject, "states", NULL);
	assert_true(bench.search.complete);
	assert_null(bench.search.truncated);
}

static void execution_limit_is_kept(void **state)
{
	struct rig_limits limits = { .executions = 5 };
	const struct rig_subject *subject = use_cells(3, increments, NULL);

	rounds = 1;
	explore(subject, "states", &limits);
	assert_int_equal(bench.search.executions, 5);
	assert_string_equal(bench.search.stopped_by, "executions");
	assert_false(bench.search.complete);
	limits.executions = 1000;
	explore(subject, "random", &limits);
	assert_int_equal(bench.search.executions, 1000);
	assert_string_equal(bench.search.stopped_by, "executions");
	assert_false(bench.search.complete);
}

static void time_limit_is_kept(void **state)
{
	const struct rig_limits limits = { .time_ns = 3000000 };

	rounds = 1;
	explore(use_cells(3, increments, NULL), "random", &limits);
	assert_string_equal(bench.search.stopped_by, "time");
	assert_true(bench.search.ns >= 3000000);
	assert_false(bench.search.complete);
	assert_true(bench.search.executions > 0);
}

static volatile sig_atomic_t stop;
static unsigned until_stop;

static void count_down(void)
{
	if (!--until_stop)
		stop = 1;
}

static void stop_flag_ends_a_search(void **state)
{
	const struct rig_limits limits = { .stop = &stop };

	stop = 0;
	until_stop = 77;
	rounds = 1;
	explore(use_cells(3, increments, count_down), "random", &limits);
	assert_string_equal(bench.search.stopped_by, "interrupt");
	assert_int_equal(bench.search.executions, 77);
	stop = 0;
}

static uint64_t progress_at;

static void progress(void *ctx, const struct rig_search *s)
{
	assert_ptr_equal(ctx, &progress_at);
	assert_true(s->executions > progress_at);
	progress_at = s->executions;
	stop = 1;
}

static void progress_is_reported(void **state)
{
	const struct rig_limits limits = { .stop = &stop,
					   .progress = progress,
					   .progress_ctx = &progress_at };

	stop = 0;
	progress_at = 0;
	explore(use_cells(3, increments, NULL), "random", &limits);
	assert_true(progress_at > 0);
	assert_int_equal(bench.search.executions, progress_at + 1);
	stop = 0;
}

/* ---- random ---- */

static void run_random(uint64_t seed, uint64_t index)
{
	const struct rig_strategy *random = rig_strategy_find("random");
	const struct rig_strategy_options options = { .seed = seed };
	void *strategy;

	assert_int_equal(random->open(&strategy, &options), 0);
	assert_true(random->begin(strategy, index));
	assert_int_equal(rig_engine_run(bench.engine, bench.subject,
					random->pick, strategy),
			 0);
	random->close(strategy);
}

static uint8_t logs[100][64];
static unsigned nlogs;

static void keep_log(void)
{
	memcpy(logs[nlogs], bench.engine->log, bench.engine->ndecisions);
	logs[nlogs++][63] = (uint8_t)bench.engine->ndecisions;
}

/* Execution number i of a search is the same when it is made alone. */
static void random_is_a_function_of_seed_and_index(void **state)
{
	const struct rig_limits limits = { .executions = 100 };
	unsigned differ = 0;

	rounds = 2;
	nlogs = 0;
	bench.subject = use_cells(3, increments, keep_log);
	explore(bench.subject, "random", &limits);
	assert_int_equal(nlogs, 100);
	bench.subject = use_cells(3, increments, NULL);
	for (unsigned i = 100; i--;) {
		run_random(1, i);
		assert_int_equal(bench.engine->ndecisions, logs[i][63]);
		assert_memory_equal(bench.engine->log, logs[i], logs[i][63]);
		run_random(2, i);
		differ += memcmp(bench.engine->log, logs[i], 6) != 0;
	}
	assert_true(differ > 80);
}

/* ---- what is found ---- */

static void two_expected(void)
{
	if (cells.cell[0].value != 2)
		rig_fail(bench.engine, "lost", "%u", 7);
}

static void violations_come_with_a_schedule(void **state)
{
	const struct rig_subject *subject =
		use_cells(2, increment, two_expected);
	char why[RIG_MESSAGE_MAX];

	for (int i = 0; rig_strategies[i]; i++) {
		explore(subject, rig_strategies[i]->name, NULL);
		assert_true(bench.search.violated);
		assert_string_equal(bench.search.outcome, "lost");
		assert_string_equal(bench.search.message, "7");
		assert_int_equal(bench.search.at, bench.search.executions);
		assert_int_equal(rig_schedule_run(bench.engine, subject,
						  &bench.found, false, NULL,
						  why, sizeof(why)),
				 0);
		assert_int_equal(bench.engine->end, RIG_VIOLATED);
		assert_string_equal(bench.engine->outcome, "lost");
	}
}

static struct spw_mutex *left, *right;
static struct spw_sys *seam;

static void left_first(void *arg)
{
	seam->mutex_lock(seam, left);
	seam->mutex_lock(seam, right);
	seam->mutex_unlock(seam, right);
	seam->mutex_unlock(seam, left);
}

static void right_first(void *arg)
{
	seam->mutex_lock(seam, right);
	seam->mutex_lock(seam, left);
	seam->mutex_unlock(seam, left);
	seam->mutex_unlock(seam, right);
}

static void run_both(struct spw_sys *sys, void (*second)(void *arg))
{
	struct spw_thread *thread[2];

	seam = sys;
	MUST(!sys->mutex_create(sys, &left) && !sys->mutex_create(sys, &right));
	sim_threads_are_actors(bench.sim, true);
	MUST(!sys->thread_create(sys, &thread[0], left_first, NULL));
	MUST(!sys->thread_create(sys, &thread[1], second, NULL));
	sys->thread_join(sys, thread[0]);
	sys->thread_join(sys, thread[1]);
	sys->mutex_destroy(sys, left);
	sys->mutex_destroy(sys, right);
}

static void opposite_orders(struct spw_sys *sys)
{
	run_both(sys, right_first);
}

static void same_order(struct spw_sys *sys)
{
	run_both(sys, left_first);
}

static void deadlocks_are_found(void **state)
{
	expect_found(opposite_orders, "deadlock",
		     "main in thread-join, a1 in lock, a2 in lock");
	expect_clean(same_order);
}

/* ---- executions that do not end ---- */

static void spin(unsigned index)
{
	for (;;)
		load(0);
}

static void steps_have_a_limit(void **state)
{
	/* Alone it takes no decision: only the steps end it. */
	explore(use_cells(1, spin, NULL), "random", NULL);
	assert_true(bench.search.violated);
	assert_string_equal(bench.search.outcome, "livelock");
	assert_int_equal(bench.engine->ndecisions, 0);
	assert_non_null(strstr(bench.search.message, "20000 steps"));
	explore(use_cells(2, spin, NULL), "random", NULL);
	assert_string_equal(bench.search.outcome, "livelock");
	assert_non_null(strstr(bench.search.message, "4096 decisions"));
}

static void waits(void *arg)
{
	load(0);
}

static unsigned wanted;

static void makes_many(unsigned index)
{
	struct rig_task *task;

	for (unsigned i = 0; i < wanted; i++)
		MUST(!rig_task_create(bench.engine, RIG_KIND_THREAD, waits,
				      NULL, NULL, &task));
	MUST(wanted < RIG_BORN_MAX ||
	     rig_task_create(bench.engine, RIG_KIND_THREAD, waits, NULL, NULL,
			     &task) == -EAGAIN);
}

/* RIG_BORN_MAX of a kind below one parent, RIG_TASKS_MAX in all. */
static void tasks_have_a_limit(void **state)
{
	const struct rig_subject *subject = use_cells(1, makes_many, NULL);

	wanted = RIG_BORN_MAX;
	assert_int_equal(
		rig_engine_run(bench.engine, subject, pick_default, NULL), 0);
	must_be_done();
	assert_int_equal(bench.engine->ntasks, 1 + 1 + RIG_BORN_MAX);
	wanted = RIG_TASKS_MAX / 2;
	subject = use_cells(2, makes_many, NULL);
	assert_int_equal(
		rig_engine_run(bench.engine, subject, pick_default, NULL), 0);
	assert_int_equal(bench.engine->end, RIG_VIOLATED);
	assert_int_equal(bench.engine->ntasks, RIG_TASKS_MAX);
}

/* ---- subjects that are not deterministic ---- */

static unsigned calls;

static void changes_its_mind(void)
{
	if (++calls == 1)
		rig_fail(bench.engine, "once", "only the first time");
}

static void nondeterminism_is_an_error(void **state)
{
	const struct rig_strategy_options options = { .seed = 1 };
	const struct rig_limits limits = { .executions = 10 };

	calls = 0;
	assert_int_equal(rig_explore(bench.engine,
				     use_cells(2, increment, changes_its_mind),
				     rig_strategy_find("random"), &options,
				     &limits, &bench.search, &bench.found),
			 -EILSEQ);
}

/* A strategy that picks a task which cannot run is caught. */
static unsigned pick_main(void *state, struct rig_engine *engine,
			  rig_set choices)
{
	return 0;
}

static void disabled_picks_are_an_error(void **state)
{
	assert_int_equal(rig_engine_run(bench.engine,
					use_cells(2, increment, NULL),
					pick_main, NULL),
			 -EINVAL);
	assert_non_null(strstr(bench.engine->message, "disabled"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(states_visits_what_there_is),
		TEST(states_are_counted_exactly),
		TEST(preemptions_are_bounded),
		TEST(each_bound_reaches_further),
		TEST(memory_limit_is_said),
		TEST(execution_limit_is_kept),
		TEST(time_limit_is_kept),
		TEST(stop_flag_ends_a_search),
		TEST(progress_is_reported),
		TEST(random_is_a_function_of_seed_and_index),
		TEST(violations_come_with_a_schedule),
		TEST(deadlocks_are_found),
		TEST(steps_have_a_limit),
		TEST(tasks_have_a_limit),
		TEST(nondeterminism_is_an_error),
		TEST(disabled_picks_are_an_error),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
