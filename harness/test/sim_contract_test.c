/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: what it holds against a program. Broken rules of the
 * seam ("contract") and what is left behind at the end ("leak"). Each is a
 * small program and the finding it must lead to.
 */
#include "brute.h"
#include "programs.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

static struct spw_mutex *mutex;
static struct spw_rwlock *rwlock;
static struct spw_cond *cond;
static int value;

static void make_locks(struct spw_sys *sys)
{
	MUST(!sys->mutex_create(sys, &mutex));
	MUST(!sys->rwlock_create(sys, &rwlock));
	MUST(!sys->cond_create(sys, &cond));
}

/* ---- locks ---- */

static void unlock_free(struct spw_sys *sys)
{
	make_locks(sys);
	sys->mutex_unlock(sys, mutex);
}

static void lock_twice(struct spw_sys *sys)
{
	make_locks(sys);
	sys->mutex_lock(sys, mutex);
	sys->mutex_lock(sys, mutex);
}

static void take_it(void *arg)
{
	struct spw_sys *sys = arg;

	sys->mutex_lock(sys, mutex);
	sys->rwlock_write(sys, rwlock);
}

static void unlock_anothers(struct spw_sys *sys)
{
	make_locks(sys);
	sys->thread_join(sys, begin(sys, take_it));
	sys->mutex_unlock(sys, mutex);
}

static void rw_unlock_anothers(struct spw_sys *sys)
{
	make_locks(sys);
	sys->thread_join(sys, begin(sys, take_it));
	sys->rwlock_unlock(sys, rwlock);
}

static void rw_unlock_free(struct spw_sys *sys)
{
	make_locks(sys);
	sys->rwlock_unlock(sys, rwlock);
}

static void rw_read_twice(struct spw_sys *sys)
{
	make_locks(sys);
	sys->rwlock_read(sys, rwlock);
	sys->rwlock_read(sys, rwlock);
}

static void rw_upgrade(struct spw_sys *sys)
{
	make_locks(sys);
	sys->rwlock_read(sys, rwlock);
	sys->rwlock_write(sys, rwlock);
}

static void lock_destroyed(struct spw_sys *sys)
{
	make_locks(sys);
	sys->mutex_destroy(sys, mutex);
	sys->mutex_lock(sys, mutex);
}

static void rw_lock_destroyed(struct spw_sys *sys)
{
	make_locks(sys);
	sys->rwlock_destroy(sys, rwlock);
	sys->rwlock_read(sys, rwlock);
}

static void destroy_held(struct spw_sys *sys)
{
	make_locks(sys);
	sys->mutex_lock(sys, mutex);
	sys->mutex_destroy(sys, mutex);
}

static void rw_destroy_held(struct spw_sys *sys)
{
	make_locks(sys);
	sys->rwlock_read(sys, rwlock);
	sys->rwlock_destroy(sys, rwlock);
}

static void wait_here(void *arg)
{
	struct spw_sys *sys = arg;

	sys->mutex_lock(sys, mutex);
	sys->cond_wait(sys, cond, mutex);
}

static void cond_destroy_used(struct spw_sys *sys)
{
	make_locks(sys);
	begin(sys, wait_here);
	sys->sleep_ns(sys, 1);
	sys->cond_destroy(sys, cond);
}

static void wait_without_mutex(struct spw_sys *sys)
{
	make_locks(sys);
	sys->cond_wait(sys, cond, mutex);
}

static void broadcast_without_mutex(struct spw_sys *sys)
{
	make_locks(sys);
	begin(sys, wait_here);
	sys->sleep_ns(sys, 1);
	sys->cond_broadcast(sys, cond);
}

static void touch_without_lock(struct spw_sys *sys)
{
	make_locks(sys);
	sys->assert_held(sys, mutex, &value, sizeof(value));
}

static void touch_with_anothers_lock(struct spw_sys *sys)
{
	make_locks(sys);
	sys->thread_join(sys, begin(sys, take_it));
	sys->assert_held(sys, mutex, &value, sizeof(value));
}

static void locks_are_used_as_agreed(void **state)
{
	expect_failure(unlock_free, "contract", "mutex that is not held");
	expect_failure(lock_twice, "contract", "held already");
	expect_failure(unlock_anothers, "contract", "mutex that is not held");
	expect_failure(rw_unlock_anothers, "contract", "lock that is not held");
	expect_failure(rw_unlock_free, "contract", "lock that is not held");
	expect_failure(rw_read_twice, "contract", "held already");
	expect_failure(rw_upgrade, "contract", "held already");
	expect_failure(lock_destroyed, "contract", "does not exist");
	expect_failure(rw_lock_destroyed, "contract", "does not exist");
	expect_failure(destroy_held, "contract", "mutex in use");
	expect_failure(rw_destroy_held, "contract", "lock in use");
	expect_failure(cond_destroy_used, "contract", "condition in use");
	expect_failure(wait_without_mutex, "contract", "without its mutex");
	expect_failure(broadcast_without_mutex, "contract",
		       "without the mutex");
	expect_failure(touch_without_lock, "contract", "without its lock");
	expect_failure(touch_with_anothers_lock, "contract",
		       "without its lock");
}

/* ---- descriptors ---- */

static void close_nothing(struct spw_sys *sys)
{
	sys->close(sys, 3);
}

static void close_twice(struct spw_sys *sys)
{
	int fd = open_new(sys, "f");

	shut(sys, fd);
	sys->close(sys, fd);
}

static void close_negative(struct spw_sys *sys)
{
	sys->close(sys, -1);
}

/* The race of two closes: one of them hits a number that is closed. */
static void close_three(void *arg)
{
	struct spw_sys *sys = arg;

	sys->close(sys, 3);
}

static void close_in_two_threads(struct spw_sys *sys)
{
	struct spw_thread *thread;

	open_new(sys, "f");
	thread = begin(sys, close_three);
	close_three(sys);
	sys->thread_join(sys, thread);
}

static void numbers_are_closed_once(void **state)
{
	expect_failure(close_nothing, "contract", "descriptor 3");
	expect_failure(close_twice, "contract", "descriptor 3");
	expect_failure(close_negative, "contract", "descriptor -1");
	expect_failure(close_in_two_threads, "contract", "descriptor 3");
}

/* ---- between clone and execve ---- */

static int lock_step(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	sys->mutex_lock(sys, mutex);
	return 0;
}

static int read_lock_step(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	sys->rwlock_read(sys, rwlock);
	return 0;
}

static void spawn(struct spw_sys *sys, enum spw_clone how, spw_child_fn *step)
{
	struct spw_status status;
	pid_t pid;

	make_locks(sys);
	MUST(!sys->clone(sys, how, step, &sys, sizeof(sys), &pid));
	MUST(sys->wait(sys, pid, 0, &status) > 0);
}

static void lock_in_vfork_child(struct spw_sys *sys)
{
	spawn(sys, SPW_CLONE_VFORK, lock_step);
}

static void lock_in_fork_child(struct spw_sys *sys)
{
	spawn(sys, SPW_CLONE_FORK, lock_step);
}

static void read_lock_in_child(struct spw_sys *sys)
{
	spawn(sys, SPW_CLONE_FORK, read_lock_step);
}

static void children_take_no_lock(void **state)
{
	expect_failure(lock_in_vfork_child, "contract", "a mutex was taken");
	expect_failure(lock_in_fork_child, "contract", "a mutex was taken");
	expect_failure(read_lock_in_child, "contract", "a lock was taken");
}

/* The child makes one call; its parent does not keep still until then. */
static void change_block(struct spw_sys *sys)
{
	struct exec_step step = { sys, "p" };
	pid_t pid;

	install("p", 5);
	install("q", 6);
	MUST(!sys->clone(sys, SPW_CLONE_FORK, exec_step, &step, sizeof(step),
			 &pid));
	sys->unlink(sys, "none");
	step.path = "q";
	await(sys, pid);
}

/* After the execve it may do what it likes. */
static void change_block_later(struct spw_sys *sys)
{
	struct exec_step step = { sys, "p" };
	pid_t pid;

	install("p", 5);
	MUST(!sys->clone(sys, SPW_CLONE_VFORK, exec_step, &step, sizeof(step),
			 &pid));
	step.path = "q";
	MUST(await(sys, pid) == 5);
}

static void argument_blocks_stay_as_they_are(void **state)
{
	expect_found(change_block, "contract", "argument block");
	expect_clean(change_block_later);
}

/* ---- memory ---- */

static void free_twice(struct spw_sys *sys)
{
	void *block = sys->alloc(sys, 10);

	sys->free(sys, block);
	sys->free(sys, block);
}

static void write_after_free(struct spw_sys *sys)
{
	char *block = sys->alloc(sys, 10);

	sys->free(sys, block);
	block[3] = 1;
}

static void lose_memory(struct spw_sys *sys)
{
	sys->free(sys, sys->alloc(sys, 10));
	MUST(sys->alloc(sys, 10));
	MUST(sys->alloc(sys, 0));
}

static void use_memory(struct spw_sys *sys)
{
	char *a = sys->alloc(sys, 100), *b = sys->alloc(sys, 100);

	for (int i = 0; i < 100; i++)
		MUST(!a[i] && !b[i]);
	MUST((uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0);
	memset(a, 1, 100);
	memset(b, 2, 100);
	MUST(a[99] == 1);
	sys->free(sys, a);
	sys->free(sys, NULL);
	MUST(b[0] == 2);
	sys->free(sys, b);
	MUST(!sys->alloc(sys, 20000));
	a = sys->alloc(sys, 10000);
	MUST(a && !sys->alloc(sys, 10000));
	sys->free(sys, a);
}

static void memory_is_checked(void **state)
{
	expect_done(use_memory);
	expect_failure(free_twice, "contract", "freed twice");
	expect_failure(lose_memory, "leak", "2 blocks of memory");
#ifndef WITH_ASAN /* which stops at the access itself */
	expect_failure(write_after_free, "contract", "after it was freed");
#else
	(void)write_after_free;
#endif
	/* What was freed is part of the picture a search compares. */
	expect_clean(use_memory);
}

static void free_under_search(void *arg)
{
	struct spw_sys *sys = arg;
	void *block = sys->alloc(sys, 10);

	sys->free(sys, block);
	sys->unlink(sys, "none");
	sys->unlink(sys, "none");
}

static void free_in_two(struct spw_sys *sys)
{
	struct spw_thread *thread = begin(sys, free_under_search);

	free_under_search(sys);
	sys->thread_join(sys, thread);
}

static void freed_memory_can_be_compared(void **state)
{
	expect_clean(free_in_two);
}

/* ---- what is left behind ---- */

static void leave_open(struct spw_sys *sys)
{
	shut(sys, open_new(sys, "f"));
	MUST(sys->dup_above(sys, 0, 11) == 11);
}

static void leave_zombie(struct spw_sys *sys)
{
	install("p", 5);
	start(sys, "p");
	sys->sleep_ns(sys, 1);
}

static int read_for_ever(void *arg)
{
	const int *block = *(const int **)arg;
	struct spw_sys *sys = sim_sys(bench.sim);
	char byte;

	sys->read(sys, *block, &byte, 1);
	return 0;
}

static void leave_child(struct spw_sys *sys)
{
	static int p[2];
	const int *block = p;
	pid_t pid;

	MUST(!sys->pipe(sys, p));
	MUST(!sys->clone(sys, SPW_CLONE_FORK, read_for_ever, &block,
			 sizeof(block), &pid));
	sys->sleep_ns(sys, 1);
}

static void sleep_long(void *arg)
{
	struct spw_sys *sys = arg;

	sys->sleep_ns(sys, 1000);
}

static void leave_thread(struct spw_sys *sys)
{
	begin(sys, sleep_long);
}

static void leave_mutex(struct spw_sys *sys)
{
	MUST(!sys->mutex_create(sys, &mutex));
}

static void leave_rwlock(struct spw_sys *sys)
{
	MUST(!sys->rwlock_create(sys, &rwlock));
}

static void leave_cond(struct spw_sys *sys)
{
	MUST(!sys->cond_create(sys, &cond));
}

static void leave_low_number_open_for_writing(struct spw_sys *sys)
{
	shut(sys, 1);
	MUST(open_new(sys, "f") == 1);
}

static void leave_lease(struct spw_sys *sys)
{
	shut(sys, open_new(sys, "f"));
	shut(sys, 0);
	MUST(sys->open(sys, "f", READ, 0) == 0);
	MUST(!sys->lease(sys, 0, F_RDLCK));
}

static void nothing_is_left_behind(void **state)
{
	expect_failure(leave_open, "leak", "descriptor 11 is still open");
	expect_failure(leave_zombie, "leak", "main.c1 is a zombie");
	expect_failure(leave_child, "leak", "main.c1 still runs");
	expect_failure(leave_thread, "leak", "main.t1 still runs");
	expect_failure(leave_mutex, "leak", "lock was not destroyed");
	expect_failure(leave_rwlock, "leak", "lock was not destroyed");
	expect_failure(leave_cond, "leak", "lock was not destroyed");
	expect_failure(leave_low_number_open_for_writing, "leak",
		       "f: its write count is 1, so it cannot be executed");
	expect_failure(leave_lease, "leak", "f: a lease is held");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(locks_are_used_as_agreed),
		TEST(numbers_are_closed_once),
		TEST(children_take_no_lock),
		TEST(argument_blocks_stay_as_they_are),
		TEST(memory_is_checked),
		TEST(freed_memory_can_be_compared),
		TEST(nothing_is_left_behind),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
