/* SPDX-License-Identifier: MIT */
/*
 * dpor on programs that nobody thought up: two or three threads, each a few
 * calls chosen at random, on the same few files, descriptors, pipes and locks.
 * Every execution is made by hand and reduced to its trace (traces.h); dpor must
 * explore the same traces, each once, and meet the same violations.
 */
#include "programs.h"
#include "traces.h"

enum {
	THREADS_MAX = 3,
	CALLS_MAX = 3,
	EXECUTIONS_MAX = 20000, /* of a program that is compared */
};

static struct made {
	unsigned threads;
	unsigned calls;
	uint8_t call[THREADS_MAX][CALLS_MAX];
	uint8_t with[THREADS_MAX][CALLS_MAX]; /* what it is made with */
} made;

static struct spw_mutex *mutex;
static struct spw_rwlock *rwlock;
static struct spw_cond *cond;
static int ends[2]; /* of a pipe */
static int epoll, watched;
static const char *const paths[] = { "p", "q" };

static void open_close(struct spw_sys *sys, unsigned with)
{
	int fd = sys->open(sys, paths[with & 1],
			   with & 2 ? READ : WRITE | O_CREAT, 0700);

	if (fd >= 0)
		shut(sys, fd);
}

/* As the lease guard does, but with an end. */
static void poll_lease(struct spw_sys *sys, unsigned with)
{
	int fd = sys->open(sys, paths[with & 1], READ, 0);
	int rc = 0;

	for (int i = 0; fd >= 0 && i < 2; i++) {
		rc = sys->lease(sys, fd, F_RDLCK);
		if (rc != -EAGAIN)
			break;
		if (with & 2)
			sys->unlink(sys, "none");
		sys->pause(sys, 0);
	}
	if (fd >= 0)
		shut(sys, fd);
}

static void in_mutex(struct spw_sys *sys, unsigned with)
{
	sys->mutex_lock(sys, mutex);
	if (with & 1)
		sys->unlink(sys, paths[0]);
	sys->mutex_unlock(sys, mutex);
}

static void in_rwlock(struct spw_sys *sys, unsigned with)
{
	if (with & 1)
		sys->rwlock_read(sys, rwlock);
	else
		sys->rwlock_write(sys, rwlock);
	if (with & 2)
		sys->unlink(sys, paths[1]);
	sys->rwlock_unlock(sys, rwlock);
}

static void wait_or_wake(struct spw_sys *sys, unsigned with)
{
	sys->mutex_lock(sys, mutex);
	if (with & 1)
		sys->cond_broadcast(sys, cond);
	else if (with & 2)
		sys->cond_wait_until(sys, cond, mutex, 1000);
	else
		sys->cond_wait(sys, cond, mutex);
	sys->mutex_unlock(sys, mutex);
}

static void spawn(struct spw_sys *sys, unsigned with)
{
	struct exec_step step = { sys, paths[with & 1] };
	pid_t pid;

	MUST(!sys->clone(sys, with & 2 ? SPW_CLONE_VFORK : SPW_CLONE_FORK,
			 exec_step, &step, sizeof(step), &pid));
	await(sys, pid);
}

static void use_pipe(struct spw_sys *sys, unsigned with)
{
	char byte = 0;

	if (with & 1)
		sys->write(sys, ends[1], "x", 1);
	else
		sys->read(sys, ends[0], &byte, 1);
}

static void own_pipe(struct spw_sys *sys, unsigned with)
{
	int fd[2];

	if (sys->pipe(sys, fd))
		return;
	shut(sys, fd[with & 1]);
	shut(sys, fd[!(with & 1)]);
}

static void copy(struct spw_sys *sys, unsigned with)
{
	int fd = sys->dup_above(sys, ends[with & 1], with & 2 ? 3 : 0);

	if (fd >= 0)
		shut(sys, fd);
}

static void watch_pipe(struct spw_sys *sys, unsigned with)
{
	if (with & 1)
		sys->epoll_ctl(sys, epoll, SPW_EPOLL_DEL, ends[0], 0, 0);
	else
		sys->epoll_ctl(sys, epoll, SPW_EPOLL_ADD, ends[0],
			       SPW_POLL_IN | (with & 2 ? SPW_POLL_EDGE : 0), 1);
}

/* The pipe is watched from the beginning, too, by another number. */
static void await_event(struct spw_sys *sys, unsigned with)
{
	struct spw_event events[2];

	if (with & 2)
		sys->poll(sys, ends[0], SPW_POLL_IN, with & 1 ? 1000 : 0);
	else
		sys->epoll_wait(sys, epoll, events, with & 1 ? 2 : 1);
}

static void take_a_nap(struct spw_sys *sys, unsigned with)
{
	sys->sleep_ns(sys, 1 + (with & 1));
	sys->unlink(sys, "none");
}

static void (*const calls[])(struct spw_sys *sys, unsigned with) = {
	open_close, poll_lease,  in_mutex,    in_rwlock, wait_or_wake,
	spawn,      use_pipe,    own_pipe,    copy,      take_a_nap,
	watch_pipe, await_event, await_event,
};

enum { CALLS = sizeof(calls) / sizeof(*calls) };

struct place {
	struct spw_sys *sys;
	unsigned thread;
};

static void thread(void *arg)
{
	const struct place *place = arg;

	for (unsigned i = 0; i < made.calls; i++)
		calls[made.call[place->thread][i]](place->sys,
						   made.with[place->thread][i]);
}

static void program(struct spw_sys *sys)
{
	struct place place[THREADS_MAX];
	struct spw_thread *threads[THREADS_MAX];

	MUST(!sys->mutex_create(sys, &mutex));
	MUST(!sys->rwlock_create(sys, &rwlock));
	MUST(!sys->cond_create(sys, &cond));
	MUST(!sys->pipe(sys, ends));
	epoll = sys->epoll_create(sys);
	watched = sys->dup_above(sys, ends[0], 0);
	MUST(!sys->epoll_ctl(sys, epoll, SPW_EPOLL_ADD, watched,
			     SPW_POLL_IN | SPW_POLL_EDGE, 2));
	install("p", 0);
	for (unsigned i = 0; i < made.threads; i++) {
		place[i] = (struct place){ sys, i };
		MUST(!sys->thread_create(sys, &threads[i], thread, &place[i]));
	}
	for (unsigned i = 0; i < made.threads; i++)
		sys->thread_join(sys, threads[i]);
	shut(sys, epoll);
	shut(sys, watched);
	shut(sys, ends[0]);
	shut(sys, ends[1]);
	sys->cond_destroy(sys, cond);
	sys->rwlock_destroy(sys, rwlock);
	sys->mutex_destroy(sys, mutex);
}

static void make(uint64_t seed)
{
	struct rig_rng rng;

	rig_rng_seed(&rng, 17, seed);
	made.threads = 2 + rig_rng_below(&rng, 4) / 3;
	made.calls = made.threads == 3 ? 1 : 1 + rig_rng_below(&rng, 2);
	for (unsigned t = 0; t < made.threads; t++)
		for (unsigned i = 0; i < made.calls; i++) {
			made.call[t][i] = (uint8_t)rig_rng_below(&rng, CALLS);
			made.with[t][i] = (uint8_t)rig_rng_below(&rng, 4);
		}
	bench.engine->starve_ns = rig_rng_below(&rng, 2);
}

/* PROGRAMS=N: more of them than a test has time for. */
static void same_traces_as_by_hand(void **state)
{
	const char *given = getenv("PROGRAMS");
	unsigned long n = given ? strtoul(given, NULL, 10) : SLOW ? 10 : 120;
	unsigned long compared = 0;

	for (unsigned long i = 0; i < n; i++) {
		struct sim_options options = sim_defaults;

		options.inner_steps = i % 2;
		sim_configure(bench.sim, &options);
		make(i);
		compared += same_traces(use_program(program), EXECUTIONS_MAX);
	}
	printf("%lu of %lu programs compared\n", compared, n);
	assert_true(compared > n / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(same_traces_as_by_hand) };

	return RUN_TESTS(tests, open_rig, close_rig);
}
