/* SPDX-License-Identifier: MIT */
#include "cli/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int rig_trial_plan(const struct rig_mutant *mutant, struct rig_plan *plan,
		   char *why, size_t why_len)
{
	struct rig_header header = { .actors = mutant->actors };

	snprintf(header.scenario, sizeof(header.scenario), "%s",
		 mutant->scenario);
	snprintf(header.fix, sizeof(header.fix), "%s", mutant->fix);
	snprintf(header.spawn, sizeof(header.spawn), "%s",
		 rig_how_name(mutant->spawn));
	return rig_case_plan(&header, plan, why, why_len);
}

/* ---- one search ---- */

/* What the seeds of a hunt have in common. */
struct chase {
	struct rig_case *c;
	const struct rig_trial_options *options;
	struct rig_trial *hunt;
	uint64_t tries[RIG_TRIAL_SEEDS]; /* executions of a seed until it hit */
	uint64_t misses[RIG_TRIAL_SEEDS];
	unsigned nmisses;
};

/* Why there may be no further search, or NULL. */
static const char *limits_of(const struct chase *chase,
			     struct rig_limits *limits)
{
	*limits = chase->options->limits;
	limits->executions = chase->options->max;
	if (limits->stop && *limits->stop)
		return "interrupt";
	if (!limits->time_ns)
		return NULL;
	if (chase->hunt->ns >= limits->time_ns)
		return "time";
	limits->time_ns -= chase->hunt->ns;
	return NULL;
}

static void account(struct chase *chase, const struct rig_search *s)
{
	struct rig_trial *h = chase->hunt;

	h->seeds++;
	h->ns += s->ns;
	if (!s->violated) {
		chase->misses[chase->nmisses++] = s->executions;
		return;
	}
	chase->tries[h->hits++] = s->at;
	if (h->outcome)
		return;
	h->outcome = s->outcome;
	memcpy(h->message, s->message, sizeof(h->message));
}

static int search(struct chase *chase, const struct rig_limits *limits,
		  uint64_t seed, struct rig_search *s)
{
	const struct rig_strategy_options options = { .seed = seed };
	struct rig_schedule *found = malloc(sizeof(*found));
	int rc = -ENOMEM;

	if (found)
		rc = rig_explore(chase->c->engine, chase->c->subject,
				 chase->hunt->strategy, &options, limits, s,
				 found);
	free(found);
	if (!rc)
		account(chase, s);
	return rc;
}

/* ---- all of them ---- */

static int exhaust(struct chase *chase)
{
	struct rig_trial *h = chase->hunt;
	struct rig_limits limits;
	struct rig_search s;
	int rc;

	if (limits_of(chase, &limits))
		return 0;
	rc = search(chase, &limits, chase->options->seed, &s);
	if (rc)
		return rc;
	h->executions = s.violated ? s.at : s.executions;
	h->why = s.stopped_by ? s.stopped_by : s.truncated;
	h->end = s.violated                 ? RIG_TRIAL_FOUND :
		 s.complete && !s.truncated ? RIG_TRIAL_SURVIVED :
					      RIG_TRIAL_UNFINISHED;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The lower of the two in the middle; what found nothing stands behind. */
static void take_median(struct chase *chase)
{
	struct rig_trial *h = chase->hunt;
	unsigned middle = (h->seeds - 1) / 2;

	qsort(chase->tries, h->hits, sizeof(chase->tries[0]), by_value);
	qsort(chase->misses, chase->nmisses, sizeof(chase->misses[0]),
	      by_value);
	h->at_least = middle >= h->hits;
	h->executions = h->at_least ? chase->misses[middle - h->hits] :
				      chase->tries[middle];
}

static int sample(struct chase *chase)
{
	struct rig_trial *h = chase->hunt;
	struct rig_limits limits;
	struct rig_search s;
	int rc = 0;

	for (unsigned i = 0; i < RIG_TRIAL_SEEDS; i++) {
		h->why = limits_of(chase, &limits);
		if (h->why)
			break;
		rc = search(chase, &limits, chase->options->seed + i, &s);
		if (rc)
			return rc;
		if (!s.violated && s.stopped_by &&
		    strcmp(s.stopped_by, "executions") != 0) {
			h->why = s.stopped_by;
			break;
		}
	}
	if (!h->seeds)
		return 0;
	take_median(chase);
	h->end = h->hits ? RIG_TRIAL_FOUND :
		 h->why  ? RIG_TRIAL_UNFINISHED :
			   RIG_TRIAL_MISSED;
	return 0;
}

int rig_trial(struct rig_case *c, const struct rig_plan *plan,
	      const struct rig_mutant *mutant,
	      const struct rig_strategy *strategy,
	      const struct rig_trial_options *options, struct rig_trial *hunt)
{
	struct chase chase = { .c = c, .options = options, .hunt = hunt };
	struct spw_sys *sys;
	int rc;

	*hunt = (struct rig_trial){ .strategy = strategy };
	rig_case_set(c, plan);
	sys = c->world.spw_sys ? c->world.spw_sys : c->world.sys;
	if (mutant) {
		rig_mutant_plant(mutant, sys);
		c->run.fix.closer = rig_mutant_alter(mutant, c->run.fix.closer);
		c->run.fix.waiter =
			rig_mutant_alter_waiter(mutant, c->run.fix.waiter);
	}
	rc = strategy->exhaustive ? exhaust(&chase) : sample(&chase);
	if (mutant)
		rig_mutant_restore(sys);
	return rc;
}
