/* SPDX-License-Identifier: MIT */
/*
 * Small programs, each with a race whose outcome lies in a place that a picture
 * of the state could have forgotten.
 */
#ifndef HARNESS_TEST_RACES_H
#define HARNESS_TEST_RACES_H

#include "programs.h"

/*
 * The reason why an execve fails is written to the parent's memory, and the
 * child, which ends with the same status, is forgotten.
 */
static int report;

static int report_step(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	report = sys->execve(sys, "p", NULL, NULL);
	return 1;
}

static void make_p(void *arg)
{
	struct spw_sys *sys = arg;

	shut(sys, open_new(sys, "p"));
}

static void act_on_report(struct spw_sys *sys)
{
	struct spw_thread *thread;
	struct spw_status status;
	pid_t pid;

	thread = begin(sys, make_p);
	MUST(!sys->clone(sys, SPW_CLONE_VFORK, report_step, &sys, sizeof(sys),
			 &pid));
	if (report == -ENOENT)
		sys->unlink(sys, "none");
	MUST(sys->wait(sys, pid, 0, &status) > 0);
	sys->thread_join(sys, thread);
	sys->unlink(sys, "p");
}

/* The same between a thread and who joins it. */
static int found;

static void look_for_p(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = sys->open(sys, "p", READ, 0);

	found = fd;
	if (fd >= 0)
		shut(sys, fd);
}

static void act_on_result(struct spw_sys *sys)
{
	struct spw_thread *a = begin(sys, look_for_p), *b = begin(sys, make_p);

	sys->sleep_ns(sys, 1);
	sys->thread_join(sys, a);
	if (found < 0)
		sys->unlink(sys, "none");
	sys->thread_join(sys, b);
	sys->unlink(sys, "none");
}

/* Two files of one name, one of which has it no longer. */
static void replace_p(void *arg)
{
	struct spw_sys *sys = arg;
	int old = open_new(sys, "p"), new;

	MUST(!sys->unlink(sys, "p"));
	new = open_new(sys, "p");
	MUST(sys->write(sys, new, "n", 1) == 1);
	shut(sys, old);
	shut(sys, new);
}

static void write_p(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = open_new(sys, "p");
	char byte;

	MUST(sys->write(sys, fd, "w", 1) == 1);
	shut(sys, fd);
	fd = sys->open(sys, "p", READ, 0);
	if (sys->read(sys, fd, &byte, 1) == 1)
		sys->unlink(sys, "none");
	shut(sys, fd);
}

static void two_of_a_name(struct spw_sys *sys)
{
	struct spw_thread *a = begin(sys, replace_p), *b = begin(sys, write_p);

	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
}

/* Whether what a polling loop looked at has changed since. */
static void touch_p(void *arg)
{
	struct spw_sys *sys = arg;

	shut(sys, open_new(sys, "p"));
}

static void close_three(void *arg)
{
	struct spw_sys *sys = arg;

	shut(sys, 3);
}

static void poll_with_calls(struct spw_sys *sys)
{
	struct spw_thread *a, *b;
	int r;

	MUST(open_new(sys, "p") == 3);
	r = sys->open(sys, "p", READ, 0);
	a = begin(sys, touch_p);
	b = begin(sys, close_three);
	while (sys->lease(sys, r, F_RDLCK) == -EAGAIN) {
		sys->unlink(sys, "none");
		sys->pause(sys, 0);
	}
	shut(sys, r);
	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
}

/* What a task has read, where something else stands now. */
static void write_a_then_b(void *arg)
{
	struct spw_sys *sys = arg;
	int a = open_new(sys, "p"), b = open_new(sys, "p");

	MUST(sys->write(sys, a, "a", 1) == 1);
	MUST(sys->write(sys, b, "b", 1) == 1);
	shut(sys, a);
	shut(sys, b);
}

static void read_and_act(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = sys->open(sys, "p", READ | O_CREAT, 0600);
	char byte = 0;

	sys->read(sys, fd, &byte, 1);
	shut(sys, fd);
	sys->unlink(sys, "none");
	if (byte == 'a')
		sys->unlink(sys, "none");
}

static void act_on_data(struct spw_sys *sys)
{
	struct spw_thread *a = begin(sys, write_a_then_b);
	struct spw_thread *b = begin(sys, read_and_act);

	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
}

static struct spw_mutex *lock;
static int *number; /* under lock */

static int set_number(struct spw_sys *sys, int to)
{
	int was;

	sys->mutex_lock(sys, lock);
	sys->assert_held(sys, lock, number, sizeof(*number));
	was = *number;
	if (to)
		*number = to;
	sys->mutex_unlock(sys, lock);
	return was;
}

static void set_one_then_two(void *arg)
{
	set_number(arg, 1);
	set_number(arg, 2);
}

static void look_and_act(void *arg)
{
	struct spw_sys *sys = arg;
	int was = set_number(sys, 0);

	sys->unlink(sys, "none");
	if (was == 1)
		sys->unlink(sys, "none");
}

static void act_on_memory(struct spw_sys *sys)
{
	struct spw_thread *a, *b;

	MUST(!sys->mutex_create(sys, &lock));
	number = sys->alloc(sys, sizeof(*number));
	a = begin(sys, set_one_then_two);
	b = begin(sys, look_and_act);
	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
	sys->free(sys, number);
	sys->mutex_destroy(sys, lock);
}

/* Which lock a task has made in a race with another. */
static void use_own_lock(void *arg)
{
	struct spw_sys *sys = arg;
	struct spw_mutex *mutex;

	sys->unlink(sys, "none");
	MUST(!sys->mutex_create(sys, &mutex));
	sys->mutex_lock(sys, mutex);
	sys->unlink(sys, "none");
	sys->mutex_unlock(sys, mutex);
	sys->mutex_destroy(sys, mutex);
}

static void own_locks(struct spw_sys *sys)
{
	struct spw_thread *a = begin(sys, use_own_lock);
	struct spw_thread *b = begin(sys, use_own_lock);

	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
}

static program_fn *const programs[] = {
	act_on_report,   act_on_result, two_of_a_name, act_on_data,
	poll_with_calls, act_on_memory, own_locks,
};

enum { PROGRAMS = sizeof(programs) / sizeof(*programs) };

#endif
