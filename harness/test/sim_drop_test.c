/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: in which order the last references of a process go, and
 * what others can see in between.
 */
#include "brute.h"
#include "programs.h"

enum {
	BUSY = 1,  /* at the end of the pipe the file was still open */
	FREE = 2,  /* it was not */
	EARLY = 4, /* the file was free while the pipe was not at its end */
};

static unsigned seen;
static bool pipe_first;  /* the pipe has the lower number */
static const char *then; /* what the child executes; NULL: it exits */

/*
 * A child alone holds the writing ends of a pipe and of a file. The parent
 * waits for the end of the pipe and then looks whether the file is free.
 */
static void drop_two(struct spw_sys *sys)
{
	struct holder h;
	int pipe[2], fd = -1;
	char byte;

	install("p", 5);
	install("q", 6);
	if (!pipe_first)
		fd = sys->open(sys, "q", WRITE, 0);
	MUST(!sys->pipe(sys, pipe));
	if (pipe_first)
		fd = sys->open(sys, "q", WRITE, 0);
	hold(sys, &h, then);
	shut(sys, fd);
	shut(sys, pipe[1]);
	let_go(&h);
	MUST(sys->read(sys, pipe[0], &byte, 1) == 0);
	fd = sys->open(sys, "q", READ, 0);
	seen |= sys->lease(sys, fd, F_RDLCK) ? BUSY : FREE;
	shut(sys, fd);
	shut(sys, pipe[0]);
	MUST(release(&h) == (then ? 5 : 0));
	MUST(run(sys, "q") == 6);
}

static unsigned seen_with(enum sim_order order, bool inner_steps)
{
	const struct sim_options options = { .etxtbsy = true,
					     .release_order = order,
					     .inner_steps = inner_steps };

	sim_configure(bench.sim, &options);
	seen = 0;
	brute_program(drop_two, 1000000);
	return seen;
}

/*
 * Descriptors are closed in ascending order, and the last one closed is the
 * first one released (lifo) or the last one (fifo). When the pipe comes before
 * the file, its end can be seen while the file is busy; when it comes after,
 * never, not even by chance.
 */
static void order_decides_what_is_seen(void **state)
{
	static const char *const ways[] = { "p", NULL };

	for (int i = 0; i < 2; i++) {
		then = ways[i];
		pipe_first = false; /* lifo: pipe, then file */
		assert_int_equal(seen_with(SIM_ORDER_LIFO, true), BUSY | FREE);
		assert_int_equal(seen_with(SIM_ORDER_FIFO, true), FREE);
		assert_int_equal(seen_with(SIM_ORDER_ANY, true), BUSY | FREE);
		pipe_first = true; /* lifo: file, then pipe */
		assert_int_equal(seen_with(SIM_ORDER_LIFO, true), FREE);
		assert_int_equal(seen_with(SIM_ORDER_FIFO, true), BUSY | FREE);
		assert_int_equal(seen_with(SIM_ORDER_ANY, true), BUSY | FREE);
	}
}

/* As one step there is no between, in whatever order. */
static void whole_calls_have_no_between(void **state)
{
	then = "p";
	for (int order = SIM_ORDER_ANY; order <= SIM_ORDER_FIFO; order++) {
		pipe_first = order == SIM_ORDER_FIFO;
		assert_int_equal(seen_with((enum sim_order)order, false), FREE);
	}
}

/* ---- close ---- */

static void closes(void *arg)
{
	struct spw_sys *sys = arg;

	shut(sys, 3);
}

/* The number is free at once; the file is busy a while longer. */
static void watch_close(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int fd, probe;

	install("p", 5);
	install("q", 6);
	MUST(sys->open(sys, "q", WRITE, 0) == 3);
	fd = sys->open(sys, "q", READ, 0);
	thread = begin(sys, closes);
	probe = sys->dup_above(sys, 0, 0);
	if (probe == 3 && sys->lease(sys, fd, F_RDLCK) == -EAGAIN)
		seen |= BUSY;
	else
		seen |= probe == 3 ? FREE : EARLY;
	sys->thread_join(sys, thread);
	shut(sys, probe);
	shut(sys, fd);
}

static void number_is_free_before_the_file(void **state)
{
	struct sim_options options = sim_defaults;

	seen = 0;
	brute_program(watch_close, 10000);
	assert_int_equal(seen, BUSY | FREE | EARLY);
	options.inner_steps = false;
	sim_configure(bench.sim, &options);
	seen = 0;
	brute_program(watch_close, 10000);
	assert_int_equal(seen, FREE | EARLY);
}

/* ---- dup_onto ---- */

static int onto_step(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	char byte;

	sys->read(sys, 0, &byte, 1);
	sys->dup_onto(sys, 0, 3);
	sys->read(sys, 0, &byte, 1);
	return 0;
}

/* Between the child's two reads q is busy, and then not: both are seen. */
static void replace_in_child(struct spw_sys *sys)
{
	int fd;
	pid_t pid;

	install("q", 6);
	MUST(sys->open(sys, "q", WRITE, 0) == 3);
	fd = sys->open(sys, "q", READ, 0);
	MUST(!sys->clone(sys, SPW_CLONE_FORK, onto_step, &sys, sizeof(sys),
			 &pid));
	shut(sys, 3);
	sys->unlink(sys, "none"); /* a point, and nothing else */
	seen |= sys->lease(sys, fd, F_RDLCK) ? BUSY : FREE;
	MUST(await(sys, pid) == 0);
	shut(sys, fd);
}

static void replaced_files_are_dropped(void **state)
{
	struct sim_options options = sim_defaults;

	for (int i = 0; i < 2; i++) {
		options.inner_steps = i;
		sim_configure(bench.sim, &options);
		seen = 0;
		brute_program(replace_in_child, 100000);
		assert_int_equal(seen, BUSY | FREE);
	}
}

/*
 * A drop that others can see is a step of its own, not part of the one before:
 * the child has read (and says so) while it still holds the file.
 */
static bool has_read;

static int read_onto_step(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	char byte;

	has_read = false;
	sys->read(sys, 0, &byte, 1);
	has_read = true;
	sys->dup_onto(sys, 0, 3);
	return 0;
}

static void see_between(struct spw_sys *sys)
{
	int fd;
	pid_t pid;

	install("q", 6);
	MUST(sys->open(sys, "q", WRITE, 0) == 3);
	fd = sys->open(sys, "q", READ, 0);
	MUST(!sys->clone(sys, SPW_CLONE_FORK, read_onto_step, &sys, sizeof(sys),
			 &pid));
	shut(sys, 3);
	if (sys->lease(sys, fd, F_RDLCK) == -EAGAIN && has_read)
		seen |= BUSY;
	MUST(await(sys, pid) == 0);
	shut(sys, fd);
}

static void visible_drops_are_steps(void **state)
{
	struct sim_options options = sim_defaults;

	for (int i = 0; i < 2; i++) {
		options.inner_steps = i;
		sim_configure(bench.sim, &options);
		seen = 0;
		brute_program(see_between, 100000);
		assert_int_equal(seen, BUSY);
	}
}

/* ---- exit ---- */

/* Descriptors before the zombie: who has waited finds everything gone. */
static void wait_then_look(struct spw_sys *sys)
{
	struct holder h;
	int fd;

	install("q", 6);
	fd = sys->open(sys, "q", WRITE, 0);
	hold(sys, &h, NULL);
	shut(sys, fd);
	let_go(&h);
	fd = sys->open(sys, "q", READ, 0);
	seen |= sys->lease(sys, fd, F_RDLCK) ? BUSY : FREE;
	MUST(!sys->lease(sys, fd, F_UNLCK));
	MUST(release(&h) == 0);
	MUST(!sys->lease(sys, fd, F_RDLCK));
	shut(sys, fd);
}

static void zombies_hold_nothing(void **state)
{
	seen = 0;
	brute_program(wait_then_look, 100000);
	assert_int_equal(seen, BUSY | FREE);
	expect_clean(wait_then_look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(order_decides_what_is_seen),
		TEST(whole_calls_have_no_between),
		TEST(number_is_free_before_the_file),
		TEST(replaced_files_are_dropped),
		TEST(visible_drops_are_steps),
		TEST(zombies_hold_nothing),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
