/* SPDX-License-Identifier: MIT */
/*
 * Mutant: generation-not-compared
 *
 * Breaks core/tags.c: a tag of an old generation finds nobody. Here it finds
 * whoever has the slot now.
 *
 *	poller  epoll-wait = { a }                      tells b
 *	a2                          close(a)  open(b)
 */
#include "mutants/mutant.h"

#include "poller.h"
#include "tags.h"

enum { EVENTS = 8 };

/* The closer's state begins with its tags. */
static void events_of_now(struct spw_poller *p, const struct spw_event *events,
			  int n)
{
	struct spw_event changed[EVENTS];
	const struct spw_tags *tags = p->state;

	p->sys->mutex_lock(p->sys, p->lock);
	p->sys->assert_held(p->sys, p->lock, tags, sizeof(*tags));
	for (int i = 0; i < n && i < EVENTS; i++) {
		uint32_t slot = (uint32_t)events[i].data;

		changed[i] = events[i];
		if (slot < tags->n)
			changed[i].data = (uint64_t)tags->slot[slot].generation
						  << 32 |
					  slot;
	}
	p->sys->mutex_unlock(p->sys, p->lock);
	rig_closer_below.events(p, changed, n < EVENTS ? n : EVENTS);
}

static void alter(struct spw_closer *closer)
{
	closer->events = events_of_now;
}

const struct rig_mutant rig_mutant_generation_not_compared = {
	.name = "generation-not-compared",
	.summary = "an event reaches whoever has the slot now",
	.rule = "core/tags.c: a tag of an old generation finds nobody",
	.scenario = "close/stale-batch",
	.fix = "refcount",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "stale-event",
	.alter = alter,
};
