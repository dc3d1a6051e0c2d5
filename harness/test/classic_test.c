/* SPDX-License-Identifier: MIT */
/*
 * The classic programs: each fails as published and is sound repaired, with
 * every state visited, and each sampler finds what is there to be found.
 */
#include "support.h"

#include "cli/case.h"
#include "scenarios/classic.h"

static struct rig_case *rig;

static const struct program {
	const char *scenario;
	const char *outcome;
	unsigned actors;
	bool slow; /* too many states for a sanitizer */
} programs[] = {
	{ "classic/aba-stack", "twice", 2, false },
	{ "classic/bluetooth", "stopped", 2, false },
	{ "classic/bluetooth", "stopped", 3, true },
	{ "classic/bounded-buffer", "empty", 3, false },
	{ "classic/bounded-buffer", "empty", 4, true },
	{ "classic/lock-order", "deadlock", 2, false },
	{ "classic/lock-order", "deadlock", 4, false },
	{ "classic/lock-sections", "lost", 2, false },
	{ "classic/lock-sections", "lost", 3, false },
	{ "classic/lock-sections-2", "lost", 3, false },
	{ "classic/lock-sections-3", "lost", 3, true },
	{ "classic/racy-counter", "lost", 2, false },
	{ "classic/racy-counter", "lost", 3, false },
	{ "classic/racy-counter-2", "lost", 3, false },
	{ "classic/reorder", "torn", 2, false },
	{ "classic/reorder", "torn", 4, false },
	{ "classic/twostage", "stale", 2, false },
	{ "classic/twostage", "stale", 3, false },
	{ "classic/work-steal", "twice", 2, false },
	{ "classic/work-steal", "twice", 3, true },
};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

static const struct rig_subject *use(const struct program *p, const char *fix)
{
	struct rig_plan plan = { .scenario = rig_scenario_find(p->scenario),
				 .how = SPW_CLONE_VFORK,
				 .kernel = sim_defaults,
				 .actors = p->actors };

	assert_non_null(plan.scenario);
	assert_in_range(p->actors, plan.scenario->actors_min,
			plan.scenario->actors_max);
	assert_true(rig_fix_find(plan.scenario->family, fix, &plan.fix));
	rig_case_set(rig, &plan);
	return rig->subject;
}

static const struct rig_search *look(const struct rig_subject *subject,
				     const char *strategy, uint64_t executions)
{
	const struct rig_strategy_options options = { .seed = 1 };
	const struct rig_limits limits = { .executions = executions };

	assert_int_equal(rig_explore(rig->engine, subject,
				     rig_strategy_find(strategy), &options,
				     &limits, &bench.search, &bench.found),
			 0);
	return &bench.search;
}

static void check_fails(const struct program *p, const char *strategy,
			uint64_t executions)
{
	const struct rig_search *s = look(use(p, "none"), strategy, executions);
	const struct rig_outcome *outcome;

	if (!s->violated)
		fail_msg("%s with %u actors: %s finds nothing", p->scenario,
			 p->actors, strategy);
	assert_string_equal(s->outcome, p->outcome);
	outcome = rig_outcome_find(rig->plan.scenario, s->outcome);
	assert_non_null(outcome);
	assert_int_equal(outcome->grade, RIG_FORBIDDEN);
}

static void unfixed_fail(void **state)
{
	for (unsigned i = 0; i < PROGRAMS; i++)
		check_fails(&programs[i], "states", 0);
}

static void fixed_do_not(void **state)
{
	for (unsigned i = 0; i < PROGRAMS; i++) {
		const struct program *p = &programs[i];
		const struct rig_search *s;

		if (SLOW && p->slow) {
			print_message("left out under a sanitizer: %s, %u\n",
				      p->scenario, p->actors);
			continue;
		}
		s = look(use(p, "fixed"), "states", 0);
		if (s->violated)
			fail_msg("%s with %u actors: %s", p->scenario,
				 p->actors, s->message);
		assert_true(s->complete && !s->truncated);
	}
}

static void samplers_find_them(void **state)
{
	for (int s = 0; rig_strategies[s]; s++)
		for (unsigned i = 0; i < PROGRAMS; i++)
			if (!rig_strategies[s]->exhaustive)
				check_fails(&programs[i],
					    rig_strategies[s]->name, 5000);
}

static void samplers_do_not_find_more(void **state)
{
	for (int s = 0; rig_strategies[s]; s++) {
		for (unsigned i = 0; i < PROGRAMS; i++) {
			if (rig_strategies[s]->exhaustive)
				continue;
			look(use(&programs[i], "fixed"),
			     rig_strategies[s]->name, SLOW ? 50 : 500);
			assert_false(bench.search.violated);
		}
	}
}

/* In order to be compared, programs are as large as the published ones. */
static void sizes_are_as_published(void **state)
{
	static const unsigned readers[][2] = { { 2, 1 },   { 3, 1 },
					       { 10, 1 },  { 20, 10 },
					       { 50, 10 }, { 100, 1 } };

	for (unsigned i = 0; i < 6; i++) {
		const struct program reorder = { "classic/reorder", "torn",
						 readers[i][0], false };
		const struct program twostage = { "classic/twostage", "stale",
						  readers[i][0], false };

		use(&reorder, "none");
		assert_int_equal(rig_classic_readers(&rig->run), readers[i][1]);
		check_fails(&reorder, "surw", 5000);
		check_fails(&twostage, "surw", 10000);
	}
}

/* All of the family are in the table above. */
static void none_is_forgotten(void **state)
{
	for (unsigned i = 0; rig_scenarios[i]; i++) {
		bool known = rig_scenarios[i]->family != &rig_family_classic;

		for (unsigned k = 0; k < PROGRAMS; k++)
			known |= !strcmp(programs[k].scenario,
					 rig_scenarios[i]->name);
		if (!known)
			fail_msg("%s", rig_scenarios[i]->name);
	}
}

static int open_rig(void **state)
{
	return open_bench(state) || rig_case_open(&rig);
}

static int close_rig(void **state)
{
	rig_case_close(rig);
	return close_bench(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unfixed_fail),           TEST(fixed_do_not),
		TEST(samplers_find_them),     TEST(samplers_do_not_find_more),
		TEST(sizes_are_as_published), TEST(none_is_forgotten),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
