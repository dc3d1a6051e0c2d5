/* SPDX-License-Identifier: MIT */
/* The real kernel: threads and locks, by pthreads. */
#include "sys_linux.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* ---- threads ---- */

struct spw_thread {
	pthread_t id;
	void (*fn)(void *arg);
	void *arg;
};

static void *run_thread(void *arg)
{
	struct spw_thread *thread = arg;

	thread->fn(thread->arg);
	return NULL;
}

int spw_linux_thread_create(struct spw_sys *sys, struct spw_thread **out,
			    void (*fn)(void *arg), void *arg)
{
	struct spw_thread *thread = malloc(sizeof(*thread));
	int error;

	if (!thread)
		return -ENOMEM;
	thread->fn = fn;
	thread->arg = arg;
	error = pthread_create(&thread->id, NULL, run_thread, thread);
	if (error) {
		free(thread);
		return -error;
	}
	*out = thread;
	return 0;
}

void spw_linux_thread_join(struct spw_sys *sys, struct spw_thread *thread)
{
	pthread_join(thread->id, NULL);
	free(thread);
}

/* ---- mutexes ---- */

struct spw_mutex {
	pthread_mutex_t lock;
};

/*
 * Error-checking mutexes: they know their owner, which is what assert_held
 * asks. They cost a few nanoseconds more than plain ones, a spawn takes 10^5.
 */
int spw_linux_mutex_create(struct spw_sys *sys, struct spw_mutex **out)
{
	struct spw_mutex *mutex = malloc(sizeof(*mutex));
	pthread_mutexattr_t attr;
	int error;

	if (!mutex)
		return -ENOMEM;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	error = pthread_mutex_init(&mutex->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	if (error) {
		free(mutex);
		return -error;
	}
	*out = mutex;
	return 0;
}

void spw_linux_mutex_destroy(struct spw_sys *sys, struct spw_mutex *mutex)
{
	pthread_mutex_destroy(&mutex->lock);
	free(mutex);
}

void spw_linux_mutex_lock(struct spw_sys *sys, struct spw_mutex *mutex)
{
	if (pthread_mutex_lock(&mutex->lock) != 0)
		abort();
}

void spw_linux_mutex_unlock(struct spw_sys *sys, struct spw_mutex *mutex)
{
	if (pthread_mutex_unlock(&mutex->lock) != 0)
		abort();
}

void spw_linux_assert_held(struct spw_sys *sys, struct spw_mutex *mutex,
			   const void *shared, size_t len)
{
	if (pthread_mutex_lock(&mutex->lock) != EDEADLK)
		abort();
}

/* ---- conditions ---- */

struct spw_cond {
	pthread_cond_t cond;
};

/* Deadlines are those of now_ns: the clock that nobody sets. */
int spw_linux_cond_create(struct spw_sys *sys, struct spw_cond **out)
{
	struct spw_cond *cond = malloc(sizeof(*cond));
	pthread_condattr_t attr;
	int error;

	if (!cond)
		return -ENOMEM;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	error = pthread_cond_init(&cond->cond, &attr);
	pthread_condattr_destroy(&attr);
	if (error) {
		free(cond);
		return -error;
	}
	*out = cond;
	return 0;
}

void spw_linux_cond_destroy(struct spw_sys *sys, struct spw_cond *cond)
{
	pthread_cond_destroy(&cond->cond);
	free(cond);
}

void spw_linux_cond_wait(struct spw_sys *sys, struct spw_cond *cond,
			 struct spw_mutex *mutex)
{
	pthread_cond_wait(&cond->cond, &mutex->lock);
}

int spw_linux_cond_wait_until(struct spw_sys *sys, struct spw_cond *cond,
			      struct spw_mutex *mutex, uint64_t deadline_ns)
{
	const struct timespec until = spw_linux_time(deadline_ns);

	if (deadline_ns != SPW_NO_DEADLINE)
		return -pthread_cond_timedwait(&cond->cond, &mutex->lock,
					       &until);
	spw_linux_cond_wait(sys, cond, mutex);
	return 0;
}

void spw_linux_cond_broadcast(struct spw_sys *sys, struct spw_cond *cond)
{
	pthread_cond_broadcast(&cond->cond);
}

/* ---- reader-writer locks ---- */

/*
 * Readers and writers take turns, so that neither keeps the other out for ever:
 * a waiting writer stops new readers, and an unlocking writer lets in as many
 * readers as are waiting then. Not pthread_rwlock_t: glibc prefers readers
 * unless told otherwise, and then starves them; musl has nothing to tell.
 */
struct spw_rwlock {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned readers;         /* holding */
	unsigned readers_waiting; /* holding not yet */
	unsigned readers_due;     /* whose turn comes before a writer's */
	unsigned writers_waiting;
	bool writing;
};

int spw_linux_rwlock_create(struct spw_sys *sys, struct spw_rwlock **out)
{
	struct spw_rwlock *lock = calloc(1, sizeof(*lock));
	int error;

	if (!lock)
		return -ENOMEM;
	error = pthread_mutex_init(&lock->lock, NULL);
	if (error)
		goto no_mutex;
	error = pthread_cond_init(&lock->changed, NULL);
	if (error)
		goto no_cond;
	*out = lock;
	return 0;

no_cond:
	pthread_mutex_destroy(&lock->lock);
no_mutex:
	free(lock);
	return -error;
}

void spw_linux_rwlock_destroy(struct spw_sys *sys, struct spw_rwlock *lock)
{
	pthread_cond_destroy(&lock->changed);
	pthread_mutex_destroy(&lock->lock);
	free(lock);
}

static bool reader_must_wait(const struct spw_rwlock *lock)
{
	return lock->writing ||
	       (lock->writers_waiting > 0 && lock->readers_due == 0);
}

static bool writer_must_wait(const struct spw_rwlock *lock)
{
	return lock->writing || lock->readers > 0 || lock->readers_due > 0;
}

void spw_linux_rwlock_read(struct spw_sys *sys, struct spw_rwlock *lock)
{
	pthread_mutex_lock(&lock->lock);
	lock->readers_waiting++;
	while (reader_must_wait(lock))
		pthread_cond_wait(&lock->changed, &lock->lock);
	lock->readers_waiting--;
	if (lock->readers_due > 0)
		lock->readers_due--;
	lock->readers++;
	pthread_mutex_unlock(&lock->lock);
}

void spw_linux_rwlock_write(struct spw_sys *sys, struct spw_rwlock *lock)
{
	pthread_mutex_lock(&lock->lock);
	lock->writers_waiting++;
	while (writer_must_wait(lock))
		pthread_cond_wait(&lock->changed, &lock->lock);
	lock->writers_waiting--;
	lock->writing = true;
	pthread_mutex_unlock(&lock->lock);
}

void spw_linux_rwlock_unlock(struct spw_sys *sys, struct spw_rwlock *lock)
{
	pthread_mutex_lock(&lock->lock);
	if (lock->writing) {
		lock->writing = false;
		lock->readers_due = lock->readers_waiting;
	} else {
		lock->readers--;
	}
	pthread_cond_broadcast(&lock->changed);
	pthread_mutex_unlock(&lock->lock);
}
