/* SPDX-License-Identifier: MIT */
/*
 * The locks of the real kernel's provider. The reader-writer lock: who comes
 * first, when both sides wait, and that a writer is alone. A condition: the end
 * of a wait in vain.
 */
#include "support.h"

#include <pthread.h>
#include <sched.h>

#define CROWD 4
#define TURNS 200

struct shared {
	struct spw_sys *sys;
	struct spw_rwlock *lock;
	pthread_mutex_t mutex; /* of what follows */
	pid_t visitor;         /* the thread that came last */
	char order[CROWD + 1]; /* who got in: 'r' and 'w' */
	long value;            /* but this is written on the write side */
};

static void set_up(struct shared *shared)
{
	*shared = (struct shared){ .sys = spw_sys_linux() };
	pthread_mutex_init(&shared->mutex, NULL);
	assert_int_equal(shared->sys->rwlock_create(shared->sys, &shared->lock),
			 0);
}

static void tear_down(struct shared *shared)
{
	shared->sys->rwlock_destroy(shared->sys, shared->lock);
	pthread_mutex_destroy(&shared->mutex);
}

static void arrive(struct shared *shared)
{
	pthread_mutex_lock(&shared->mutex);
	shared->visitor = (pid_t)syscall(SYS_gettid);
	pthread_mutex_unlock(&shared->mutex);
}

static void enter(struct shared *shared, char who)
{
	pthread_mutex_lock(&shared->mutex);
	shared->order[strlen(shared->order)] = who;
	pthread_mutex_unlock(&shared->mutex);
}

static void *visit_reading(void *arg)
{
	struct shared *shared = arg;

	arrive(shared);
	shared->sys->rwlock_read(shared->sys, shared->lock);
	enter(shared, 'r');
	shared->sys->rwlock_unlock(shared->sys, shared->lock);
	return NULL;
}

static void *visit_writing(void *arg)
{
	struct shared *shared = arg;

	arrive(shared);
	shared->sys->rwlock_write(shared->sys, shared->lock);
	enter(shared, 'w');
	shared->sys->rwlock_unlock(shared->sys, shared->lock);
	return NULL;
}

static bool is_asleep(pid_t tid)
{
	char name[64], text[128];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", (int)tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n > 0);
	text[n] = '\0';
	/* The state comes after the name, which is in parentheses. */
	return strncmp(strrchr(text, ')'), ") S", 3) == 0;
}

/* Starts a visitor and returns once it waits for the lock. */
static pthread_t start(struct shared *shared, void *(*visit)(void *))
{
	pthread_t thread;
	pid_t tid = 0;

	shared->visitor = 0;
	assert_int_equal(pthread_create(&thread, NULL, visit, shared), 0);
	while (tid == 0 || !is_asleep(tid)) {
		sched_yield();
		pthread_mutex_lock(&shared->mutex);
		tid = shared->visitor;
		pthread_mutex_unlock(&shared->mutex);
	}
	return thread;
}

static void waiting_writer_stops_new_readers(void **state)
{
	pthread_t writer, reader;
	struct shared shared;

	set_up(&shared);
	shared.sys->rwlock_read(shared.sys, shared.lock);
	writer = start(&shared, visit_writing);
	reader = start(&shared, visit_reading);
	shared.sys->rwlock_unlock(shared.sys, shared.lock);
	pthread_join(writer, NULL);
	pthread_join(reader, NULL);
	assert_string_equal(shared.order, "wr");
	tear_down(&shared);
}

static void leaving_writer_lets_readers_in_first(void **state)
{
	pthread_t writer, readers[2];
	struct shared shared;

	set_up(&shared);
	shared.sys->rwlock_write(shared.sys, shared.lock);
	writer = start(&shared, visit_writing);
	readers[0] = start(&shared, visit_reading);
	readers[1] = start(&shared, visit_reading);
	shared.sys->rwlock_unlock(shared.sys, shared.lock);
	pthread_join(writer, NULL);
	pthread_join(readers[0], NULL);
	pthread_join(readers[1], NULL);
	assert_string_equal(shared.order, "rrw");
	tear_down(&shared);
}

static void *count_up(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < TURNS; i++) {
		shared->sys->rwlock_write(shared->sys, shared->lock);
		shared->value++;
		shared->sys->rwlock_unlock(shared->sys, shared->lock);
	}
	return NULL;
}

static void writers_are_alone(void **state)
{
	pthread_t threads[CROWD];
	struct shared shared;
	long value = 0;

	set_up(&shared);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up,
						&shared),
				 0);
	while (value < CROWD * TURNS) {
		long before = value;

		shared.sys->rwlock_read(shared.sys, shared.lock);
		value = shared.value;
		shared.sys->rwlock_unlock(shared.sys, shared.lock);
		assert_true(value >= before);
	}
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(shared.value, CROWD * TURNS);
	tear_down(&shared);
}

/* ---- a condition with a deadline ---- */

enum { SHORT_NS = 2000000 };

static void wait_in_vain(void **state)
{
	struct spw_sys *sys = spw_sys_linux();
	struct spw_mutex *mutex;
	struct spw_cond *cond;
	uint64_t deadline;

	assert_int_equal(sys->mutex_create(sys, &mutex), 0);
	assert_int_equal(sys->cond_create(sys, &cond), 0);
	sys->mutex_lock(sys, mutex);
	deadline = sys->now_ns(sys) + SHORT_NS;
	while (sys->cond_wait_until(sys, cond, mutex, deadline) == 0)
		; /* a wake may be spurious */
	assert_true(sys->now_ns(sys) >= deadline);
	sys->assert_held(sys, mutex, NULL, 0);
	assert_int_equal(sys->cond_wait_until(sys, cond, mutex, 0), -ETIMEDOUT);
	sys->mutex_unlock(sys, mutex);
	sys->cond_destroy(sys, cond);
	sys->mutex_destroy(sys, mutex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_writer_stops_new_readers),
		cmocka_unit_test(leaving_writer_lets_readers_in_first),
		cmocka_unit_test(writers_are_alone),
		cmocka_unit_test(wait_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
