/* SPDX-License-Identifier: MIT */
/* The mutator: pure, within its bounds, and what it changes is a switch. */
#include "support.h"

#include "engine/rng.h"
#include "fuzz/mutate.h"

enum { ROUNDS = 20000, SIZE_MAX_TRIED = 200 };

/* mutate_afl.c, as afl-fuzz finds it. */
void *afl_custom_init(void *afl, unsigned seed);
void afl_custom_deinit(void *state);
size_t afl_custom_fuzz(void *state, uint8_t *data, size_t size, uint8_t **out,
		       uint8_t *other, size_t other_size, size_t max);
int32_t afl_custom_init_trim(void *state, uint8_t *data, size_t size);
size_t afl_custom_trim(void *state, uint8_t **out);
int32_t afl_custom_post_trim(void *state, uint8_t success);

static uint64_t rng = 11;

static size_t any_input(uint8_t *data, size_t max)
{
	size_t size = rig_splitmix(&rng) % (max + 1);

	for (size_t i = 0; i < size; i++) {
		uint64_t draw = rig_splitmix(&rng);

		data[i] = draw & 1 ? (uint8_t)(draw >> 8) :
				     (uint8_t)(draw >> 8 & 1);
	}
	return size;
}

/* In memory of exactly that size, for a sanitizer. */
static void any_mutation_is_pure_and_within_bounds(void **state)
{
	uint8_t start[SIZE_MAX_TRIED], other[SIZE_MAX_TRIED];

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t n = any_input(start, sizeof(start));
		size_t m = any_input(other, sizeof(other));
		size_t max = 1 + rig_splitmix(&rng) % SIZE_MAX_TRIED;
		uint8_t *first = malloc(max), *second = malloc(max);
		size_t a, b;

		assert_non_null(first);
		assert_non_null(second);
		n = n < max ? n : max;
		memcpy(first, start, n);
		memcpy(second, start, n);
		a = fuzz_mutate(first, n, max, i);
		b = fuzz_mutate(second, n, max, i);
		assert_true(a >= 1 && a <= max);
		assert_int_equal(a, b);
		assert_memory_equal(first, second, a);
		a = fuzz_splice(start, n, other, m, first, max, i);
		b = fuzz_splice(start, n, other, m, second, max, i);
		assert_true(a >= 1 && a <= max);
		assert_int_equal(a, b);
		assert_memory_equal(first, second, a);
		free(first);
		free(second);
	}
}

static void the_largest_input_is_not_outgrown(void **state)
{
	static uint8_t data[RIG_INPUT_MAX + 10];

	for (unsigned decoder = 0; decoder < RIG_DECODERS; decoder++)
		for (unsigned i = 0; i < 300; i++) {
			size_t n;

			memset(data, 1, sizeof(data));
			data[RIG_INPUT_HEADER] = (uint8_t)decoder;
			n = fuzz_mutate(data, RIG_INPUT_MAX, sizeof(data), i);
			assert_true(n <= RIG_INPUT_MAX);
		}
}

/* ---- what an input does is changed by the switch that is changed ---- */

static unsigned picks(const char *fix, const uint8_t *data, size_t size,
		      uint8_t log[RIG_DECISIONS_MAX])
{
	run_input(fix, data, size);
	memcpy(log, the_case->engine->log, the_case->engine->ndecisions);
	return the_case->engine->ndecisions;
}

/* Without its last switch an input does what it did, up to that switch. */
static void without_a_switch_the_others_stay(void **state)
{
	static uint8_t all[RIG_DECISIONS_MAX], less[RIG_DECISIONS_MAX];
	uint8_t data[60], out[80];
	unsigned made = 0;

	for (unsigned i = 0; i < 2000; i++) {
		size_t n = any_input(data, sizeof(data)), m;
		unsigned switches, a, b, same = 0;

		if (n <= RIG_INPUT_HEADER + 1)
			continue;
		data[RIG_INPUT_HEADER] = (uint8_t)(i % 2); /* no priorities */
		switches = fuzz_switches(data, n);
		if (!switches)
			continue;
		m = fuzz_without(data, n, switches - 1, out, sizeof(out));
		assert_int_equal(fuzz_switches(out, m), switches - 1);
		assert_memory_equal(out, data, RIG_INPUT_HEADER);
		a = picks(NULL, data, n, all);
		b = picks(NULL, out, m, less);
		while (same < a && same < b && all[same] == less[same])
			same++;
		/* All switches but one are in what is the same. */
		assert_true(same + 1 >= switches || same == a || same == b);
		made++;
	}
	assert_true(made > 1000);
}

/* The race is found from nothing by mutations alone: they get everywhere. */
static void mutations_find_the_race(void **state)
{
	uint8_t data[64] = { 0 };
	unsigned found = 0;

	for (unsigned i = 0; i < 20000 && !found; i++) {
		size_t n = 4;

		memset(data, 0, sizeof(data));
		for (unsigned k = 0; k < 8; k++)
			n = fuzz_mutate(data, n, sizeof(data), i * 8 + k);
		run_input("quiesce", data, n);
		found += the_case->engine->end == RIG_VIOLATED;
	}
	assert_int_equal(found, 1);
}

/* ---- as AFL++ calls it ---- */

static void afl_gets_inputs_that_differ(void **state)
{
	void *afl = afl_custom_init(NULL, 3);
	uint8_t start[] = { 0, 0, 0, 0, 1, 1, 1 }, other[] = { 1, 1, 1, 1, 2 };
	unsigned differ = 0;
	uint8_t *out;

	assert_non_null(afl);
	for (unsigned i = 0; i < 1000; i++) {
		size_t n = afl_custom_fuzz(afl, start, sizeof(start), &out,
					   i & 1 ? other : NULL, sizeof(other),
					   32);

		assert_true(n >= 1 && n <= 32);
		differ += n != sizeof(start) || memcmp(out, start, n) != 0;
	}
	assert_true(differ > 800);
	afl_custom_deinit(afl);
}

/* What is kept of a failing input is what it takes to fail. */
static void afl_trims_to_what_fails(void **state)
{
	void *afl = afl_custom_init(NULL, 3);
	uint8_t data[60], *out;
	unsigned before = 0, after = 0, trimmed = 0;

	assert_non_null(afl);
	for (unsigned i = 0; i < 2000; i++) {
		size_t n = any_input(data, sizeof(data));
		int32_t steps, at = 0;

		run_input("none", data, n);
		if (the_case->engine->end != RIG_VIOLATED)
			continue;
		trimmed++;
		before += fuzz_switches(data, n);
		steps = afl_custom_init_trim(afl, data, n);
		assert_int_equal(steps, fuzz_switches(data, n));
		while (at < steps) {
			size_t m = afl_custom_trim(afl, &out);
			bool fails;

			assert_true(m <= n);
			run_input("none", out, m);
			fails = the_case->engine->end == RIG_VIOLATED;
			if (fails) {
				memcpy(data, out, m);
				n = m;
			}
			at = afl_custom_post_trim(afl, fails);
		}
		assert_int_equal(at, steps);
		run_input("none", data, n);
		assert_int_equal(the_case->engine->end, RIG_VIOLATED);
		after += fuzz_switches(data, n);
	}
	assert_true(trimmed > 30);
	assert_true(after * 3 < before);
	afl_custom_deinit(afl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_mutation_is_pure_and_within_bounds),
		cmocka_unit_test(the_largest_input_is_not_outgrown),
		cmocka_unit_test(without_a_switch_the_others_stay),
		cmocka_unit_test(mutations_find_the_race),
		cmocka_unit_test(afl_gets_inputs_that_differ),
		cmocka_unit_test(afl_trims_to_what_fails),
	};

	return cmocka_run_group_tests(tests, open_case, close_case) != 0;
}
