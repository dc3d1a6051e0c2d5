/* SPDX-License-Identifier: MIT */
/* Schedules that are followed: strictly, loosely, and with a trace. */
#include "brute.h"
#include "cells.h"
#include "engine/trace.h"

enum { MS = 1000000 };

static struct rig_schedule given, done;
static char why[RIG_MESSAGE_MAX];

/* Cells, sleeps and picked values: everything a decision can be about. */
static void mixed(unsigned index)
{
	increment(index);
	if (index < 2)
		rig_sleep(bench.engine, RIG_OP_ADD, (1 + index) * MS);
	increment(index);
	store(1, rig_choose(bench.engine, RIG_OP_START, 3));
	increment(index);
}

static const struct rig_subject *use_mixed(void)
{
	bench.engine->starve_ns = 5 * MS;
	return use_cells(3, mixed, NULL);
}

/* One random execution, written down. */
static void record_random(const struct rig_subject *subject, uint64_t index,
			  struct rig_schedule *schedule)
{
	const struct rig_strategy *random = rig_strategy_find("random");
	const struct rig_strategy_options options = { .seed = 5 };
	void *state;

	assert_int_equal(random->open(&state, &options), 0);
	assert_true(random->begin(state, index));
	schedule->n = schedule->ncomments = 0;
	bench.engine->record = schedule;
	bench.engine->counting = true;
	assert_int_equal(
		rig_engine_run(bench.engine, subject, random->pick, state), 0);
	bench.engine->record = NULL;
	bench.engine->counting = false;
	random->close(state);
}

static void assert_same_decisions(const struct rig_schedule *a,
				  const struct rig_schedule *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		struct rig_decision x = a->decision[i], y = b->decision[i];

		assert_true(x.at == y.at && x.at_op == y.at_op &&
			    x.at_nth == y.at_nth && x.value == y.value &&
			    x.preempts == y.preempts && x.run == y.run &&
			    x.run_op == y.run_op && x.run_nth == y.run_nth);
	}
}

static void follow_random(const struct rig_subject *subject, bool loose)
{
	uint8_t log[RIG_DECISIONS_MAX];
	unsigned n;

	for (unsigned i = 0; i < 500; i++) {
		record_random(subject, i, &given);
		n = bench.engine->ndecisions;
		memcpy(log, bench.engine->log, n);
		assert_int_equal(rig_schedule_run(bench.engine, subject, &given,
						  loose, &done, why,
						  sizeof(why)),
				 0);
		assert_int_equal(bench.engine->ndecisions, n);
		assert_memory_equal(bench.engine->log, log, n);
		assert_same_decisions(&given, &done);
	}
}

static void recorded_schedules_are_followed(void **state)
{
	follow_random(use_mixed(), false);
}

/* What fits everywhere is followed everywhere, ticks of the clock too. */
static void loose_follows_what_fits(void **state)
{
	follow_random(use_mixed(), true);
}

/* ---- schedules written by hand: two actors increment a cell ---- */

#define HEADER "racerig-schedule 1\nscenario s\nfix none\nactors 2\n"

/* The lost update: a1 loads, a2 loads and stores, a1 stores. */
#define LOST                              \
	"at main start#1 run a1 load#1\n" \
	"at a1 store#1 run a2 load#1\n"   \
	"end 2\n"

static int follow(const char *text, bool loose)
{
	const struct rig_subject *subject = use_cells(2, increment, NULL);

	assert_int_equal(rig_schedule_parse(&given, subject, text, strlen(text),
					    why, sizeof(why)),
			 0);
	why[0] = '\0';
	return rig_schedule_run(bench.engine, subject, &given, loose, &done,
				why, sizeof(why));
}

static void expect_mismatch(const char *text, const char *reason)
{
	assert_int_equal(follow(text, false), -EINVAL);
	if (strncmp(why, reason, 3) != 0 || !strstr(why, reason + 3))
		fail_msg("%s", why);
}

static void strict_finds_the_lost_update(void **state)
{
	assert_int_equal(follow(HEADER LOST, false), 0);
	assert_int_equal(cells.cell[0].value, 1);
	assert_int_equal(follow(HEADER "end 0\n", false), 0);
	assert_int_equal(cells.cell[0].value, 2);
}

static void strict_says_where_it_cannot_go_on(void **state)
{
	/* main waits: it is not among those that could run. */
	expect_mismatch(HEADER "at main start#1 run a1 load#1\n"
			       "at a1 store#1 run main start#1\nend 2\n",
			"6: cannot be done");
	/* The task is there, but is about to do something else. */
	expect_mismatch(HEADER "at a1 store#1 run a2 store#1\nend 1\n",
			"5: cannot be done");
	expect_mismatch(HEADER "at a1 store#1 run a2 load#2\nend 1\n",
			"5: cannot be done");
	/* No such moment. */
	expect_mismatch(HEADER "at a1 store#2 run a2 load#1\nend 1\n",
			"5: never reached");
	expect_mismatch(HEADER "at a3 store#1 run a2 load#1\nend 1\n",
			"5: never reached");
	expect_mismatch(HEADER "at a1 store#1 pick 1\nend 1\n",
			"5: never reached");
	expect_mismatch(HEADER "at a1 store#1 run clock tick#0\nend 1\n",
			"5: cannot be done");
}

/* Each decision fits somewhere, but in another order. */
static void strict_refuses_another_order(void **state)
{
	assert_int_equal(follow(HEADER "at a1 store#1 run a2 load#1\n"
				       "at a2 store#1 run a1 store#1\n"
				       "end 2\n",
				false),
			 0);
	expect_mismatch(HEADER "at a2 store#1 run a1 store#1\n"
			       "at a1 store#1 run a2 load#1\n"
			       "end 2\n",
			"5: never reached");
}

static void loose_passes_over_what_does_not_fit(void **state)
{
	assert_int_equal(follow(HEADER "at a3 load#1 run a2 load#1\n"
				       "at a1 store#1 run a2 load#1\n"
				       "at a1 store#9 run a2 load#1\n"
				       "end 3\n",
				true),
			 0);
	assert_int_equal(cells.cell[0].value, 1);
	assert_int_equal(done.n, 1);
	/* The call that the other one is about to make need not be the same. */
	assert_int_equal(
		follow(HEADER "at a1 store#1 run a2 add#7\nend 1\n", true), 0);
	assert_int_equal(cells.cell[0].value, 1);
}

/* ---- beside a trace ---- */

/* Calls of one name that are a point for one task and none for another. */
static int child(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	int spare = sys->dup_above(sys, 0, 10);

	sys->close(sys, spare);
	sys->close(sys, 3); /* the last reference, or a copy: a point */
	return 0;
}

static void forks(void *arg)
{
	struct spw_sys *sys = arg;
	struct spw_status status;
	pid_t pid;
	int fd = sys->open(sys, "f", O_WRONLY | O_CREAT, 0600);

	MUST(fd == 3);
	MUST(!sys->clone(sys, SPW_CLONE_FORK, child, &sys, sizeof(sys), &pid));
	MUST(!sys->close(sys, fd));
	MUST(sys->wait(sys, pid, 0, &status) > 0);
}

static void program(struct spw_sys *sys)
{
	forks(sys);
}

/* What is numbered must not depend on whether somebody looks. */
static void a_trace_changes_nothing(void **state)
{
	static struct rig_trace trace;
	const struct rig_subject *subject = use_program(program);

	for (unsigned i = 0; i < 200; i++) {
		record_random(subject, i, &given);
		trace.n = trace.lost = 0;
		bench.engine->trace = &trace;
		if (rig_schedule_run(bench.engine, subject, &given, false,
				     &done, why, sizeof(why)))
			fail_msg("%s", why);
		bench.engine->trace = NULL;
		assert_same_decisions(&given, &done);
		assert_true(trace.n > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(recorded_schedules_are_followed),
		TEST(loose_follows_what_fits),
		TEST(strict_finds_the_lost_update),
		TEST(strict_says_where_it_cannot_go_on),
		TEST(strict_refuses_another_order),
		TEST(loose_passes_over_what_does_not_fit),
		TEST(a_trace_changes_nothing),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
