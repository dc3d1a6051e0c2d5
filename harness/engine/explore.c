/* SPDX-License-Identifier: MIT */
#include "engine/explore.h"

#include <string.h>
#include <time.h>

enum {
	CLOCK_EVERY = 64, /* executions between two looks at the clock */
	PROGRESS_NS = 500000000,
};

uint64_t rig_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void account(struct rig_search *s, const struct rig_engine *e)
{
	s->executions++;
	s->steps += e->steps;
	s->merged += e->end == RIG_PRUNED;
	if (e->ndecisions > s->depth)
		s->depth = e->ndecisions;
	if (e->steps > s->points)
		s->points = e->steps;
}

static int violation(struct rig_search *s, struct rig_engine *e,
		     const struct rig_subject *subject,
		     struct rig_schedule *found)
{
	s->violated = true;
	s->at = s->executions;
	s->outcome = e->outcome;
	s->starved_ns = e->starved_ns;
	memcpy(s->message, e->message, sizeof(s->message));
	found->ncomments = 0;
	return rig_again(e, subject, found);
}

/* Which limit says that it is enough, or NULL. */
static const char *enough(struct rig_search *s, const struct rig_limits *l,
			  const struct rig_strategy *strategy, void *state,
			  uint64_t start, uint64_t *next_progress)
{
	if (l->executions && s->executions >= l->executions)
		return "executions";
	if (l->stop && *l->stop)
		return "interrupt";
	if (s->executions % CLOCK_EVERY)
		return NULL;
	s->ns = rig_monotonic_ns() - start;
	if (l->time_ns && s->ns >= l->time_ns)
		return "time";
	if (l->progress && s->ns >= *next_progress) {
		*next_progress = s->ns + PROGRESS_NS;
		if (strategy->share)
			s->share = strategy->share(state);
		l->progress(l->progress_ctx, s);
	}
	return NULL;
}

static int search_loop(struct rig_engine *e, const struct rig_subject *subject,
		       const struct rig_strategy *strategy, void *state,
		       const struct rig_limits *limits, struct rig_search *s,
		       struct rig_schedule *found)
{
	uint64_t start = rig_monotonic_ns();
	uint64_t next_progress = PROGRESS_NS;
	int rc = 0;

	for (;;) {
		s->stopped_by = enough(s, limits, strategy, state, start,
				       &next_progress);
		if (s->stopped_by)
			break;
		if (!strategy->begin(state, s->executions)) {
			s->complete = true;
			break;
		}
		rc = rig_engine_run(e, subject, strategy->pick, state);
		if (rc)
			break;
		account(s, e);
		if (strategy->end)
			strategy->end(state, e);
		if (e->end == RIG_VIOLATED) {
			rc = violation(s, e, subject, found);
			break;
		}
	}
	if (strategy->share)
		s->share = s->complete ? 1 : strategy->share(state);
	if (strategy->report)
		strategy->report(state, s);
	s->ns = rig_monotonic_ns() - start;
	return rc;
}

int rig_explore(struct rig_engine *e, const struct rig_subject *subject,
		const struct rig_strategy *strategy,
		const struct rig_strategy_options *options,
		const struct rig_limits *limits, struct rig_search *search,
		struct rig_schedule *found)
{
	void *state = NULL;
	int rc;

	memset(search, 0, sizeof(*search));
	rc = strategy->open(&state, options);
	if (rc)
		return rc;
	e->hashing = strategy->hashing;
	e->every = strategy->every;
	e->gating = strategy->exhaustive && e->identical;
	rc = search_loop(e, subject, strategy, state, limits, search, found);
	e->hashing = e->every = e->tracking = e->gating = false;
	strategy->close(state);
	return rc;
}
