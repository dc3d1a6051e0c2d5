/* SPDX-License-Identifier: MIT */
/*
 * Watching a search from the outside: each picture (rig_picture) that an
 * execution meets, and what came after it.
 */
#ifndef HARNESS_TEST_WATCH_H
#define HARNESS_TEST_WATCH_H

#include "brute.h"

/* ---- notes: from a key to a value, or a set of keys ---- */

enum { SLOTS = 1 << 17 };

struct note {
	uint64_t key[2];
	uint64_t value;
};

static struct note *notes;
static size_t nnotes;

static inline void forget(void)
{
	memset(notes, 0, SLOTS * sizeof(*notes));
	nnotes = 0;
}

static inline struct note *note_of(const uint64_t key[2])
{
	size_t i = key[0] & (SLOTS - 1);

	while (notes[i].key[0] | notes[i].key[1]) {
		if (notes[i].key[0] == key[0] && notes[i].key[1] == key[1])
			break;
		i = (i + 1) & (SLOTS - 1);
	}
	return &notes[i];
}

/* False: something else is noted for the key. */
static inline bool note(const uint64_t key[2], uint64_t value)
{
	struct note *n = note_of(key);

	if (n->key[0] | n->key[1])
		return n->value == value;
	assert_true(nnotes++ < SLOTS / 2);
	*n = (struct note){ .key = { key[0], key[1] }, .value = value };
	return true;
}

static inline bool noted(const uint64_t key[2])
{
	const struct note *n = note_of(key);

	return n->key[0] | n->key[1];
}

/* ---- watching decisions ---- */

/* Not the hash that the search under test uses. */
static inline void hash_words(const struct rig_engine *e, uint64_t hash[2])
{
	hash[0] = 1;
	hash[1] = 2;
	assert_true(e->words.n <= RIG_WORDS_MAX);
	for (size_t i = 0; i < e->words.n; i++) {
		hash[0] = rig_mix(hash[0], e->words.word[i]);
		hash[1] = rig_mix(hash[1] + 0x9e3779b97f4a7c15u,
				  e->words.word[i]);
	}
}

static inline uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = rig_mix(hash, (unsigned char)*text);
	return hash;
}

struct watch {
	rig_pick_fn *pick; /* the strategy's own */
	void *state;
	uint64_t last[2]; /* the picture before, with the pick mixed in */
	bool any;         /* there is one */
	bool broken;
	/* Sees each picture; NULL: transitions are noted. */
	void (*picture)(struct watch *w, const uint64_t hash[2]);
};

static inline void arrive(struct watch *w, uint64_t where)
{
	if (!w->picture && w->any && !note(w->last, where))
		w->broken = true;
}

static inline unsigned watch_pick(void *state, struct rig_engine *e,
				  rig_set choices)
{
	struct watch *w = state;
	uint64_t hash[2], what;
	unsigned pick;

	rig_picture(e);
	hash_words(e, hash);
	arrive(w, hash[0]);
	if (w->picture)
		w->picture(w, hash);
	pick = w->pick(w->state, e, choices);
	/* Tasks by name: which of two was created first is not the state's. */
	what = !e->value_op && pick < RIG_CLOCK ? e->task[pick].name : pick;
	w->last[0] = rig_mix(hash[0], what + 1);
	w->last[1] = hash[1];
	w->any = true;
	return pick;
}

/* The end as a value: how it ended, and what is there. */
static inline uint64_t end_of(struct rig_engine *e)
{
	uint64_t hash[2] = { (uint64_t)e->end + 100, 0 };

	if (e->end == RIG_VIOLATED)
		return hash_text(hash_text(hash[0], e->outcome), e->message);
	rig_picture_end(e);
	hash_words(e, hash);
	return hash[0];
}

/* One execution with the picks of w->pick. */
static inline void run_watched(struct watch *w,
			       const struct rig_subject *subject)
{
	struct rig_engine *e = bench.engine;

	w->any = false;
	e->hashing = true;
	assert_int_equal(rig_engine_run(e, subject, watch_pick, w), 0);
	e->hashing = false;
	if (e->end != RIG_PRUNED)
		arrive(w, end_of(e));
	if (w->broken)
		fail_msg("decision %u: the same picture and the same pick, "
			 "but not the same way on",
			 e->ndecisions);
}

static inline int open_notes(void)
{
	notes = calloc(SLOTS, sizeof(*notes));
	return notes ? 0 : -1;
}

#endif
