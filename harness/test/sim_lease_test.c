/* SPDX-License-Identifier: MIT */
/* The simulated kernel: leases, and the pause of whoever waits for one. */
#include "brute.h"
#include "programs.h"

static unsigned seen;

static void granted(struct spw_sys *sys)
{
	int w, r;

	install("p", 5);
	r = sys->open(sys, "p", READ, 0);
	MUST(!sys->lease(sys, r, F_RDLCK));
	MUST(!sys->lease(sys, r, F_RDLCK));
	MUST(run(sys, "p") == 5); /* a reader, to execve */
	MUST(!sys->lease(sys, r, F_UNLCK));
	MUST(!sys->lease(sys, r, F_UNLCK));
	w = sys->open(sys, "p", WRITE, 0);
	MUST(sys->lease(sys, r, F_RDLCK) == -EAGAIN);
	MUST(sys->lease(sys, w, F_RDLCK) == -EAGAIN);
	shut(sys, w);
	MUST(!sys->lease(sys, r, F_RDLCK));
	shut(sys, r); /* the lease goes with its description */
	w = sys->open(sys, "p", WRITE, 0);
	shut(sys, w);
}

static void lease_is_refused_to_writers(void **state)
{
	expect_done(granted);
}

static void in_child(struct spw_sys *sys)
{
	struct holder h;
	int w, r;

	install("p", 5);
	w = sys->open(sys, "p", WRITE, 0);
	r = sys->open(sys, "p", READ, 0);
	hold(sys, &h, NULL);
	shut(sys, w);
	MUST(sys->lease(sys, r, F_RDLCK) == -EAGAIN);
	MUST(let_go_and_wait(&h) == 0);
	MUST(!sys->lease(sys, r, F_RDLCK));
	MUST(run(sys, "p") == 5);
	shut(sys, r);
}

static void copy_in_child_is_a_writer(void **state)
{
	expect_clean(in_child);
}

/* ---- opening what is leased ---- */

static bool given_back;

static void open_leased(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = sys->open(sys, "p", READ, 0);

	shut(sys, fd); /* readers do not wait */
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(given_back);
	shut(sys, fd);
}

static void give_back(struct spw_sys *sys, bool by_close)
{
	struct spw_thread *thread;
	int fd;

	given_back = false;
	install("p", 5);
	fd = sys->open(sys, "p", READ, 0);
	MUST(!sys->lease(sys, fd, F_RDLCK));
	thread = begin(sys, open_leased);
	sys->sleep_ns(sys, 5);
	given_back = true;
	if (!by_close)
		MUST(!sys->lease(sys, fd, F_UNLCK));
	shut(sys, fd);
	sys->thread_join(sys, thread);
}

static void give_back_by_call(struct spw_sys *sys)
{
	give_back(sys, false);
}

static void give_back_by_close(struct spw_sys *sys)
{
	give_back(sys, true);
}

static void writers_wait_for_leases(void **state)
{
	expect_clean(give_back_by_call);
	expect_clean(give_back_by_close);
}

static void never_give_back(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int fd;

	install("p", 5);
	fd = sys->open(sys, "p", READ, 0);
	MUST(!sys->lease(sys, fd, F_RDLCK));
	thread = begin(sys, open_leased);
	sys->thread_join(sys, thread);
}

static void writers_wait_for_ever(void **state)
{
	expect_failure(never_give_back, "deadlock", "lease-break");
}

/*
 * do_dentry_open counts the writer (get_write_access) before it waits for the
 * leases to end (break_lease): while it waits the file is busy already.
 */
static void open_late(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = sys->open(sys, "p", WRITE, 0);

	if (fd >= 0)
		shut(sys, fd);
	MUST(fd >= 0 || fd == -ETXTBSY);
}

static void run_beside_waiting_writer(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int fd, status;

	install("p", 5);
	fd = sys->open(sys, "p", READ, 0);
	MUST(!sys->lease(sys, fd, F_RDLCK));
	thread = begin(sys, open_late);
	sys->sleep_ns(sys, 5); /* it waits now */
	status = run(sys, "p");
	MUST(status == ETXTBSY);
	MUST(sys->lease(sys, fd, F_RDLCK) == -EAGAIN);
	MUST(!sys->lease(sys, fd, F_UNLCK));
	shut(sys, fd);
	sys->thread_join(sys, thread);
	MUST(run(sys, "p") == 5);
}

static void waiting_writer_counts(void **state)
{
	expect_clean(run_beside_waiting_writer);
}

/* A waiting writer has no number yet, and leaves none where there is none. */
static void open_with_full_table(void *arg)
{
	struct spw_sys *sys = arg;

	MUST(sys->open(sys, "p", WRITE, 0) == -EMFILE);
}

static void no_number_left(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int fd;

	install("p", 5);
	fd = sys->open(sys, "p", READ, 0);
	MUST(!sys->lease(sys, fd, F_RDLCK));
	while (sys->dup_above(sys, 0, 3) >= 0)
		;
	thread = begin(sys, open_with_full_table);
	sys->sleep_ns(sys, 5);
	MUST(!sys->lease(sys, fd, F_UNLCK));
	sys->thread_join(sys, thread);
	for (int i = 3; i < 24; i++)
		if (i != fd)
			shut(sys, i);
	MUST(run(sys, "p") == 5);
	shut(sys, fd);
}

static void refused_open_leaves_no_count(void **state)
{
	expect_clean(no_number_left);
}

/* ---- pause: until what was looked at has changed ---- */

static unsigned tries;

static void poll_lease(struct spw_sys *sys, int fd)
{
	tries = 0;
	while (sys->lease(sys, fd, F_RDLCK) == -EAGAIN)
		sys->pause(sys, tries++);
	MUST(!sys->lease(sys, fd, F_UNLCK));
}

static void close_sometime(void *arg)
{
	struct spw_sys *sys = arg;

	shut(sys, 3);
}

static void wait_for_close(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int fd;

	install("p", 5);
	MUST(sys->open(sys, "p", WRITE, 0) == 3);
	fd = sys->open(sys, "p", READ, 0);
	thread = begin(sys, close_sometime);
	poll_lease(sys, fd);
	seen |= 1u << tries;
	MUST(run(sys, "p") == 5);
	sys->thread_join(sys, thread);
	shut(sys, fd);
}

/* Once the answer is no, the next try comes after something has changed. */
static void polling_ends(void **state)
{
	seen = 0;
	brute_program(wait_for_close, 10000);
	assert_int_equal(seen, 3);
	expect_clean(wait_for_close);
}

static void poll_for_ever(struct spw_sys *sys)
{
	int r;

	install("p", 5);
	MUST(sys->open(sys, "p", WRITE, 0) == 3);
	r = sys->open(sys, "p", READ, 0);
	poll_lease(sys, r);
}

static void polling_for_nothing_is_a_deadlock(void **state)
{
	expect_failure(poll_for_ever, "deadlock", "main in pause");
}

static void pause_for_nothing(struct spw_sys *sys)
{
	sys->pause(sys, 0);
}

static void pausing_needs_something_to_look_at(void **state)
{
	expect_failure(pause_for_nothing, "contract", "looks at nothing");
}

/*
 * Between the look and the pause there is another call, during which the other
 * closes the file. Then the pause is none, or it would never end: a state that
 * a search must not take for the one where the file is still open.
 */
static void look_then_call(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int fd;

	install("p", 5);
	MUST(sys->open(sys, "p", WRITE, 0) == 3);
	fd = sys->open(sys, "p", READ, 0);
	thread = begin(sys, close_sometime);
	while (sys->lease(sys, fd, F_RDLCK) == -EAGAIN) {
		MUST(sys->open(sys, "none", READ, 0) == -ENOENT);
		sys->pause(sys, 0);
	}
	shut(sys, fd);
	sys->thread_join(sys, thread);
}

static void changes_before_the_pause_count(void **state)
{
	brute_program(look_then_call, 10000);
	expect_clean(look_then_call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lease_is_refused_to_writers),
		TEST(copy_in_child_is_a_writer),
		TEST(writers_wait_for_leases),
		TEST(writers_wait_for_ever),
		TEST(waiting_writer_counts),
		TEST(refused_open_leaves_no_count),
		TEST(polling_ends),
		TEST(polling_for_nothing_is_a_deadlock),
		TEST(pausing_needs_something_to_look_at),
		TEST(changes_before_the_pause_count),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
