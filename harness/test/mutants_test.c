/* SPDX-License-Identifier: MIT */
/*
 * The mutants: each is found as what it says, there is nothing to find without
 * it, and planting leaves no trace. And the hunt: what it says of searches
 * that find something, nothing, or do not end.
 */
#include "cli/trial.h"
#include "support.h"

#include <inttypes.h>

static struct rig_case *rig;

static int open_rig(void **state)
{
	return rig_case_open(&rig);
}

static int close_rig(void **state)
{
	rig_case_close(rig);
	return 0;
}

static struct rig_plan plan_of(const struct rig_mutant *mutant)
{
	char why[RIG_MESSAGE_MAX];
	struct rig_plan plan;

	if (rig_trial_plan(mutant, &plan, why, sizeof(why)))
		fail_msg("%s: %s", mutant->name, why);
	return plan;
}

/* With mutant planted where that is not NULL. */
static struct rig_trial hunt(const struct rig_plan *plan,
			     const struct rig_mutant *mutant,
			     const char *strategy, uint64_t max)
{
	const struct rig_trial_options options = { .seed = 1, .max = max };
	struct rig_trial h;

	assert_int_equal(rig_trial(rig, plan, mutant,
				   rig_strategy_find(strategy), &options, &h),
			 0);
	return h;
}

/* ---- the list ---- */

static void test_names_are_sorted_and_unique(void **state)
{
	assert_non_null(rig_mutants[0]);
	for (unsigned i = 0; rig_mutants[i]; i++) {
		const char *name = rig_mutants[i]->name;

		assert_ptr_equal(rig_mutant_find(name), rig_mutants[i]);
		if (i && strcmp(rig_mutants[i - 1]->name, name) >= 0)
			fail_msg("%s comes before %s", rig_mutants[i - 1]->name,
				 name);
	}
	assert_null(rig_mutant_find("nobody"));
	assert_null(rig_mutant_find(""));
}

static void test_every_one_breaks_a_rule_of_its_own(void **state)
{
	for (unsigned i = 0; rig_mutants[i]; i++) {
		const struct rig_mutant *m = rig_mutants[i];

		assert_true(m->summary[0]);
		assert_memory_equal(m->rule, "core/", 5);
		assert_non_null(strstr(m->rule, ": "));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(m->rule, rig_mutants[k]->rule);
	}
}

static void test_the_fix_is_one_that_claims_soundness(void **state)
{
	for (unsigned i = 0; rig_mutants[i]; i++) {
		const struct rig_plan plan = plan_of(rig_mutants[i]);

		assert_true(plan.fix.claims_sound);
		assert_int_equal(plan.starve_ns, 0);
		assert_true(plan.kernel.inner_steps);
		assert_int_equal(plan.kernel.release_order, SIM_ORDER_ANY);
	}
}

/* ---- planting ---- */

static bool alters(const struct rig_mutant *mutant)
{
	const struct spw_closer *sound = spw_closer_find("refcount");

	const struct spw_closer *altered = rig_mutant_alter(mutant, sound);
	const struct spw_waiter *waiter = spw_waiter_find("auto");

	return rig_mutant_alter_waiter(mutant, waiter)->choose !=
		       waiter->choose ||
	       altered->events != sound->events ||
	       altered->adopt != sound->adopt ||
	       altered->forget != sound->forget ||
	       altered->enter != sound->enter ||
	       altered->leave != sound->leave ||
	       altered->await != sound->await || altered->close != sound->close;
}

static void test_a_restored_table_is_the_old_one(void **state)
{
	struct spw_sys *sys = rig->world.sys;
	const struct spw_sys before = *sys;

	for (unsigned i = 0; rig_mutants[i]; i++) {
		rig_mutant_plant(rig_mutants[i], sys);
		if (!memcmp(sys, &before, sizeof(before)) &&
		    !alters(rig_mutants[i]))
			fail_msg("%s changes nothing", rig_mutants[i]->name);
		rig_mutant_restore(sys);
		assert_memory_equal(sys, &before, sizeof(before));
	}
}

static void test_a_hunt_restores_the_table(void **state)
{
	const struct rig_mutant *m = rig_mutant_find("fork-lock-shared");
	const struct spw_sys before = *rig->world.sys;
	const struct rig_plan plan = plan_of(m);

	hunt(&plan, m, "states", 0);
	assert_memory_equal(rig->world.sys, &before, sizeof(before));
	hunt(&plan, m, "states", 1);
	assert_memory_equal(rig->world.sys, &before, sizeof(before));
}

/* ---- hunting ---- */

static struct rig_trial found[64];

static void test_every_mutant_is_found(void **state)
{
	for (unsigned i = 0; rig_mutants[i]; i++) {
		const struct rig_mutant *m = rig_mutants[i];
		const struct rig_plan plan = plan_of(m);
		const struct rig_trial h = hunt(&plan, m, "states", 0);

		assert_true(i < sizeof(found) / sizeof(found[0]));
		if (h.end != RIG_TRIAL_FOUND)
			fail_msg("%s survives %" PRIu64 " executions", m->name,
				 h.executions);
		if (strcmp(h.outcome, m->outcome) != 0)
			fail_msg("%s is found as %s: %s", m->name, h.outcome,
				 h.message);
		assert_true(h.executions > 0);
		assert_int_equal(h.seeds, 1);
		assert_int_equal(h.hits, 1);
		found[i] = h;
	}
}

/* Without them, mutant i is the same as one before it. */
static bool seen(unsigned i)
{
	const struct rig_mutant *m = rig_mutants[i];

	for (unsigned k = 0; k < i; k++)
		if (!strcmp(rig_mutants[k]->scenario, m->scenario) &&
		    !strcmp(rig_mutants[k]->fix, m->fix) &&
		    rig_mutants[k]->spawn == m->spawn &&
		    rig_mutants[k]->actors == m->actors)
			return true;
	return false;
}

static void test_nothing_is_found_without_it(void **state)
{
	for (unsigned i = 0; rig_mutants[i]; i++) {
		const struct rig_plan plan = plan_of(rig_mutants[i]);
		struct rig_trial h;

		if (seen(i))
			continue;
		h = hunt(&plan, NULL, "dpor", 0);
		if (h.end != RIG_TRIAL_SURVIVED)
			fail_msg("without %s: %s", rig_mutants[i]->name,
				 h.message);
		assert_int_equal(h.hits, 0);
		assert_null(h.outcome);
	}
}

/* Two executions of one schedule must not differ by what a mutant remembers
 * from others: a hunt after all the hunts above says the same. */
static void test_a_hunt_does_not_depend_on_the_last(void **state)
{
	/* Under a sanitizer every fourth: each has been hunted there above. */
	for (unsigned i = 0; rig_mutants[i]; i++) {
		const struct rig_mutant *m = rig_mutants[i];
		const struct rig_plan plan = plan_of(m);
		struct rig_trial again;

		if (SLOW && i % 4)
			continue;
		again = hunt(&plan, m, "states", 0);
		assert_int_equal(found[i].executions, again.executions);
		assert_string_equal(found[i].message, again.message);
	}
}

/* A kernel without the check has no race, and a mutant that makes one is no
 * bug there. */
static void test_what_survives_is_said_to(void **state)
{
	const struct rig_mutant *m = rig_mutant_find("fork-lock-shared");
	struct rig_plan plan = plan_of(m);
	struct rig_trial h;

	plan.kernel.etxtbsy = false;
	h = hunt(&plan, m, "states", 0);
	assert_int_equal(h.end, RIG_TRIAL_SURVIVED);
	assert_int_equal(h.hits, 0);
	assert_null(h.outcome);
}

static void test_a_limit_is_no_survival(void **state)
{
	const struct rig_mutant *m = rig_mutant_find("fork-lock-shared");
	const struct rig_plan plan = plan_of(m);
	const struct rig_trial h = hunt(&plan, m, "states", 1);

	assert_int_equal(h.end, RIG_TRIAL_UNFINISHED);
	assert_int_equal(h.executions, 1);
	assert_string_equal(h.why, "executions");
}

static void test_a_sampler_has_many_seeds(void **state)
{
	const struct rig_mutant *m = rig_mutant_find("fork-lock-shared");
	const struct rig_plan plan = plan_of(m);
	const struct rig_trial h = hunt(&plan, m, "random", 10000);

	assert_int_equal(h.end, RIG_TRIAL_FOUND);
	assert_int_equal(h.seeds, RIG_TRIAL_SEEDS);
	assert_int_equal(h.hits, RIG_TRIAL_SEEDS);
	assert_false(h.at_least);
	assert_in_range(h.executions, 1, 10000);
	assert_string_equal(h.outcome, "etxtbsy");
}

/* A seed that finds nothing counts with all that it made. */
static void test_a_sampler_may_miss(void **state)
{
	const struct rig_mutant *m = rig_mutant_find("lease-spins");
	const struct rig_plan plan = plan_of(m);
	const struct rig_trial h = hunt(&plan, m, "random", 30);

	assert_int_equal(h.end, RIG_TRIAL_MISSED);
	assert_int_equal(h.seeds, RIG_TRIAL_SEEDS);
	assert_int_equal(h.hits, 0);
	assert_int_equal(h.executions, 30);
	assert_true(h.at_least);
}

/* The same seeds with a lower limit: who needed more has found nothing. */
static void test_the_median_counts_misses(void **state)
{
	const struct rig_mutant *m = rig_mutant_find("fork-lock-fork-late");
	const struct rig_plan plan = plan_of(m);
	const struct rig_trial all = hunt(&plan, m, "random", 10000);
	const struct rig_trial half = hunt(&plan, m, "random", all.executions);
	const struct rig_trial less =
		hunt(&plan, m, "random", all.executions - 1);

	assert_int_equal(all.hits, RIG_TRIAL_SEEDS);
	assert_true(all.executions > 1);
	assert_int_equal(half.executions, all.executions);
	assert_false(half.at_least);
	assert_in_range(half.hits, RIG_TRIAL_SEEDS / 2, RIG_TRIAL_SEEDS - 1);
	assert_int_equal(less.executions, all.executions - 1);
	assert_true(less.at_least);
	assert_true(less.hits < half.hits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_sorted_and_unique),
		cmocka_unit_test(test_every_one_breaks_a_rule_of_its_own),
		cmocka_unit_test(test_the_fix_is_one_that_claims_soundness),
		cmocka_unit_test(test_a_restored_table_is_the_old_one),
		cmocka_unit_test(test_a_hunt_restores_the_table),
		cmocka_unit_test(test_every_mutant_is_found),
		cmocka_unit_test(test_nothing_is_found_without_it),
		cmocka_unit_test(test_a_hunt_does_not_depend_on_the_last),
		cmocka_unit_test(test_what_survives_is_said_to),
		cmocka_unit_test(test_a_limit_is_no_survival),
		cmocka_unit_test(test_a_sampler_has_many_seeds),
		cmocka_unit_test(test_a_sampler_may_miss),
		cmocka_unit_test(test_the_median_counts_misses),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
