/* SPDX-License-Identifier: MIT */
/*
 * Every call of the seam that adopted descriptors, the poller and the closers
 * make fails once, in each way that is plausible: the k-th call of each kind,
 * for all k that are reached. Nothing hangs, nobody who waits is left without an
 * answer, and nothing is left behind: no descriptor, no memory or lock, no
 * thread.
 *
 * Which call is the k-th is not always the same one, for the poller has a thread
 * of its own. So what a fault must come to is said for those that the caller
 * makes; others may pass unseen.
 */
#include "faulty.h"

#include <pthread.h>
#include <signal.h>

/* Nothing here takes long: who is told nothing for so long never will be. */
static const uint64_t patience_ns = 5000000000;

static const struct plausible {
	enum kind kind;
	int error;
	unsigned told; /* the first so many calls are the caller's, and it is
			  told when one of them fails */
} plausible[] = {
	{ KIND_alloc, ENOMEM, 7 },
	{ KIND_mutex_create, ENOMEM, 4 },
	{ KIND_cond_create, EAGAIN, 2 },
	{ KIND_thread_create, EAGAIN, 1 },
	{ KIND_epoll_create, EMFILE, 1 },
	{ KIND_epoll_create, ENFILE, 1 },
	{ KIND_eventfd, EMFILE, 1 },
	{ KIND_epoll_ctl, ENOMEM, 3 }, /* then they are removed */
	{ KIND_epoll_ctl, ENOSPC, 3 },
	{ KIND_epoll_wait, EBADF, 1 },
	{ KIND_set_blocking, EBADF, 2 },
	{ KIND_read, EIO, 2 }, /* then the count of wake-ups, at the end */
	{ KIND_write, EIO, 1 },
	{ KIND_close, EIO, 2 }, /* then those of the poller */
	{ KIND_close, EINTR, 2 },
};

static const struct spw_closer *closer;

/* A wake-up is a write to a count that is never full. */
static ssize_t write_byte(struct spw_sys *sys, int fd, const void *buf,
			  size_t len)
{
	return len == 1 ? faulty_write(sys, fd, buf, len) :
			  fault->real->write(fault->real, fd, buf, len);
}

static uint64_t soon(void)
{
	return fault->real->now_ns(fault->real) + patience_ns;
}

/* What came of a call that should have returned wanted. */
static int result_of(ssize_t n, ssize_t wanted)
{
	return n == wanted ? 0 : n < 0 ? (int)n : -EPROTO;
}

/* ---- one thread ---- */

/* A byte from one to the other, and then there is none. */
static int exchange(struct spw_fd *from, struct spw_fd *to)
{
	char byte;
	int error = spw_fd_wait(from, SPW_WRITE, soon());

	if (!error)
		error = result_of(spw_fd_write(from, "x", 1, soon()), 1);
	if (!error)
		error = result_of(spw_fd_read(to, &byte, 1, soon()), 1);
	if (!error)
		error = result_of(spw_fd_read(to, &byte, 1, 0), -ETIMEDOUT);
	return error;
}

static int close_both(struct spw_fd *a, struct spw_fd *b)
{
	int error = spw_fd_close(a), other = spw_fd_close(b);

	spw_fd_release(a);
	spw_fd_release(b);
	return error ? error : other;
}

/* What was not adopted remains the caller's. */
static int use_pair(struct spw_rt *rt, const int number[2])
{
	struct spw_fd *a, *b;
	int error = spw_fd_adopt(rt, number[0], &a), closed;

	if (error) {
		close(number[0]);
		close(number[1]);
		return error;
	}
	error = spw_fd_adopt(rt, number[1], &b);
	if (error) {
		spw_fd_release(a);
		close(number[1]);
		return error;
	}
	error = exchange(a, b);
	closed = close_both(a, b);
	return error ? error : closed;
}

/* ---- two threads: one sleeps, the other closes ---- */

struct sleeper {
	struct spw_fd *fd;
	ssize_t result;
};

static void *sleep_on(void *arg)
{
	struct sleeper *s = arg;
	char byte;

	s->result = spw_fd_read(s->fd, &byte, 1, soon());
	return NULL;
}

static int close_under(struct spw_rt *rt, const int number[2])
{
	struct sleeper s = { .result = 0 };
	pthread_t thread;
	int error = spw_fd_adopt(rt, number[0], &s.fd);

	if (!error) {
		assert_int_equal(pthread_create(&thread, NULL, sleep_on, &s),
				 0);
		error = spw_fd_close(s.fd);
		pthread_join(thread, NULL);
		spw_fd_release(s.fd);
		/* It came too late, or was woken, or met the fault. */
		if (s.result != -EBADF && s.result != -ECANCELED &&
		    s.result != -fault->error)
			error = -EPROTO;
	} else {
		close(number[0]);
	}
	close(number[1]);
	return error;
}

/* ---- faults ---- */

static int within(int (*act)(struct spw_rt *rt, const int number[2]))
{
	const struct spw_options options = {
		.sys = &fault->sys,
		.guard = spw_guard_find("none"),
		.waiter = spw_waiter_find("by-pid"),
		.closer = closer,
	};
	struct spw_rt *rt;
	int number[2];
	int error = spw_open(&rt, &options);

	if (error)
		return error;
	assert_int_equal(fault->real->socket_pair(fault->real, number), 0);
	error = act(rt, number);
	spw_shut(rt);
	return error;
}

/* How much of it a closer is held to. */
struct trial {
	const char *closer;
	int (*act)(struct spw_rt *rt, const int number[2]);
	bool tells;  /* see struct plausible */
	bool closes; /* no descriptor is left open */
};

static void check_end(const struct trial *t, const struct plausible *p,
		      unsigned k, int error)
{
	bool untold = t->tells && k <= p->told;

	if (error != -p->error && (error || untold))
		fail_msg("%s: call %u of kind %d fails with %s: %d", t->closer,
			 k, p->kind, strerror(p->error), error);
}

/* Returns whether there was a k-th call. */
static bool check_fault(const struct trial *t, const struct plausible *p,
			unsigned k)
{
	size_t fds = count_fds();
	uint64_t since;
	int error;

	arm(p->kind, k, p->error);
	fault->sys.write = write_byte;
	since = fault->real->now_ns(fault->real);
	error = within(t->act);
	if (fault->real->now_ns(fault->real) - since >= patience_ns)
		fail_msg("%s: call %u of kind %d: somebody was told nothing",
			 t->closer, k, p->kind);
	assert_int_equal(fault->owned, 0);
	if (t->closes)
		assert_int_equal(count_fds(), fds);
	if (fault->calls < k) {
		assert_int_equal(error, 0);
		return false;
	}
	if (t->closes)
		check_end(t, p, k, error);
	return true;
}

static unsigned check_all(const struct trial *t)
{
	unsigned n = 0;

	closer = spw_closer_find(t->closer);
	for (size_t i = 0; i < sizeof(plausible) / sizeof(plausible[0]); i++)
		for (unsigned k = 1; check_fault(t, &plausible[i], k); k++)
			n++;
	return n;
}

static void refcount_tells_its_caller(void **state)
{
	const struct trial t = { "refcount", use_pair, true, true };

	assert_true(check_all(&t) >= 30);
}

static void refcount_wakes_who_sleeps(void **state)
{
	const struct trial t = { "refcount", close_under, false, true };

	assert_true(check_all(&t) >= 15);
}

/*
 * As they were: where the poll server has failed a close may be refused, and
 * the number stays open.
 */
static void the_old_ones_leave_no_memory(void **state)
{
	const struct trial direct = { "direct", use_pair, false, false };
	const struct trial round_trip = { "round-trip", use_pair, false,
					  false };

	assert_true(check_all(&direct) >= 30);
	assert_true(check_all(&round_trip) >= 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refcount_tells_its_caller),
		cmocka_unit_test(refcount_wakes_who_sleeps),
		cmocka_unit_test(the_old_ones_leave_no_memory),
	};

	signal(SIGPIPE, SIG_IGN);
	fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fault == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
