/* SPDX-License-Identifier: MIT */
/*
 * Sets of tasks, and of choices: bit i is task i. 128 bits, since programs of
 * the literature have a hundred threads; a 64-bit machine is needed.
 */
#ifndef RIG_SET_H
#define RIG_SET_H

#include "engine/rng.h"

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 rig_set;

/* By halves: programs are small, and a shift of 128 bits is not. */
static inline rig_set rig_bit(unsigned i)
{
	return i < 64 ? (rig_set)(1ull << i) :
			(rig_set)(1ull << (i - 64)) << 64;
}

static inline bool rig_has(rig_set set, unsigned i)
{
	return i < 64 ? (uint64_t)set >> i & 1 :
			(uint64_t)(set >> 64) >> (i - 64) & 1;
}

/* The least member of a set that is not empty. */
static inline unsigned rig_first(rig_set set)
{
	uint64_t low = (uint64_t)set;

	return low ? (unsigned)__builtin_ctzll(low) :
		     64 + (unsigned)__builtin_ctzll((uint64_t)(set >> 64));
}

/* The set without its least member. */
static inline rig_set rig_rest(rig_set set)
{
	return set & (set - 1);
}

static inline unsigned rig_count(rig_set set)
{
	unsigned n = 0;

	for (; set; set = rig_rest(set))
		n++;
	return n;
}

/* Member number k (from 0) of a set that has more than k. */
static inline unsigned rig_member(rig_set set, unsigned k)
{
	while (k--)
		set = rig_rest(set);
	return rig_first(set);
}

/* A member of a set that is not empty, each as likely. */
static inline unsigned rig_draw(struct rig_rng *rng, rig_set set)
{
	return rig_member(set, rig_rng_below(rng, rig_count(set)));
}

#endif
