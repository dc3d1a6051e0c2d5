/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that are used by one thread and closed by another, on the real
 * kernel. Threads are waited for by what they have done, never by time.
 */
#include "support.h"

#include <pthread.h>
#include <signal.h>

enum { SHORT_NS = 2000000, LONG_NS = 1000000000 };

static struct spw_sys *sys;
static struct spw_rt *rt;

static int set_up(void **state)
{
	const struct spw_options options = { .guard = spw_guard_find("none") };

	sys = spw_sys_linux();
	signal(SIGPIPE, SIG_IGN);
	return spw_open(&rt, &options);
}

static int tear_down(void **state)
{
	spw_shut(rt);
	return 0;
}

static uint64_t in(uint64_t ns)
{
	return sys->now_ns(sys) + ns;
}

/* ---- a pair: one end is adopted, the other is plain ---- */

struct pair {
	struct spw_fd *fd;
	int number, peer;
};

static struct pair make_pair(void)
{
	int fd[2];
	struct pair p;

	assert_int_equal(sys->socket_pair(sys, fd), 0);
	p = (struct pair){ .number = fd[0], .peer = fd[1] };
	assert_int_equal(spw_fd_adopt(rt, fd[0], &p.fd), 0);
	return p;
}

static void free_pair(struct pair *p)
{
	spw_fd_release(p->fd);
	close(p->peer);
}

static bool is_open(int number)
{
	return fcntl(number, F_GETFD) >= 0;
}

/* ---- one thread ---- */

static void bytes_go_both_ways(void **state)
{
	struct pair p = make_pair();
	char buf[8];

	assert_int_equal(spw_fd_write(p.fd, "ping", 4, SPW_NO_DEADLINE), 4);
	assert_int_equal(read(p.peer, buf, 8), 4);
	assert_int_equal(write(p.peer, "pong!", 5), 5);
	assert_int_equal(spw_fd_wait(p.fd, SPW_READ, SPW_NO_DEADLINE), 0);
	assert_int_equal(spw_fd_read(p.fd, buf, 8, SPW_NO_DEADLINE), 5);
	assert_memory_equal(buf, "pong!", 5);
	close(p.peer);
	assert_int_equal(spw_fd_read(p.fd, buf, 8, SPW_NO_DEADLINE), 0);
	assert_int_equal(spw_fd_write(p.fd, "x", 1, SPW_NO_DEADLINE), -EPIPE);
	spw_fd_release(p.fd);
}

static void deadlines_come(void **state)
{
	struct pair p = make_pair();
	uint64_t deadline = in(SHORT_NS);
	char buf[4096];
	ssize_t n;

	assert_int_equal(spw_fd_read(p.fd, buf, 1, deadline), -ETIMEDOUT);
	assert_true(sys->now_ns(sys) >= deadline);
	assert_int_equal(spw_fd_read(p.fd, buf, 1, 0), -ETIMEDOUT);
	assert_int_equal(spw_fd_wait(p.fd, SPW_READ, in(SHORT_NS)), -ETIMEDOUT);
	assert_int_equal(spw_fd_wait(p.fd, SPW_WRITE, SPW_NO_DEADLINE), 0);
	memset(buf, 0, sizeof(buf));
	do {
		n = spw_fd_write(p.fd, buf, sizeof(buf), in(SHORT_NS));
	} while (n > 0);
	assert_int_equal(n, -ETIMEDOUT);
	assert_int_equal(spw_fd_wait(p.fd, SPW_WRITE, in(SHORT_NS)),
			 -ETIMEDOUT);
	free_pair(&p);
}

static void closed_is_closed(void **state)
{
	struct pair p = make_pair();
	char byte;

	assert_int_equal(spw_fd_close(p.fd), 0);
	assert_false(is_open(p.number));
	assert_int_equal(spw_fd_close(p.fd), -EBADF);
	assert_int_equal(spw_fd_read(p.fd, &byte, 1, 0), -EBADF);
	assert_int_equal(spw_fd_write(p.fd, "x", 1, 0), -EBADF);
	assert_int_equal(spw_fd_wait(p.fd, SPW_READ, 0), -EBADF);
	assert_int_equal(spw_fd_lend(p.fd), -EBADF);
	free_pair(&p);
}

static void some_cannot_be_adopted(void **state)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct spw_fd *fd;

	assert_int_equal(spw_fd_adopt(rt, file, &fd), -EPERM);
	assert_true(is_open(file));
	close(file);
	assert_int_equal(spw_fd_adopt(rt, file, &fd), -EBADF);
}

static void one_may_be_adopted_again(void **state)
{
	struct pair p = make_pair();
	int copy = dup(p.number);
	struct spw_fd *again;
	char byte;

	assert_int_equal(spw_fd_close(p.fd), 0);
	assert_int_equal(dup2(copy, p.number), p.number);
	assert_int_equal(spw_fd_adopt(rt, p.number, &again), 0);
	assert_int_equal(write(p.peer, "x", 1), 1);
	assert_int_equal(spw_fd_read(again, &byte, 1, SPW_NO_DEADLINE), 1);
	spw_fd_release(again);
	close(copy);
	free_pair(&p);
}

static void without_poll_there_is_nothing(void **state)
{
	struct spw_sys lesser = *spw_sys_linux();
	const struct spw_options options = { .guard = spw_guard_find("none"),
					     .sys = &lesser };
	struct spw_rt *less;
	struct spw_fd *fd;

	lesser.epoll_create = NULL;
	assert_int_equal(spw_open(&less, &options), 0);
	assert_int_equal(spw_fd_adopt(less, 0, &fd), -ENOTSUP);
	spw_shut(less);
}

static void closers_are_found(void **state)
{
	assert_ptr_equal(spw_closer_find("refcount"), spw_closers[2]);
	assert_null(spw_closer_find("none"));
	assert_int_equal(spw_closer_info(spw_closers[2])->rules, SPW_CLOSE_ALL);
	assert_int_equal(spw_closer_info(spw_closers[0])->rules, 0);
}

/* ---- two threads ---- */

enum kind { READS, WRITES, WAITS };

struct user {
	enum kind kind;
	struct spw_fd *fd;
	pthread_t thread;
	ssize_t result;
};

/* Until it is told to stop, whatever else there is. */
static void *use(void *arg)
{
	struct user *u = arg;
	static char buf[4096];
	char byte;

	do {
		if (u->kind == READS)
			u->result =
				spw_fd_read(u->fd, &byte, 1, SPW_NO_DEADLINE);
		else if (u->kind == WRITES)
			u->result = spw_fd_write(u->fd, buf, sizeof(buf),
						 SPW_NO_DEADLINE);
		else
			u->result =
				spw_fd_wait(u->fd, SPW_READ, SPW_NO_DEADLINE);
	} while (u->result > 0);
	return NULL;
}

/* The thread has gone to sleep, or will: it can do nothing else for ever. */
static void close_under(enum kind kind, unsigned users)
{
	struct pair p = make_pair();
	struct user user[4];

	for (unsigned i = 0; i < users; i++) {
		user[i] = (struct user){ .kind = kind, .fd = p.fd };
		assert_int_equal(pthread_create(&user[i].thread, NULL, use,
						&user[i]),
				 0);
	}
	if (kind == WRITES) /* one has written, so all will */
		assert_int_equal(sys->poll(sys, p.peer, SPW_POLL_IN,
					   SPW_NO_DEADLINE),
				 SPW_POLL_IN);
	assert_int_equal(spw_fd_close(p.fd), 0);
	assert_false(is_open(p.number));
	for (unsigned i = 0; i < users; i++) {
		pthread_join(user[i].thread, NULL);
		assert_true(user[i].result == -ECANCELED ||
			    user[i].result == -EBADF);
	}
	free_pair(&p);
}

static void close_wakes_everybody(void **state)
{
	for (int round = 0; round < 50; round++) {
		close_under(READS, 1);
		close_under(READS, 4);
		close_under(WAITS, 2);
		close_under(WRITES, 3);
	}
}

static void *close_it(void *arg)
{
	struct user *u = arg;

	u->result = spw_fd_close(u->fd);
	return NULL;
}

static void close_waits_for_what_is_lent(void **state)
{
	struct pair p = make_pair();
	struct user closer = { .fd = p.fd };

	assert_int_equal(spw_fd_lend(p.fd), p.number);
	assert_int_equal(
		pthread_create(&closer.thread, NULL, close_it, &closer), 0);
	/* Told by a call that it refuses: it has begun, and is not over. */
	while (spw_fd_wait(p.fd, SPW_READ, 0) == -ETIMEDOUT)
		;
	assert_true(is_open(p.number));
	assert_int_equal(write(p.number, "x", 1), 1);
	spw_fd_give_back(p.fd);
	pthread_join(closer.thread, NULL);
	assert_int_equal(closer.result, 0);
	assert_false(is_open(p.number));
	free_pair(&p);
}

static void one_of_two_closes_closes(void **state)
{
	for (int round = 0; round < 200; round++) {
		struct pair p = make_pair();
		struct user other = { .fd = p.fd };
		int result;

		assert_int_equal(pthread_create(&other.thread, NULL, close_it,
						&other),
				 0);
		result = spw_fd_close(p.fd);
		pthread_join(other.thread, NULL);
		assert_int_equal(result + other.result, -EBADF);
		free_pair(&p);
	}
}

/* ---- a poller that breaks ---- */

static int broken_wait(struct spw_sys *s, int epoll, struct spw_event *events,
		       int n)
{
	return -EIO;
}

static void who_waits_is_told_that_nothing_will_come(void **state)
{
	for (size_t i = 0; spw_closers[i]; i++) {
		struct spw_sys broken = *spw_sys_linux();
		const struct spw_options options = {
			.guard = spw_guard_find("none"),
			.closer = spw_closers[i],
			.sys = &broken,
		};
		struct spw_rt *own;
		struct spw_fd *fd;
		int end[2], error;
		char byte;

		broken.epoll_wait = broken_wait;
		assert_int_equal(spw_open(&own, &options), 0);
		assert_int_equal(sys->pipe(sys, end), 0);
		error = spw_fd_adopt(own, end[0], &fd);
		if (error) { /* it has told so at once */
			assert_int_equal(error, -EIO);
			goto next;
		}
		error = (int)spw_fd_read(fd, &byte, 1, SPW_NO_DEADLINE);
		assert_true(error == -EIO || error == -ENOTRECOVERABLE);
		/* What needs no poller works. */
		assert_int_equal(write(end[1], "x", 1), 1);
		assert_int_equal(spw_fd_read(fd, &byte, 1, SPW_NO_DEADLINE), 1);
		spw_fd_release(fd);
next:
		spw_shut(own);
		close(end[1]);
		close(end[0]); /* which round-trip could not */
	}
}

/* ---- nothing is left ---- */

static void nothing_is_left(void **state)
{
	size_t fds = count_fds();

	assert_int_equal(set_up(NULL), 0);
	assert_int_equal(count_fds(), fds);
	for (int i = 0; i < 3; i++) {
		struct pair p = make_pair();

		free_pair(&p);
	}
	tear_down(NULL);
	assert_int_equal(count_fds(), fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_go_both_ways, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(deadlines_come, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(closed_is_closed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(some_cannot_be_adopted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_may_be_adopted_again,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_poll_there_is_nothing,
						set_up, tear_down),
		cmocka_unit_test(closers_are_found),
		cmocka_unit_test_setup_teardown(close_wakes_everybody, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(close_waits_for_what_is_lent,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_of_two_closes_closes,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_waits_is_told_that_nothing_will_come, set_up,
			tear_down),
		cmocka_unit_test(nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
