/* SPDX-License-Identifier: MIT */
#include "engine/hunt.h"

#include <assert.h>

/* The prefix, then whatever the strategy says. */
struct trail {
	const struct rig_hunt *hunt;
	void *state;
	unsigned at;
};

static unsigned trail_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct trail *trail = state;

	if (trail->at < trail->hunt->nprefix)
		return trail->hunt->prefix[trail->at++];
	return trail->hunt->strategy->pick(trail->state, e, choices);
}

static int hunt_loop(struct rig_engine *e, struct rig_hunt *hunt, void *state,
		     enum rig_quarry *quarry)
{
	const struct rig_strategy *strategy = hunt->strategy;

	for (uint64_t index = 0; strategy->begin(state, index); index++) {
		struct trail trail = { .hunt = hunt, .state = state };
		int rc;

		if (!hunt->executions) {
			*quarry = RIG_UNKNOWN;
			return 0;
		}
		hunt->executions--;
		rc = rig_engine_run(e, hunt->subject, trail_pick, &trail);
		if (rc)
			return rc;
		if (hunt->wanted(hunt->ctx, e)) {
			*quarry = RIG_FOUND;
			return 0;
		}
		if (strategy->end)
			strategy->end(state, e);
	}
	*quarry = RIG_ABSENT;
	return 0;
}

int rig_hunt(struct rig_engine *e, struct rig_hunt *hunt,
	     enum rig_quarry *quarry)
{
	const struct rig_strategy *strategy = hunt->strategy;
	struct rig_search left_out = { .truncated = NULL };
	void *state = NULL;
	int rc;

	assert(strategy->exhaustive && !strategy->every);
	rc = strategy->open(&state, &hunt->options);
	if (rc)
		return rc;
	e->hashing = strategy->hashing;
	/* After a prefix the actors are where it has left them. */
	e->gating = !hunt->nprefix && e->identical;
	rc = hunt_loop(e, hunt, state, quarry);
	e->hashing = e->gating = false;
	if (strategy->report)
		strategy->report(state, &left_out);
	if (!rc && *quarry == RIG_ABSENT && left_out.truncated)
		*quarry = RIG_UNKNOWN;
	strategy->close(state);
	return rc;
}
