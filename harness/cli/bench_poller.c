/* SPDX-License-Identifier: MIT */
#include "cli/bench_poller.h"

#include "cli/bench_libuv.h"

#include <spw/spw.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PAIRS = RIG_BUSY_FDS / 2,
	SIDES = 2, /* threads that ask; as many answer */
	RUN_NS = 400000000,
	SPARE = 200, /* numbers for everything else */
	BATCH = 64,
};

static uint64_t now_ns(void)
{
	return spw_sys_linux()->now_ns(spw_sys_linux());
}

/* ---- by hand ---- */

struct plain_fd {
	int number;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ready; /* under lock: something has come since the last wait */
};

static struct plain {
	int epoll;
	pthread_t thread;
	atomic_bool over;
} plain;

static void *plain_poll(void *arg)
{
	struct epoll_event events[BATCH];

	while (!atomic_load(&plain.over)) {
		int n = epoll_wait(plain.epoll, events, BATCH, -1);

		for (int i = 0; i < n; i++) {
			struct plain_fd *fd = events[i].data.ptr;

			pthread_mutex_lock(&fd->lock);
			fd->ready = true;
			pthread_cond_broadcast(&fd->changed);
			pthread_mutex_unlock(&fd->lock);
		}
	}
	return NULL;
}

static void plain_wait(struct plain_fd *fd)
{
	pthread_mutex_lock(&fd->lock);
	while (!fd->ready)
		pthread_cond_wait(&fd->changed, &fd->lock);
	fd->ready = false;
	pthread_mutex_unlock(&fd->lock);
}

static ssize_t plain_read(struct plain_fd *fd, void *buf, size_t len)
{
	ssize_t n;

	while ((n = read(fd->number, buf, len)) < 0 && errno == EAGAIN)
		plain_wait(fd);
	return n;
}

static ssize_t plain_write(struct plain_fd *fd, const void *buf, size_t len)
{
	ssize_t n;

	while ((n = write(fd->number, buf, len)) < 0 && errno == EAGAIN)
		plain_wait(fd);
	return n;
}

static int plain_add(struct plain_fd *fd, int number)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP |
					       EPOLLET,
				     .data.ptr = fd };

	fd->number = number;
	if (pthread_mutex_init(&fd->lock, NULL) ||
	    pthread_cond_init(&fd->changed, NULL))
		return -ENOMEM;
	return epoll_ctl(plain.epoll, EPOLL_CTL_ADD, number, &event) ? -errno :
								       0;
}

static int plain_open(void)
{
	atomic_store(&plain.over, false);
	plain.epoll = epoll_create1(EPOLL_CLOEXEC);
	return plain.epoll < 0 ?
		       -errno :
		       -pthread_create(&plain.thread, NULL, plain_poll, NULL);
}

/* It wakes by an event of a descriptor that is added for that. */
static void plain_close(void)
{
	struct plain_fd last;
	int number = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	atomic_store(&plain.over, true);
	plain_add(&last, number);
	pthread_join(plain.thread, NULL);
	close(number);
	close(plain.epoll);
}

/* ---- a descriptor of either kind ---- */

struct end {
	struct spw_fd *spw;
	struct plain_fd plain;
};

static struct bench {
	bool by_hand;
	struct spw_rt *rt;
	atomic_bool over;
	unsigned nidle, npairs;
	struct end idle[RIG_IDLE_FDS];
	struct end pair[PAIRS][2];
	uint64_t trips[SIDES];
} bench;

static int add(struct end *end, int number)
{
	if (number < 0)
		return -errno;
	return bench.by_hand ? plain_add(&end->plain, number) :
			       spw_fd_adopt(bench.rt, number, &end->spw);
}

static void drop(struct end *end)
{
	if (!bench.by_hand) {
		spw_fd_release(end->spw);
		return;
	}
	close(end->plain.number);
	pthread_cond_destroy(&end->plain.changed);
	pthread_mutex_destroy(&end->plain.lock);
}

static bool get(struct end *end)
{
	char byte;

	return (bench.by_hand ?
			plain_read(&end->plain, &byte, 1) :
			spw_fd_read(end->spw, &byte, 1, SPW_NO_DEADLINE)) == 1;
}

static bool put(struct end *end)
{
	return (bench.by_hand ?
			plain_write(&end->plain, "x", 1) :
			spw_fd_write(end->spw, "x", 1, SPW_NO_DEADLINE)) == 1;
}

/* ---- threads: one asks along its pairs, one answers in the same order ---- */

static unsigned first_pair(const uint64_t *trips)
{
	return (unsigned)(trips - bench.trips) * (PAIRS / SIDES);
}

static void *ask(void *arg)
{
	uint64_t *trips = arg;
	struct end(*pair)[2] = &bench.pair[first_pair(trips)];

	for (unsigned i = 0; !atomic_load(&bench.over);
	     i = (i + 1) % (PAIRS / SIDES)) {
		if (!put(&pair[i][0]) || !get(&pair[i][0]))
			break;
		++*trips;
	}
	/* The answer to nobody: the other thread finds its end closed. */
	for (unsigned i = 0; i < PAIRS / SIDES; i++)
		shutdown(bench.by_hand ? pair[i][0].plain.number :
					 spw_fd_lend(pair[i][0].spw),
			 SHUT_RDWR);
	return NULL;
}

static void *reply(void *arg)
{
	struct end(*pair)[2] = &bench.pair[first_pair(arg)];

	for (unsigned i = 0;; i = (i + 1) % (PAIRS / SIDES))
		if (!get(&pair[i][1]) || !put(&pair[i][1]))
			return NULL;
}

static void give_back(void)
{
	for (unsigned i = 0; !bench.by_hand && i < bench.npairs; i++)
		spw_fd_give_back(bench.pair[i][0].spw);
}

static double run_threads(const char **why)
{
	pthread_t thread[2 * SIDES];
	unsigned n = 0;
	uint64_t start = now_ns(), sum = 0;
	int error = 0;

	atomic_store(&bench.over, false);
	for (; !error && n < 2 * SIDES; n += !error) {
		bench.trips[n / 2] = 0;
		error = pthread_create(&thread[n], NULL, n % 2 ? reply : ask,
				       &bench.trips[n / 2]);
	}
	spw_sys_linux()->sleep_ns(spw_sys_linux(), RUN_NS);
	atomic_store(&bench.over, true);
	while (n)
		pthread_join(thread[--n], NULL);
	give_back();
	for (int i = 0; i < SIDES; i++)
		sum += bench.trips[i];
	if (error)
		*why = "no threads";
	return error ? 0 : (double)sum * 1e9 / (double)(now_ns() - start);
}

/* ---- set-up ---- */

static int open_pair(struct end pair[2])
{
	int fd[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       fd))
		return -errno;
	rc = add(&pair[0], fd[0]);
	return rc ? rc : add(&pair[1], fd[1]);
}

static int open_all(void)
{
	const struct spw_options options = { .guard = spw_guard_find("none") };
	int rc = bench.by_hand ? plain_open() : spw_open(&bench.rt, &options);

	for (bench.nidle = 0; !rc && bench.nidle < RIG_IDLE_FDS;
	     bench.nidle += !rc)
		rc = add(&bench.idle[bench.nidle],
			 eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	for (bench.npairs = 0; !rc && bench.npairs < PAIRS; bench.npairs += !rc)
		rc = open_pair(bench.pair[bench.npairs]);
	return rc;
}

static void close_all(void)
{
	if (bench.by_hand)
		plain_close(); /* first: it uses what is dropped below */
	while (bench.npairs) {
		drop(&bench.pair[--bench.npairs][0]);
		drop(&bench.pair[bench.npairs][1]);
	}
	while (bench.nidle)
		drop(&bench.idle[--bench.nidle]);
	if (!bench.by_hand)
		spw_shut(bench.rt);
}

static bool may_open_so_many(void)
{
	const rlim_t wanted = RIG_IDLE_FDS + RIG_BUSY_FDS + SPARE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return false;
	if (limit.rlim_cur >= wanted)
		return true;
	limit.rlim_cur = wanted;
	return limit.rlim_max >= wanted && !setrlimit(RLIMIT_NOFILE, &limit);
}

double rig_bench_poller(enum rig_poller_kind kind, const char **why)
{
	double rate = 0;

	if (!may_open_so_many()) {
		*why = "it needs 11,200 descriptors (ulimit -n)";
		return 0;
	}
	if (kind == RIG_POLLER_LIBUV)
		return rig_bench_libuv(RUN_NS, why);
	bench.by_hand = kind == RIG_POLLER_PLAIN;
	if (open_all())
		*why = "the descriptors could not be opened";
	else
		rate = run_threads(why);
	close_all();
	return rate;
}
