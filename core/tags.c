/* SPDX-License-Identifier: MIT */
#include "tags.h"

#include <errno.h>
#include <string.h>

enum { FIRST_ROOM = 8 };

void spw_tags_init(struct spw_tags *tags, uint32_t last_generation)
{
	*tags = (struct spw_tags){ .last_generation = last_generation };
}

void spw_tags_free(struct spw_tags *tags, struct spw_sys *sys)
{
	sys->free(sys, tags->slot);
}

static int grow(struct spw_tags *tags, struct spw_sys *sys)
{
	uint32_t room = tags->room ? 2 * tags->room : FIRST_ROOM;
	struct spw_tag_slot *slot = NULL;

	if (room > tags->room) /* 2^31 slots are the most there can be */
		slot = sys->alloc(sys, room * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	if (tags->n)
		memcpy(slot, tags->slot, tags->n * sizeof(*slot));
	sys->free(sys, tags->slot);
	tags->slot = slot;
	tags->room = room;
	return 0;
}

int spw_tags_take(struct spw_tags *tags, struct spw_sys *sys, void *owner,
		  uint64_t *tag)
{
	uint32_t i;

	if (tags->free) {
		i = tags->free - 1;
		tags->free = tags->slot[i].next;
	} else {
		int error = tags->n == tags->room ? grow(tags, sys) : 0;

		if (error < 0)
			return error;
		i = tags->n++;
	}
	tags->slot[i].owner = owner;
	*tag = (uint64_t)tags->slot[i].generation << 32 | i;
	return 0;
}

void spw_tags_drop(struct spw_tags *tags, uint64_t tag)
{
	uint32_t i = (uint32_t)tag;
	struct spw_tag_slot *slot = &tags->slot[i];

	slot->owner = NULL;
	if (slot->generation == tags->last_generation)
		return; /* retired */
	slot->generation++;
	slot->next = tags->free;
	tags->free = i + 1;
}

void *spw_tags_find(const struct spw_tags *tags, uint64_t tag)
{
	uint32_t i = (uint32_t)tag;

	if (i >= tags->n || tags->slot[i].generation != tag >> 32)
		return NULL;
	return tags->slot[i].owner;
}
