/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the harness share: one engine, one simulated kernel, and
 * ways to run a small program on them.
 */
#ifndef HARNESS_TEST_SUPPORT_H
#define HARNESS_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/explore.h"
#include "sim/sim.h"
#include "strategies/estimate.h"
#include "strategies/list.h"

typedef void program_fn(struct spw_sys *sys);

static struct bench {
	struct rig_engine *engine;
	struct sim *sim;
	program_fn *program;
	const struct rig_subject *subject; /* the program, as executed */
	struct rig_search search;          /* the last one */
	struct rig_schedule found;
} bench;

/*
 * What must hold inside a program. It runs on a fiber, where an assertion of
 * cmocka would jump to another stack: so the execution fails, and the test that
 * ran it says how.
 */
#define MUST(condition)                                                       \
	do {                                                                  \
		if (!(condition))                                             \
			rig_fail(bench.engine, "must", "%s:%d: %s", __FILE__, \
				 __LINE__, #condition);                       \
	} while (0)

static inline int open_bench(void **state)
{
	if (rig_engine_open(&bench.engine) || sim_open(&bench.sim))
		return -1;
	return 0;
}

static inline int close_bench(void **state)
{
	sim_close(bench.sim);
	rig_engine_close(bench.engine);
	return 0;
}

/* Before each test: the defaults, whatever the test before has set. */
static inline int reset_bench(void **state)
{
	sim_configure(bench.sim, &sim_defaults);
	bench.engine->starve_ns = 0;
	bench.engine->hashing = bench.engine->counting = false;
	bench.engine->record = NULL;
	bench.engine->trace = NULL;
	return 0;
}

static inline void run_program(void *ctx)
{
	bench.program(sim_sys(bench.sim));
}

static inline const struct rig_subject *use_program(program_fn *program)
{
	bench.program = program;
	bench.subject = sim_subject(bench.sim, run_program, NULL);
	return bench.subject;
}

static inline unsigned pick_default(void *state, struct rig_engine *engine,
				    rig_set choices)
{
	return rig_default(engine, choices);
}

static inline void run_default(program_fn *program)
{
	assert_int_equal(rig_engine_run(bench.engine, use_program(program),
					pick_default, NULL),
			 0);
}

/* One execution, everything at its default, ends well. */
static inline void expect_done(program_fn *program)
{
	run_default(program);
	if (bench.engine->end != RIG_DONE)
		fail_msg("%s: %s", bench.engine->outcome,
			 bench.engine->message);
}

/* One execution fails with outcome and a message that contains text. */
static inline void expect_failure(program_fn *program, const char *outcome,
				  const char *text)
{
	run_default(program);
	assert_int_equal(bench.engine->end, RIG_VIOLATED);
	if (strcmp(bench.engine->outcome, outcome) != 0 ||
	    !strstr(bench.engine->message, text))
		fail_msg("%s: %s", bench.engine->outcome,
			 bench.engine->message);
}

static inline const struct rig_search *explore(const struct rig_subject *what,
					       const char *strategy,
					       const struct rig_limits *limits)
{
	const struct rig_strategy_options options = { .seed = 1 };
	const struct rig_limits none = { .executions = 0 };

	assert_int_equal(rig_explore(bench.engine, what,
				     rig_strategy_find(strategy), &options,
				     limits ? limits : &none, &bench.search,
				     &bench.found),
			 0);
	return &bench.search;
}

/* Every state of the program is visited, and nothing fails. */
static inline void expect_clean(program_fn *program)
{
	const struct rig_search *s =
		explore(use_program(program), "states", NULL);

	if (s->violated)
		fail_msg("%s: %s", s->outcome, s->message);
	assert_true(s->complete);
}

/* Some execution fails with outcome and a message that contains text. */
static inline void expect_found(program_fn *program, const char *outcome,
				const char *text)
{
	const struct rig_search *s =
		explore(use_program(program), "states", NULL);

	assert_true(s->violated);
	if (strcmp(s->outcome, outcome) != 0 || !strstr(s->message, text))
		fail_msg("%s: %s", s->outcome, s->message);
}

/* cmocka's table of tests, each with the defaults set before. */
#define TEST(name) cmocka_unit_test_setup(name, reset_bench)

/* Under a sanitizer everything takes ten times as long: less of it, then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOW 1
#endif
#endif
#ifndef SLOW
#define SLOW 0
#endif

/* What main returns: cmocka's own is the number of failures, and 4 of them
 * would look like a test that was skipped. */
#define RUN_TESTS(tests, setup, teardown) \
	(cmocka_run_group_tests(tests, setup, teardown) != 0)

#endif
