/* SPDX-License-Identifier: MIT */
/*
 * Strategy random: at every decision each enabled task is equally likely.
 *
 * A random walk over schedules, not a uniform choice among them: schedules
 * with few decisions are favoured. It is the baseline that a better sampler
 * must beat. Execution number i under a seed is the same whatever came before,
 * so it can be made again alone.
 */
#include "engine/explore.h"

#include <errno.h>
#include <stdlib.h>

struct random {
	uint64_t seed;
	struct rig_rng rng;
};

static int random_open(void **state, const struct rig_strategy_options *options)
{
	struct random *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->seed = options->seed;
	*state = r;
	return 0;
}

static bool random_begin(void *state, uint64_t index)
{
	struct random *r = state;

	rig_rng_seed(&r->rng, r->seed, index);
	return true;
}

static unsigned random_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct random *r = state;

	return e->value_op ? rig_draw_value(e, &r->rng, choices) :
			     rig_draw(&r->rng, choices);
}

const struct rig_strategy rig_strategy_random = {
	.name = "random",
	.summary = "a random walk: every enabled task is equally likely",
	.open = random_open,
	.close = free,
	.begin = random_begin,
	.pick = random_pick,
};
