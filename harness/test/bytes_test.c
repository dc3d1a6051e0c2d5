/* SPDX-License-Identifier: MIT */
/* Bytes as schedules: every string is one, and always the same one. */
#include "cells.h"
#include "cli/case.h"

enum { MS = 1000000, LEN_MAX = 64, ROUNDS = 40 };

static uint64_t rng = 7;

static void mixed(unsigned index)
{
	increment(index);
	if (index == 0)
		rig_sleep(bench.engine, RIG_OP_ADD, 2 * MS);
	store(1, rig_choose(bench.engine, RIG_OP_START, 3));
	increment(index);
	store(2, load(0) * 4 + load(1));
}

static void run_bytes(const struct rig_subject *subject, const uint8_t *data,
		      size_t len)
{
	uint8_t *copy = malloc(len ? len : 1); /* of exactly that size */
	struct rig_bytes bytes;

	assert_non_null(copy);
	memcpy(copy, data, len);
	rig_bytes_begin(&bytes, copy, len);
	assert_int_equal(rig_engine_run(bench.engine, subject, rig_bytes_pick,
					&bytes),
			 0);
	free(copy);
}

/* What an execution was: its picks and where they led. */
struct record {
	unsigned n;
	enum rig_end end;
	uint8_t log[RIG_DECISIONS_MAX];
	struct rig_cell cell[CELLS];
};

static void take_record(struct record *r)
{
	memset(r, 0, sizeof(*r));
	r->n = bench.engine->ndecisions;
	r->end = bench.engine->end;
	memcpy(r->log, bench.engine->log, r->n);
	memcpy(r->cell, cells.cell, sizeof(r->cell));
}

static void any_bytes_are_one_schedule(void **state)
{
	static struct record first, second;
	const struct rig_subject *subject = use_cells(3, mixed, NULL);
	uint8_t data[LEN_MAX] = { 0 };

	bench.engine->starve_ns = 5 * MS;
	for (size_t len = 0; len <= LEN_MAX; len++)
		for (int round = 0; round < ROUNDS; round++) {
			for (size_t i = 0; i < len; i++)
				data[i] = (uint8_t)rig_splitmix(&rng);
			data[0] = (uint8_t)(round % RIG_DECODERS);
			run_bytes(subject, data, len);
			assert_int_equal(bench.engine->end, RIG_DONE);
			take_record(&first);
			run_bytes(subject, data, len);
			take_record(&second);
			assert_memory_equal(&first, &second, sizeof(first));
		}
}

/* The picks of the default, the ones that no byte asks for. */
static void no_bytes_are_the_default(void **state)
{
	static struct record plain, bytes;
	const struct rig_subject *subject = use_cells(3, mixed, NULL);
	static const uint8_t zero[] = { RIG_BYTES_EACH, 0, 0, 0 };
	static const uint8_t lowest[] = { RIG_BYTES_PRIORITIES, 0, 0, 0 };
	static const uint8_t late[] = { RIG_BYTES_GAPS, 255 };

	assert_int_equal(
		rig_engine_run(bench.engine, subject, pick_default, NULL), 0);
	take_record(&plain);
	for (size_t len = 0; len <= sizeof(zero); len++) {
		run_bytes(subject, zero, len);
		take_record(&bytes);
		assert_memory_equal(&plain, &bytes, sizeof(plain));
	}
	for (size_t len = 1; len <= sizeof(lowest); len++) {
		run_bytes(subject, lowest, len);
		take_record(&bytes);
		assert_memory_equal(&plain, &bytes, sizeof(plain));
	}
	for (size_t len = 1; len <= sizeof(late); len++) {
		run_bytes(subject, late, len);
		take_record(&bytes);
		assert_memory_equal(&plain, &bytes, sizeof(plain));
	}
}

/*
 * Each decoder can make the switch: by one byte more; after the number of
 * decisions that are left at the default; by the priorities of main, the first
 * actor and the second, of which the first draws a lower one for its store.
 */
static void bytes_make_the_switch_they_name(void **state)
{
	const struct rig_subject *subject = use_cells(2, increment, NULL);
	static const uint8_t each[] = { RIG_BYTES_EACH, 0, 1 };
	static const uint8_t gaps[] = { RIG_BYTES_GAPS, 1, 0 };
	static const uint8_t priorities[] = {
		RIG_BYTES_PRIORITIES, 0, 3, 2, 1, 2, 2
	};

	assert_int_equal(
		rig_engine_run(bench.engine, subject, pick_default, NULL), 0);
	assert_int_equal(cells.cell[0].value, 2);
	run_bytes(subject, each, sizeof(each));
	assert_int_equal(cells.cell[0].value, 1);
	run_bytes(subject, gaps, sizeof(gaps));
	assert_int_equal(cells.cell[0].value, 1);
	run_bytes(subject, priorities, sizeof(priorities));
	assert_int_equal(cells.cell[0].value, 1);
}

/* ---- from schedules to bytes ---- */

static struct rig_schedule found;

static void record_random(const struct rig_subject *subject, uint64_t index)
{
	const struct rig_strategy *random = rig_strategy_find("random");
	const struct rig_strategy_options options = { .seed = 3 };
	void *strategy;

	assert_int_equal(random->open(&strategy, &options), 0);
	random->begin(strategy, index);
	found.n = found.ncomments = 0;
	bench.engine->record = &found;
	bench.engine->counting = true;
	assert_int_equal(rig_engine_run(bench.engine, subject, random->pick,
					strategy),
			 0);
	bench.engine->record = NULL;
	bench.engine->counting = false;
	random->close(strategy);
}

static void encoded_schedules_are_the_same_execution(void **state)
{
	static struct record first, second;
	const struct rig_subject *subject = use_cells(3, mixed, NULL);
	uint8_t data[RIG_DECISIONS_MAX + 1];

	bench.engine->starve_ns = 5 * MS;
	for (unsigned i = 0; i < 300; i++) {
		ssize_t len;

		record_random(subject, i);
		take_record(&first);
		len = rig_bytes_encode(bench.engine, subject, &found, data,
				       sizeof(data));
		assert_true(len >= 1);
		run_bytes(subject, data, (size_t)len);
		take_record(&second);
		assert_memory_equal(&first, &second, sizeof(first));
		/* There is no byte too many, and one too few is seen. */
		if (len > 1)
			assert_true(data[len - 1] != 0);
		memset(data, 0xaa, sizeof(data));
		assert_int_equal(rig_bytes_encode(bench.engine, subject, &found,
						  data, 1 + first.n),
				 len);
		assert_int_equal(data[1 + first.n], 0xaa);
		assert_int_equal(rig_bytes_encode(bench.engine, subject, &found,
						  data, first.n),
				 -ENOSPC);
	}
}

static void what_does_not_fit_is_not_encoded(void **state)
{
	uint8_t data[100];

	record_random(use_cells(3, mixed, NULL), 1);
	assert_true(found.n > 1);
	assert_int_equal(rig_bytes_encode(bench.engine,
					  use_cells(1, increment, NULL), &found,
					  data, sizeof(data)),
			 -EINVAL);
}

/* ---- with everything: a counter-example of the race itself ---- */

static void counter_examples_survive_as_bytes(void **state)
{
	struct rig_header header = { .scenario = "etxtbsy/build-and-run",
				     .fix = "none",
				     .actors = 2 };
	const struct rig_limits limits = { .executions = 100000 };
	struct rig_engine *own = bench.engine;
	uint8_t data[RIG_DECISIONS_MAX + 1];
	struct rig_plan plan;
	struct rig_case *c;
	char why[RIG_MESSAGE_MAX];
	ssize_t len;

	assert_int_equal(rig_case_open(&c), 0);
	bench.engine = c->engine;
	assert_int_equal(rig_case_plan(&header, &plan, why, sizeof(why)), 0);
	rig_case_set(c, &plan);
	explore(c->subject, "random", &limits);
	assert_true(bench.search.violated);
	len = rig_bytes_encode(c->engine, c->subject, &bench.found, data,
			       sizeof(data));
	assert_true(len > 1);
	run_bytes(c->subject, data, (size_t)len);
	assert_int_equal(c->engine->end, RIG_VIOLATED);
	assert_string_equal(c->engine->outcome, "etxtbsy");
	assert_string_equal(c->engine->message, bench.search.message);
	bench.engine = own;
	rig_case_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_bytes_are_one_schedule),
		TEST(no_bytes_are_the_default),
		TEST(bytes_make_the_switch_they_name),
		TEST(encoded_schedules_are_the_same_execution),
		TEST(what_does_not_fit_is_not_encoded),
		TEST(counter_examples_survive_as_bytes),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
