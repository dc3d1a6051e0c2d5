/* SPDX-License-Identifier: MIT */
/* The mutator for libFuzzer: linked into the targets of the families. */
#include "fuzz/environment.h"
#include "fuzz/mutate.h"

#include <string.h>

enum { BLIND = 8 }; /* one of so many is the engine's own mutation */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b,
				 size_t nb, uint8_t *out, size_t max,
				 unsigned seed);

/* Only libFuzzer has it; only libFuzzer calls what is below. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
	__attribute__((weak));

static bool is_off(void)
{
	static enum { UNKNOWN, ON, OFF } state;

	if (state == UNKNOWN)
		state = fuzz_off("RACERIG_FUZZ_MUTATOR") ? OFF : ON;
	return state == OFF;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned seed)
{
	if (is_off() || seed % BLIND == 0)
		return LLVMFuzzerMutate(data, size, max);
	return fuzz_mutate(data, size, max, seed);
}

/* Where the mutator is off: the first half of one, the second of the other. */
static size_t blind(const uint8_t *a, size_t na, const uint8_t *b, size_t nb,
		    uint8_t *out, size_t max)
{
	size_t first = na / 2, second = nb - nb / 2;

	first = first < max ? first : max;
	second = second < max - first ? second : max - first;
	memcpy(out, a, first);
	memcpy(out + first, b + nb / 2, second);
	return first + second;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b,
				 size_t nb, uint8_t *out, size_t max,
				 unsigned seed)
{
	if (is_off())
		return blind(a, na, b, nb, out, max);
	return fuzz_splice(a, na, b, nb, out, max, seed);
}
