/* SPDX-License-Identifier: MIT */
/* A set of 128-bit hashes that grows up to a limit of memory. */
#ifndef RIG_HASHSET_H
#define RIG_HASHSET_H

#include <stddef.h>
#include <stdint.h>

struct rig_hash {
	uint64_t low, high;
};

struct rig_hashset {
	struct rig_hash *slot; /* all zero: empty */
	size_t size;           /* a power of two */
	size_t n;
	size_t memory_max; /* bytes */
};

/* 0 or -ENOMEM. */
int rig_hashset_open(struct rig_hashset *set, size_t memory_max);
void rig_hashset_close(struct rig_hashset *set);

struct rig_hash rig_hash_words(const uint64_t *words, size_t n);

/* 1: added; 0: it was there; -ENOMEM: there is no more room. */
int rig_hashset_add(struct rig_hashset *set, struct rig_hash hash);

#endif
