/* SPDX-License-Identifier: MIT */
/*
 * A hunt: one strategy looks for one mutant, or, without a mutant, makes sure
 * that there is nothing to find.
 *
 * An exhaustive strategy searches once. A sampler is lucky or not, so it tries
 * with several seeds, and what counts is the median of them.
 */
#ifndef RIG_HUNT_H
#define RIG_HUNT_H

#include "cli/case.h"
#include "engine/explore.h"
#include "mutants/mutant.h"

enum { RIG_HUNT_SEEDS = 20 };

enum rig_hunt_end {
	RIG_HUNT_NONE,       /* it was not begun */
	RIG_HUNT_FOUND,      /* a sampler: with one seed at least */
	RIG_HUNT_SURVIVED,   /* everything was visited */
	RIG_HUNT_MISSED,     /* by a sample, which proves nothing */
	RIG_HUNT_UNFINISHED, /* a limit came first */
};

struct rig_hunt {
	const struct rig_strategy *strategy;
	enum rig_hunt_end end;
	unsigned seeds; /* that were tried; 1 where exhaustive */
	unsigned hits;  /* seeds that found it */
	/*
	 * Until it was found; of a sampler's seeds the median, where one that
	 * found nothing counts with all that it made.
	 */
	uint64_t executions;
	bool at_least; /* the median seed found nothing */
	uint64_t ns;   /* of all seeds */
	/* As what it was found first. */
	const char *outcome;
	char message[RIG_MESSAGE_MAX];
	const char *why; /* UNFINISHED: which limit, or what was left out */
};

struct rig_hunt_options {
	uint64_t seed;            /* the first one */
	uint64_t max;             /* executions of a search; 0: no limit */
	struct rig_limits limits; /* of the whole hunt, but for executions */
};

/*
 * Runs plan, with mutant planted unless that is NULL. 0, or -errno when the
 * rig itself failed; then c->engine->message says how.
 */
int rig_hunt(struct rig_case *c, const struct rig_plan *plan,
	     const struct rig_mutant *mutant,
	     const struct rig_strategy *strategy,
	     const struct rig_hunt_options *options, struct rig_hunt *hunt);

/* The plan of a mutant's scenario and fix. -EINVAL, and why. */
int rig_hunt_plan(const struct rig_mutant *mutant, struct rig_plan *plan,
		  char *why, size_t why_len);

#endif
