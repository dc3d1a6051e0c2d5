/* SPDX-License-Identifier: MIT */
/* The simulated kernel: flock that does not wait. */
#include "programs.h"

#include <sys/file.h>

enum { TRY = LOCK_EX | LOCK_NB };

static void refused_while_another_has_it(struct spw_sys *sys)
{
	int fd = open_new(sys, "f"), other = open_new(sys, "f");

	MUST(!sys->flock(sys, fd, TRY));
	MUST(!sys->flock(sys, fd, TRY)); /* its own */
	MUST(sys->flock(sys, other, TRY) == -EWOULDBLOCK);
	MUST(!sys->flock(sys, other, LOCK_UN)); /* it has none to give back */
	MUST(sys->flock(sys, other, TRY) == -EWOULDBLOCK);
	MUST(!sys->flock(sys, fd, LOCK_UN));
	MUST(!sys->flock(sys, other, TRY));
	shut(sys, other);
	MUST(!sys->flock(sys, fd, TRY));
	shut(sys, fd);
	MUST(sys->flock(sys, 20, TRY) == -EBADF);
}

static bool says_so; /* LOCK_UN before the close */

static void child_keeps_it(struct spw_sys *sys)
{
	int fd = open_new(sys, "f");
	struct holder h;

	MUST(!sys->flock(sys, fd, TRY));
	hold(sys, &h, NULL);
	if (says_so)
		MUST(!sys->flock(sys, fd, LOCK_UN));
	shut(sys, fd);
	fd = open_new(sys, "f");
	MUST(sys->flock(sys, fd, TRY) == (says_so ? 0 : -EWOULDBLOCK));
	MUST(let_go_and_wait(&h) == 0);
	MUST(!sys->flock(sys, fd, TRY));
	shut(sys, fd);
}

/* ---- beside one that waits ---- */

static unsigned seen;

static void waits(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = open_new(sys, "f");

	MUST(!sys->flock(sys, fd, LOCK_EX));
	MUST(!sys->flock(sys, fd, LOCK_UN));
	shut(sys, fd);
}

static void tries_beside(struct spw_sys *sys)
{
	struct spw_thread *thread = begin(sys, waits);
	int fd = open_new(sys, "f");
	int rc = sys->flock(sys, fd, TRY);

	MUST(!rc || rc == -EWOULDBLOCK);
	seen |= rc ? 1 : 2;
	if (!rc)
		MUST(!sys->flock(sys, fd, LOCK_UN));
	sys->thread_join(sys, thread);
	shut(sys, fd);
}

/* ---- */

static void test_refusal(void **state)
{
	expect_clean(refused_while_another_has_it);
}

static void test_ghosts(void **state)
{
	says_so = false;
	expect_clean(child_keeps_it);
	says_so = true;
	expect_clean(child_keeps_it);
}

static void test_beside_a_waiter(void **state)
{
	static const char *const strategies[] = { "states", "dpor" };
	uint64_t terminal[2];

	for (int i = 0; i < 2; i++) {
		seen = 0;
		explore(use_program(tries_beside), strategies[i], NULL);
		assert_true(bench.search.complete && !bench.search.violated);
		assert_int_equal(seen, 3);
		terminal[i] = bench.search.terminal;
	}
	assert_int_equal(terminal[0], terminal[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refusal),
		TEST(test_ghosts),
		TEST(test_beside_a_waiter),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
