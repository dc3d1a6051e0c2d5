/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: sockets, non-blocking descriptors, eventfd, poll and
 * epoll. Each program is run twice: alone, and call by call on this machine's
 * kernel as well (control), which must say the same.
 */
#include "programs.h"

#include "control/control.h"

#include <unistd.h>

enum {
	IN = SPW_POLL_IN,
	OUT = SPW_POLL_OUT,
	HUP = SPW_POLL_HUP,
	DEADLINE = 1000,
};

static struct spw_event got[8];

static int make_epoll(struct spw_sys *sys)
{
	int epoll = sys->epoll_create(sys);

	MUST(epoll >= 0);
	return epoll;
}

static int add(struct spw_sys *sys, int epoll, int fd, unsigned events,
	       uint64_t data)
{
	return sys->epoll_ctl(sys, epoll, SPW_EPOLL_ADD, fd, events, data);
}

static int del(struct spw_sys *sys, int epoll, int fd)
{
	return sys->epoll_ctl(sys, epoll, SPW_EPOLL_DEL, fd, 0, 0);
}

static void put(struct spw_sys *sys, int fd, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);

	MUST(sys->write(sys, fd, text, (size_t)len) == len);
}

/* What the next batch says, which is one event. */
static unsigned next(struct spw_sys *sys, int epoll, uint64_t data)
{
	MUST(sys->epoll_wait(sys, epoll, got, 8) == 1);
	MUST(got[0].data == data);
	return got[0].events;
}

static bool has_pair(struct spw_sys *sys, int fd[2])
{
	MUST(!sys->pipe(sys, fd));
	MUST(!sys->set_blocking(sys, fd[0], false));
	return true;
}

/* ---- reading and writing ---- */

static void pipes(struct spw_sys *sys)
{
	int fd[2];
	char buf[8];

	has_pair(sys, fd);
	MUST(sys->read(sys, fd[0], buf, 8) == -EAGAIN);
	MUST(sys->poll(sys, fd[0], IN, 0) == 0);
	put(sys, fd[1], "abc");
	MUST(sys->poll(sys, fd[0], IN, SPW_NO_DEADLINE) == IN);
	MUST(sys->read(sys, fd[0], buf, 2) == 2 && !memcmp(buf, "ab", 2));
	shut(sys, fd[1]);
	MUST(sys->poll(sys, fd[0], IN, 0) == (IN | HUP));
	MUST(sys->read(sys, fd[0], buf, 8) == 1);
	MUST(sys->read(sys, fd[0], buf, 8) == 0);
	MUST(sys->poll(sys, fd[0], IN, 0) == HUP);
	shut(sys, fd[0]);
	MUST(sys->poll(sys, fd[0], IN, 0) == SPW_POLL_NVAL);
}

static void sockets(struct spw_sys *sys)
{
	int fd[2];
	char buf[8];

	MUST(!sys->socket_pair(sys, fd));
	MUST(!sys->set_blocking(sys, fd[0], false));
	MUST(sys->read(sys, fd[0], buf, 8) == -EAGAIN);
	MUST(sys->poll(sys, fd[0], IN | OUT, 0) == OUT);
	put(sys, fd[1], "x");
	put(sys, fd[0], "y"); /* each way is its own */
	MUST(sys->poll(sys, fd[0], IN | OUT, 0) == (IN | OUT));
	MUST(sys->read(sys, fd[0], buf, 8) == 1 && buf[0] == 'x');
	MUST(sys->read(sys, fd[1], buf, 8) == 1 && buf[0] == 'y');
	shut(sys, fd[1]);
	MUST(sys->poll(sys, fd[0], IN | OUT | SPW_POLL_RDHUP, 0) ==
	     (IN | OUT | HUP | SPW_POLL_RDHUP));
	MUST(sys->read(sys, fd[0], buf, 8) == 0);
	shut(sys, fd[0]);
}

/* What a socket leaves unread is an error at its peer, once. */
static void unread(struct spw_sys *sys)
{
	int fd[2];
	char buf[8];

	MUST(!sys->socket_pair(sys, fd));
	put(sys, fd[0], "x");
	put(sys, fd[1], "y");
	shut(sys, fd[1]);
	MUST(sys->poll(sys, fd[0], IN, 0) == (IN | HUP | SPW_POLL_ERR));
	MUST(sys->read(sys, fd[0], buf, 8) == 1);
	MUST(sys->read(sys, fd[0], buf, 8) == -ECONNRESET);
	MUST(sys->read(sys, fd[0], buf, 8) == 0);
	shut(sys, fd[0]);
}

static void counters(struct spw_sys *sys)
{
	int fd = sys->eventfd(sys);
	uint64_t value = 3;

	MUST(fd >= 0);
	MUST(sys->read(sys, fd, &value, sizeof(value)) == -EAGAIN);
	MUST(sys->poll(sys, fd, IN, 0) == 0);
	MUST(sys->write(sys, fd, &value, sizeof(value)) == 8);
	MUST(sys->write(sys, fd, &value, sizeof(value)) == 8);
	MUST(sys->write(sys, fd, &value, 4) == -EINVAL);
	MUST(sys->poll(sys, fd, IN, 0) == IN);
	value = 0;
	MUST(sys->read(sys, fd, &value, sizeof(value)) == 8 && value == 6);
	MUST(sys->read(sys, fd, &value, sizeof(value)) == -EAGAIN);
	shut(sys, fd);
}

/* ---- epoll: what is told, and how often ---- */

static void level_edge_once(struct spw_sys *sys)
{
	int epoll = make_epoll(sys), a[2], b[2], c[2];
	char byte;

	has_pair(sys, a);
	has_pair(sys, b);
	has_pair(sys, c);
	MUST(!add(sys, epoll, a[0], IN, 'a'));
	MUST(!add(sys, epoll, b[0], IN | SPW_POLL_EDGE, 'b'));
	MUST(!add(sys, epoll, c[0], IN | SPW_POLL_ONCE, 'c'));
	put(sys, c[1], "c");
	put(sys, b[1], "b");
	put(sys, a[1], "a");
	/* In the order in which they came. */
	MUST(sys->epoll_wait(sys, epoll, got, 8) == 3);
	MUST(got[0].data == 'c' && got[1].data == 'b' && got[2].data == 'a');
	/* Only the first is still told. */
	MUST(next(sys, epoll, 'a') == IN);
	put(sys, b[1], "b"); /* an edge, though it was ready before */
	put(sys, c[1], "c"); /* disarmed */
	MUST(sys->epoll_wait(sys, epoll, got, 8) == 2);
	MUST(got[0].data == 'a' && got[1].data == 'b');
	MUST(sys->read(sys, a[0], &byte, 1) == 1);
	/* Armed again, it is told what it is. */
	MUST(!sys->epoll_ctl(sys, epoll, SPW_EPOLL_MOD, c[0], IN, 'C'));
	MUST(next(sys, epoll, 'C') == IN);
	for (int i = 0; i < 2; i++) {
		shut(sys, a[i]);
		shut(sys, b[i]);
		shut(sys, c[i]);
	}
	shut(sys, epoll);
}

/* A batch is as long as asked for; the rest comes first in the next. */
static void batches(struct spw_sys *sys)
{
	int epoll = make_epoll(sys), fd[3][2];

	for (int i = 0; i < 3; i++) {
		has_pair(sys, fd[i]);
		MUST(!add(sys, epoll, fd[i][0], IN, (uint64_t)i));
		put(sys, fd[i][1], "x");
	}
	MUST(sys->epoll_wait(sys, epoll, got, 2) == 2);
	MUST(got[0].data == 0 && got[1].data == 1);
	MUST(sys->epoll_wait(sys, epoll, got, 2) == 2);
	MUST(got[0].data == 2 && got[1].data == 0);
	MUST(sys->epoll_wait(sys, epoll, got, 8) == 3);
	for (int i = 0; i < 3; i++) {
		shut(sys, fd[i][0]);
		shut(sys, fd[i][1]);
	}
	shut(sys, epoll);
}

/* A read at the other end is an edge for a socket that waits for room. */
static void sockets_tell_of_room(struct spw_sys *sys)
{
	int epoll = make_epoll(sys), fd[2];
	char byte;

	MUST(!sys->socket_pair(sys, fd));
	MUST(!add(sys, epoll, fd[0], IN | OUT | SPW_POLL_EDGE, 1));
	MUST(next(sys, epoll, 1) == OUT);
	put(sys, fd[0], "x");
	MUST(sys->read(sys, fd[1], &byte, 1) == 1);
	MUST(next(sys, epoll, 1) == OUT);
	put(sys, fd[1], "y");
	MUST(next(sys, epoll, 1) == (IN | OUT));
	MUST(sys->read(sys, fd[0], &byte, 1) == 1);
	shut(sys, fd[1]);
	MUST(next(sys, epoll, 1) == (IN | OUT | HUP));
	shut(sys, fd[0]);
	shut(sys, epoll);
}

static void errors(struct spw_sys *sys)
{
	int epoll = make_epoll(sys), fd[2], file;

	has_pair(sys, fd);
	file = open_new(sys, "prog-a1");
	MUST(add(sys, epoll, file, IN, 0) == -EPERM);
	MUST(add(sys, epoll, 20, IN, 0) == -EBADF);
	MUST(add(sys, fd[0], fd[1], IN, 0) == -EINVAL);
	MUST(del(sys, epoll, fd[0]) == -ENOENT);
	MUST(!add(sys, epoll, fd[0], IN, 0));
	MUST(add(sys, epoll, fd[0], IN, 0) == -EEXIST);
	MUST(sys->read(sys, epoll, got, 1) == -EINVAL);
	MUST(!del(sys, epoll, fd[0]));
	MUST(sys->epoll_wait(sys, fd[0], got, 1) == -EINVAL);
	MUST(sys->epoll_wait(sys, 20, got, 1) == -EBADF);
	shut(sys, file);
	shut(sys, fd[0]);
	shut(sys, fd[1]);
	shut(sys, epoll);
	sys->unlink(sys, "prog-a1");
}

/* ---- epoll: a file and the number that it had ---- */

/* A copy keeps the registration, under a number that it does not have. */
static void copies_keep_registrations(struct spw_sys *sys)
{
	int epoll = make_epoll(sys), fd[2], copy;
	char byte;

	has_pair(sys, fd);
	MUST(!add(sys, epoll, fd[0], IN, 7));
	copy = sys->dup_above(sys, fd[0], 0);
	MUST(copy > fd[1]);
	shut(sys, fd[0]);
	put(sys, fd[1], "x");
	MUST(next(sys, epoll, 7) == IN); /* of a number that is closed */
	MUST(del(sys, epoll, fd[0]) == -EBADF);
	MUST(del(sys, epoll, copy) == -ENOENT);
	MUST(!add(sys, epoll, copy, IN | SPW_POLL_EDGE, 8));
	MUST(sys->epoll_wait(sys, epoll, got, 8) == 2);
	/* The only way to be rid of it. */
	MUST(sys->dup_onto(sys, copy, fd[0]) == fd[0]);
	MUST(add(sys, epoll, fd[0], IN, 9) == -EEXIST);
	MUST(!del(sys, epoll, fd[0]));
	MUST(sys->read(sys, copy, &byte, 1) == 1);
	shut(sys, fd[0]);
	shut(sys, copy);
	shut(sys, fd[1]);
	shut(sys, epoll);
}

/* The number is free for another file, which has a registration of its own. */
static void numbers_are_used_again(struct spw_sys *sys)
{
	int epoll = make_epoll(sys), a[2], b[2], copy;

	has_pair(sys, a);
	MUST(!add(sys, epoll, a[0], IN, 'a'));
	copy = sys->dup_above(sys, a[0], 0);
	shut(sys, a[0]);
	has_pair(sys, b);
	MUST(b[0] == a[0]);
	MUST(!add(sys, epoll, b[0], IN, 'b'));
	put(sys, b[1], "b");
	put(sys, a[1], "a");
	MUST(sys->epoll_wait(sys, epoll, got, 8) == 2);
	MUST(got[0].data == 'b' && got[1].data == 'a');
	shut(sys, copy); /* the last reference: now it goes */
	MUST(next(sys, epoll, 'b') == IN);
	shut(sys, a[1]);
	shut(sys, b[0]);
	shut(sys, b[1]);
	shut(sys, epoll);
}

/* So does a child. */
static void children_keep_registrations(struct spw_sys *sys)
{
	int epoll = make_epoll(sys), a[2], b[2];
	struct holder h;
	char byte;

	has_pair(sys, a);
	has_pair(sys, b);
	MUST(!add(sys, epoll, a[0], IN, 'a'));
	MUST(!add(sys, epoll, b[0], IN, 'b'));
	hold(sys, &h, NULL);
	shut(sys, a[0]);
	put(sys, a[1], "a");
	MUST(next(sys, epoll, 'a') == IN);
	MUST(let_go_and_wait(&h) == 0);
	put(sys, b[1], "b");
	MUST(next(sys, epoll, 'b') == IN);
	MUST(sys->read(sys, b[0], &byte, 1) == 1);
	shut(sys, a[1]);
	shut(sys, b[0]);
	shut(sys, b[1]);
	shut(sys, epoll);
}

/* ---- waiting ---- */

static int shared_epoll, shared[2];

static void put_x(void *arg)
{
	put(arg, shared[1], "x");
}

static void wait_for_x(struct spw_sys *sys)
{
	struct spw_thread *thread;

	shared_epoll = make_epoll(sys);
	has_pair(sys, shared);
	MUST(!add(sys, shared_epoll, shared[0], IN, 1));
	thread = begin(sys, put_x);
	MUST(next(sys, shared_epoll, 1) == IN);
	MUST(sys->poll(sys, shared[0], IN, SPW_NO_DEADLINE) == IN);
	sys->thread_join(sys, thread);
	shut(sys, shared[0]);
	shut(sys, shared[1]);
	shut(sys, shared_epoll);
}

static void wait_in_vain(struct spw_sys *sys)
{
	int fd[2];

	has_pair(sys, fd);
	MUST(sys->poll(sys, fd[0], IN, DEADLINE) == 0);
	MUST(sys->now_ns(sys) == DEADLINE);
	shut(sys, fd[0]);
	shut(sys, fd[1]);
}

/* What is ready no more when it is looked at is not told. */
static void take_x(void *arg)
{
	struct spw_sys *sys = arg;
	char byte;

	if (sys->read(sys, shared[0], &byte, 1) == 1)
		put(sys, shared[1], "y");
}

static void wait_beside_a_reader(struct spw_sys *sys)
{
	struct spw_thread *a, *b;

	shared_epoll = make_epoll(sys);
	has_pair(sys, shared);
	MUST(!add(sys, shared_epoll, shared[0], IN | SPW_POLL_EDGE, 1));
	a = begin(sys, put_x);
	b = begin(sys, take_x);
	MUST(next(sys, shared_epoll, 1) == IN);
	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
	shut(sys, shared[0]);
	shut(sys, shared[1]);
	shut(sys, shared_epoll);
}

/*
 * A number changes hands under a poll: it sleeps on the file that it found, and
 * tests the one that it finds. So what happens to the new file wakes it not.
 */
static int new_file[2];
static int result;
static bool over;

static void poll_shared(void *arg)
{
	struct spw_sys *sys = arg;

	result = sys->poll(sys, shared[0], IN, DEADLINE);
	over = true;
}

static void poll_mixed(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int copy;

	over = false;
	has_pair(sys, shared);
	has_pair(sys, new_file);
	copy = sys->dup_above(sys, shared[0], 0);
	thread = begin(sys, poll_shared);
	sys->sleep_ns(sys, 1);
	sys->dup_onto(sys, new_file[0], shared[0]);
	put(sys, shared[1], "x"); /* the old file can be read */
	sys->sleep_ns(sys, 1);
	MUST(!over);
	put(sys, new_file[1], "y"); /* the new one, too */
	sys->sleep_ns(sys, 1);
	MUST(!over);
	put(sys, shared[1], "x"); /* the old one again */
	sys->thread_join(sys, thread);
	MUST(result == IN); /* and that is of the new one */
	shut(sys, copy);
	shut(sys, shared[0]);
	shut(sys, shared[1]);
	shut(sys, new_file[0]);
	shut(sys, new_file[1]);
}

/* ---- both kernels ---- */

static program_fn *const once[] = {
	pipes,
	sockets,
	unread,
	counters,
	level_edge_once,
	batches,
	sockets_tell_of_room,
	errors,
	copies_keep_registrations,
	numbers_are_used_again,
	children_keep_registrations,
	wait_for_x,
	wait_in_vain,
	poll_mixed,
};

enum { PROGRAMS = sizeof(once) / sizeof(*once) };

static void it_is_as_it_should_be(void **state)
{
	for (int i = 0; i < PROGRAMS; i++)
		expect_done(once[i]);
}

static void every_order_is_as_it_should_be(void **state)
{
	expect_clean(wait_for_x);
	expect_clean(wait_beside_a_reader);
	expect_clean(poll_mixed);
}

static void this_kernel_does_the_same(void **state)
{
	struct sim_options options = sim_defaults;
	char dir[] = "/tmp/racerig-poll-XXXXXX", why[RIG_MESSAGE_MAX];
	struct rig_control *control;

	options.inner_steps = false;
	options.release_order = SIM_ORDER_LIFO;
	sim_configure(bench.sim, &options);
	assert_non_null(mkdtemp(dir));
	if (rig_control_open(&control, bench.sim, dir, why, sizeof(why)))
		fail_msg("%s", why);
	for (int i = 0; i < PROGRAMS; i++) {
		rig_control_restart(control);
		expect_done(once[i]);
	}
	rig_control_close(control);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_as_it_should_be),
		TEST(every_order_is_as_it_should_be),
		TEST(this_kernel_does_the_same),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
