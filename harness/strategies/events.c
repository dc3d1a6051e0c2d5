/* SPDX-License-Identifier: MIT */
#include "strategies/events.h"

#include <string.h>

/* past gets i, and what happens before it. */
static void follow(struct rig_events *v, struct rig_event_set *past, unsigned i)
{
	if (rig_event_in(past, i))
		return;
	for (unsigned w = 0; w <= i / 64; w++)
		past->word[w] |= v->past[i].word[w];
	rig_event_put(past, i);
}

/*
 * The first step of the actor that had to begin before task could
 * (rig_engine.gating), or RIG_EVENT_NONE.
 */
static unsigned gatekeeper(const struct rig_events *v,
			   const struct rig_engine *e, unsigned task)
{
	if (!e->gating || task == RIG_CLOCK ||
	    e->task[task].kind != RIG_KIND_ACTOR ||
	    v->last[task] != RIG_EVENT_NONE)
		return RIG_EVENT_NONE;
	while (task--)
		if (e->task[task].kind == RIG_KIND_ACTOR)
			return v->first[task];
	return RIG_EVENT_NONE;
}

/* What must come before whatever task does next. */
static void program_order(struct rig_events *v, const struct rig_engine *e,
			  struct rig_event_set *past, unsigned task)
{
	unsigned before = v->last[task];
	unsigned after = gatekeeper(v, e, task);

	if (before == RIG_EVENT_NONE)
		before = v->creator[task];
	if (before != RIG_EVENT_NONE)
		follow(v, past, before);
	if (after != RIG_EVENT_NONE)
		follow(v, past, after);
}

/* Ends that are waited for are never undone: they come before, for certain. */
static void joins(struct rig_events *v, struct rig_event_set *past,
		  const struct rig_footprint *f)
{
	for (unsigned a = 0; a < f->n; a++) {
		if (f->access[a].mode != RIG_JOIN)
			continue;
		for (uint32_t at = v->head[f->access[a].object]; at;
		     at = v->history[at - 1].before)
			if (v->history[at - 1].mode == RIG_RELEASE)
				follow(v, past, v->history[at - 1].event);
	}
}

/* Conflicts with what is not past anyway: races, or an order that is given. */
static void conflicts(struct rig_events *v, const struct rig_event_set *past,
		      const struct rig_footprint *f,
		      struct rig_event_set *ordered)
{
	for (unsigned a = 0; a < f->n; a++) {
		uint32_t at = v->head[f->access[a].object];

		for (; at; at = v->history[at - 1].before) {
			const struct rig_past *p = &v->history[at - 1];
			enum rig_relation relation;

			if (rig_event_in(past, p->event))
				continue;
			relation = rig_relation(p->mode, f->access[a].mode);
			if (relation == RIG_RACE)
				rig_event_put(&v->races, p->event);
			else if (relation == RIG_ORDER)
				rig_event_put(ordered, p->event);
		}
	}
}

static void conflicts_with_all(struct rig_events *v,
			       const struct rig_event_set *past,
			       const struct rig_footprint *f)
{
	unsigned words = rig_event_words(v->n);

	for (unsigned w = 0; w < words; w++) {
		uint64_t made = f->all ? UINT64_MAX : v->all.word[w];

		if (f->all && w == v->n / 64)
			made = (1ull << (v->n % 64)) - 1;
		v->races.word[w] |= made & ~past->word[w];
	}
}

static void remember(struct rig_events *v, unsigned k,
		     const struct rig_footprint *f)
{
	bool all = f->all || v->nhistory + f->n > RIG_HISTORY_MAX;

	if (all)
		rig_event_put(&v->all, k);
	for (unsigned a = 0; !all && a < f->n; a++) {
		uint32_t *head = &v->head[f->access[a].object];

		v->history[v->nhistory++] =
			(struct rig_past){ .event = (uint16_t)k,
					   .object = f->access[a].object,
					   .mode = f->access[a].mode,
					   .before = *head };
		*head = v->nhistory;
	}
}

void rig_events_add(struct rig_events *v, const struct rig_engine *e,
		    unsigned task, const struct rig_footprint *f)
{
	unsigned k = v->n;
	struct rig_event_set *past = &v->past[k];
	struct rig_event_set order;
	size_t size = rig_event_words(k + 1) * sizeof(uint64_t);

	memset(past, 0, size);
	memset(&order, 0, size);
	memset(&v->races, 0, size);
	v->all.word[k / 64] &= ~(1ull << (k % 64));
	v->event[k] = (struct rig_event){ .task = (uint8_t)task,
					  .before = v->last[task],
					  .history = v->nhistory };
	program_order(v, e, past, task);
	joins(v, past, f);
	conflicts(v, past, f, &order);
	conflicts_with_all(v, past, f);
	for (size_t w = 0; w < size / sizeof(uint64_t); w++)
		order.word[w] |= v->races.word[w];
	for (unsigned i = k;
	     (i = rig_event_below(&order, i)) != RIG_EVENT_NONE;)
		follow(v, past, i);
	remember(v, k, f);
	if (v->first[task] == RIG_EVENT_NONE)
		v->first[task] = (uint16_t)k;
	v->last[task] = (uint16_t)k;
	v->n++;
}

static void new_task(struct rig_events *v, unsigned task, unsigned creator)
{
	v->creator[task] = (uint16_t)creator;
	v->last[task] = v->first[task] = RIG_EVENT_NONE;
}

void rig_events_step(struct rig_events *v, struct rig_engine *e, unsigned task,
		     unsigned ntasks)
{
	unsigned k = v->n;

	e->foot.all |= task == RIG_CLOCK;
	rig_events_add(v, e, task, &e->foot);
	for (unsigned t = ntasks; t < e->ntasks; t++)
		new_task(v, t, k);
}

void rig_events_undo(struct rig_events *v)
{
	unsigned k = --v->n;
	const struct rig_event *event = &v->event[k];

	while (v->nhistory > event->history) {
		const struct rig_past *p = &v->history[--v->nhistory];

		v->head[p->object] = p->before;
	}
	v->last[event->task] = event->before;
	if (v->first[event->task] == k)
		v->first[event->task] = RIG_EVENT_NONE;
}

void rig_events_clear(struct rig_events *v)
{
	while (v->nhistory)
		v->head[v->history[--v->nhistory].object] = 0;
	v->n = 0;
}

void rig_events_begin(struct rig_events *v)
{
	for (unsigned t = 0; t < RIG_EVENTS_TASKS; t++)
		new_task(v, t, RIG_EVENT_NONE);
}
