/* SPDX-License-Identifier: MIT */
/*
 * The critical decision: of programs so small that every execution can be
 * made, and the answer is known without any search.
 */
#include "brute.h"
#include "cells.h"
#include "engine/critical.h"

static const struct rig_strategy *const states = &rig_strategy_states;
static struct rig_critical critical;
static char text[RIG_CRITICAL_MAX];

/* ---- the answer, from all executions ---- */

enum { EXECUTIONS_MAX = 4000, LOG_MAX = 24 };

static struct execution {
	bool passes;
	unsigned n;
	uint8_t log[LOG_MAX];
} execution[EXECUTIONS_MAX];
static unsigned nexecutions;

static void keep_execution(void)
{
	const struct rig_engine *e = bench.engine;
	struct execution *x = &execution[nexecutions++];

	assert_true(nexecutions <= EXECUTIONS_MAX && e->ndecisions <= LOG_MAX);
	x->passes = e->end == RIG_DONE;
	x->n = e->ndecisions;
	memcpy(x->log, e->log, x->n);
}

static void make_all(const struct rig_subject *subject)
{
	nexecutions = 0;
	brute_force(subject, EXECUTIONS_MAX, keep_execution);
}

/* Does an execution pass that begins with the first n picks of x? */
static bool something_passes(const struct execution *x, unsigned n)
{
	for (unsigned i = 0; i < nexecutions; i++)
		if (execution[i].passes && execution[i].n >= n &&
		    !memcmp(execution[i].log, x->log, n))
			return true;
	return false;
}

static unsigned expected_pick(const struct execution *x)
{
	unsigned n = 0;

	while (something_passes(x, n))
		n++;
	return n;
}

struct picks {
	const struct execution *x;
	unsigned at;
};

static unsigned picks_again(void *state, struct rig_engine *engine,
			    rig_set choices)
{
	struct picks *picks = state;

	return picks->x->log[picks->at++];
}

static void execute(const struct rig_subject *subject,
		    const struct execution *x)
{
	struct picks picks = { .x = x };

	assert_int_equal(
		rig_engine_run(bench.engine, subject, picks_again, &picks), 0);
	assert_int_equal(bench.engine->end, RIG_VIOLATED);
}

/* The engine tells of the failing execution again. */
static void expect_same_execution(const struct execution *x)
{
	const struct rig_engine *e = bench.engine;

	assert_int_equal(e->end, RIG_VIOLATED);
	assert_int_equal(e->ndecisions, x->n);
	assert_memory_equal(e->log, x->log, x->n);
	assert_false(e->hashing || e->counting || e->gating);
	assert_null(e->record);
}

static void find(const struct rig_subject *subject, uint64_t limit)
{
	assert_int_equal(rig_critical_find(bench.engine, subject, states, limit,
					   &critical),
			 0);
	rig_critical_print(&critical, subject, text);
}

/* Of every failing execution; visit (may be NULL) sees each result. */
static unsigned check_all(const struct rig_subject *subject,
			  void (*visit)(const struct execution *x))
{
	unsigned failing = 0;

	make_all(subject);
	for (unsigned i = 0; i < nexecutions; i++) {
		const struct execution *x = &execution[i];
		unsigned expected = expected_pick(x);

		if (x->passes)
			continue;
		failing++;
		execute(subject, x);
		find(subject, 0);
		expect_same_execution(x);
		assert_int_equal(critical.pick, expected);
		assert_int_equal(critical.kind, expected ? RIG_CRITICAL_EXACT :
							   RIG_CRITICAL_NONE);
		if (visit)
			visit(x);
	}
	return failing;
}

/* ---- lost updates ---- */

static void all_counted(void)
{
	if (cells.cell[0].value != cells.actors)
		rig_fail(bench.engine, "lost", "%u", 7);
}

/* Both have loaded and none has stored: from then on one of them is lost. */
static void is_second_load(const struct execution *x)
{
	const struct rig_decision *d = &critical.decision;

	assert_int_equal(d->run_op, RIG_OP_LOAD);
	assert_int_equal(d->run_nth, 1);
	assert_true(critical.pick == 2 || critical.pick == 1);
	assert_non_null(strstr(text, " load#1: before it some continuation "
				     "passes, after it none does"));
}

static void second_load_loses_an_update(void **state)
{
	assert_int_equal(check_all(use_cells(2, increment, all_counted),
				   is_second_load),
			 4);
	assert_true(check_all(use_cells(3, increment, all_counted), NULL) > 50);
}

/* ---- deadlocks ---- */

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

static void opposite_orders(struct spw_sys *sys)
{
	struct spw_thread *a, *b;

	seam = sys;
	MUST(!sys->mutex_create(sys, &left) && !sys->mutex_create(sys, &right));
	MUST(!sys->thread_create(sys, &a, left_first, NULL));
	MUST(!sys->thread_create(sys, &b, right_first, NULL));
	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
	sys->mutex_destroy(sys, left);
	sys->mutex_destroy(sys, right);
}

/* Each has its first lock: the deadlock shows later, but is certain. */
static void is_first_lock(const struct execution *x)
{
	const struct rig_decision *d = &critical.decision;

	assert_string_equal(rig_op_name(bench.subject, d->run_op), "lock");
	assert_int_equal(d->run_nth, 1);
	assert_string_equal(bench.engine->outcome, "deadlock");
}

static void second_lock_makes_a_deadlock_certain(void **state)
{
	assert_true(check_all(use_program(opposite_orders), is_first_lock) > 0);
}

/* ---- values and time ---- */

static void chooses(unsigned index)
{
	load(1);
	if (rig_choose(bench.engine, RIG_OP_ADD, 3) == 2)
		store(0, 1);
	load(1);
}

static void none_stored(void)
{
	if (cells.cell[0].value)
		rig_fail(bench.engine, "bad", "%u", 1);
}

static void is_value(const struct execution *x)
{
	assert_true(critical.decision.value);
	assert_int_equal(critical.decision.run, 2);
	assert_non_null(strstr(text, " add#1 pick 2: before it"));
}

static void picked_values_can_be_critical(void **state)
{
	assert_true(check_all(use_cells(2, chooses, none_stored), NULL) > 10);
	assert_int_equal(
		check_all(use_cells(1, chooses, none_stored), is_value), 1);
}

/* One sleeps, the other is late if time has passed before it has begun. */
static void sleeps_or_looks(unsigned index)
{
	uint64_t now;

	if (!index) {
		rig_sleep(bench.engine, RIG_OP_ADD, 100);
		return;
	}
	load(0);
	now = bench.engine->now_ns;
	rig_note(bench.engine, now);
	if (now)
		store(0, 1);
}

static void is_clock(const struct execution *x)
{
	assert_int_equal(critical.decision.run, RIG_NAME_CLOCK);
	assert_int_equal(critical.decision.run_op, RIG_OP_TICK);
	assert_memory_equal(text, "the clock, with ", 16);
	assert_non_null(strstr(text, ": before it some continuation passes"));
}

static void the_clock_can_be_critical(void **state)
{
	bench.engine->starve_ns = 1000;
	assert_true(check_all(use_cells(2, sleeps_or_looks, none_stored),
			      is_clock) > 0);
}

/* ---- less than an answer ---- */

static void always_lost(void)
{
	rig_fail(bench.engine, "lost", "%u", 7);
}

static void nothing_passes(void **state)
{
	check_all(use_cells(2, increment, always_lost), NULL);
	assert_int_equal(critical.kind, RIG_CRITICAL_NONE);
	assert_string_equal(text,
			    "none: no schedule of the whole program passes");
	/* One execution, no decision. */
	check_all(use_cells(1, increment, always_lost), NULL);
	assert_int_equal(nexecutions, 1);
	assert_int_equal(critical.kind, RIG_CRITICAL_NONE);
}

/* Too few executions: later than it is, perhaps, and never said to be exact. */
static void few_executions_are_not_exceeded(void **state)
{
	const struct rig_subject *subject =
		use_cells(3, increment, all_counted);
	unsigned exact = 0, latest = 0;

	make_all(subject);
	for (unsigned i = 0; i < nexecutions; i++) {
		const struct execution *x = &execution[i];
		uint64_t limit = i % 200 + 1;

		if (x->passes)
			continue;
		execute(subject, x);
		find(subject, limit);
		expect_same_execution(x);
		assert_true(critical.executions <= limit);
		assert_true(critical.kind != RIG_CRITICAL_NONE);
		assert_true(critical.pick >= expected_pick(x));
		if (critical.kind == RIG_CRITICAL_EXACT) {
			exact++;
			assert_int_equal(critical.pick, expected_pick(x));
			continue;
		}
		latest++;
		assert_non_null(strstr(text, "#1 at the latest: after it no "
					     "continuation passes; before it "
					     "not all were tried"));
	}
	assert_true(exact > 0 && latest > 0);
}

static void what_passes_is_refused(void **state)
{
	const struct rig_subject *subject =
		use_cells(2, increment, all_counted);

	assert_int_equal(
		rig_engine_run(bench.engine, subject, pick_default, NULL), 0);
	must_be_done();
	assert_int_equal(rig_critical_find(bench.engine, subject, states, 0,
					   &critical),
			 -EINVAL);
}

static unsigned calls;

static void fails_once(void)
{
	if (++calls == 1)
		rig_fail(bench.engine, "once", "only the first time");
}

static void nondeterminism_is_an_error(void **state)
{
	const struct rig_subject *subject = use_cells(2, increment, fails_once);

	calls = 0;
	assert_int_equal(
		rig_engine_run(bench.engine, subject, pick_default, NULL), 0);
	assert_int_equal(rig_critical_find(bench.engine, subject, states, 0,
					   &critical),
			 -EILSEQ);
}

/* ---- in a schedule ---- */

static void put_comment(struct rig_schedule *s, const char *comment)
{
	snprintf(s->comment[s->ncomments++].text, RIG_SCHEDULE_LINE_MAX, "%s",
		 comment);
}

static void the_comment_is_replaced(void **state)
{
	static struct rig_schedule s;

	s.n = s.ncomments = 0;
	put_comment(&s, "# critical thinking");
	rig_critical_note(&s, "x");
	rig_critical_note(&s, "y");
	assert_int_equal(s.ncomments, 2);
	assert_string_equal(s.comment[0].text, "# critical thinking");
	assert_string_equal(s.comment[1].text, "# critical: y");
	assert_int_equal(s.comment[1].before, 0);
	while (s.ncomments < RIG_SCHEDULE_COMMENTS_MAX)
		put_comment(&s, "# mine");
	rig_critical_note(&s, "z");
	assert_int_equal(s.ncomments, RIG_SCHEDULE_COMMENTS_MAX);
	assert_string_equal(s.comment[s.ncomments - 1].text, "# critical: z");
	/* No room: the comments of somebody else stay. */
	s.ncomments--;
	put_comment(&s, "# mine");
	rig_critical_note(&s, "none");
	assert_int_equal(s.ncomments, RIG_SCHEDULE_COMMENTS_MAX);
	assert_string_equal(s.comment[s.ncomments - 1].text, "# mine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_load_loses_an_update),
		TEST(second_lock_makes_a_deadlock_certain),
		TEST(picked_values_can_be_critical),
		TEST(the_clock_can_be_critical),
		TEST(nothing_passes),
		TEST(few_executions_are_not_exceeded),
		TEST(what_passes_is_refused),
		TEST(nondeterminism_is_an_error),
		TEST(the_comment_is_replaced),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
