/* SPDX-License-Identifier: MIT */
/*
 * The mutator for AFL++: a shared object for AFL_CUSTOM_MUTATOR_LIBRARY. Its
 * trimming takes switches out, where AFL++'s own cuts bytes and so changes the
 * meaning of all that follow.
 */
#include "cli/fuzz_input.h"
#include "engine/rng.h"
#include "fuzz/mutate.h"

#include <stdlib.h>
#include <string.h>

enum {
	SPLICES = 4, /* one of so many is a splice, where there is another */
	/* Mutations of one input: up to 2 to that power. AFL++ tries an input
	 * thousands of times before it goes on to what came of it (libFuzzer
	 * does so at once), so few of them would not get far. */
	STACK = 5,
};

/* As afl-fuzz looks them up, with void where its own types are (docs/
 * custom_mutators.md); none has a header on every system. */
void *afl_custom_init(void *afl, unsigned seed);
void afl_custom_deinit(void *state);
size_t afl_custom_fuzz(void *state, uint8_t *data, size_t size, uint8_t **out,
		       uint8_t *other, size_t other_size, size_t max);
int32_t afl_custom_init_trim(void *state, uint8_t *data, size_t size);
size_t afl_custom_trim(void *state, uint8_t **out);
int32_t afl_custom_post_trim(void *state, uint8_t success);

struct mutator {
	uint64_t seed;
	uint8_t out[RIG_INPUT_MAX];
	/* What is trimmed, and which switch is tried, from the last one. */
	size_t trim_size;
	unsigned switches, tried;
	uint8_t trim[RIG_INPUT_MAX];
	size_t out_size;
};

void *afl_custom_init(void *afl, unsigned seed)
{
	struct mutator *m = calloc(1, sizeof(*m));

	if (m)
		m->seed = seed;
	return m;
}

void afl_custom_deinit(void *state)
{
	free(state);
}

size_t afl_custom_fuzz(void *state, uint8_t *data, size_t size, uint8_t **out,
		       uint8_t *other, size_t other_size, size_t max)
{
	struct mutator *m = state;
	uint64_t draw = rig_splitmix(&m->seed);

	*out = m->out;
	if (max > sizeof(m->out))
		max = sizeof(m->out);
	if (other && other_size && draw % SPLICES == 0)
		return fuzz_splice(data, size, other, other_size, m->out, max,
				   draw);
	if (size > max)
		size = max;
	memcpy(m->out, data, size);
	for (unsigned n = 1u << (draw >> 32) % (STACK + 1); n; n--)
		size = fuzz_mutate(m->out, size, max, rig_splitmix(&m->seed));
	return size;
}

/* ---- trimming: one switch after the other, from the last to the first ---- */

int32_t afl_custom_init_trim(void *state, uint8_t *data, size_t size)
{
	struct mutator *m = state;

	if (size > sizeof(m->trim))
		return 0; /* steps: it stays as it is */
	memcpy(m->trim, data, size);
	m->trim_size = size;
	m->switches = fuzz_switches(data, size);
	m->tried = 0;
	return (int32_t)m->switches;
}

size_t afl_custom_trim(void *state, uint8_t **out)
{
	struct mutator *m = state;

	*out = m->out;
	m->out_size = fuzz_without(m->trim, m->trim_size,
				   m->switches - 1 - m->tried, m->out,
				   sizeof(m->out));
	if (m->out_size > m->trim_size)
		m->out_size = m->trim_size;
	return m->out_size;
}

int32_t afl_custom_post_trim(void *state, uint8_t success)
{
	struct mutator *m = state;

	if (success) {
		memcpy(m->trim, m->out, m->out_size);
		m->trim_size = m->out_size;
	}
	/* Those behind the one that is tried are there or not: it is the same
	 * number from the front. */
	return (int32_t)++m->tried;
}
