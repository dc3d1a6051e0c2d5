/* SPDX-License-Identifier: MIT */
/* The scenarios around ETXTBSY, in every combination that matters. */
#ifndef HARNESS_TEST_CASES_H
#define HARNESS_TEST_CASES_H

#include "cli/case.h"
#include "watch.h"

#define SECOND UINT64_C(1000000000)

static struct rig_case *rig;

static const char *const fixes[] = { "none",      "retry", "quiesce",
				     "fork-lock", "lease", "private-table" };
static const char *const scenarios[] = { "etxtbsy/build-and-run",
					 "etxtbsy/build-beside-noise" };

static inline const struct rig_subject *use_case(const char *scenario,
						 const char *fix,
						 const char *spawn,
						 const char *kernel,
						 uint64_t starve_ns)
{
	const struct rig_scenario *s = rig_scenario_find(scenario);
	struct rig_header header = { .starve_ns = starve_ns };
	char why[RIG_MESSAGE_MAX];
	struct rig_plan plan;

	assert_non_null(s);
	header.actors = s->actors;
	snprintf(header.scenario, sizeof(header.scenario), "%s", scenario);
	snprintf(header.fix, sizeof(header.fix), "%s", fix);
	snprintf(header.spawn, sizeof(header.spawn), "%s", spawn);
	snprintf(header.kernel, sizeof(header.kernel), "%s %s",
		 s->kernel ? s->kernel : "", kernel);
	assert_int_equal(rig_case_plan(&header, &plan, why, sizeof(why)), 0);
	rig_case_set(rig, &plan);
	return rig->subject;
}

/* Each combination of scenario, guard, spawn, steps and starvation. */
static inline void for_each_case(
	void (*check)(const struct rig_subject *subject))
{
	for (unsigned i = 0; i < 6 * 16; i++)
		check(use_case(scenarios[i & 1], fixes[i / 16],
			       i & 2 ? "vfork" : "fork",
			       i & 4 ? "steps=kernel" : "steps=call",
			       i & 8 ? SECOND : 0));
}

/* Are there pidfds where it needs them? */
static inline bool runs_with(const struct rig_scenario *s,
			     const struct rig_fix *fix)
{
	const struct rig_plan plan = { .fix = *fix,
				       .kernel = rig_case_kernel(s) };

	return !rig_case_unavailable(&plan);
}

static inline void check_fix(const struct rig_scenario *s,
			     const struct rig_fix *fix,
			     void (*check)(const struct rig_subject *subject))
{
	check(use_case(s->name, fix->name, "vfork", "steps=kernel", 0));
	/* How children are made is of no matter where their ends are. */
	if (s->family != &rig_family_wait)
		check(use_case(s->name, fix->name, "fork", "steps=call", 0));
}

/*
 * Every scenario that has a kernel with every fix that the simulated one can
 * run, without starvation.
 */
static inline void for_each_fix(void (*check)(const struct rig_subject *subject))
{
	struct rig_fix fix;

	for (unsigned k = 0; rig_scenarios[k]; k++) {
		const struct rig_scenario *s = rig_scenarios[k];

		if (!s->family->uses_spw)
			continue;
		for (unsigned f = 0; s->family->fix(f, &fix); f++)
			if (runs_with(s, &fix))
				check_fix(s, &fix, check);
	}
}

static inline void random_walks(const struct rig_subject *subject, unsigned n,
				struct watch *w)
{
	const struct rig_strategy *random = rig_strategy_find("random");
	const struct rig_strategy_options options = { .seed = 11 };

	assert_int_equal(random->open(&w->state, &options), 0);
	w->pick = random->pick;
	for (unsigned i = 0; i < n; i++) {
		random->begin(w->state, i);
		run_watched(w, subject);
	}
	random->close(w->state);
}

/* ---- set-up: a case has an engine of its own ---- */

static struct rig_engine *own;

static inline int open_rig(void **state)
{
	return open_notes() || open_bench(state) || rig_case_open(&rig);
}

static inline int close_rig(void **state)
{
	free(notes);
	rig_case_close(rig);
	return close_bench(state);
}

static inline int use_own_engine(void **state)
{
	own = bench.engine;
	bench.engine = rig->engine;
	return 0;
}

static inline int give_back_engine(void **state)
{
	bench.engine = own;
	return 0;
}

#define CASE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, use_own_engine, give_back_engine)

#endif
