/* SPDX-License-Identifier: MIT */
/* The simulated kernel: processes, waiting for them, and pipes between them. */
#include "brute.h"
#include "programs.h"

static unsigned seen;

/* ---- tables ---- */

static int close_copies(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	return sys->close(sys, 3) || sys->open(sys, "g", READ, 0) != 3 ||
	       sys->write(sys, 4, "c", 1) != 1;
}

static void copies(struct spw_sys *sys)
{
	char text[4];
	pid_t pid;

	shut(sys, open_new(sys, "g"));
	MUST(sys->open(sys, "f", O_RDWR | O_CREAT, 0600) == 3);
	MUST(sys->dup_above(sys, 3, 0) == 4);
	MUST(!sys->clone(sys, SPW_CLONE_FORK, close_copies, &sys, sizeof(sys),
			 &pid));
	MUST(await(sys, pid) == 0);
	/* Its numbers were its own; the offset of the file was not. */
	MUST(sys->write(sys, 3, "p", 1) == 1);
	shut(sys, 3);
	MUST(sys->open(sys, "f", READ, 0) == 3);
	MUST(sys->read(sys, 3, text, 4) == 2 && !memcmp(text, "cp", 2));
	shut(sys, 3);
	shut(sys, 4);
}

static void fork_copies_the_table(void **state)
{
	expect_clean(copies);
}

static int open_later(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	char byte;

	sys->read(sys, 0, &byte, 1);
	return sys->write(sys, 3, "x", 1) == -EBADF ? 0 : 1;
}

static void opens_after_fork(struct spw_sys *sys)
{
	pid_t pid;

	MUST(!sys->clone(sys, SPW_CLONE_FORK, open_later, &sys, sizeof(sys),
			 &pid));
	MUST(open_new(sys, "f") == 3);
	MUST(await(sys, pid) == 0);
	shut(sys, 3);
}

static void later_opens_are_not_seen_by_the_child(void **state)
{
	expect_clean(opens_after_fork);
}

/* ---- waiting ---- */

static int exit_with(void *arg)
{
	return **(int **)arg;
}

static pid_t child(struct spw_sys *sys, int *code)
{
	pid_t pid;

	MUST(!sys->clone(sys, SPW_CLONE_FORK, exit_with, &code, sizeof(code),
			 &pid));
	return pid;
}

static void waits(struct spw_sys *sys)
{
	struct spw_status status;
	int one = 1, two = 2;
	pid_t a = child(sys, &one), b = child(sys, &two);

	MUST(a != b);
	MUST(sys->wait(sys, a + 1000, 0, &status) == -ECHILD);
	MUST(await(sys, b) == 2);
	MUST(await(sys, a) == 1);
	MUST(sys->wait(sys, a, 0, &status) == -ECHILD);
	MUST(sys->wait(sys, b, 0, &status) == -ECHILD);
}

static void children_are_reaped_once(void **state)
{
	expect_clean(waits);
}

static pid_t shared;

static void wait_too(void *arg)
{
	struct spw_sys *sys = arg;
	struct spw_status status;
	int rc = sys->wait(sys, shared, 0, &status);

	MUST(rc == -ECHILD || (rc > 0 && status.code == 7));
	seen |= rc < 0 ? 1 : 2;
}

/* Any thread may wait; of two one gets it, also where both were waiting. */
static void two_wait(struct spw_sys *sys)
{
	struct spw_status status;
	struct spw_thread *thread;
	int seven = 7, rc;

	seen = 0;
	shared = child(sys, &seven);
	thread = begin(sys, wait_too);
	rc = sys->wait(sys, shared, 0, &status);
	MUST(rc == -ECHILD || (rc > 0 && status.code == 7));
	seen |= rc < 0 ? 4 : 8;
	sys->thread_join(sys, thread);
	MUST(seen == (1 | 8) || seen == (2 | 4));
}

static void one_of_two_waiters_gets_the_status(void **state)
{
	brute_program(two_wait, 10000);
}

static int grandchild(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	struct spw_status status;

	/* Its sibling, which is not its child. */
	return sys->wait(sys, shared, 0, &status) == -ECHILD ? 0 : 1;
}

static void waits_for_others(struct spw_sys *sys)
{
	int one = 1;
	pid_t pid;

	shared = child(sys, &one);
	MUST(!sys->clone(sys, SPW_CLONE_FORK, grandchild, &sys, sizeof(sys),
			 &pid));
	MUST(await(sys, pid) == 0);
	MUST(await(sys, shared) == 1);
}

static void only_own_children_are_waited_for(void **state)
{
	expect_clean(waits_for_others);
}

/* ---- what the end of a thread sends ---- */

static bool executes; /* the child does, and its program exits with 7 */

static int tied(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	char *none[] = { NULL };

	if (sys->die_with_parent(sys, SIGKILL))
		return 1;
	return executes ? sys->execve(sys, "p", none, none) : 7;
}

static void make_tied(void *arg)
{
	static struct spw_sys *given; /* the child may outlive the stack */
	struct spw_sys *sys = given = arg;

	MUST(!sys->clone(sys, SPW_CLONE_FORK, tied, &given, sizeof(given),
			 &shared));
	MUST(sys->unlink(sys, "none") == -ENOENT); /* it ends in this step */
}

/* Killed, unless it has asked for the signal or ended too late for that. */
static void thread_of_child_ends(struct spw_sys *sys)
{
	struct spw_status status;

	if (executes)
		install("p", 7);
	sys->thread_join(sys, begin(sys, make_tied));
	MUST(sys->wait(sys, shared, 0, &status) == shared);
	MUST(status.code == (status.signaled ? SIGKILL : 7));
	seen |= status.signaled ? 1 : 2;
}

static void child_dies_with_its_thread(void **state)
{
	for (int i = 0; i < 2; i++) {
		executes = i;
		seen = 0;
		brute_program(thread_of_child_ends, 100000);
		assert_int_equal(seen, 3);
	}
}

static void wait_for_nobody(void *arg)
{
	struct spw_sys *sys = arg;
	struct spw_status status;

	MUST(sys->wait(sys, 1000, 0, &status) == -ECHILD);
}

static int child_of_tied(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	int seven = 7;
	pid_t pid;

	if (sys->die_with_parent(sys, SIGKILL))
		return 1;
	pid = child(sys, &seven);
	return await(sys, pid);
}

/* Nobody ends here but those that were to: whoever made it lives. */
static void thread_lives(struct spw_sys *sys)
{
	pid_t pid;

	MUST(!sys->clone(sys, SPW_CLONE_FORK, child_of_tied, &sys, sizeof(sys),
			 &pid));
	sys->thread_join(sys, begin(sys, wait_for_nobody));
	MUST(await(sys, pid) == 7);
}

static void child_outlives_other_threads(void **state)
{
	expect_clean(thread_lives);
}

/* ---- what a child sets for itself ---- */

static int set_up(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	sigset_t mask;

	sys->signals_block(sys, &mask);
	sys->signals_set(sys, &mask);
	return sys->chdir(sys, "/") || sys->chdir(sys, "/none") != -ENOENT ||
	       sys->setsid(sys) || sys->setpgid(sys, 0);
}

static void sets_itself_up(struct spw_sys *sys)
{
	pid_t pid;

	MUST(!sys->clone(sys, SPW_CLONE_VFORK, set_up, &sys, sizeof(sys),
			 &pid));
	MUST(await(sys, pid) == 0);
}

static void child_setup_calls_work(void **state)
{
	expect_clean(sets_itself_up);
}

/* ---- pipes ---- */

static void bytes_in_order(struct spw_sys *sys)
{
	char text[8] = "";
	int p[2];

	MUST(!sys->pipe(sys, p));
	MUST(sys->write(sys, p[1], "abc", 3) == 3);
	MUST(sys->write(sys, p[1], "def", 3) == 3);
	MUST(sys->read(sys, p[0], text, 2) == 2 && !memcmp(text, "ab", 2));
	MUST(sys->read(sys, p[0], text, 8) == 4 && !memcmp(text, "cdef", 4));
	MUST(sys->write(sys, p[1], "g", 1) == 1);
	shut(sys, p[1]);
	MUST(sys->read(sys, p[0], text, 8) == 1 && text[0] == 'g');
	MUST(sys->read(sys, p[0], text, 8) == 0);
	MUST(sys->read(sys, p[0], text, 8) == 0);
	shut(sys, p[0]);
}

static void pipes_keep_the_order(void **state)
{
	expect_done(bytes_in_order);
}

static void no_reader(struct spw_sys *sys)
{
	struct holder h;
	int p[2];

	MUST(!sys->pipe(sys, p));
	hold(sys, &h, NULL);
	shut(sys, p[0]);
	MUST(sys->write(sys, p[1], "x", 1) == 1); /* the child has a copy */
	MUST(let_go_and_wait(&h) == 0);
	MUST(sys->write(sys, p[1], "x", 1) == -EPIPE);
	shut(sys, p[1]);
}

static void writing_without_readers_is_epipe(void **state)
{
	expect_clean(no_reader);
}

/* The end comes when the last copy has gone, wherever it is. */
static void late_end(struct spw_sys *sys)
{
	struct holder a, b;
	char byte;
	int p[2];

	install("p", 5);
	MUST(!sys->pipe(sys, p));
	hold(sys, &a, "p");
	hold(sys, &b, NULL);
	shut(sys, p[1]);
	let_go(&a);
	let_go(&b);
	MUST(sys->read(sys, p[0], &byte, 1) == 0);
	MUST(release(&a) == 5);
	MUST(release(&b) == 0);
	shut(sys, p[0]);
}

static void holds_for_ever(struct spw_sys *sys)
{
	struct holder h;
	char byte;
	int p[2];

	MUST(!sys->pipe(sys, p));
	hold(sys, &h, NULL);
	shut(sys, p[1]);
	sys->read(sys, p[0], &byte, 1);
}

static void end_of_pipe_waits_for_every_copy(void **state)
{
	expect_clean(late_end);
	expect_failure(holds_for_ever, "deadlock", "main in read-wake");
}

static int fds[2];
static unsigned all_seen;

static void read_one(void *arg)
{
	struct spw_sys *sys = arg;
	char byte;

	MUST(sys->read(sys, fds[0], &byte, 1) == 1);
	MUST(byte == 'a' || byte == 'b');
	seen += (unsigned)byte;
}

/* Two who wait for a byte each: none is lost, none comes twice. */
static void two_readers(struct spw_sys *sys)
{
	struct spw_thread *thread[2];

	seen = 0;
	MUST(!sys->pipe(sys, fds));
	thread[0] = begin(sys, read_one);
	thread[1] = begin(sys, read_one);
	MUST(sys->write(sys, fds[1], "a", 1) == 1);
	MUST(sys->write(sys, fds[1], "b", 1) == 1);
	sys->thread_join(sys, thread[0]);
	sys->thread_join(sys, thread[1]);
	MUST(seen == 'a' + 'b');
	shut(sys, fds[0]);
	shut(sys, fds[1]);
}

static void readers_share_a_pipe(void **state)
{
	brute_program(two_readers, 10000);
}

/*
 * Whoever reads has a reference of its own (fdget): the reading end stays when
 * its number is closed or comes to mean something else. Where the read had not
 * begun, the number is bad, or it is the other pipe's.
 */
static void read_while_closed(void *arg)
{
	struct spw_sys *sys = arg;
	char byte = 0;
	ssize_t n = sys->read(sys, fds[0], &byte, 1);

	MUST(n == -EBADF || n == 1);
	seen |= n < 0 ? 1 : byte == 'x' ? 2 : 4;
}

static void close_under_reader(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int other[2];
	ssize_t n;

	seen = 0;
	MUST(!sys->pipe(sys, fds));
	thread = begin(sys, read_while_closed);
	shut(sys, fds[0]);
	n = sys->write(sys, fds[1], "x", 1);
	shut(sys, fds[1]);
	MUST(!sys->pipe(sys, other));
	MUST(sys->write(sys, other[1], "yz", 2) == 2);
	sys->thread_join(sys, thread);
	/* Nobody reads what could not be written, or loses what could. */
	MUST(n == (seen == 2 ? 1 : -EPIPE));
	all_seen |= seen;
	shut(sys, other[0]);
	shut(sys, other[1]);
}

static void reading_keeps_the_pipe_open(void **state)
{
	all_seen = 0;
	brute_program(close_under_reader, 100000);
	assert_int_equal(all_seen, 7);
}

static void too_much(struct spw_sys *sys)
{
	char block[256] = "";
	int p[2];

	MUST(!sys->pipe(sys, p));
	MUST(sys->write(sys, p[1], block, 256) == 256);
	sys->write(sys, p[1], block, 1);
}

static void full_pipes_are_not_modelled(void **state)
{
	expect_failure(too_much, "contract", "would block");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fork_copies_the_table),
		TEST(later_opens_are_not_seen_by_the_child),
		TEST(children_are_reaped_once),
		TEST(one_of_two_waiters_gets_the_status),
		TEST(only_own_children_are_waited_for),
		TEST(child_dies_with_its_thread),
		TEST(child_outlives_other_threads),
		TEST(child_setup_calls_work),
		TEST(pipes_keep_the_order),
		TEST(writing_without_readers_is_epipe),
		TEST(end_of_pipe_waits_for_every_copy),
		TEST(readers_share_a_pipe),
		TEST(reading_keeps_the_pipe_open),
		TEST(full_pipes_are_not_modelled),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
