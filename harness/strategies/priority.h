/* SPDX-License-Identifier: MIT */
/*
 * Random priorities of tasks, the clock included: what the samplers that run
 * the highest of all share. Thirty-one bits: two of n are the same once in
 * 2^32 / n^2 draws, and then the older task goes first.
 */
#ifndef RIG_PRIORITY_H
#define RIG_PRIORITY_H

#include "engine/engine.h"

enum { RIG_PRIORITY_LOW = 64 }; /* below it: never drawn, for a strategy */

struct rig_priority {
	struct rig_rng rng; /* of this execution */
	unsigned known;     /* tasks that have a priority */
	uint32_t of[RIG_CLOCK + 1];
};

static inline uint32_t rig_priority_draw(struct rig_priority *p)
{
	return (uint32_t)(rig_rng_next(&p->rng) >> 33) | RIG_PRIORITY_LOW;
}

/* Before an execution. */
static inline void rig_priority_begin(struct rig_priority *p, uint64_t seed,
				      uint64_t index)
{
	rig_rng_seed(&p->rng, seed, index);
	p->known = 0;
	p->of[RIG_CLOCK] = rig_priority_draw(p);
}

/* Tasks that were created since the last pick get theirs. */
static inline void rig_priority_meet(struct rig_priority *p,
				     const struct rig_engine *e)
{
	while (p->known < e->ntasks)
		p->of[p->known++] = rig_priority_draw(p);
}

/* Of choices that are not none. */
static inline unsigned rig_priority_highest(const struct rig_priority *p,
					    rig_set choices)
{
	unsigned highest = rig_first(choices);

	for (choices = rig_rest(choices); choices;
	     choices = rig_rest(choices)) {
		unsigned i = rig_first(choices);

		if (p->of[i] > p->of[highest])
			highest = i;
	}
	return highest;
}

#endif
