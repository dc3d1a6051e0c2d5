/* SPDX-License-Identifier: MIT */
/*
 * A search: executions of one subject, one after the other, with picks by one
 * strategy, until something forbidden happens, nothing is left, or a limit is
 * reached.
 */
#ifndef RIG_EXPLORE_H
#define RIG_EXPLORE_H

#include "engine/engine.h"
#include "engine/schedule.h"

#include <signal.h>

struct rig_search;

enum { RIG_DEPTH_MAX = 10 };

struct rig_strategy_options {
	uint64_t seed;
	size_t memory; /* bytes a strategy may use; 0: 512 MiB */
	/* Only executions of at most so many preemptions, as
	 * rig_schedule_preemptions counts them. Strategies with .bounds. */
	bool bounded;
	unsigned preemptions;
	unsigned depth; /* of the bugs that pct looks for; 0: 3 */
};

/* One way to pick. Instances belong to one search. */
struct rig_strategy {
	const char *name;
	const char *summary;
	bool exhaustive;    /* begin returns false when all has been visited */
	const char *visits; /* exhaustive: what it visits once, "trace" */
	bool hashing;       /* needs rig_picture */
	bool every;         /* sees every step, also where there is no choice */
	bool bounds;        /* keeps to a bound of preemptions */
	bool no_faults;     /* would miss some where calls may fail */
	/* 0 or -ENOMEM. */
	int (*open)(void **state, const struct rig_strategy_options *options);
	void (*close)(void *state);
	/* Before execution number index; false: there is nothing left. */
	bool (*begin)(void *state, uint64_t index);
	rig_pick_fn *pick;
	/* After an execution. */
	void (*end)(void *state, struct rig_engine *engine);
	/* Fills states, terminal, truncated and promise. May be NULL. */
	void (*report)(void *state, struct rig_search *search);
	/* A guess how much is done, from 0 to 1. NULL: cannot be told. */
	double (*share)(const void *state);
};

struct rig_limits {
	uint64_t executions;               /* 0: none */
	uint64_t time_ns;                  /* 0: none */
	const volatile sig_atomic_t *stop; /* set: end soon; NULL: none */
	/* Called about twice a second; NULL: not. */
	void (*progress)(void *ctx, const struct rig_search *search);
	void *progress_ctx;
};

/* What a sampler that found nothing can still say; strategies/pct.c. */
struct rig_promise {
	unsigned depth;      /* of the bugs it speaks of; 0: no promise */
	unsigned tasks;      /* n, */
	unsigned points;     /* k and */
	uint64_t executions; /* the number of executions of the bound */
	double miss;         /* at most so likely was none of them a hit */
	unsigned longest;    /* steps of the longest one, may exceed k */
	bool values;         /* it drew values, too, which may matter */
};

struct rig_search {
	uint64_t executions;
	uint64_t steps;
	uint64_t merged;   /* executions ended at a state seen before */
	uint64_t traces;   /* explored to the end, where they are counted */
	uint64_t states;   /* distinct states at decisions */
	uint64_t terminal; /* distinct states at the end */
	double share;      /* a guess how much was done; 0: not known */
	unsigned depth;    /* decisions of the longest execution */
	unsigned points;   /* steps of the longest execution */
	uint64_t ns;
	bool complete;          /* nothing is left, within the bound */
	const char *stopped_by; /* which limit ended it, or NULL */
	const char *truncated;  /* what was left out, or NULL */
	struct rig_promise promise;
	bool violated;
	/* Where violated; the schedule has no header. */
	uint64_t at; /* the execution that failed, counted from 1 */
	const char *outcome;
	char message[RIG_MESSAGE_MAX];
	uint64_t starved_ns;
};

/*
 * Searches. found receives the schedule of the violation. 0, or -errno when
 * the rig itself failed; engine->message says how.
 */
int rig_explore(struct rig_engine *engine, const struct rig_subject *subject,
		const struct rig_strategy *strategy,
		const struct rig_strategy_options *options,
		const struct rig_limits *limits, struct rig_search *search,
		struct rig_schedule *found);

uint64_t rig_monotonic_ns(void);

#endif
