/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: children that share the table of descriptors, children
 * of somebody else, and closing many descriptors at once.
 */
#include "programs.h"

/* What some execution has shown: bits of the program's own. */
static unsigned seen;

static void expect_all(program_fn *program, unsigned bits)
{
	seen = 0;
	explore(use_program(program), "dpor", NULL);
	assert_true(bench.search.complete);
	if (bench.search.violated)
		fail_msg("%s", bench.search.message);
	assert_int_equal(seen, bits);
}

static pid_t clone_as(struct spw_sys *sys, enum spw_clone how,
		      spw_child_fn *child)
{
	static struct spw_sys *given; /* a forked child looks at it later */
	pid_t pid;

	given = sys;
	MUST(!sys->clone(sys, how, child, &given, sizeof(given), &pid));
	return pid;
}

/* ---- one table ---- */

static int close_and_open(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	return sys->close(sys, 3) || open_new(sys, "g") != 3 ||
	       open_new(sys, "h") != 4;
}

static void shares(struct spw_sys *sys)
{
	MUST(open_new(sys, "f") == 3);
	MUST(await(sys, clone_as(sys, SPW_CLONE_FILES, close_and_open)) == 0);
	/* What the child has opened is open, and its end has closed nothing. */
	MUST(sys->write(sys, 3, "x", 1) == 1);
	shut(sys, 3);
	shut(sys, 4);
}

static void files_child_has_no_copy(void **state)
{
	expect_clean(shares);
}

static int execute_p(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	return -sys->execve(sys, "p", NULL, NULL);
}

static void executes(struct spw_sys *sys)
{
	int fd;

	install("p", 5);
	fd = open_new(sys, "f");
	MUST(await(sys, clone_as(sys, SPW_CLONE_FILES, execute_p)) == 5);
	/* It has closed what was close-on-exec in a copy. */
	MUST(sys->write(sys, fd, "x", 1) == 1);
	shut(sys, fd);
}

static void execve_makes_the_copy(void **state)
{
	expect_clean(executes);
}

static void write_p(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = sys->open(sys, "q", WRITE, 0);

	MUST(fd >= 0);
	shut(sys, fd);
	seen |= run(sys, "q") == ETXTBSY ? 1 : 2;
}

/* The copy is made and closed in different steps: what is open between them
 * is held. But no child holds what was opened before it was forked. */
static void beside_execve(struct spw_sys *sys)
{
	struct spw_thread *thread;

	install("p", 5);
	install("q", 6);
	thread = begin(sys, write_p);
	MUST(await(sys, clone_as(sys, SPW_CLONE_FILES, execute_p)) == 5);
	sys->thread_join(sys, thread);
}

static void the_copy_holds_files(void **state)
{
	expect_all(beside_execve, 3);
}

static int fail_to_execute(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	return -sys->execve(sys, "nothing", NULL, NULL);
}

static void fails(struct spw_sys *sys)
{
	int fd = open_new(sys, "f");

	MUST(await(sys, clone_as(sys, SPW_CLONE_FILES, fail_to_execute)) ==
	     ENOENT);
	MUST(sys->write(sys, fd, "x", 1) == 1);
	shut(sys, fd);
}

static void failed_execve_closes_nothing(void **state)
{
	expect_clean(fails);
}

/* ---- somebody else's child ---- */

static int exit_with_7(void *arg)
{
	return 7;
}

static int make_sibling(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	pid_t pid = clone_as(sys, SPW_CLONE_SIBLING, exit_with_7);
	struct spw_status status;

	if (sys->write(sys, 4, &pid, sizeof(pid)) != sizeof(pid))
		return 1;
	return sys->wait(sys, pid, 0, &status) == -ECHILD ? 0 : 2;
}

static void siblings(struct spw_sys *sys)
{
	pid_t maker, pid;
	int p[2];

	MUST(!sys->pipe(sys, p) && p[0] == 3 && p[1] == 4);
	maker = clone_as(sys, SPW_CLONE_FORK, make_sibling);
	MUST(sys->read(sys, 3, &pid, sizeof(pid)) == sizeof(pid));
	MUST(await(sys, pid) == 7);
	MUST(await(sys, maker) == 0);
	shut(sys, 3);
	shut(sys, 4);
}

static void sibling_is_the_parents_to_wait_for(void **state)
{
	expect_clean(siblings);
}

static void sibling_of_the_first(struct spw_sys *sys)
{
	clone_as(sys, SPW_CLONE_SIBLING, exit_with_7);
}

static void first_process_has_no_siblings(void **state)
{
	expect_failure(sibling_of_the_first, "contract", "sibling");
}

/* ---- close_from ---- */

static void closes_many(struct spw_sys *sys)
{
	MUST(open_new(sys, "f") == 3);
	MUST(open_new(sys, "g") == 4);
	MUST(sys->dup_above(sys, 3, 10) == 10);
	MUST(!sys->close_from(sys, 4));
	MUST(sys->write(sys, 4, "x", 1) == -EBADF);
	MUST(sys->write(sys, 10, "x", 1) == -EBADF);
	MUST(sys->write(sys, 3, "x", 1) == 1);
	MUST(run(sys, "g") == EACCES || run(sys, "g") == ENOEXEC);
	MUST(!sys->close_from(sys, 3));
	MUST(!sys->close_from(sys, 3));
}

static void close_from_closes_the_rest(void **state)
{
	expect_done(closes_many);
}

static void close_all(void *arg)
{
	struct spw_sys *sys = arg;

	MUST(!sys->close_from(sys, 3));
}

static void closes_beside(struct spw_sys *sys)
{
	struct spw_thread *thread = begin(sys, close_all);
	int fd = open_new(sys, "f");
	ssize_t n = sys->write(sys, fd, "x", 1);

	MUST(n == 1 || n == -EBADF);
	seen |= n == 1 ? 1 : 2;
	sys->thread_join(sys, thread);
	MUST(!sys->close_from(sys, 3));
}

static void close_from_is_a_matter_of_all_threads(void **state)
{
	expect_all(closes_beside, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_child_has_no_copy),
		TEST(execve_makes_the_copy),
		TEST(the_copy_holds_files),
		TEST(failed_execve_closes_nothing),
		TEST(sibling_is_the_parents_to_wait_for),
		TEST(first_process_has_no_siblings),
		TEST(close_from_closes_the_rest),
		TEST(close_from_is_a_matter_of_all_threads),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
