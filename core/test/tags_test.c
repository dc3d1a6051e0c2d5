/* SPDX-License-Identifier: MIT */
/* Tags: an old one finds nobody, also where generations come to their end. */
#include "support.h"

#include "../tags.h"

enum { WRAP = 3, MANY = 1000 };

static struct spw_tags tags;
static char owners[MANY];

static uint64_t take(void *owner)
{
	uint64_t tag;

	assert_int_equal(spw_tags_take(&tags, spw_sys_linux(), owner, &tag), 0);
	assert_ptr_equal(spw_tags_find(&tags, tag), owner);
	return tag;
}

static void done(void)
{
	spw_tags_free(&tags, spw_sys_linux());
}

static void an_old_tag_finds_nobody(void **state)
{
	uint64_t a, b;

	spw_tags_init(&tags, SPW_GENERATIONS);
	a = take(&owners[0]);
	spw_tags_drop(&tags, a);
	assert_null(spw_tags_find(&tags, a));
	b = take(&owners[1]); /* in the same slot */
	assert_int_equal((uint32_t)a, (uint32_t)b);
	assert_int_not_equal(a, b);
	assert_null(spw_tags_find(&tags, a));
	assert_null(spw_tags_find(&tags, UINT64_MAX));
	assert_null(spw_tags_find(&tags, b + 1));
	done();
}

/* Each slot is taken so often and no more; no tag comes twice. */
static void generations_do_not_come_round(void **state)
{
	uint64_t given[MANY];
	unsigned last_slot = 0;

	spw_tags_init(&tags, WRAP);
	for (unsigned i = 0; i < MANY; i++) {
		given[i] = take(&owners[i]);
		for (unsigned k = 0; k < i; k++) {
			assert_int_not_equal(given[k], given[i]);
			assert_null(spw_tags_find(&tags, given[k]));
		}
		spw_tags_drop(&tags, given[i]);
		last_slot = (uint32_t)given[i];
	}
	assert_int_equal(last_slot, (MANY - 1) / (WRAP + 1));
	done();
}

/* The real number of generations, without taking a slot so often. */
static void the_last_generation_is_the_last(void **state)
{
	uint64_t tag;

	spw_tags_init(&tags, SPW_GENERATIONS);
	spw_tags_drop(&tags, take(&owners[0]));
	tags.slot[0].generation = SPW_GENERATIONS;
	tag = take(&owners[1]);
	assert_int_equal(tag >> 32, SPW_GENERATIONS);
	assert_true(tag != UINT64_MAX); /* which is the wake-up's */
	spw_tags_drop(&tags, tag);
	assert_int_equal((uint32_t)take(&owners[2]), 1);
	assert_null(spw_tags_find(&tags, tag));
	done();
}

static void many_at_a_time(void **state)
{
	uint64_t given[MANY];

	spw_tags_init(&tags, SPW_GENERATIONS);
	for (unsigned i = 0; i < MANY; i++)
		given[i] = take(&owners[i]);
	for (unsigned i = 0; i < MANY; i += 2)
		spw_tags_drop(&tags, given[i]);
	for (unsigned i = 0; i < MANY; i++)
		assert_ptr_equal(spw_tags_find(&tags, given[i]),
				 i % 2 ? &owners[i] : NULL);
	for (unsigned i = 0; i < MANY; i += 2)
		take(&owners[i]);
	assert_int_equal(tags.n, MANY); /* freed slots are taken first */
	done();
}

static void *no_memory(struct spw_sys *sys, size_t size)
{
	return NULL;
}

static void no_room(void **state)
{
	struct spw_sys sys = *spw_sys_linux();
	uint64_t tag;

	sys.alloc = no_memory;
	spw_tags_init(&tags, SPW_GENERATIONS);
	assert_int_equal(spw_tags_take(&tags, &sys, owners, &tag), -ENOMEM);
	take(owners);
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_tag_finds_nobody),
		cmocka_unit_test(generations_do_not_come_round),
		cmocka_unit_test(the_last_generation_is_the_last),
		cmocka_unit_test(many_at_a_time),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
