/* SPDX-License-Identifier: MIT */
/*
 * Memory: one heap per task that allocates, so that addresses depend on what
 * the task did and not on who was first. Nothing is reused within an
 * execution: a freed block keeps a pattern, and a write to it is found at the
 * end (AddressSanitizer, where built in, stops at the access itself). An
 * execution that is cut short frees everything at once: the heaps are reset.
 */
#include "sim/kernel.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif

#ifdef SIM_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, size)   ((void)(addr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#endif

enum { LIVE = 0x4c495645, FREED = 0x46524545, PATTERN = 0xdb };

struct block {
	uint32_t state;
	uint32_t size; /* rounded up, without this header */
	uint64_t pad;  /* keeps what follows 16-byte aligned */
};

static void *alloc_call(struct spw_sys *sys, size_t size)
{
	struct sim *sim = sim_of(sys);
	unsigned slot = sim->engine->current->index;
	struct sim_heap *heap;
	struct block *block;

	if (slot >= SIM_HEAPS || size > SIM_HEAP)
		return NULL;
	if (slot >= sim->nheaps)
		sim->nheaps = slot + 1;
	heap = &sim->heap[slot];
	size = (size + 15) & ~(size_t)15;
	if (heap->used + sizeof(*block) + size > SIM_HEAP)
		return NULL;
	block = (struct block *)(void *)(heap->bytes + heap->used);
	block->state = LIVE;
	block->size = (uint32_t)size;
	heap->used += (uint32_t)(sizeof(*block) + size);
	sim->live_blocks++;
	return block + 1;
}

static void free_call(struct spw_sys *sys, void *ptr)
{
	struct sim *sim = sim_of(sys);
	struct block *block = ptr;

	if (!ptr)
		return;
	block--;
	if (block->state != LIVE)
		sim_contract(sim, "memory was freed twice");
	block->state = FREED;
	memset(ptr, PATTERN, block->size);
	ASAN_POISON_MEMORY_REGION(ptr, block->size);
	sim->live_blocks--;
}

/* The block after block, the first for NULL; NULL at the end. */
static struct block *next_block(struct sim_heap *heap, struct block *block)
{
	uint8_t *at = heap->bytes;

	if (block)
		at = (uint8_t *)(block + 1) + block->size;
	return at < heap->bytes + heap->used ? (struct block *)(void *)at :
					       NULL;
}

static bool damaged(const struct block *block)
{
	const uint8_t *bytes = (const uint8_t *)(block + 1);

	if (block->state != FREED)
		return false;
	ASAN_UNPOISON_MEMORY_REGION(bytes, block->size);
	/* All the same as their neighbours, and one of them is right. */
	return block->size && (bytes[0] != PATTERN ||
			       memcmp(bytes, bytes + 1, block->size - 1) != 0);
}

/*
 * A freed block is what it was, and whether somebody has written to it since.
 * Where AddressSanitizer would stop at that, it would also stop at a look.
 */
static void picture(const struct block *block, struct rig_words *out)
{
	const uint8_t *bytes = (const uint8_t *)(block + 1);
	uint64_t word;

	rig_word(out, (uint64_t)block->state << 32 | block->size);
	if (block->state == FREED) {
#ifndef SIM_ASAN
		rig_word(out, damaged(block));
#endif
		return;
	}
	for (uint32_t i = 0; i < block->size; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		rig_word(out, word);
	}
}

void sim_memory_picture(struct sim *sim, struct rig_words *out)
{
	for (unsigned i = 0; i < sim->nheaps; i++) {
		struct block *b = NULL;

		rig_word(out, sim->heap[i].used);
		while ((b = next_block(&sim->heap[i], b)))
			picture(b, out);
	}
}

const void *sim_memory_damage(const struct sim *sim)
{
	for (unsigned i = 0; i < sim->nheaps; i++) {
		struct sim_heap *heap = (struct sim_heap *)&sim->heap[i];
		struct block *b = NULL;

		while ((b = next_block(heap, b)))
			if (damaged(b))
				return b + 1;
	}
	return NULL;
}

void sim_memory_reset(struct sim *sim)
{
	for (unsigned i = 0; i < sim->nheaps; i++) {
		struct sim_heap *heap = &sim->heap[i];

		if (!heap->used)
			continue;
		ASAN_UNPOISON_MEMORY_REGION(heap->bytes, heap->used);
		memset(heap->bytes, 0, heap->used);
		heap->used = 0;
	}
	sim->live_blocks = 0;
	sim->nheaps = 0;
}

void sim_memory_calls(struct spw_sys *sys)
{
	sys->alloc = alloc_call;
	sys->free = free_call;
}
