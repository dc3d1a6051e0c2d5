/* SPDX-License-Identifier: MIT */
/*
 * Mutations that know what an input is: which bytes choose what is run, and
 * which are a schedule (cli/fuzz_input.h, engine/schedule.h). A schedule is a
 * list of switches, and what is changed is the list: a preemption is moved,
 * inserted, removed; a run of them is repeated, cut out, or taken from another
 * input. Where bytes are changed without knowing, one that is inserted shifts
 * the meaning of all that follow.
 *
 * The core of two shims: mutate_libfuzzer.c and mutate_afl.c. All functions are
 * pure: the same seed makes the same input. None writes past max.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes data in place. Its new size, at least 1 where max is. */
size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint64_t seed);

/* To out: what a runs, with a schedule that begins as a's and ends as b's. */
size_t fuzz_splice(const uint8_t *a, size_t na, const uint8_t *b, size_t nb,
		   uint8_t *out, size_t max, uint64_t seed);

/* Switches in the schedule of data. */
unsigned fuzz_switches(const uint8_t *data, size_t size);

/*
 * To out: data without switch number i; the others stay where they are. Not
 * longer than data.
 */
size_t fuzz_without(const uint8_t *data, size_t size, unsigned i, uint8_t *out,
		    size_t max);

#endif
