/* SPDX-License-Identifier: MIT */
/*
 * Calls that fail. Every single fault is tried, in the execution that no
 * decision changes: each call of libspw that may fail does so once, in each of
 * its ways, in every scenario with every fix. What the fix promises still
 * holds; a call that failed says so; and nothing is left behind.
 */
#include "cases.h"

/* Fault number which (from 0) of the call that may fail as number at. */
struct single {
	unsigned at, which;
	unsigned met;  /* calls that might have failed */
	unsigned ways; /* in which the call at may; 0: there is none */
};

enum { NO_FAULT = UINT16_MAX };

static unsigned single_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct single *s = state;

	if (!e->faulting)
		return rig_default(e, choices);
	if (s->met++ != s->at)
		return 0;
	s->ways = rig_count(choices) - 1;
	return rig_member(choices, 1 + s->which);
}

static struct single run_single(const struct rig_subject *subject, unsigned at,
				unsigned which)
{
	struct single s = { .at = at, .which = which };

	assert_int_equal(rig_engine_run(bench.engine, subject, single_pick, &s),
			 0);
	return s;
}

static unsigned long faults; /* that were tried */

/* A fix that promises less may meet the race; else it is an error of core. */
static void check_end(unsigned at, unsigned which)
{
	const struct rig_engine *e = bench.engine;
	const struct rig_plan *plan = &rig->plan;
	const struct rig_outcome *outcome;

	faults++;
	if (e->end == RIG_DONE)
		return;
	outcome = rig_outcome_find(plan->scenario, e->outcome);
	if (rig_claim(plan->scenario, &plan->fix) == RIG_CLAIM_NEVER ||
	    !outcome || !outcome->race)
		fail_msg("%s %s %s, fault %u of call %u: %s: %s",
			 plan->scenario->name, plan->fix.name,
			 rig_how_name(plan->how), which, at, e->outcome,
			 e->message);
}

static void check_faults(const struct rig_subject *subject)
{
	struct single s;

	run_single(subject, NO_FAULT, 0);
	if (bench.engine->end == RIG_VIOLATED)
		return; /* without any fault */
	for (unsigned at = 0; at < NO_FAULT; at++) {
		s = run_single(subject, at, 0);
		if (!s.ways)
			return;
		check_end(at, 0);
		for (unsigned which = 1; which < s.ways; which++) {
			run_single(subject, at, which);
			check_end(at, which);
		}
	}
	fail_msg("no end of calls that may fail");
}

/* With the kernel that a scenario has, and faults. */
static void for_each_faulty(void (*check)(const struct rig_subject *subject),
			    const char *kernel)
{
	struct rig_fix fix;

	for (unsigned k = 0; rig_scenarios[k]; k++) {
		const struct rig_scenario *s = rig_scenarios[k];

		for (unsigned f = 0;
		     s->family->uses_spw && s->family->fix(f, &fix); f++) {
			if (!runs_with(s, &fix))
				continue;
			check(use_case(s->name, fix.name, "vfork", kernel, 0));
			check(use_case(s->name, fix.name, "fork", kernel, 0));
		}
	}
}

static void every_single_fault(void **state)
{
	faults = 0;
	for_each_faulty(check_faults, "faults=1");
	assert_true(faults > 10000);
}

/* ---- faults as decisions ---- */

enum { WALKS = 1000, FAULTS = 2 };

static struct rig_schedule made, again;

/* What was picked is written, as text and as bytes, and picked again. */
static void check_forms(const struct rig_subject *subject)
{
	static char text[1 << 16];
	static uint8_t bytes[RIG_DECISIONS_MAX];
	static uint8_t log[RIG_DECISIONS_MAX];
	struct rig_engine *e = bench.engine;
	unsigned n = e->ndecisions;
	char why[RIG_MESSAGE_MAX];
	struct rig_bytes input;
	ssize_t len;

	memcpy(log, e->log, n);
	rig_case_header(rig, "", &made.header);
	len = (ssize_t)rig_schedule_print(&made, subject, text, sizeof(text));
	assert_int_equal(rig_schedule_parse(&again, subject, text, (size_t)len,
					    why, sizeof(why)),
			 0);
	assert_int_equal(rig_schedule_run(e, subject, &again, false, NULL, why,
					  sizeof(why)),
			 0);
	assert_int_equal(e->ndecisions, n);
	assert_memory_equal(e->log, log, n);
	len = rig_bytes_encode(e, subject, &again, bytes, sizeof(bytes));
	assert_true(len > 0);
	rig_bytes_begin(&input, bytes, (size_t)len);
	assert_int_equal(rig_engine_run(e, subject, rig_bytes_pick, &input), 0);
	assert_int_equal(e->ndecisions, n);
	assert_memory_equal(e->log, log, n);
}

static void decisions_with_faults_are_made_again(void **state)
{
	const struct rig_strategy *random = rig_strategy_find("random");
	const struct rig_strategy_options options = { .seed = 3 };
	const struct rig_subject *subject = use_case(
		"etxtbsy/build-and-run", "lease", "fork", "faults=2", SECOND);
	struct rig_engine *e = bench.engine;
	unsigned with[FAULTS + 1] = { 0 };
	void *sampler;

	assert_int_equal(random->open(&sampler, &options), 0);
	for (unsigned i = 0; i < WALKS; i++) {
		random->begin(sampler, i);
		made.n = made.ncomments = 0;
		e->record = &made;
		e->counting = true;
		assert_int_equal(
			rig_engine_run(e, subject, random->pick, sampler), 0);
		e->record = NULL;
		e->counting = false;
		assert_int_equal(e->end, RIG_DONE);
		assert_in_range(sim_faults(rig->sim), 0, FAULTS);
		with[sim_faults(rig->sim)]++;
		check_forms(subject);
	}
	random->close(sampler);
	for (int k = 0; k <= FAULTS; k++)
		assert_true(with[k] > 0);
}

/* Bytes that name no fault are none: else all would befall the first calls. */
static void few_bytes_are_faults(void **state)
{
	const struct rig_subject *subject = use_case(
		"etxtbsy/build-and-run", "lease", "vfork", "faults=1", 0);
	static const uint8_t high[] = { RIG_BYTES_EACH, 200, 200, 200, 200 };
	static const uint8_t low[] = { RIG_BYTES_EACH, 1 };
	struct rig_bytes input;

	rig_bytes_begin(&input, high, sizeof(high));
	assert_int_equal(rig_engine_run(bench.engine, subject, rig_bytes_pick,
					&input),
			 0);
	assert_int_equal(sim_faults(rig->sim), 0);
	rig_bytes_begin(&input, low, sizeof(low));
	assert_int_equal(rig_engine_run(bench.engine, subject, rig_bytes_pick,
					&input),
			 0);
	assert_int_equal(sim_faults(rig->sim), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_TEST(every_single_fault),
		CASE_TEST(decisions_with_faults_are_made_again),
		CASE_TEST(few_bytes_are_faults),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
