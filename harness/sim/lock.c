/* SPDX-License-Identifier: MIT */
/*
 * Mutexes, read-write locks, conditions. Taking one is a point, giving one
 * back is none: what others do between the last access under a lock and its
 * release commutes with the release (Lipton 1975: a release moves left).
 *
 * Any waiter may get a lock (POSIX promises no order), and a reader even while
 * a writer waits: more interleavings than a writer-preferring lock allows, so
 * what holds here holds there.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <string.h>

static rig_set self_bit(struct sim *sim)
{
	return rig_self(sim->engine);
}

static uint8_t self_id(struct sim *sim)
{
	return (uint8_t)(sim->engine->current->index + 1);
}

/* fork(2): a child of a process with threads may make only
 * async-signal-safe calls; a lock may be held by a thread it does not have. */
static void not_in_child(struct sim *sim, const char *what)
{
	if (sim_self(sim)->arg)
		sim_contract(sim, "%s between clone and execve", what);
}

/* Tasks that wait become enabled when the lock is to be had, else disabled. */
static void update(struct sim *sim, rig_set waiters, bool free)
{
	if (free)
		rig_enable(sim->engine, waiters);
	else
		rig_disable(sim->engine, waiters);
}

/* ---- places in the tables ---- */

/*
 * Each task has places of its own, as it has memory: which of two tasks creates
 * a lock first makes no difference.
 */
static unsigned first_of(struct sim *sim)
{
	unsigned task = sim->engine->current->index;

	if (task >= SIM_LOCKERS)
		return SIM_LOCKS;
	sim_access(sim, SIM_OBJECT_LOCKS + task, RIG_WRITE);
	return task ? SIM_LOCKS_MAIN + (task - 1) * SIM_LOCKS_EACH : 0;
}

static unsigned end_of(const struct sim *sim)
{
	unsigned task = sim->engine->current->index;

	return SIM_LOCKS_MAIN + task * SIM_LOCKS_EACH;
}

static void access_place(struct sim *sim, unsigned place)
{
	unsigned task = place < SIM_LOCKS_MAIN ?
				0 :
				(place - SIM_LOCKS_MAIN) / SIM_LOCKS_EACH + 1;

	sim_access(sim, SIM_OBJECT_LOCKS + task, RIG_WRITE);
}

/* ---- mutex ---- */

static int mutex_create(struct spw_sys *sys, struct spw_mutex **mutex)
{
	struct sim *sim = sim_of(sys);

	for (unsigned i = first_of(sim); i < end_of(sim); i++) {
		if (sim->mutex[i].used)
			continue;
		if (i >= sim->nmutexes)
			sim->nmutexes = i + 1;
		sim->mutex[i].used = true;
		sim->mutex[i].object = sim_objects(sim, 1);
		rig_note(sim->engine, i);
		*mutex = (struct spw_mutex *)(void *)&sim->mutex[i];
		return 0;
	}
	return -EAGAIN;
}

static struct sim_mutex *mutex_of(struct spw_mutex *mutex)
{
	return (struct sim_mutex *)(void *)mutex;
}

static void mutex_destroy(struct spw_sys *sys, struct spw_mutex *mutex)
{
	struct sim_mutex *m = mutex_of(mutex);

	if (m->owner || m->waiters)
		sim_contract(sim_of(sys), "a mutex in use was destroyed");
	access_place(sim_of(sys), (unsigned)(m - sim_of(sys)->mutex));
	memset(m, 0, sizeof(*m));
}

/* The chosen task gets it. */
static void take_mutex(struct sim *sim, struct sim_mutex *m)
{
	sim_access(sim, m->object, RIG_ACQUIRE);
	m->waiters &= ~self_bit(sim);
	m->owner = self_id(sim);
	update(sim, m->waiters, false);
}

static void await_mutex(struct sim *sim, struct sim_mutex *m)
{
	m->waiters |= self_bit(sim);
	update(sim, self_bit(sim), !m->owner);
	sim_about_lock(sim, (unsigned)(m - sim->mutex), true);
	sim_point(sim, SIM_LOCK);
	take_mutex(sim, m);
}

static void mutex_lock(struct spw_sys *sys, struct spw_mutex *mutex)
{
	struct sim *sim = sim_of(sys);
	struct sim_mutex *m = mutex_of(mutex);

	not_in_child(sim, "a mutex was taken");
	if (!m->used)
		sim_contract(sim, "lock of a mutex that does not exist");
	if (m->owner == self_id(sim))
		sim_contract(sim, "lock of a mutex that is held already");
	await_mutex(sim, m);
}

static void mutex_unlock(struct spw_sys *sys, struct spw_mutex *mutex)
{
	struct sim *sim = sim_of(sys);
	struct sim_mutex *m = mutex_of(mutex);

	rig_silent(sim->engine, SIM_UNLOCK);
	if (m->owner != self_id(sim))
		sim_contract(sim, "unlock of a mutex that is not held");
	sim_access(sim, m->object, RIG_RELEASE);
	m->owner = 0;
	update(sim, m->waiters, true);
}

/*
 * What a task reads under a lock is part of its history: without it two tasks
 * that read different values would look the same to a search over states.
 */
static void assert_held(struct spw_sys *sys, struct spw_mutex *mutex,
			const void *shared, size_t len)
{
	struct sim *sim = sim_of(sys);
	const unsigned char *bytes = shared;
	size_t n;

	if (mutex_of(mutex)->owner != self_id(sim))
		sim_contract(sim, "shared memory was touched without its lock");
	for (; sim->engine->hashing && len; bytes += n, len -= n) {
		uint64_t word = 0;

		n = len < sizeof(word) ? len : sizeof(word);
		memcpy(&word, bytes, n);
		rig_note(sim->engine, word);
	}
}

/* ---- read-write lock ---- */

static int rwlock_create(struct spw_sys *sys, struct spw_rwlock **lock)
{
	struct sim *sim = sim_of(sys);

	for (unsigned i = first_of(sim); i < end_of(sim); i++) {
		if (sim->rwlock[i].used)
			continue;
		if (i >= sim->nrwlocks)
			sim->nrwlocks = i + 1;
		sim->rwlock[i].used = true;
		sim->rwlock[i].object = sim_objects(sim, 1);
		rig_note(sim->engine, i);
		*lock = (struct spw_rwlock *)(void *)&sim->rwlock[i];
		return 0;
	}
	return -EAGAIN;
}

static struct sim_rwlock *rwlock_of(struct spw_rwlock *lock)
{
	return (struct sim_rwlock *)(void *)lock;
}

static void rwlock_destroy(struct spw_sys *sys, struct spw_rwlock *lock)
{
	struct sim_rwlock *l = rwlock_of(lock);

	if (l->writer || l->readers || l->want_read || l->want_write)
		sim_contract(sim_of(sys), "a lock in use was destroyed");
	access_place(sim_of(sys), (unsigned)(l - sim_of(sys)->rwlock));
	memset(l, 0, sizeof(*l));
}

static void rwlock_update(struct sim *sim, struct sim_rwlock *l)
{
	update(sim, l->want_read, !l->writer);
	update(sim, l->want_write, !l->writer && !l->readers);
}

static void rwlock_take(struct sim *sim, struct sim_rwlock *l, rig_set *want,
			unsigned op)
{
	not_in_child(sim, "a lock was taken");
	if (!l->used)
		sim_contract(sim, "lock of a lock that does not exist");
	if (l->writer == self_id(sim) || l->readers & self_bit(sim))
		sim_contract(sim, "lock of a lock that is held already");
	*want |= self_bit(sim);
	rwlock_update(sim, l);
	sim_about_lock(sim, SIM_LOCKS + (unsigned)(l - sim->rwlock),
		       op == SIM_WRLOCK);
	sim_point(sim, op);
	*want &= ~self_bit(sim);
}

static void rwlock_read(struct spw_sys *sys, struct spw_rwlock *lock)
{
	struct sim *sim = sim_of(sys);
	struct sim_rwlock *l = rwlock_of(lock);

	rwlock_take(sim, l, &l->want_read, SIM_RDLOCK);
	sim_access(sim, l->object, RIG_ACQUIRE_SHARED);
	l->readers |= self_bit(sim);
	rwlock_update(sim, l);
}

static void rwlock_write(struct spw_sys *sys, struct spw_rwlock *lock)
{
	struct sim *sim = sim_of(sys);
	struct sim_rwlock *l = rwlock_of(lock);

	rwlock_take(sim, l, &l->want_write, SIM_WRLOCK);
	sim_access(sim, l->object, RIG_ACQUIRE);
	l->writer = self_id(sim);
	rwlock_update(sim, l);
}

static void rwlock_unlock(struct spw_sys *sys, struct spw_rwlock *lock)
{
	struct sim *sim = sim_of(sys);
	struct sim_rwlock *l = rwlock_of(lock);

	rig_silent(sim->engine, SIM_RWUNLOCK);
	if (l->writer == self_id(sim)) {
		l->writer = 0;
		sim_access(sim, l->object, RIG_RELEASE);
	} else if (l->readers & self_bit(sim)) {
		l->readers &= ~self_bit(sim);
		sim_access(sim, l->object, RIG_RELEASE_SHARED);
	} else {
		sim_contract(sim, "unlock of a lock that is not held");
	}
	rwlock_update(sim, l);
}

/* ---- condition ---- */

static int cond_create(struct spw_sys *sys, struct spw_cond **cond)
{
	struct sim *sim = sim_of(sys);

	for (unsigned i = first_of(sim); i < end_of(sim); i++) {
		if (sim->cond[i].used)
			continue;
		if (i >= sim->nconds)
			sim->nconds = i + 1;
		sim->cond[i].used = true;
		sim->cond[i].object = sim_objects(sim, 2);
		rig_note(sim->engine, i);
		*cond = (struct spw_cond *)(void *)&sim->cond[i];
		return 0;
	}
	return -EAGAIN;
}

static struct sim_cond *cond_of(struct spw_cond *cond)
{
	return (struct sim_cond *)(void *)cond;
}

static void cond_destroy(struct spw_sys *sys, struct spw_cond *cond)
{
	struct sim_cond *c = cond_of(cond);

	if (c->waiters)
		sim_contract(sim_of(sys), "a condition in use was destroyed");
	access_place(sim_of(sys), (unsigned)(c - sim_of(sys)->cond));
	memset(c, 0, sizeof(*c));
}

/* Gives the mutex up and becomes a waiter, which is not enabled. */
static void begin_wait(struct sim *sim, struct sim_cond *c, struct sim_mutex *m)
{
	if (m->owner != self_id(sim))
		sim_contract(sim, "wait for a condition without its mutex");
	sim_access(sim, m->object, RIG_RELEASE);
	sim_access(sim, c->object, RIG_WRITE);
	m->owner = 0;
	update(sim, m->waiters, true);
	c->mutex = m;
	c->waiters |= self_bit(sim);
	rig_disable(sim->engine, self_bit(sim));
	sim_about_lock(sim, (unsigned)(m - sim->mutex), true);
}

/*
 * Gives the mutex up and waits in one step; being woken and having the mutex
 * again is one step too: between the two the task can do nothing.
 */
static void cond_wait(struct spw_sys *sys, struct spw_cond *cond,
		      struct spw_mutex *mutex)
{
	struct sim *sim = sim_of(sys);
	struct sim_cond *c = cond_of(cond);
	struct sim_mutex *m = mutex_of(mutex);

	begin_wait(sim, c, m);
	sim_point(sim, SIM_COND_WAIT);
	sim_access(sim, c->object + 1u, RIG_ACQUIRE_SHARED); /* its wake-up */
	take_mutex(sim, m);
}

/*
 * Whom no wake has reached by the deadline leaves the condition in one step
 * and takes the mutex in another: a broadcast may come between the deadline and
 * the first, and then it is a wake.
 */
static int cond_wait_until(struct spw_sys *sys, struct spw_cond *cond,
			   struct spw_mutex *mutex, uint64_t deadline_ns)
{
	struct sim *sim = sim_of(sys);
	struct sim_cond *c = cond_of(cond);
	struct sim_mutex *m = mutex_of(mutex);

	if (deadline_ns == SPW_NO_DEADLINE) {
		cond_wait(sys, cond, mutex);
		return 0;
	}
	begin_wait(sim, c, m);
	rig_until(sim->engine, deadline_ns);
	sim_point(sim, SIM_COND_WAIT);
	if (!(c->waiters & self_bit(sim))) {
		sim_access(sim, c->object + 1u, RIG_ACQUIRE_SHARED);
		take_mutex(sim, m);
		return sim_result(sim, 0);
	}
	sim_access(sim, c->object, RIG_WRITE);
	c->waiters &= ~self_bit(sim);
	sim_result(sim, -ETIMEDOUT);
	await_mutex(sim, m);
	return -ETIMEDOUT;
}

/* Who is woken waits for the mutex, which the caller holds. */
static void cond_broadcast(struct spw_sys *sys, struct spw_cond *cond)
{
	struct sim *sim = sim_of(sys);
	struct sim_cond *c = cond_of(cond);

	rig_silent(sim->engine, SIM_BROADCAST);
	sim_access(sim, c->object, RIG_WRITE);
	sim_access(sim, c->object + 1u, RIG_RELEASE);
	if (!c->waiters)
		return;
	if (c->mutex->owner != self_id(sim))
		sim_contract(sim, "broadcast without the mutex of the "
				  "condition");
	rig_awaken(sim->engine, c->waiters);
	rig_disable(sim->engine, c->waiters); /* whose deadline had come, too */
	c->mutex->waiters |= c->waiters;
	c->waiters = 0;
}

void sim_lock_calls(struct spw_sys *sys)
{
	sys->mutex_create = mutex_create;
	sys->mutex_destroy = mutex_destroy;
	sys->mutex_lock = mutex_lock;
	sys->mutex_unlock = mutex_unlock;
	sys->assert_held = assert_held;
	sys->rwlock_create = rwlock_create;
	sys->rwlock_destroy = rwlock_destroy;
	sys->rwlock_read = rwlock_read;
	sys->rwlock_write = rwlock_write;
	sys->rwlock_unlock = rwlock_unlock;
	sys->cond_create = cond_create;
	sys->cond_destroy = cond_destroy;
	sys->cond_wait = cond_wait;
	sys->cond_wait_until = cond_wait_until;
	sys->cond_broadcast = cond_broadcast;
}
