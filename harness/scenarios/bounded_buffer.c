/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/bounded-buffer
 *
 * A producer and consumers share a buffer of one place, a lock and a
 * condition. Unfixed they look at the buffer before they wait, but not again
 * afterwards: who was woken need not be the first to have the lock.
 *
 *	a1                    puts one, wakes a2
 *	a2   empty: waits .......................................... takes it
 *	a3                                        takes it              => empty
 *
 * Fixed by looking again after each wait.
 *
 * Outcomes:
 *	served  acceptable
 *	empty   forbidden: a consumer took from an empty buffer
 *	full    forbidden: the producer put into a full one
 *
 * References: Hoare, Monitors (1974), on what a wait promises; Lampson,
 * Redell, Experience with Processes and Monitors in Mesa (1980), on why it is
 * only a hint; boundedBuffer of the Inspect benchmarks.
 *
 * Kernel notes: none.
 */
#include "scenarios/classic.h"

struct buffer {
	struct spw_mutex *lock;
	struct spw_cond *changed;
	unsigned items; /* under lock, 0 or 1 */
};

static const struct rig_outcome outcomes[] = {
	{ .id = "served",
	  .grade = RIG_ACCEPTABLE,
	  .text = "every consumer had an item" },
	{ .id = "empty",
	  .grade = RIG_FORBIDDEN,
	  .text = "a consumer took from an empty buffer" },
	{ .id = "full",
	  .grade = RIG_FORBIDDEN,
	  .text = "the producer put into a full buffer" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct buffer *b = run->state;
	int rc = run->sys->mutex_create(run->sys, &b->lock);

	b->items = 0;
	return rc ? rc : run->sys->cond_create(run->sys, &b->changed);
}

static unsigned items(struct rig_run *run)
{
	struct buffer *b = run->state;

	run->sys->assert_held(run->sys, b->lock, &b->items, sizeof(b->items));
	return b->items;
}

/* Each round needs a change of the buffer, of which there is an end. */
static void wait_until(struct rig_run *run, unsigned wanted)
{
	struct buffer *b = run->state;
	bool again = true;

	while (again && items(run) != wanted) {
		run->sys->cond_wait(run->sys, b->changed, b->lock);
		again = rig_fixed(run);
	}
}

/* Waits for the other number of items, then changes it to this. */
static void turn_to(struct rig_run *run, unsigned number, const char *outcome)
{
	struct buffer *b = run->state;

	run->sys->mutex_lock(run->sys, b->lock);
	wait_until(run, !number);
	if (items(run) == number)
		rig_run_fail(run, outcome, "there were %u items already",
			     number);
	b->items = number;
	run->sys->cond_broadcast(run->sys, b->changed);
	run->sys->mutex_unlock(run->sys, b->lock);
}

static void actor(struct rig_run *run, unsigned index)
{
	if (index) {
		turn_to(run, 0, "empty");
		return;
	}
	for (unsigned i = 1; i < run->actors; i++)
		turn_to(run, 1, "full");
}

static void finish(struct rig_run *run)
{
	const struct buffer *b = run->state;

	run->sys->cond_destroy(run->sys, b->changed);
	run->sys->mutex_destroy(run->sys, b->lock);
}

const struct rig_scenario rig_scenario_bounded_buffer = {
	.name = "classic/bounded-buffer",
	.summary = "a producer and consumers, a lock and a condition",
	.family = &rig_family_classic,
	.actors_min = 3,
	.actors_max = 6,
	.actors = 3,
	.outcomes = outcomes,
	.state_size = sizeof(struct buffer),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
