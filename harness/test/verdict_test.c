/* SPDX-License-Identifier: MIT */
/*
 * What the rig is there to say about the six guards: two actors, children made
 * as by vfork, every state. Whoever changes a rule of the simulated kernel, a
 * guard or the search sees here which verdict it turns.
 */
#include "cli/case.h"
#include "support.h"

#define SECOND UINT64_C(1000000000)

enum { EXECUTIONS_MAX = 400000 };

static struct rig_case *rig;

static const struct rig_search *search_by(const char *strategy,
					  const char *scenario, const char *fix,
					  const char *spawn, const char *kernel,
					  uint64_t starve_ns)
{
	const struct rig_scenario *scene = rig_scenario_find(scenario);
	struct rig_header header = { .starve_ns = starve_ns };
	struct rig_engine *own = bench.engine;
	const struct rig_search *s = &bench.search;
	const struct rig_limits limits = { .executions = EXECUTIONS_MAX };
	char why[RIG_MESSAGE_MAX];
	struct rig_plan plan;

	snprintf(header.scenario, sizeof(header.scenario), "%s", scenario);
	snprintf(header.fix, sizeof(header.fix), "%s", fix);
	snprintf(header.spawn, sizeof(header.spawn), "%s", spawn);
	assert_non_null(scene);
	header.actors = scene->actors;
	snprintf(header.kernel, sizeof(header.kernel), "%s %s",
		 scene->kernel ? scene->kernel : "", kernel);
	assert_int_equal(rig_case_plan(&header, &plan, why, sizeof(why)), 0);
	rig_case_set(rig, &plan);
	bench.engine = rig->engine;
	explore(rig->subject, strategy, &limits);
	bench.engine = own;
	return s;
}

static const struct rig_search *search(const char *scenario, const char *fix,
				       const char *kernel, uint64_t starve_ns)
{
	return search_by("states", scenario, fix, "vfork", kernel, starve_ns);
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

static const char *const scenarios[] = { "etxtbsy/build-and-run",
					 "etxtbsy/build-beside-noise" };
static const char *const steps[] = { "steps=kernel", "steps=call" };

static void expect_violated(const struct rig_search *s)
{
	assert_true(s->violated);
	assert_string_equal(s->outcome, "etxtbsy");
}

static void expect_race(const struct rig_scenario *scenario,
			const struct rig_search *s)
{
	assert_true(s->violated);
	assert_true(rig_outcome_find(scenario, s->outcome)->race);
}

static void expect_proof(const struct rig_search *s)
{
	if (s->violated)
		fail_msg("%s: %s", s->outcome, s->message);
	assert_true(s->complete && !s->truncated && !s->stopped_by);
	assert_true(s->terminal > 0);
	/* A search that visits next to nothing proves nothing. */
	assert_true(s->states > 50);
}

/*
 * In every scenario: what claims to be sound is, the unfixed variant is not,
 * and a condition that is said to be broken is needed.
 */
static void check_claim(const struct rig_scenario *s, const struct rig_fix *fix)
{
	const struct rig_plan plan = { .fix = *fix,
				       .kernel = rig_case_kernel(s) };
	const struct rig_search *found;

	if (rig_case_unavailable(&plan))
		return;
	/* A child as by vfork inherits no mapping. */
	found = search_by("dpor", s->name, fix->name,
			  s->mapping ? "fork" : "vfork", "steps=kernel", 0);
	if (found->violated && rig_claim(s, fix) == RIG_CLAIM_NEVER)
		fail_msg("%s %s: %s", s->name, fix->name, found->message);
	if (!found->violated && rig_claim(s, fix) == RIG_CLAIM_NOTHING)
		fail_msg("%s %s: it holds", s->name, fix->name);
	if (found->violated)
		expect_race(s, found);
	else
		assert_true(found->complete && !found->truncated);
}

static void claims_are_kept(void **state)
{
	struct rig_fix fix;

	for (unsigned i = 0; rig_scenarios[i]; i++) {
		const struct rig_scenario *s = rig_scenarios[i];

		if (!s->family->uses_spw)
			continue;
		s->family->fix(0, &fix);
		expect_race(s, search_by("dpor", s->name, fix.name, "vfork",
					 "steps=kernel", 0));
		for (unsigned f = 1; s->family->fix(f, &fix); f++) {
			/* Proofs of seconds are of minutes there; and what a
			 * sanitizer has to say it says of a few fixes. */
			if (fix.unavailable ||
			    (SLOW &&
			     (f > 4 || s == &rig_scenario_number_reused ||
			      s == &rig_scenario_wait_any_child_thief)))
				continue;
			check_claim(s, &fix);
		}
	}
}

static void none_is_broken(void **state)
{
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			expect_violated(
				search(scenarios[i], "none", steps[j], 0));
}

/* The kernels of the 6.11 and 6.12 series without the check. */
static void none_is_clean_without_the_check(void **state)
{
	expect_proof(search(scenarios[0], "none", "etxtbsy=off", 0));
	expect_proof(search(scenarios[1], "none", "etxtbsy=off", 0));
}

/* A budget of 700 ms, and somebody who can be starved for longer. */
static void retry_needs_starvation(void **state)
{
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++) {
			expect_proof(
				search(scenarios[i], "retry", steps[j], 0));
			expect_violated(search(scenarios[i], "retry", steps[j],
					       SECOND));
			assert_true(bench.search.starved_ns >= 700000000);
			assert_true(bench.search.starved_ns <= SECOND);
		}
	expect_proof(search(scenarios[1], "retry", "steps=call", SECOND / 2));
}

/* The exec is reported at exec_mmap, the descriptors are closed after it. */
static void quiesce_needs_a_step_inside_execve(void **state)
{
	for (int i = 0; i < 2; i++) {
		expect_violated(
			search(scenarios[i], "quiesce", "steps=kernel", 0));
		expect_proof(search(scenarios[i], "quiesce", "steps=call", 0));
	}
}

static void expect_sound(const char *fix)
{
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			expect_proof(search(scenarios[i], fix, steps[j], 0));
}

static void fork_lock_holds(void **state)
{
	expect_sound("fork-lock");
}

static void lease_holds(void **state)
{
	expect_sound("lease");
}

static void private_table_holds(void **state)
{
	expect_sound("private-table");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(claims_are_kept),
		TEST(none_is_broken),
		TEST(none_is_clean_without_the_check),
		TEST(retry_needs_starvation),
		TEST(quiesce_needs_a_step_inside_execve),
		TEST(fork_lock_holds),
		TEST(lease_holds),
		TEST(private_table_holds),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
