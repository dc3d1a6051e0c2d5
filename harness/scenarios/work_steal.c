/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/work-steal
 *
 * A queue of work whose owner takes from the tail, without a lock as long as
 * nobody is near, while thieves take from the head, under a lock. Unfixed the
 * owner looks whether there is an item before it claims one: with one item
 * left it and a thief both see it.
 *
 *	a1   tail 1, head 0: one is left .................. takes item 0
 *	a2                                 takes item 0                 => twice
 *
 * Fixed as the protocol THE has it: the owner first lowers the tail and then
 * looks at the head; where the two meet it gives the item back and tries again
 * under the lock. Needs sequential consistency (or a fence), which cells have.
 *
 * Outcomes:
 *	each   acceptable
 *	twice  forbidden: two took the same item
 *	lost   forbidden: nobody took it, and it is not in the queue
 *
 * References: Frigo, Leiserson, Randall: The Implementation of the Cilk-5
 * Multithreaded Language (PLDI 1998); WSQ of the CHESS benchmarks.
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "scenarios/classic.h"

#include <inttypes.h>

enum { ITEMS = 2, NONE = ITEMS };

struct queue {
	struct rig_cell head, tail;
	struct rig_cell taken[ITEMS];
	struct spw_mutex *lock; /* head is written under it */
};

static const struct rig_outcome outcomes[] = {
	{ .id = "each",
	  .grade = RIG_ACCEPTABLE,
	  .text = "every item was taken once or is still there" },
	{ .id = "twice",
	  .grade = RIG_FORBIDDEN,
	  .text = "two took the same item" },
	{ .id = "lost",
	  .grade = RIG_FORBIDDEN,
	  .text = "an item is gone and nobody took it" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct queue *q = run->state;

	rig_cell_init(&q->head, 0, 0);
	rig_cell_init(&q->tail, 1, ITEMS);
	for (unsigned i = 0; i < ITEMS; i++)
		rig_cell_init(&q->taken[i], (rig_object)(2 + i), 0);
	return run->sys->mutex_create(run->sys, &q->lock);
}

static void take(struct rig_run *run, uint64_t item)
{
	struct queue *q = run->state;

	if (item < NONE &&
	    rig_cell_add(run->world->engine, &q->taken[item], 1) > 1)
		rig_run_fail(run, "twice", "item %" PRIu64 " was taken twice",
			     item);
}

static uint64_t steal(struct rig_run *run)
{
	struct queue *q = run->state;
	uint64_t head, item = NONE;

	run->sys->mutex_lock(run->sys, q->lock);
	head = rig_load(run, &q->head);
	rig_store(run, &q->head, head + 1);
	if (head < rig_load(run, &q->tail))
		item = head;
	else
		rig_store(run, &q->head, head);
	run->sys->mutex_unlock(run->sys, q->lock);
	return item;
}

/* Looks, then claims. */
static uint64_t pop_unfixed(struct rig_run *run)
{
	struct queue *q = run->state;
	uint64_t tail = rig_load(run, &q->tail);

	if (rig_load(run, &q->head) >= tail)
		return NONE;
	rig_store(run, &q->tail, tail - 1);
	return tail - 1;
}

/* Claims, then looks. The tail is the owner's, so it need not be loaded. */
static uint64_t claim(struct rig_run *run, uint64_t tail)
{
	struct queue *q = run->state;

	rig_store(run, &q->tail, tail - 1);
	if (rig_load(run, &q->head) < tail)
		return tail - 1;
	rig_store(run, &q->tail, tail);
	return NONE;
}

static uint64_t pop(struct rig_run *run)
{
	struct queue *q = run->state;
	uint64_t tail = rig_load(run, &q->tail);
	uint64_t item;

	if (!tail)
		return NONE;
	item = claim(run, tail);
	if (item != NONE)
		return item;
	run->sys->mutex_lock(run->sys, q->lock);
	item = claim(run, tail);
	run->sys->mutex_unlock(run->sys, q->lock);
	return item;
}

static void actor(struct rig_run *run, unsigned index)
{
	if (index) {
		take(run, steal(run));
		return;
	}
	for (unsigned i = 0; i < ITEMS; i++)
		take(run, rig_fixed(run) ? pop(run) : pop_unfixed(run));
}

static void finish(struct rig_run *run)
{
	const struct queue *q = run->state;

	run->sys->mutex_destroy(run->sys, q->lock);
	for (unsigned i = 0; i < ITEMS; i++)
		if (!q->taken[i].value &&
		    (i < q->head.value || i >= q->tail.value))
			rig_run_fail(run, "lost", "item %u is nowhere", i);
}

const struct rig_scenario rig_scenario_work_steal = {
	.name = "classic/work-steal",
	.summary = "an owner and thieves take from the two ends of a queue",
	.family = &rig_family_classic,
	.actors_min = 2,
	.actors_max = 4,
	.actors = 2,
	.outcomes = outcomes,
	.state_size = sizeof(struct queue),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
