/* SPDX-License-Identifier: MIT */
/* The simulated kernel: looking through all processes for writers of a file. */
#include "programs.h"

/* What some execution has shown: bits of the program's own. */
static unsigned seen;

static void looks(struct spw_sys *sys)
{
	int reader, fd;

	MUST(sys->scan_writers(sys, "p") == -ENOENT);
	install("p", 5);
	install("q", 6);
	MUST(sys->scan_writers(sys, "p") == 0);
	reader = sys->open(sys, "p", READ, 0);
	MUST(sys->scan_writers(sys, "p") == 0);
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(sys->scan_writers(sys, "p") == 1);
	MUST(sys->scan_writers(sys, "q") == 0);
	shut(sys, fd);
	MUST(sys->scan_writers(sys, "p") == 0);
	shut(sys, reader);
}

static void own_descriptors_are_seen(void **state)
{
	expect_clean(looks);
}

static void looks_at_child(struct spw_sys *sys)
{
	struct holder h;
	int fd;

	install("p", 5);
	fd = sys->open(sys, "p", WRITE, 0);
	hold(sys, &h, NULL);
	shut(sys, fd);
	MUST(sys->scan_writers(sys, "p") == 1);
	MUST(let_go_and_wait(&h) == 0);
	MUST(sys->scan_writers(sys, "p") == 0);
}

static void copies_of_children_are_seen(void **state)
{
	expect_clean(looks_at_child);
}

/* The number goes before the write count: what is not seen may be busy. */
static void looks_at_exec(struct spw_sys *sys)
{
	struct holder h;
	int fd;

	install("p", 5);
	install("q", 6);
	fd = sys->open(sys, "p", WRITE, 0);
	hold(sys, &h, "q");
	shut(sys, fd);
	let_go(&h);
	if (sys->scan_writers(sys, "p"))
		seen |= 1;
	else
		seen |= run(sys, "p") == ETXTBSY ? 2 : 4;
	MUST(release(&h) == 6);
}

static void closed_numbers_are_missed(void **state)
{
	seen = 0;
	explore(use_program(looks_at_exec), "dpor", NULL);
	assert_true(bench.search.complete && !bench.search.violated);
	assert_int_equal(seen, 7);
}

/* Ends when there is nobody, in every execution. */
static void waits_until_nobody(struct spw_sys *sys)
{
	struct holder h;
	unsigned tries = 0;
	int fd;

	install("p", 5);
	fd = sys->open(sys, "p", WRITE, 0);
	hold(sys, &h, NULL);
	shut(sys, fd);
	let_go(&h);
	while (sys->scan_writers(sys, "p")) {
		sys->pause(sys, tries);
		MUST(++tries < 5);
	}
	MUST(release(&h) == 0);
}

static void pause_waits_for_a_move(void **state)
{
	expect_clean(waits_until_nobody);
	explore(use_program(waits_until_nobody), "dpor", NULL);
	assert_true(bench.search.complete && !bench.search.violated);
}

/* Whoever holds it never lets go: a poll that can only fail is a deadlock. */
static void waits_for_itself(struct spw_sys *sys)
{
	install("p", 5);
	MUST(sys->open(sys, "p", WRITE, 0) == 3);
	for (unsigned i = 0; sys->scan_writers(sys, "p"); i++)
		sys->pause(sys, i);
}

static void waiting_for_itself_is_found(void **state)
{
	expect_failure(waits_for_itself, "deadlock", "blocked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_descriptors_are_seen),
		TEST(copies_of_children_are_seen),
		TEST(closed_numbers_are_missed),
		TEST(pause_waits_for_a_move),
		TEST(waiting_for_itself_is_found),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
