/* SPDX-License-Identifier: MIT */
/*
 * Tags: what an event of the kernel carries in the place of a pointer. A tag
 * names a slot of a table and the slot's generation, which is another one each
 * time the slot is taken. An event that is older than the one who has the slot
 * now has an older generation, and finds nobody.
 *
 * A generation is a number of so many bits and would come round. An event that
 * was kept for long enough would then find somebody else (golang/go#81037 is of
 * that kind), so a slot that has used up its generations is never taken again:
 * no two tags of a table are ever the same.
 *
 * Thread-safety: the caller's; one lock for a table.
 */
#ifndef SPW_TAGS_H
#define SPW_TAGS_H

#include <spw/sys.h>

enum { SPW_GENERATIONS = UINT32_MAX - 1 }; /* all ones is no tag of a table */

struct spw_tag_slot {
	void *owner; /* NULL: free */
	uint32_t generation;
	uint32_t next; /* free slot after this one, from 1; 0: the last */
};

struct spw_tags {
	struct spw_tag_slot *slot;
	uint32_t n; /* slots that were taken at least once */
	uint32_t room;
	uint32_t free;            /* the first free slot, from 1; 0: none */
	uint32_t last_generation; /* of a slot, before it is retired */
};

/* An empty table; it is freed with spw_tags_free. */
void spw_tags_init(struct spw_tags *tags, uint32_t last_generation);
void spw_tags_free(struct spw_tags *tags, struct spw_sys *sys);

/* A new tag for owner, which is not NULL. -ENOMEM. */
int spw_tags_take(struct spw_tags *tags, struct spw_sys *sys, void *owner,
		  uint64_t *tag);
/* From now on the tag finds nobody. */
void spw_tags_drop(struct spw_tags *tags, uint64_t tag);
/* The tag's owner, or NULL. */
void *spw_tags_find(const struct spw_tags *tags, uint64_t tag);

#endif
