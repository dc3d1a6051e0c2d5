/* SPDX-License-Identifier: MIT */
/*
 * Features are a function of the schedule: the same for the same one, in
 * whatever engine, others for another, and none where feedback is off.
 */
#include "support.h"

#include "fuzz/feedback.h"

static void clear(void)
{
	/* As libFuzzer does it, which knows only that the bytes are there. */
	memset((void *)(uintptr_t)fuzz_features(), 0, FUZZ_FEATURES);
}

static unsigned count(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FUZZ_FEATURES; i++)
		n += fuzz_features()[i] != 0;
	return n;
}

static void features_of(const uint8_t *data, size_t size,
			uint8_t out[FUZZ_FEATURES])
{
	clear();
	fuzz_feedback_begin();
	run_input("none", data, size);
	memcpy(out, fuzz_features(), FUZZ_FEATURES);
}

static const uint8_t plain[] = { 0, 0, 0, RIG_BYTES_EACH };
static const uint8_t switched[] = { 0, 0, 0, RIG_BYTES_EACH, 0, 0, 0, 0, 1, 1 };

static void a_schedule_has_its_features(void **state)
{
	static uint8_t first[FUZZ_FEATURES], second[FUZZ_FEATURES];
	struct rig_case *own = the_case;

	fuzz_feedback(the_case->engine, true);
	features_of(plain, sizeof(plain), first);
	assert_true(count() > 20);
	features_of(switched, sizeof(switched), second);
	assert_memory_not_equal(first, second, FUZZ_FEATURES);
	features_of(plain, sizeof(plain), second);
	assert_memory_equal(first, second, FUZZ_FEATURES);

	/* At other addresses. */
	assert_int_equal(rig_case_open(&the_case), 0);
	fuzz_feedback(the_case->engine, true);
	features_of(plain, sizeof(plain), second);
	rig_case_close(the_case);
	the_case = own;
	assert_memory_equal(first, second, FUZZ_FEATURES);
}

static void few_features_fall_on_another(void **state)
{
	static uint8_t all[FUZZ_FEATURES], one[FUZZ_FEATURES];
	uint64_t rng = 5;
	unsigned n = 0;

	fuzz_feedback(the_case->engine, true);
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t data[40];

		for (size_t at = 0; at < sizeof(data); at++)
			data[at] = (uint8_t)rig_splitmix(&rng);
		features_of(data, sizeof(data), one);
		for (unsigned k = 0; k < FUZZ_FEATURES; k++)
			all[k] |= one[k];
	}
	for (unsigned k = 0; k < FUZZ_FEATURES; k++)
		n += all[k] != 0;
	/* Many, and the table is far from full. */
	assert_true(n > 200);
	assert_true(n < FUZZ_FEATURES / 4);
}

static void off_is_off(void **state)
{
	fuzz_feedback(the_case->engine, false);
	clear();
	fuzz_feedback_begin();
	run_input("none", switched, sizeof(switched));
	assert_int_equal(count(), 0);
	assert_int_equal(the_case->engine->foot.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_schedule_has_its_features),
		cmocka_unit_test(few_features_fall_on_another),
		cmocka_unit_test(off_is_off),
	};

	return cmocka_run_group_tests(tests, open_case, close_case) != 0;
}
