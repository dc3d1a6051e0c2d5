/* SPDX-License-Identifier: MIT */
/* The simulated kernel: mutexes, read-write locks, conditions. */
#include "brute.h"
#include "programs.h"

enum { THREADS = 3 };

static struct spw_mutex *mutex;
static struct spw_rwlock *rwlock;
static struct spw_cond *cond;

/* In memory of the kernel's: part of the state that a search compares. */
static struct shared {
	unsigned inside, readers, writers;
	unsigned value;
	bool ready;
} * shared;

static unsigned together; /* the most readers at one time */

static void yield(struct spw_sys *sys)
{
	sys->unlink(sys, "none"); /* a point, and nothing else */
}

static struct shared *held(struct spw_sys *sys)
{
	sys->assert_held(sys, mutex, shared, sizeof(*shared));
	return shared;
}

static void with_threads(struct spw_sys *sys, unsigned n,
			 void (*const fn[])(void *arg))
{
	struct spw_thread *thread[THREADS];

	MUST(!sys->mutex_create(sys, &mutex));
	MUST(!sys->rwlock_create(sys, &rwlock));
	MUST(!sys->cond_create(sys, &cond));
	shared = sys->alloc(sys, sizeof(*shared));
	MUST(shared && !shared->value);
	for (unsigned i = 0; i < n; i++)
		thread[i] = begin(sys, fn[i]);
	for (unsigned i = 0; i < n; i++)
		sys->thread_join(sys, thread[i]);
	sys->cond_destroy(sys, cond);
	sys->rwlock_destroy(sys, rwlock);
	sys->mutex_destroy(sys, mutex);
	sys->free(sys, shared);
}

/* ---- mutex ---- */

static void alone_inside(void *arg)
{
	struct spw_sys *sys = arg;

	for (int i = 0; i < 2; i++) {
		sys->mutex_lock(sys, mutex);
		MUST(!held(sys)->inside++);
		yield(sys);
		shared->value++;
		MUST(!--shared->inside);
		sys->mutex_unlock(sys, mutex);
	}
}

static void exclude(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { alone_inside, alone_inside,
					      alone_inside };

	with_threads(sys, THREADS, fn);
}

static void mutex_excludes(void **state)
{
	expect_clean(exclude);
}

static void exclude_two(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { alone_inside, alone_inside };

	with_threads(sys, 2, fn);
}

/* Nothing hashed: the same, for two. */
static void mutex_excludes_in_every_execution(void **state)
{
	assert_true(brute_program(exclude_two, 100000) > 10);
}

static void inside_without(void *arg)
{
	struct spw_sys *sys = arg;

	MUST(!shared->inside++);
	yield(sys);
	shared->inside--;
}

static void no_lock(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { inside_without, inside_without };

	with_threads(sys, 2, fn);
}

/* That the check above can fail at all. */
static void without_it_they_meet(void **state)
{
	expect_found(no_lock, "must", "inside");
}

/* ---- read-write lock ---- */

static void reads(void *arg)
{
	struct spw_sys *sys = arg;

	sys->rwlock_read(sys, rwlock);
	MUST(!shared->writers);
	if (++shared->readers > together)
		together = shared->readers;
	yield(sys);
	MUST(!shared->writers);
	shared->readers--;
	sys->rwlock_unlock(sys, rwlock);
}

static void writes(void *arg)
{
	struct spw_sys *sys = arg;

	sys->rwlock_write(sys, rwlock);
	MUST(!shared->writers++ && !shared->readers);
	yield(sys);
	MUST(shared->writers == 1 && !shared->readers);
	shared->writers--;
	sys->rwlock_unlock(sys, rwlock);
}

static void read_and_write(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { reads, writes, reads };

	with_threads(sys, THREADS, fn);
}

static void two_writers(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { writes, reads, writes };

	with_threads(sys, THREADS, fn);
}

static void readers_share_and_writers_do_not(void **state)
{
	together = 0;
	brute_program(read_and_write, 1000000);
	assert_int_equal(together, 2);
	expect_clean(read_and_write);
	expect_clean(two_writers);
}

/* ---- condition ---- */

static void wait_ready(void *arg)
{
	struct spw_sys *sys = arg;

	sys->mutex_lock(sys, mutex);
	while (!held(sys)->ready)
		sys->cond_wait(sys, cond, mutex);
	MUST(!held(sys)->inside++); /* it has the mutex again */
	yield(sys);
	held(sys)->inside--;
	sys->mutex_unlock(sys, mutex);
}

static void make_ready(void *arg)
{
	struct spw_sys *sys = arg;

	sys->mutex_lock(sys, mutex);
	held(sys)->ready = true;
	sys->cond_broadcast(sys, cond);
	MUST(!held(sys)->inside);
	yield(sys); /* who is woken still has to wait for the mutex */
	MUST(!held(sys)->inside);
	sys->mutex_unlock(sys, mutex);
}

static void wait_and_wake(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { wait_ready, make_ready,
					      wait_ready };

	with_threads(sys, THREADS, fn);
}

/* A wake-up that was lost would be a deadlock. */
static void no_wake_up_is_lost(void **state)
{
	expect_clean(wait_and_wake);
	brute_program(wait_and_wake, 100000);
}

/* The same with the test outside of the lock, where it can be lost. */
static void wait_carelessly(void *arg)
{
	struct spw_sys *sys = arg;

	yield(sys);
	if (shared->ready)
		return;
	sys->mutex_lock(sys, mutex);
	sys->cond_wait(sys, cond, mutex);
	sys->mutex_unlock(sys, mutex);
}

static void lose_a_wake_up(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { wait_carelessly, make_ready };

	with_threads(sys, 2, fn);
}

static void lost_wake_ups_are_deadlocks(void **state)
{
	expect_found(lose_a_wake_up, "deadlock", "cond-wait");
}

/* A queue of one: each side waits for the other, several times. */
static void put_three(void *arg)
{
	struct spw_sys *sys = arg;

	for (unsigned i = 1; i <= 3; i++) {
		sys->mutex_lock(sys, mutex);
		while (held(sys)->value)
			sys->cond_wait(sys, cond, mutex);
		held(sys)->value = i;
		sys->cond_broadcast(sys, cond);
		sys->mutex_unlock(sys, mutex);
	}
}

static void take_three(void *arg)
{
	struct spw_sys *sys = arg;

	for (unsigned i = 1; i <= 3; i++) {
		sys->mutex_lock(sys, mutex);
		while (!held(sys)->value)
			sys->cond_wait(sys, cond, mutex);
		MUST(held(sys)->value == i);
		held(sys)->value = 0;
		sys->cond_broadcast(sys, cond);
		sys->mutex_unlock(sys, mutex);
	}
}

static void hand_over(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { put_three, take_three };

	with_threads(sys, 2, fn);
}

static void queues_work(void **state)
{
	expect_clean(hand_over);
	brute_program(hand_over, 1000000);
}

/* ---- a condition with a deadline ---- */

enum { DEADLINE = 1000 };

static unsigned late, in_time; /* of all executions */

static void wait_until_deadline(void *arg)
{
	struct spw_sys *sys = arg;
	int rc = 0;

	sys->mutex_lock(sys, mutex);
	while (!held(sys)->ready && !rc)
		rc = sys->cond_wait_until(sys, cond, mutex, DEADLINE);
	MUST(!held(sys)->inside); /* it has the mutex again, either way */
	MUST(!rc || (rc == -ETIMEDOUT && sys->now_ns(sys) >= DEADLINE));
	late += rc != 0;
	in_time += rc == 0;
	sys->mutex_unlock(sys, mutex);
}

static void make_ready_at_deadline(void *arg)
{
	struct spw_sys *sys = arg;

	sys->sleep_ns(sys, DEADLINE);
	make_ready(sys);
}

static void race_with_deadline(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { wait_until_deadline,
					      make_ready_at_deadline,
					      wait_until_deadline };

	with_threads(sys, THREADS, fn);
}

static void a_deadline_and_a_wake_up_race(void **state)
{
	late = in_time = 0;
	brute_program(race_with_deadline, 1000000);
	assert_true(late && in_time);
	expect_clean(race_with_deadline);
}

static void wait_alone(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { wait_until_deadline };

	sys->sleep_ns(sys, 2 * DEADLINE); /* over before the wait begins */
	with_threads(sys, 1, fn);
	MUST(sys->now_ns(sys) == 2 * DEADLINE);
}

static void a_deadline_may_be_over_before(void **state)
{
	expect_clean(wait_alone);
}

/* Without one it is a wait like any other. */
static void wait_for_ever(void *arg)
{
	struct spw_sys *sys = arg;

	sys->mutex_lock(sys, mutex);
	while (!held(sys)->ready)
		MUST(!sys->cond_wait_until(sys, cond, mutex, SPW_NO_DEADLINE));
	sys->mutex_unlock(sys, mutex);
}

static void no_deadline(struct spw_sys *sys)
{
	static void (*const fn[])(void *) = { wait_for_ever, make_ready };

	with_threads(sys, 2, fn);
}

static void there_may_be_no_deadline(void **state)
{
	expect_clean(no_deadline);
	brute_program(no_deadline, 100000);
}

/* ---- how many ---- */

static void many(struct spw_sys *sys)
{
	struct spw_mutex *m[32];
	struct spw_rwlock *l[32];
	struct spw_cond *c[32];

	for (int i = 0; i < 32; i++) {
		MUST(!sys->mutex_create(sys, &m[i]));
		MUST(!sys->rwlock_create(sys, &l[i]));
		MUST(!sys->cond_create(sys, &c[i]));
	}
	MUST(sys->mutex_create(sys, &mutex) == -EAGAIN);
	MUST(sys->rwlock_create(sys, &rwlock) == -EAGAIN);
	MUST(sys->cond_create(sys, &cond) == -EAGAIN);
	for (int i = 0; i < 32; i++) {
		sys->mutex_destroy(sys, m[i]);
		sys->rwlock_destroy(sys, l[i]);
		sys->cond_destroy(sys, c[i]);
	}
	MUST(!sys->mutex_create(sys, &mutex));
	sys->mutex_destroy(sys, mutex);
}

static void locks_have_a_limit(void **state)
{
	expect_done(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mutex_excludes),
		TEST(mutex_excludes_in_every_execution),
		TEST(without_it_they_meet),
		TEST(readers_share_and_writers_do_not),
		TEST(no_wake_up_is_lost),
		TEST(lost_wake_ups_are_deadlocks),
		TEST(queues_work),
		TEST(a_deadline_and_a_wake_up_race),
		TEST(a_deadline_may_be_over_before),
		TEST(there_may_be_no_deadline),
		TEST(locks_have_a_limit),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
