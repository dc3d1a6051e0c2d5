/* SPDX-License-Identifier: MIT */
/*
 * The verdict on one scenario with one fix: which searches are made, in which
 * order, and what may be concluded from them.
 *
 *  1. Whole calls, no starvation, no faults. A violation is BROKEN.
 *  2. The plan as it is: steps inside calls, starvation, faults. A violation is
 *     NARROWED if search 1 was complete, and unbounded, else BROKEN?. What it
 *     needs is found by taking one after the other away again.
 *  3. No violation: the unfixed variant must fail under the same search, or
 *     the search proves nothing: UNJUDGED.
 *  4. PROVED if search 2 visited every state of the model, with the steps
 *     inside calls, any order of final drops, no bound of preemptions and no
 *     faults, which are never all there may be; else
 *     HELD.
 */
#ifndef RIG_JUDGE_H
#define RIG_JUDGE_H

#include "cli/case.h"
#include "engine/critical.h"
#include "engine/explore.h"
#include "engine/shrink.h"
#include "reports/result.h"

struct rig_judge_options {
	const struct rig_strategy *strategy;
	struct rig_strategy_options search;
	struct rig_limits limits; /* of all searches together */
	bool shrink; /* make a counter-example small, find what is critical */
};

enum { RIG_REASON_MAX = 240 };

/* A verdict and what it rests on; result points into the rest. */
struct rig_judgement {
	struct report_result result;
	struct rig_plan plan; /* of the counter-example, where there is one */
	struct rig_schedule schedule;
	char reason[RIG_REASON_MAX];
	char control[RIG_REASON_MAX / 2];
	char message[RIG_MESSAGE_MAX];
	char critical[RIG_CRITICAL_MAX];
	char kernel[RIG_FIELD_MAX];
};

/*
 * Judges plan. 0, or -errno when the rig itself failed; then
 * c->engine->message says how. judgement->schedule has its header.
 */
int rig_judge(struct rig_case *c, const struct rig_plan *plan,
	      const struct rig_judge_options *options,
	      struct rig_judgement *judgement);

#endif
