/* SPDX-License-Identifier: MIT */
/*
 * Strategy dpor: one execution of each Mazurkiewicz trace.
 *
 * Executions that differ only in the order of steps which do not conflict are
 * one trace; one of them is enough. Dynamic partial order reduction with source
 * sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014, Algorithm
 * 1), after Flanagan and Godefroid (POPL 2005) where tasks block each other:
 *
 *   races    When a step has been made, each earlier one that conflicts with it
 *            and might have come after it is a race. At the earlier one's
 *            place some task must be tried too that leads to the other order.
 *   sleep    A task that was tried at a place is not tried again below its
 *            siblings, until a step is made that conflicts with it.
 *
 * Executions in which every task that could go on sleeps are cut short; they
 * are counted. No bound, nothing hashed: complete means every trace.
 */
#include "engine/explore.h"
#include "strategies/events.h"
#include "strategies/hashset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLEEPERS_MAX = 1 << 14,
	FEET_MAX = 1 << 17, /* accesses of all that sleeps */
	TERMINAL_MEMORY = 16 << 20,
};

/* A task that was tried at a node, and what its step then did. */
struct sleeper {
	uint8_t task;
	bool all;
	uint16_t n;
	uint32_t at; /* first of n accesses in feet */
};

struct node {
	rig_set choices;
	rig_set backtrack; /* to be tried; of a value: what is left */
	rig_set asleep;    /* not to be tried, or tried */
	bool value;        /* a value is chosen, not a task */
	bool all;          /* the chosen one's step touches everything */
	uint8_t chosen;
	uint8_t ntasks;    /* that exist before */
	uint16_t nobjects; /* likewise */
	uint32_t sleepers; /* the first of nsleepers */
	uint32_t nsleepers;
	uint32_t floor; /* of feet, before any was tried here */
	uint32_t feet;  /* the first of nfeet, of the chosen one's step */
	uint32_t nfeet;
};

struct dpor {
	struct node path[RIG_DECISIONS_MAX];
	struct rig_engine *engine;
	uint64_t traces;
	struct rig_hashset terminal;
	struct rig_events events;
	unsigned n;    /* nodes on the path */
	unsigned at;   /* of which this execution has met so many */
	unsigned open; /* the node whose step is being made */
	uint32_t nsleepers, nfeet;
	struct sleeper sleeper[SLEEPERS_MAX];
	struct rig_access feet[FEET_MAX];
	uint16_t made[RIG_OBJECTS_MAX]; /* modes of the last step, while used */
	uint16_t wakers[RIG_MODES];     /* modes that wake a mode */
	bool stepping;                  /* the open node's step is not over */
	bool full;
};

static void dpor_close(void *state)
{
	struct dpor *d = state;

	rig_hashset_close(&d->terminal);
	free(d);
}

static int dpor_open(void **state, const struct rig_strategy_options *options)
{
	struct dpor *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	if (rig_hashset_open(&d->terminal, TERMINAL_MEMORY)) {
		dpor_close(d);
		return -ENOMEM;
	}
	for (unsigned m = 0; m < RIG_MODES; m++)
		for (unsigned made = 0; made < RIG_MODES; made++)
			if (rig_relation((uint8_t)made, (uint8_t)m) !=
			    RIG_COMMUTE)
				d->wakers[m] |= (uint16_t)(1u << made);
	*state = d;
	return 0;
}

/* ---- what sleeps ---- */

/* The step of node's choice is complete: keeps its footprint. */
static void keep_feet(struct dpor *d, struct node *node,
		      const struct rig_footprint *f)
{
	if (f->all || d->nfeet + f->n > FEET_MAX) {
		node->all = true;
		return;
	}
	/* Again for another value of a choice within it: the union. */
	for (unsigned i = 0; i < f->n; i++) {
		if (f->access[i].object >= node->nobjects)
			continue; /* it creates that: nobody knows it yet */
		d->feet[d->nfeet++] = f->access[i];
		node->nfeet++;
	}
}

/* All below node's choice has been explored. */
static void put_to_sleep(struct dpor *d, struct node *node)
{
	node->asleep |= rig_bit(node->chosen);
	if (d->nsleepers == SLEEPERS_MAX || node->all)
		return; /* tried, but the next step wakes it */
	d->sleeper[d->nsleepers++] =
		(struct sleeper){ .task = node->chosen,
				  .n = (uint16_t)node->nfeet,
				  .at = node->feet };
	node->nsleepers++;
}

static bool wakes(const struct dpor *d, const struct sleeper *s)
{
	for (uint32_t i = s->at; i < s->at + s->n; i++)
		if (d->made[d->feet[i].object] & d->wakers[d->feet[i].mode])
			return true;
	return false;
}

/* Who sleeps at node sleeps at the next one too, unless the step wakes it. */
static rig_set pass_sleepers(struct dpor *d, const struct node *node,
			     const struct rig_footprint *f)
{
	rig_set asleep = 0;

	if (f->all)
		return 0;
	for (unsigned i = 0; i < f->n; i++)
		d->made[f->access[i].object] |=
			(uint16_t)(1u << f->access[i].mode);
	for (uint32_t i = 0; i < node->nsleepers; i++) {
		const struct sleeper *s = &d->sleeper[node->sleepers + i];

		if (d->nsleepers == SLEEPERS_MAX || s->task == node->chosen ||
		    wakes(d, s))
			continue;
		asleep |= rig_bit(s->task);
		d->sleeper[d->nsleepers++] = *s;
	}
	for (unsigned i = 0; i < f->n; i++)
		d->made[f->access[i].object] = 0;
	return asleep;
}

/* ---- races ---- */

/* Step k has something else to wait for than i: a step that may come first. */
static bool has_other_past(const struct rig_events *v, unsigned i, unsigned k)
{
	for (unsigned j = k; (j = rig_event_below(&v->past[k], j)) > i;) {
		if (j == RIG_EVENT_NONE)
			return false;
		if (!rig_event_in(&v->past[j], i))
			return true;
	}
	return false;
}

/*
 * Certain that step k of task cannot come before i: it was what task would do
 * next before i was made, and it could not, and nothing but i (and what follows
 * it) has changed that.
 */
static bool was_blocked(const struct dpor *d, unsigned i, unsigned k,
			unsigned task, unsigned before)
{
	const struct node *node = &d->path[d->events.event[i].node];

	/* Without starvation the clock moves when nobody else can; with it,
	 * who sleeps now may not have slept then. */
	if (task == RIG_CLOCK)
		return !d->engine->starve_ns;
	if (before != RIG_EVENT_NONE && before > i)
		return false; /* it moved since */
	return !rig_has(node->choices, task) &&
	       !has_other_past(&d->events, i, k);
}

/*
 * Tasks with which the steps that do not follow i, and then one of task, can
 * begin at i's place. Those steps are the same there. The last one, without i
 * before it, may be another than it was here (an execve that finds the program
 * that i unlinked): of it only its place is known, after all the others.
 */
static rig_set initials(const struct dpor *d, unsigned i, unsigned k,
			unsigned task)
{
	const struct rig_events *v = &d->events;
	struct rig_event_set rest; /* not following i */
	rig_set seen = 0, initial = 0;
	unsigned from = (i + 1) / 64;

	memset(&rest.word[from], 0,
	       (rig_event_words(k + 1) - from) * sizeof(uint64_t));
	for (unsigned j = i + 1; j < k; j++) {
		bool first = !rig_has(seen, v->event[j].task);

		if (rig_event_in(&v->past[j], i))
			continue;
		seen |= rig_bit(v->event[j].task);
		for (unsigned w = from; first && w <= j / 64; w++)
			first = !(v->past[j].word[w] & rest.word[w]);
		if (first)
			initial |= rig_bit(v->event[j].task);
		rig_event_put(&rest, j);
	}
	return initial ? initial : rig_bit(task);
}

/* Somebody must be tried at i's place so that k's step comes before i. */
static void reverse(struct dpor *d, unsigned i, unsigned k, unsigned task)
{
	struct node *node = &d->path[d->events.event[i].node];
	rig_set first = initials(d, i, k, task);

	if (first & (node->backtrack | node->asleep))
		return;
	first &= node->choices;
	if (!first)
		node->backtrack |= node->choices & ~node->asleep;
	else if (rig_has(first, task))
		node->backtrack |= rig_bit(task);
	else
		node->backtrack |= rig_bit(rig_first(first));
}

/*
 * Of the races of step k those that have no other between them: reversing that
 * one leads to this one. Only where the other is certain to be reversible.
 */
static void reverse_races(struct dpor *d, unsigned k, unsigned task,
			  unsigned before)
{
	struct rig_events *v = &d->events;
	struct rig_event_set covered;
	unsigned words = rig_event_words(k + 1);
	unsigned i = k;

	memset(&covered, 0, words * sizeof(uint64_t));
	while ((i = rig_event_below(&v->races, i)) != RIG_EVENT_NONE) {
		const struct node *node = &d->path[v->event[i].node];

		if (was_blocked(d, i, k, task, before))
			continue;
		if (!rig_event_in(&covered, i))
			reverse(d, i, k, task);
		if ((before != RIG_EVENT_NONE && before > i) ||
		    !rig_has(node->choices, task))
			continue;
		for (unsigned w = 0; w < words; w++)
			covered.word[w] |= v->past[i].word[w];
	}
}

/* ---- steps ---- */

/* The step of the open node is over. */
static void complete(struct dpor *d)
{
	struct node *node = &d->path[d->open];
	struct rig_engine *e = d->engine;
	unsigned task = node->chosen, k = d->events.n;
	unsigned before = d->events.last[task];

	rig_events_step(&d->events, e, task, node->ntasks);
	d->events.event[k].node = (uint16_t)d->open;
	if (before == RIG_EVENT_NONE && task != RIG_CLOCK)
		before = d->events.creator[task];
	reverse_races(d, k, task, before);
	keep_feet(d, node, &e->foot);
	d->stepping = false;
}

static void begin_step(struct dpor *d, unsigned node)
{
	d->open = node;
	d->stepping = true;
	d->engine->tracking = true;
	rig_foot_clear(&d->engine->foot);
}

/* ---- the search ---- */

static bool next_value(struct node *node)
{
	if (!node->backtrack)
		return false;
	node->chosen = (uint8_t)rig_first(node->backtrack);
	node->backtrack = rig_rest(node->backtrack);
	return true;
}

static bool next_task(struct dpor *d, struct node *node)
{
	rig_set left;

	put_to_sleep(d, node);
	left = node->backtrack & ~node->asleep;
	if (!left)
		return false;
	node->chosen = (uint8_t)rig_first(left);
	node->feet = d->nfeet;
	node->nfeet = 0;
	node->all = false;
	return true;
}

/* The last node that has a child left takes it; false: there is none. */
static bool next_child(struct dpor *d)
{
	for (; d->n; d->n--) {
		struct node *node = &d->path[d->n - 1];

		if (node->value) {
			if (next_value(node))
				return true;
			continue;
		}
		rig_events_undo(&d->events);
		if (next_task(d, node))
			return true;
		d->nsleepers = node->sleepers;
		d->nfeet = node->floor;
	}
	return false;
}

static bool dpor_begin(void *state, uint64_t index)
{
	struct dpor *d = state;

	d->at = 0;
	d->stepping = false;
	if (!index)
		return true;
	if (d->full || !next_child(d))
		return false;
	/* Another value is part of a step, which is made again as a whole. */
	d->open = d->n - 1;
	if (d->path[d->open].value)
		rig_events_undo(&d->events);
	while (d->path[d->open].value)
		d->open--;
	return true;
}

static unsigned new_value(struct dpor *d, rig_set choices)
{
	struct node *node = &d->path[d->n++];

	*node = (struct node){ .value = true,
			       .chosen = (uint8_t)rig_first(choices),
			       .backtrack = rig_rest(choices) };
	d->at++;
	return node->chosen;
}

static unsigned new_node(struct dpor *d, rig_set choices)
{
	struct node *node = &d->path[d->n];
	struct rig_engine *e = d->engine;
	rig_set awake = choices;

	*node = (struct node){ .choices = choices,
			       .ntasks = (uint8_t)e->ntasks,
			       .nobjects = (uint16_t)e->nobjects,
			       .sleepers = d->nsleepers,
			       .floor = d->nfeet,
			       .feet = d->nfeet };
	if (d->n) {
		node->asleep = pass_sleepers(d, &d->path[d->open], &e->foot);
		node->nsleepers = d->nsleepers - node->sleepers;
		awake &= ~node->asleep;
	}
	if (!awake) {
		d->nsleepers = node->sleepers;
		return RIG_PRUNE;
	}
	node->chosen = (uint8_t)rig_default(e, awake);
	node->backtrack = rig_bit(node->chosen);
	begin_step(d, d->n++);
	d->at++;
	return node->chosen;
}

static unsigned dpor_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct dpor *d = state;

	d->engine = e;
	if (d->at < d->n) {
		if (d->at == d->open)
			begin_step(d, d->at);
		return d->path[d->at++].chosen;
	}
	if (e->value_op)
		return new_value(d, choices);
	if (!d->n)
		rig_events_begin(&d->events);
	if (d->stepping)
		complete(d);
	return new_node(d, choices);
}

/*
 * Where an execution ends early, what is pending was not seen and may conflict
 * with everything.
 */
static void pending_races(struct dpor *d)
{
	struct rig_engine *e = d->engine;
	static const struct rig_footprint all = { .all = true };

	for (unsigned t = 0; t < e->ntasks; t++) {
		unsigned k = d->events.n, before = d->events.last[t];

		if (e->task[t].ended)
			continue;
		if (before == RIG_EVENT_NONE)
			before = d->events.creator[t];
		rig_events_add(&d->events, e, t, &all);
		reverse_races(d, k, t, before);
		rig_events_undo(&d->events);
	}
}

static void dpor_end(void *state, struct rig_engine *e)
{
	struct dpor *d = state;

	e->tracking = false;
	d->traces += e->end != RIG_PRUNED;
	if (!d->stepping)
		return;
	if (e->end == RIG_VIOLATED)
		rig_access_all(e); /* the step did not get to its end */
	complete(d);
	if (e->end == RIG_VIOLATED)
		pending_races(d);
	if (e->end != RIG_DONE)
		return;
	rig_picture_end(e);
	if (e->words.n <= RIG_WORDS_MAX &&
	    rig_hashset_add(&d->terminal,
			    rig_hash_words(e->words.word, e->words.n)) < 0)
		d->full = true;
}

static void dpor_report(void *state, struct rig_search *search)
{
	struct dpor *d = state;

	search->traces = d->traces;
	search->terminal = d->terminal.n;
	if (d->full) {
		search->complete = false;
		search->truncated = "the memory for terminal states is used up";
	}
}

/*
 * As if all children of a node led to as much, and no more would be added: good
 * where calls are atomic, too large at first where steps inside them are seen.
 */
static double dpor_share(const void *state)
{
	const struct dpor *d = state;
	double each = 1, done = 0;

	for (unsigned i = 0; i < d->n; i++) {
		const struct node *node = &d->path[i];
		unsigned tried =
			node->value ? node->chosen :
				      rig_count(node->backtrack & node->asleep);
		unsigned all = node->value ?
				       tried + 1 + rig_count(node->backtrack) :
				       rig_count(node->backtrack);

		each /= all;
		done += each * tried;
	}
	return done;
}

const struct rig_strategy rig_strategy_dpor = {
	.name = "dpor",
	.summary = "one execution of each trace: source sets and sleep sets",
	.exhaustive = true,
	.no_faults = true,
	.visits = "trace",
	.every = true,
	.open = dpor_open,
	.close = dpor_close,
	.begin = dpor_begin,
	.pick = dpor_pick,
	.end = dpor_end,
	.report = dpor_report,
	.share = dpor_share,
};
