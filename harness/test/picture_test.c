/* SPDX-License-Identifier: MIT */
/*
 * A search over states merges states whose pictures are equal. It may if a
 * picture says all there is to say: from the same picture the same pick leads
 * to the same next picture, or to the same end. Every step of many executions,
 * nothing merged, is noted as (picture, pick) -> what came next; two that
 * differ are a fault, whether or not it ever hid anything.
 */
#include "cases.h"
#include "races.h"

static void expect_one_way_on(const struct rig_subject *subject)
{
	static struct brute brute;
	struct watch w = { .pick = brute_pick, .state = &brute };

	forget();
	brute.n = brute.at = 0;
	do
		run_watched(&w, subject);
	while (brute_next(&brute));
}

static void pictures_say_all_there_is(void **state)
{
	for (int i = 0; i < PROGRAMS; i++)
		expect_one_way_on(use_program(programs[i]));
}

static void check_transitions(const struct rig_subject *subject)
{
	struct watch w = { .any = false };

	forget();
	random_walks(subject, SLOW ? 60 : 500, &w);
}

static void random_walks_agree_on_the_way(void **state)
{
	for_each_case(check_transitions);
	for_each_fix(check_transitions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pictures_say_all_there_is),
		CASE_TEST(random_walks_agree_on_the_way),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
