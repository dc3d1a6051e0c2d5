/* SPDX-License-Identifier: MIT */
/*
 * Every execution of a program, one by one: the plainest search there is, with
 * nothing hashed, nothing merged and nothing left out. What the searches of the
 * rig are compared with, and how a test shows that something can be reached.
 */
#ifndef HARNESS_TEST_BRUTE_H
#define HARNESS_TEST_BRUTE_H

#include "support.h"

struct brute {
	unsigned n, at;
	struct {
		rig_set left; /* choices not tried yet */
		uint8_t chosen;
	} path[RIG_DECISIONS_MAX];
};

static inline unsigned brute_pick(void *state, struct rig_engine *engine,
				  rig_set choices)
{
	struct brute *b = state;

	if (b->at == b->n) {
		b->path[b->n].chosen = (uint8_t)rig_first(choices);
		b->path[b->n++].left = rig_rest(choices);
	}
	return b->path[b->at++].chosen;
}

/* Goes back to the last decision with a choice left, and takes that. */
static inline bool brute_next(struct brute *b)
{
	rig_set left;

	b->at = 0;
	while (b->n && !b->path[b->n - 1].left)
		b->n--;
	if (!b->n)
		return false;
	left = b->path[b->n - 1].left;
	b->path[b->n - 1].chosen = (uint8_t)rig_first(left);
	b->path[b->n - 1].left = rig_rest(left);
	return true;
}

/*
 * Calls visit (which may be NULL) after each execution. Returns how many there
 * are; more than max is an error of the test.
 */
static inline uint64_t brute_force(const struct rig_subject *subject,
				   uint64_t max, void (*visit)(void))
{
	static struct brute brute;
	uint64_t executions = 0;

	brute.n = brute.at = 0;
	do {
		assert_true(executions < max);
		executions++;
		assert_int_equal(rig_engine_run(bench.engine, subject,
						brute_pick, &brute),
				 0);
		if (visit)
			visit();
	} while (brute_next(&brute));
	return executions;
}

static inline void must_be_done(void)
{
	if (bench.engine->end != RIG_DONE)
		fail_msg("%s: %s", bench.engine->outcome,
			 bench.engine->message);
}

/* Every execution of program, none of which fails. */
static inline uint64_t brute_program(program_fn *program, uint64_t max)
{
	return brute_force(use_program(program), max, must_be_done);
}

#endif
