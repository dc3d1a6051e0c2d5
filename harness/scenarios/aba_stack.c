/* SPDX-License-Identifier: MIT */
/*
 * Scenario: classic/aba-stack
 *
 * A stack without locks: who pops reads the head and its successor, then swaps
 * the head. That the head is the same says nothing about its successor: it may
 * have been away and back.
 *
 *	a1   head A, next B ..................................... swap A -> B
 *	a2                   pop A, pop B (keeps it), push A
 *
 * B is then on the stack and in use. The first actor pops a node and keeps it;
 * each other one pops two, pushes the first back and keeps the second. Fixed
 * by a number beside the head that every swap increments.
 *
 * Outcomes:
 *	once   acceptable
 *	twice  forbidden: a node has two owners, or one and is on the stack
 *
 * References: IBM System/370 Principles of Operation, GA22-7000 (1983),
 * appendix A, on compare-and-swap; Treiber, Systems Programming: Coping with
 * Parallelism, RJ 5118 (1986).
 *
 * Kernel notes: none; only the simulated world has cells.
 */
#include "scenarios/classic.h"

enum {
	NODES = 4,
	ACTORS_MAX = 3,
	NONE = NODES,
	TAG = 8,    /* the head is a node and TAG times the number of swaps */
	TRIES = 16, /* more than all others can swap the head together */
};

struct stack {
	struct rig_cell head;
	struct rig_cell next[NODES];
	uint8_t kept[ACTORS_MAX]; /* node + 1; each actor's own */
};

static const struct rig_outcome outcomes[] = {
	{ .id = "once",
	  .grade = RIG_ACCEPTABLE,
	  .text = "every node has one place" },
	{ .id = "twice",
	  .grade = RIG_FORBIDDEN,
	  .text = "a node is in two places at once" },
	{ .id = NULL },
};

static int begin(struct rig_run *run)
{
	struct stack *s = run->state;

	rig_cell_init(&s->head, 0, 0);
	for (unsigned i = 0; i < NODES; i++)
		rig_cell_init(&s->next[i], (rig_object)(1 + i), i + 1);
	return 0;
}

static bool move_head(struct rig_run *run, uint64_t from, uint64_t node)
{
	struct stack *s = run->state;
	uint64_t tag = rig_fixed(run) ? from / TAG + 1 : 0;

	return rig_cell_swap(run->world->engine, &s->head, from,
			     node + TAG * tag);
}

static unsigned pop(struct rig_run *run)
{
	struct stack *s = run->state;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t head = rig_load(run, &s->head);
		unsigned node = (unsigned)(head % TAG);

		if (node == NONE ||
		    move_head(run, head, rig_load(run, &s->next[node])))
			return node;
	}
	return NONE;
}

static void push(struct rig_run *run, unsigned node)
{
	struct stack *s = run->state;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t head = rig_load(run, &s->head);

		rig_store(run, &s->next[node], head % TAG);
		if (move_head(run, head, node))
			return;
	}
}

static void actor(struct rig_run *run, unsigned index)
{
	struct stack *s = run->state;
	unsigned first = pop(run);
	unsigned kept = first;

	if (index) {
		kept = pop(run);
		if (first != NONE)
			push(run, first);
	}
	s->kept[index] = kept == NONE ? 0 : (uint8_t)(kept + 1);
}

static void finish(struct rig_run *run)
{
	const struct stack *s = run->state;
	unsigned places[NODES + 1] = { 0 };
	uint64_t node = s->head.value % TAG;

	for (unsigned i = 0; i < run->actors; i++)
		if (s->kept[i])
			places[s->kept[i] - 1]++;
	for (unsigned i = 0; i < NODES && node != NONE; i++) {
		places[node]++;
		node = s->next[node].value;
	}
	for (unsigned i = 0; i < NODES; i++)
		if (places[i] > 1)
			rig_run_fail(run, "twice", "node %u is in %u places", i,
				     places[i]);
}

const struct rig_scenario rig_scenario_aba_stack = {
	.name = "classic/aba-stack",
	.summary = "a stack without locks, whose head may be away and back",
	.family = &rig_family_classic,
	.actors_min = 2,
	.actors_max = ACTORS_MAX,
	.actors = 2,
	.outcomes = outcomes,
	.state_size = sizeof(struct stack),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};
