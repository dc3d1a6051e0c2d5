/* SPDX-License-Identifier: MIT */
/*
 * How many executions there are to explore, guessed from a few random ones.
 */
#ifndef RIG_ESTIMATE_H
#define RIG_ESTIMATE_H

#include "engine/engine.h"

struct rig_estimate {
	uint64_t samples;
	double traces;    /* what dpor would explore */
	double error;     /* of that, one standard error */
	double schedules; /* orders of steps, whether or not they conflict */
};

/*
 * Makes samples random executions of subject. 0, -ENOMEM, or -errno when the
 * rig itself failed. Settings of engine as for an exhaustive search.
 */
int rig_estimate(struct rig_engine *engine, const struct rig_subject *subject,
		 uint64_t samples, uint64_t seed, struct rig_estimate *out);

#endif
