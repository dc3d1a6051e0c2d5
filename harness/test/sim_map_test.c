/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: a mapping holds its file after the descriptor is
 * closed, and who else has it then.
 */
#include "programs.h"

enum { RDWR = O_RDWR | O_CLOEXEC, LEN = 1 };

/* Is the file at path open for writing somewhere? */
static bool busy(struct spw_sys *sys, const char *path)
{
	int fd = sys->open(sys, path, READ, 0), rc;

	MUST(fd >= 0);
	rc = sys->lease(sys, fd, F_RDLCK);
	MUST(rc == 0 || rc == -EAGAIN);
	shut(sys, fd);
	return rc != 0;
}

/* Maps the file at path, of which no descriptor is left. */
static void *map(struct spw_sys *sys, const char *path, int flags)
{
	int fd = sys->open(sys, path, flags, 0);
	void *mapping;

	MUST(fd >= 0);
	MUST(!sys->map(sys, fd, LEN, &mapping));
	shut(sys, fd);
	return mapping;
}

static void mapping_outlives_its_descriptor(struct spw_sys *sys)
{
	void *mapping;

	install("p", 5);
	mapping = map(sys, "p", RDWR);
	MUST(busy(sys, "p"));
	MUST(run(sys, "p") == ETXTBSY);
	MUST(!sys->unmap(sys, mapping, LEN));
	MUST(!busy(sys, "p"));
	MUST(run(sys, "p") == 5);
}

/* As a shared library is. */
static void mapping_of_a_reader_is_no_writer(struct spw_sys *sys)
{
	void *mapping;

	install("p", 5);
	mapping = map(sys, "p", READ);
	MUST(!busy(sys, "p"));
	MUST(run(sys, "p") == 5);
	MUST(!sys->unmap(sys, mapping, LEN));
}

static const char *ends_with; /* what the child executes; NULL: it exits */

static void child_inherits_it_until_its_end(struct spw_sys *sys)
{
	struct holder h;
	void *mapping;

	install("p", 5);
	install("q", 6);
	mapping = map(sys, "p", RDWR);
	hold(sys, &h, ends_with);
	MUST(!sys->unmap(sys, mapping, LEN));
	MUST(busy(sys, "p"));
	MUST(run(sys, "p") == ETXTBSY);
	MUST(let_go_and_wait(&h) == (ends_with ? 6 : 0));
	MUST(!busy(sys, "p"));
	MUST(run(sys, "p") == 5);
}

/* It borrows its parent's memory: there is one mapping, not two. */
static int borrows(void *arg)
{
	(void)arg;
	return 0;
}

static void vfork_child_inherits_none(struct spw_sys *sys)
{
	void *mapping;
	pid_t pid;

	install("p", 5);
	mapping = map(sys, "p", RDWR);
	MUST(!sys->clone(sys, SPW_CLONE_VFORK, borrows, sys, 0, &pid));
	MUST(busy(sys, "p")); /* the child's end gave nothing up */
	MUST(!sys->unmap(sys, mapping, LEN));
	MUST(!busy(sys, "p"));
	MUST(await(sys, pid) == 0);
}

static void what_cannot_be_mapped(struct spw_sys *sys)
{
	int fd[2], writer;
	void *mapping, *other, *third;

	install("p", 5);
	MUST(sys->map(sys, 20, LEN, &mapping) == -EBADF);
	MUST(sys->map(sys, 0, LEN, &mapping) == -ENODEV);
	MUST(!sys->pipe(sys, fd));
	MUST(sys->map(sys, fd[0], LEN, &mapping) == -ENODEV);
	MUST(sys->map(sys, fd[1], LEN, &mapping) == -EACCES);
	writer = sys->open(sys, "p", WRITE, 0);
	MUST(sys->map(sys, writer, LEN, &mapping) == -EACCES);
	MUST(sys->map(sys, writer, 0, &mapping) == -EINVAL);
	shut(sys, writer);
	shut(sys, fd[0]);
	shut(sys, fd[1]);
	mapping = map(sys, "p", RDWR);
	other = map(sys, "p", RDWR);
	writer = sys->open(sys, "p", RDWR, 0);
	MUST(sys->map(sys, writer, LEN, &third) == -ENOMEM);
	shut(sys, writer);
	MUST(mapping != other);
	MUST(!sys->unmap(sys, mapping, LEN));
	MUST(busy(sys, "p"));
	MUST(!sys->unmap(sys, other, LEN));
	MUST(!busy(sys, "p"));
}

static void unmaps_twice(struct spw_sys *sys)
{
	void *mapping;

	install("p", 5);
	mapping = map(sys, "p", RDWR);
	MUST(!sys->unmap(sys, mapping, LEN));
	sys->unmap(sys, mapping, LEN);
}

static void keeps_a_mapping(struct spw_sys *sys)
{
	install("p", 5);
	map(sys, "p", READ);
}

/* A fork that comes before the unmap copies, one that comes after does not. */
static unsigned seen;

static void *shared;

static void unmaps(void *arg)
{
	struct spw_sys *sys = arg;

	MUST(!sys->unmap(sys, shared, LEN));
}

static void forks_beside_unmap(struct spw_sys *sys)
{
	struct spw_thread *thread;
	struct holder h;

	install("p", 5);
	shared = map(sys, "p", RDWR);
	thread = begin(sys, unmaps);
	hold(sys, &h, NULL);
	sys->thread_join(sys, thread);
	seen |= busy(sys, "p") ? 1 : 2;
	MUST(let_go_and_wait(&h) == 0);
	MUST(!busy(sys, "p"));
}

/* ---- */

static void test_lifetime(void **state)
{
	expect_clean(mapping_outlives_its_descriptor);
	expect_clean(mapping_of_a_reader_is_no_writer);
}

static void test_inheritance(void **state)
{
	ends_with = NULL;
	expect_clean(child_inherits_it_until_its_end);
	ends_with = "q";
	expect_clean(child_inherits_it_until_its_end);
	expect_clean(vfork_child_inherits_none);
}

static void test_both_orders_with_fork(void **state)
{
	static const char *const strategies[] = { "states", "dpor" };

	for (int i = 0; i < 2; i++) {
		seen = 0;
		explore(use_program(forks_beside_unmap), strategies[i], NULL);
		assert_true(bench.search.complete && !bench.search.violated);
		assert_int_equal(seen, 3);
	}
}

static void test_errors(void **state)
{
	expect_done(what_cannot_be_mapped);
	expect_failure(unmaps_twice, "contract", "what is not mapped");
	expect_failure(keeps_a_mapping, "leak", "a mapping");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lifetime),
		TEST(test_inheritance),
		TEST(test_both_orders_with_fork),
		TEST(test_errors),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
