/* SPDX-License-Identifier: MIT */
/*
 * A trial: one strategy looks for one mutant, or, without a mutant, makes sure
 * that there is nothing to find.
 *
 * An exhaustive strategy searches once. A sampler is lucky or not, so it tries
 * with several seeds, and what counts is the median of them.
 */
#ifndef RIG_TRIAL_H
#define RIG_TRIAL_H

#include "cli/case.h"
#include "engine/explore.h"
#include "mutants/mutant.h"

enum { RIG_TRIAL_SEEDS = 20 };

enum rig_trial_end {
	RIG_TRIAL_NONE,       /* it was not begun */
	RIG_TRIAL_FOUND,      /* a sampler: with one seed at least */
	RIG_TRIAL_SURVIVED,   /* everything was visited */
	RIG_TRIAL_MISSED,     /* by a sample, which proves nothing */
	RIG_TRIAL_UNFINISHED, /* a limit came first */
};

struct rig_trial {
	const struct rig_strategy *strategy;
	/*
	 * Until it was found; of a sampler's seeds the median, where one that
	 * found nothing counts with all that it made.
	 */
	uint64_t executions;
	uint64_t ns; /* of all seeds */
	/* As what it was found first. */
	const char *outcome;
	const char *why; /* UNFINISHED: which limit, or what was left out */
	enum rig_trial_end end;
	unsigned seeds; /* that were tried; 1 where exhaustive */
	unsigned hits;  /* seeds that found it */
	bool at_least;  /* the median seed found nothing */
	char message[RIG_MESSAGE_MAX];
};

struct rig_trial_options {
	uint64_t seed;            /* the first one */
	uint64_t max;             /* executions of a search; 0: no limit */
	struct rig_limits limits; /* of the whole trial, but for executions */
};

/*
 * Runs plan, with mutant planted unless that is NULL. 0, or -errno when the
 * rig itself failed; then c->engine->message says how.
 */
int rig_trial(struct rig_case *c, const struct rig_plan *plan,
	      const struct rig_mutant *mutant,
	      const struct rig_strategy *strategy,
	      const struct rig_trial_options *options, struct rig_trial *trial);

/* The plan of a mutant's scenario and fix. -EINVAL, and why. */
int rig_trial_plan(const struct rig_mutant *mutant, struct rig_plan *plan,
		   char *why, size_t why_len);

#endif
