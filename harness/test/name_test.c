/* SPDX-License-Identifier: MIT */
/* Names of tasks and of operations, as text and as numbers. */
#include "support.h"

static const unsigned ordinals[] = { 1, 9, 10, 15 };

/* All trees of names below parent, depth levels of them. */
static unsigned check_below(rig_name parent, unsigned depth)
{
	unsigned n = 0;

	for (int kind = RIG_KIND_ACTOR; depth && kind <= RIG_KIND_CHILD; kind++)
		for (size_t i = 0; i < sizeof(ordinals) / sizeof(*ordinals);
		     i++) {
			char text[RIG_NAME_MAX];
			rig_name name = rig_name_child(
				parent, (enum rig_kind)kind, ordinals[i]);

			assert_true(name > parent);
			rig_name_text(name, text);
			assert_true(strlen(text) < RIG_NAME_MAX);
			assert_int_equal(rig_name_parse(text, strlen(text)),
					 name);
			n += 1 + check_below(name, depth - 1);
		}
	return n;
}

static void names_come_back_from_text(void **state)
{
	/* 12 + 12^2 + .. + 12^5 */
	assert_int_equal(check_below(RIG_NAME_MAIN, 5), 271452);
	assert_int_equal(rig_name_parse("main", 4), RIG_NAME_MAIN);
	assert_int_equal(rig_name_parse("clock", 5), RIG_NAME_CLOCK);
}

static void names_read_as_expected(void **state)
{
	char text[RIG_NAME_MAX];
	rig_name a2 = rig_name_child(RIG_NAME_MAIN, RIG_KIND_ACTOR, 2);
	rig_name t1 = rig_name_child(RIG_NAME_MAIN, RIG_KIND_THREAD, 1);

	assert_string_equal(rig_name_text(RIG_NAME_MAIN, text), "main");
	assert_string_equal(rig_name_text(RIG_NAME_CLOCK, text), "clock");
	assert_string_equal(rig_name_text(a2, text), "a2");
	assert_string_equal(rig_name_text(t1, text), "main.t1");
	assert_string_equal(
		rig_name_text(rig_name_child(a2, RIG_KIND_CHILD, 15), text),
		"a2.c15");
}

/* Many actors take more room, and leave less for what they create. */
static void large_ordinals_come_back(void **state)
{
	for (unsigned i = 1; i <= RIG_BORN_MAX; i++) {
		rig_name a = rig_name_child(RIG_NAME_MAIN, RIG_KIND_ACTOR, i);
		rig_name c = rig_name_child(a, RIG_KIND_CHILD, i);
		char text[RIG_NAME_MAX], expected[RIG_NAME_MAX];

		snprintf(expected, sizeof(expected), "a%u.c%u", i, i);
		assert_string_equal(rig_name_text(c, text), expected);
		assert_int_equal(rig_name_parse(text, strlen(text)), c);
		assert_true((int32_t)c > 0);
	}
}

static void there_is_no_sixth_level(void **state)
{
	rig_name name = RIG_NAME_MAIN;

	for (int i = 0; i < 5; i++)
		name = rig_name_child(name, RIG_KIND_CHILD, 15);
	assert_true(name != 0);
	assert_true((int32_t)name > 0); /* it is a pid, too */
	assert_int_equal(rig_name_child(name, RIG_KIND_ACTOR, 1), 0);
	assert_int_equal(rig_name_child(1, RIG_KIND_ACTOR, RIG_BORN_MAX + 1),
			 0);
}

static void bad_names_are_refused(void **state)
{
	static const char *const bad[] = {
		"",         "m",       "mai",
		"mainx",    "main.",   "main.a",
		"main.1",   "a",       "a0",
		"a01",      "a111",    "a999",
		"a151",     "a1.",     "a1.c",
		"a1.c0",    "a1.x1",   "a1c1",
		"a1..c1",   ".a1",     "t1",
		"c1",       "A1",      "a1 ",
		" a1",      "a-1",     "a+1",
		"clock1",   "cloc",    "clock.a1",
		"a1.clock", "a1.main", "a1.c1.c1.c1.c1.c1",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (rig_name_parse(bad[i], strlen(bad[i])))
			fail_msg("\"%s\" was accepted", bad[i]);
}

/* The length counts, not a NUL: "a1" is the beginning of "a12". */
static void names_end_where_they_are_told(void **state)
{
	assert_int_equal(rig_name_parse("a12", 2), rig_name_parse("a1", 2));
	assert_int_equal(rig_name_parse("clock", 4), 0);
	assert_int_equal(rig_name_parse("a1\0", 3), 0);
}

static void operations_have_names_of_their_own(void **state)
{
	const struct rig_subject *subject = sim_subject(bench.sim, NULL, NULL);
	unsigned named = 0;

	for (unsigned op = 0; op < RIG_OPS_MAX; op++) {
		const char *name = rig_op_name(subject, op);

		if (!strcmp(name, "?"))
			continue;
		named++;
		assert_int_equal(rig_op_find(subject, name, strlen(name)), op);
	}
	assert_true(named > 40);
}

static void unknown_operations_are_not_found(void **state)
{
	const struct rig_subject *subject = sim_subject(bench.sim, NULL, NULL);
	static const char *const bad[] = { "", "ope", "opens", "OPEN", "?" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(rig_op_find(subject, bad[i], strlen(bad[i])),
				 -ENOENT);
	assert_string_equal(rig_op_name(subject, RIG_OPS_MAX - 1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_back_from_text),
		cmocka_unit_test(names_read_as_expected),
		cmocka_unit_test(large_ordinals_come_back),
		cmocka_unit_test(there_is_no_sixth_level),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(names_end_where_they_are_told),
		cmocka_unit_test(operations_have_names_of_their_own),
		cmocka_unit_test(unknown_operations_are_not_found),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
