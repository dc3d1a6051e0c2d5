/* SPDX-License-Identifier: MIT */
#include "strategies/hashset.h"

#include <errno.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_SIZE = 1024 };

int rig_hashset_open(struct rig_hashset *set, size_t memory_max)
{
	*set = (struct rig_hashset){ .size = FIRST_SIZE,
				     .memory_max = memory_max };
	set->slot = calloc(set->size, sizeof(*set->slot));
	return set->slot ? 0 : -ENOMEM;
}

void rig_hashset_close(struct rig_hashset *set)
{
	free(set->slot);
	set->slot = NULL;
}

struct rig_hash rig_hash_words(const uint64_t *words, size_t n)
{
	XXH128_hash_t h = XXH3_128bits(words, n * sizeof(*words));

	return (struct rig_hash){ .low = h.low64, .high = h.high64 };
}

static struct rig_hash *find(const struct rig_hashset *set, struct rig_hash h)
{
	size_t i = (size_t)h.low & (set->size - 1);

	/* Ends: a quarter of the slots is always empty. */
	while (set->slot[i].low | set->slot[i].high) {
		if (set->slot[i].low == h.low && set->slot[i].high == h.high)
			break;
		i = (i + 1) & (set->size - 1);
	}
	return &set->slot[i];
}

static int grow(struct rig_hashset *set)
{
	struct rig_hashset bigger = { .size = set->size * 2 };

	/* Old and new stand beside each other while entries move over. */
	if ((set->size + bigger.size) * sizeof(*set->slot) > set->memory_max)
		return -ENOMEM;
	bigger.slot = calloc(bigger.size, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++)
		if (set->slot[i].low | set->slot[i].high)
			*find(&bigger, set->slot[i]) = set->slot[i];
	free(set->slot);
	set->slot = bigger.slot;
	set->size = bigger.size;
	return 0;
}

int rig_hashset_add(struct rig_hashset *set, struct rig_hash hash)
{
	struct rig_hash *slot;

	if (!(hash.low | hash.high))
		hash.low = 1; /* zero marks an empty slot */
	slot = find(set, hash);
	if (slot->low | slot->high)
		return 0;
	if (set->n + 1 > set->size / 4 * 3) {
		int rc = grow(set);

		if (rc)
			return rc;
		slot = find(set, hash);
	}
	*slot = hash;
	set->n++;
	return 1;
}
