/* SPDX-License-Identifier: MIT */
/*
 * Strategy states: depth-first search over states, each visited once.
 *
 * At every decision the whole state is reduced to a canonical 128-bit hash:
 * the world (kernel objects, core's memory) and, for each task, the hash of
 * what it did and was told, which stands for its stack because a task is
 * deterministic (engine.h, rig_note; sys.h, assert_held). An execution that
 * comes to a state seen before ends there: what follows has been, or will be,
 * explored from the first visit. No reduction and, unless one is asked for, no
 * bound, so a complete search visited every reachable state, up to a collision
 * of hashes (with 2^20 states: 2^-89).
 *
 * With a bound of preemptions what may follow depends on how many are used up
 * and on which task a switch would preempt: then both are part of the state.
 *
 * The search keeps no copies of states: it goes back by running the program
 * again from the start with the picks up to there.
 */
#include "engine/explore.h"
#include "strategies/hashset.h"

#include <errno.h>
#include <stdlib.h>

enum { DEFAULT_MEMORY = 512 << 20 };

struct node {
	rig_set left; /* choices not tried yet */
	uint8_t chosen;
	bool could_go_on; /* the current task; it is then tried first */
	bool preempts;    /* another than that is chosen */
};

struct states {
	struct rig_hashset visited;
	struct rig_hashset terminal;
	bool bounded;
	unsigned bound; /* preemptions an execution may have */
	unsigned used;  /* preemptions of this execution so far */
	bool full;      /* a state was met that could not be stored */
	unsigned n;     /* nodes on the path */
	unsigned at;    /* decisions of this execution so far */
	struct node path[RIG_DECISIONS_MAX];
};

static void states_close(void *state)
{
	struct states *s = state;

	rig_hashset_close(&s->visited);
	rig_hashset_close(&s->terminal);
	free(s);
}

static int states_open(void **state, const struct rig_strategy_options *options)
{
	struct states *s = calloc(1, sizeof(*s));
	size_t memory = options->memory ? options->memory : DEFAULT_MEMORY;

	if (!s)
		return -ENOMEM;
	if (rig_hashset_open(&s->visited, memory / 8 * 7) ||
	    rig_hashset_open(&s->terminal, memory / 8)) {
		states_close(s);
		return -ENOMEM;
	}
	s->bounded = options->bounded;
	s->bound = options->preemptions;
	*state = s;
	return 0;
}

/* Goes back to the last decision with a choice left, and takes that. */
static bool states_begin(void *state, uint64_t index)
{
	struct states *s = state;
	struct node *node;

	s->at = s->used = 0;
	if (!index)
		return true;
	if (s->full)
		return false;
	while (s->n && !s->path[s->n - 1].left)
		s->n--;
	if (!s->n)
		return false;
	node = &s->path[s->n - 1];
	node->preempts = node->could_go_on;
	node->chosen = (uint8_t)rig_first(node->left);
	node->left = rig_rest(node->left);
	return true;
}

static struct rig_hash hash_words(struct rig_engine *e)
{
	if (e->words.n > RIG_WORDS_MAX)
		rig_abort(e, -ENOBUFS, "the state has more than %d words",
			  RIG_WORDS_MAX);
	return rig_hash_words(e->words.word, e->words.n);
}

/* A sleeper stays the current task until the clock has woken it. */
static void add_bound(const struct states *s, struct rig_engine *e)
{
	const struct rig_task *self = e->current;
	bool matters = rig_has(e->enabled | e->sleeping, self->index);

	rig_word(&e->words, s->used);
	rig_word(&e->words, matters ? self->name : 0);
}

static unsigned states_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct states *s = state;
	struct node *node = &s->path[s->at];
	int added;

	if (s->at++ < s->n) {
		s->used += node->preempts;
		return node->chosen;
	}
	rig_picture(e);
	if (s->bounded)
		add_bound(s, e);
	added = rig_hashset_add(&s->visited, hash_words(e));
	if (added < 0)
		s->full = true;
	if (added <= 0) {
		s->at--;
		return RIG_PRUNE;
	}
	node->chosen = (uint8_t)rig_default(e, choices);
	node->could_go_on = rig_can_go_on(e, choices);
	node->preempts = false;
	node->left = choices & ~rig_bit(node->chosen);
	if (s->bounded && node->could_go_on && s->used == s->bound)
		node->left = 0;
	s->n = s->at;
	return node->chosen;
}

static void states_end(void *state, struct rig_engine *e)
{
	struct states *s = state;

	if (e->end != RIG_DONE)
		return;
	rig_picture_end(e);
	if (e->words.n <= RIG_WORDS_MAX &&
	    rig_hashset_add(&s->terminal, hash_words(e)) < 0)
		s->full = true;
}

static void states_report(void *state, struct rig_search *search)
{
	struct states *s = state;

	search->states = s->visited.n;
	search->terminal = s->terminal.n;
	if (s->full) {
		search->complete = false;
		search->truncated = "the memory for states is used up";
	}
}

const struct rig_strategy rig_strategy_states = {
	.name = "states",
	.summary = "every reachable state once, depth first",
	.exhaustive = true,
	.visits = "state",
	.bounds = true,
	.hashing = true,
	.open = states_open,
	.close = states_close,
	.begin = states_begin,
	.pick = states_pick,
	.end = states_end,
	.report = states_report,
};
