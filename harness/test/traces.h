/* SPDX-License-Identifier: MIT */
/*
 * Traces by hand: every execution of a program, made one by one, and reduced to
 * the order of the steps that conflict. What dpor explores must be the same set,
 * each trace once; and what ends in a violation must end so under dpor, too.
 */
#ifndef HARNESS_TEST_TRACES_H
#define HARNESS_TEST_TRACES_H

#include "cases.h"

enum { STEPS_MAX = 300, TRACES_MAX = 1 << 14 };

struct step {
	uint8_t task;
	unsigned ntasks, after; /* that exist before, and after it */
	uint64_t what; /* the task, and the values picked in the step */
	struct rig_footprint foot;
};

static struct run {
	rig_pick_fn *pick;
	void *state;
	struct step step[STEPS_MAX];
	unsigned n;
} run_;

enum { OUTCOMES_MAX = 256 };

static struct traces {
	uint64_t trace[TRACES_MAX]; /* of executions that came to their end */
	unsigned n;
	uint64_t outcome[OUTCOMES_MAX]; /* of the others, each once */
	unsigned noutcomes;
	uint64_t executions;
} found_;

static inline unsigned note_pick(void *state, struct rig_engine *e,
				 rig_set choices)
{
	struct run *r = state;
	struct step *s = &r->step[r->n];
	unsigned pick;

	if (r->n) { /* before the strategy begins a new one */
		s[-1].foot = e->foot;
		s[-1].after = e->ntasks;
	}
	pick = r->pick(r->state, e, choices);
	if (pick == RIG_PRUNE)
		return pick;
	if (e->value_op) {
		s[-1].what = rig_mix(s[-1].what, pick);
		return pick;
	}
	assert_true(r->n < STEPS_MAX);
	e->tracking = true;
	e->foot.n = 0;
	e->foot.all = pick == RIG_CLOCK;
	*s = (struct step){ .task = (uint8_t)pick, .ntasks = e->ntasks };
	s->what = pick == RIG_CLOCK ? RIG_NAME_CLOCK : e->task[pick].name;
	r->n++;
	return pick;
}

static inline bool depends(const struct step *a, const struct step *b)
{
	if (a->task == b->task || a->foot.all || b->foot.all)
		return true;
	if (b->task >= a->ntasks && b->task < a->after)
		return true; /* a created b */
	for (unsigned i = 0; i < a->foot.n; i++)
		for (unsigned k = 0; k < b->foot.n; k++)
			if (a->foot.access[i].object ==
				    b->foot.access[k].object &&
			    rig_relation(a->foot.access[i].mode,
					 b->foot.access[k].mode) != RIG_COMMUTE)
				return true;
	return false;
}

/*
 * The trace of an execution as a value: its steps in an order that depends on
 * nothing but the trace (of the steps whose predecessors have been taken, the
 * one of the least name).
 */
static inline uint64_t trace_of(const struct run *r)
{
	bool taken[STEPS_MAX] = { false };
	uint64_t trace = 1;

	for (unsigned n = 0; n < r->n; n++) {
		unsigned best = STEPS_MAX;

		for (unsigned i = 0; i < r->n; i++) {
			bool ready = !taken[i];

			for (unsigned k = 0; ready && k < i; k++)
				ready = taken[k] ||
					!depends(&r->step[k], &r->step[i]);
			if (ready && (best == STEPS_MAX ||
				      r->step[i].what < r->step[best].what))
				best = i;
		}
		taken[best] = true;
		trace = rig_mix(trace, r->step[best].what);
	}
	return trace;
}

/* False: it is there already. */
static inline bool add_trace(uint64_t trace)
{
	for (unsigned i = 0; i < found_.n; i++)
		if (found_.trace[i] == trace)
			return false;
	assert_true(found_.n < TRACES_MAX);
	found_.trace[found_.n++] = trace;
	return true;
}

static inline void run_noted(const struct rig_subject *subject,
			     rig_pick_fn *pick, void *state)
{
	struct rig_engine *e = bench.engine;

	run_.pick = pick;
	run_.state = state;
	run_.n = 0;
	e->every = true;
	assert_int_equal(rig_engine_run(e, subject, note_pick, &run_), 0);
	if (run_.n) {
		run_.step[run_.n - 1].foot = e->foot;
		run_.step[run_.n - 1].after = e->ntasks;
	}
	e->every = e->tracking = false;
	found_.executions++;
}

/* Where it came to its end: false if the trace was there already. */
static inline bool add_end(void)
{
	const struct rig_engine *e = bench.engine;
	uint64_t text;

	if (e->end == RIG_DONE)
		return add_trace(trace_of(&run_));
	if (e->end == RIG_PRUNED)
		return true;
	text = hash_text(hash_text(1, e->outcome), e->message);
	for (unsigned i = 0; i < found_.noutcomes; i++)
		if (found_.outcome[i] == text)
			return true;
	assert_true(found_.noutcomes < OUTCOMES_MAX);
	found_.outcome[found_.noutcomes++] = text;
	return true;
}

/* False: there are more executions than that. */
static inline bool all_traces(const struct rig_subject *subject, uint64_t max)
{
	static struct brute brute;

	memset(&found_, 0, sizeof(found_));
	brute.n = brute.at = 0;
	do {
		if (found_.executions == max)
			return false;
		run_noted(subject, brute_pick, &brute);
		add_end();
	} while (brute_next(&brute));
	return true;
}

static inline void dpor_traces(const struct rig_subject *subject)
{
	const struct rig_strategy_options options = { .seed = 0 };
	const struct rig_strategy *dpor = rig_strategy_find("dpor");
	uint64_t index = 0;
	void *state;

	memset(&found_, 0, sizeof(found_));
	assert_int_equal(dpor->open(&state, &options), 0);
	while (dpor->begin(state, index++)) {
		run_noted(subject, dpor->pick, state);
		dpor->end(state, bench.engine);
		if (!add_end())
			fail_msg("a trace was explored twice");
	}
	dpor->close(state);
}

static inline int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static inline void expect_same(uint64_t *a, unsigned na, uint64_t *b,
			       unsigned nb)
{
	assert_int_equal(na, nb);
	qsort(a, na, sizeof(*a), compare);
	qsort(b, nb, sizeof(*b), compare);
	assert_memory_equal(a, b, na * sizeof(*a));
}

/* False: too many executions to make them all. */
static inline bool same_traces(const struct rig_subject *subject, uint64_t max)
{
	static struct traces brute;

	if (!all_traces(subject, max))
		return false;
	brute = found_;
	dpor_traces(subject);
	expect_same(found_.trace, found_.n, brute.trace, brute.n);
	expect_same(found_.outcome, found_.noutcomes, brute.outcome,
		    brute.noutcomes);
	return true;
}

#endif
