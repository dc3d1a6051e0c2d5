/* SPDX-License-Identifier: MIT */
/*
 * The steps of one execution, and which of them happen before which.
 *
 * Steps are numbered as they were made. Step i happens before step k if both
 * are the same task's, if i created k's task, if their footprints conflict, or
 * by a chain of these; what does not happen before something could be swapped
 * with it. Steps are added and undone like a stack, so that a depth-first
 * search keeps what it has in common with the execution before.
 */
#ifndef RIG_EVENTS_H
#define RIG_EVENTS_H

#include "engine/engine.h"

enum {
	/* One more than an execution makes: what is pending at its end. */
	RIG_EVENTS_MAX = RIG_DECISIONS_MAX + 64,
	RIG_EVENT_WORDS = RIG_EVENTS_MAX / 64,
	RIG_EVENT_NONE = RIG_EVENTS_MAX,
	RIG_EVENTS_TASKS = RIG_CLOCK + 1, /* the clock is one of them */
	RIG_HISTORY_MAX = 1 << 16,        /* accesses of one execution */
};

/* A set of steps. Only the words of steps made so far are kept up. */
struct rig_event_set {
	uint64_t word[RIG_EVENT_WORDS];
};

static inline bool rig_event_in(const struct rig_event_set *s, unsigned i)
{
	return s->word[i / 64] >> (i % 64) & 1;
}

static inline void rig_event_put(struct rig_event_set *s, unsigned i)
{
	s->word[i / 64] |= 1ull << (i % 64);
}

/* The greatest member below limit; RIG_EVENT_NONE where there is none. */
static inline unsigned rig_event_below(const struct rig_event_set *s,
				       unsigned limit)
{
	unsigned w = limit / 64;
	uint64_t word = limit % 64 ? s->word[w] & ((1ull << (limit % 64)) - 1) :
				     0;

	while (!word && w)
		word = s->word[--w];
	return word ? w * 64 + 63 - (unsigned)__builtin_clzll(word) :
		      RIG_EVENT_NONE;
}

static inline unsigned rig_event_words(unsigned n)
{
	return (n + 63) / 64;
}

/* An access in the history of its object. */
struct rig_past {
	uint16_t event;
	rig_object object;
	uint8_t mode;
	uint32_t before; /* index + 1 of the access before, 0: none */
};

struct rig_event {
	uint8_t task;
	uint16_t node;    /* the caller's */
	uint16_t before;  /* the task's step before, or RIG_EVENT_NONE */
	uint32_t history; /* its first access */
};

struct rig_events {
	unsigned n;
	struct rig_event event[RIG_EVENTS_MAX];
	struct rig_event_set past[RIG_EVENTS_MAX]; /* what happens before it */
	struct rig_event_set all; /* steps that touch everything */
	/* Of the step added last: what it conflicts with and does not follow
	 * for another reason: either might have come first. */
	struct rig_event_set races;
	uint16_t last[RIG_EVENTS_TASKS];    /* each task's last step */
	uint16_t first[RIG_EVENTS_TASKS];   /* and its first one */
	uint16_t creator[RIG_EVENTS_TASKS]; /* and the step that created it */
	uint32_t nhistory;
	struct rig_past history[RIG_HISTORY_MAX];
	uint32_t head[RIG_OBJECTS_MAX]; /* index + 1 */
};

/* Adds a step of task, which engine runs, with the footprint f. */
void rig_events_add(struct rig_events *events, const struct rig_engine *engine,
		    unsigned task, const struct rig_footprint *f);

/*
 * Adds the step that task, or the clock, has just made, with the footprint
 * that engine recorded. ntasks: how many existed before.
 */
void rig_events_step(struct rig_events *events, struct rig_engine *engine,
		     unsigned task, unsigned ntasks);

/* Takes the last step back. */
void rig_events_undo(struct rig_events *events);

/* All steps are taken back. */
void rig_events_clear(struct rig_events *events);

/* Before the first step: no task has made any. */
void rig_events_begin(struct rig_events *events);

#endif
