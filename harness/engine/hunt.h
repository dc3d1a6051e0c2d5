/* SPDX-License-Identifier: MIT */
/*
 * A hunt: is there an execution of a certain kind? Executions by an exhaustive
 * strategy, from the beginning or from where given picks lead, until one is
 * found, none is left, or there have been enough.
 */
#ifndef RIG_HUNT_H
#define RIG_HUNT_H

#include "engine/explore.h"

enum rig_quarry {
	RIG_ABSENT, /* there is none */
	RIG_FOUND,  /* the last execution is one */
	RIG_UNKNOWN /* the executions did not suffice */
};

struct rig_hunt {
	const struct rig_subject *subject;
	/* Exhaustive, and content with the picks where there is a choice. */
	const struct rig_strategy *strategy;
	struct rig_strategy_options options;
	const uint8_t *prefix; /* picks that are made first */
	unsigned nprefix;
	bool (*wanted)(void *ctx, const struct rig_engine *engine);
	void *ctx;
	uint64_t executions; /* at most; counted down */
};

/* 0, or -errno when the rig itself failed; engine->message says how. */
int rig_hunt(struct rig_engine *engine, struct rig_hunt *hunt,
	     enum rig_quarry *quarry);

#endif
