/* SPDX-License-Identifier: MIT */
/*
 * Random numbers that are a pure function of a seed, the same on every
 * machine: splitmix64 (Steele, Lea, Flood 2014) to spread a seed, xoshiro256**
 * (Blackman, Vigna 2018) to draw from. Both are published as public domain
 * algorithms. Not for secrets.
 */
#ifndef RIG_RNG_H
#define RIG_RNG_H

#include <stdint.h>

struct rig_rng {
	uint64_t s[4];
};

static inline uint64_t rig_splitmix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* The generator of execution number index under seed. */
static inline void rig_rng_seed(struct rig_rng *rng, uint64_t seed,
				uint64_t index)
{
	uint64_t state = seed + index * 0xd1342543de82ef95u;

	for (int i = 0; i < 4; i++)
		rng->s[i] = rig_splitmix(&state);
}

static inline uint64_t rig_rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static inline uint64_t rig_rng_next(struct rig_rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rig_rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rig_rotl(s[3], 45);
	return result;
}

/* Uniform in [0, n), n > 0; the bias is below 2^-32 (multiply-shift). */
static inline uint32_t rig_rng_below(struct rig_rng *rng, uint32_t n)
{
	return (uint32_t)(((rig_rng_next(rng) >> 32) * n) >> 32);
}

#endif
