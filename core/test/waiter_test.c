/* SPDX-License-Identifier: MIT */
/*
 * Waiters: what each promises, on the real kernel. From any thread, many at
 * once, with a deadline, after the end; signals; every fault; a kernel without
 * pidfds.
 */
#include "faulty.h"

#include <pthread.h>

static const char *const sound[] = { "owner-handle", "pidfd", "auto" };

enum { SOUND = sizeof(sound) / sizeof(sound[0]), WAITERS = 8 };

static struct spw_rt *open_waiter(const char *name, struct spw_sys *sys)
{
	const struct spw_options options = {
		.sys = sys,
		.guard = spw_guard_find("none"),
		.how = SPW_CLONE_VFORK,
		.waiter = spw_waiter_find(name),
	};
	struct spw_rt *rt;
	int error = spw_open(&rt, &options);

	assert_non_null(options.waiter);
	if (error == -ENOTSUP)
		return NULL;
	assert_int_equal(error, 0);
	return rt;
}

static struct spw_proc *start(struct spw_rt *rt, const char *script)
{
	const struct spw_spec spec = {
		.path = "/bin/sh",
		.argv = ARGV("sh", "-c", script),
	};
	struct spw_proc *proc;

	assert_int_equal(spw_spawn(rt, &spec, &proc, NULL), 0);
	return proc;
}

static void descriptors_are_complete(void **state)
{
	for (size_t i = 0; spw_waiters[i]; i++) {
		const struct spw_waiter_info *info =
			spw_waiter_info(spw_waiters[i]);

		assert_ptr_equal(spw_waiter_find(info->name), spw_waiters[i]);
		assert_true(*info->summary && *info->claim &&
			    *info->condition && *info->reference);
	}
	assert_null(spw_waiter_find("no such waiter"));
}

/* ---- many at once, and again ---- */

static void *wait_for_seven(void *arg)
{
	struct spw_status status = { .code = -1 };

	if (spw_wait(arg, &status) != 0 || status.signaled || status.code != 7)
		return arg;
	return NULL;
}

static void all_are_told_the_same(void **state)
{
	for (size_t i = 0; i < SOUND; i++) {
		struct spw_rt *rt = open_waiter(sound[i], NULL);
		struct spw_proc *proc = start(rt, "sleep 0.05; exit 7");
		pthread_t thread[WAITERS];
		void *failed;

		for (int t = 0; t < WAITERS; t++)
			assert_int_equal(pthread_create(&thread[t], NULL,
							wait_for_seven, proc),
					 0);
		for (int t = 0; t < WAITERS; t++) {
			assert_int_equal(pthread_join(thread[t], &failed), 0);
			assert_null(failed);
		}
		assert_null(wait_for_seven(proc));
		assert_int_equal(spw_signal(proc, SIGKILL), -ESRCH);
		spw_release(proc);
		spw_shut(rt);
		assert_no_children();
	}
}

/* ---- deadlines and signals ---- */

static void deadlines_are_kept(void **state)
{
	struct spw_sys *sys = spw_sys_linux();

	for (size_t i = 0; i < SOUND; i++) {
		struct spw_rt *rt = open_waiter(sound[i], NULL);
		struct spw_proc *proc = start(rt, "exec sleep 60");
		struct spw_status status;
		uint64_t now = sys->now_ns(sys);

		assert_int_equal(spw_wait_until(proc, 0, &status), -ETIMEDOUT);
		assert_int_equal(spw_wait_until(proc, now + 20000000, &status),
				 -ETIMEDOUT);
		assert_true(sys->now_ns(sys) >= now + 20000000);
		assert_int_equal(spw_signal(proc, SIGTERM), 0);
		now = sys->now_ns(sys);
		assert_int_equal(
			spw_wait_until(proc, now + 30000000000, &status), 0);
		assert_true(status.signaled && status.code == SIGTERM);
		spw_shut(rt); /* processes may outlive it */
		spw_release(proc);
	}
}

static void release_waits(void **state)
{
	for (size_t i = 0; spw_waiters[i]; i++) {
		const char *name = spw_waiter_info(spw_waiters[i])->name;
		struct spw_rt *rt;

		/* It blocks a signal for good: see one_signal_each. */
		if (!strcmp(name, "sigchld"))
			continue;
		rt = open_waiter(name, NULL);
		spw_release(start(rt, "exit 1"));
		spw_shut(rt);
		assert_no_children();
	}
}

static void *one_signal_each(void *arg)
{
	struct spw_rt *rt = open_waiter("sigchld", NULL);
	struct spw_proc *proc = start(rt, "exit 7");
	void *failed = wait_for_seven(proc);

	spw_release(proc);
	spw_shut(rt);
	return failed;
}

/* In a thread of its own, whose mask goes with it. */
static void sigchld_in_a_thread(void **state)
{
	pthread_t thread;
	sigset_t all, old;
	void *failed;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	assert_int_equal(pthread_create(&thread, NULL, one_signal_each, NULL),
			 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* ---- the thread that makes a child ends ---- */

struct creator {
	struct spw_rt *rt;
	struct spw_proc *proc;
	int pipe; /* that the child waits for */
};

static void *create(void *arg)
{
	struct creator *c = arg;
	const struct spw_fd_map fds[] = { { c->pipe, 0 } };
	const struct spw_spec spec = {
		.path = "/bin/sh",
		.argv = ARGV("sh", "-c", "read -r line; exit 7"),
		.fds = fds,
		.nfds = 1,
		.flags = SPW_DIE_WITH_CREATOR,
	};

	return spw_spawn(c->rt, &spec, &c->proc, NULL) ? arg : NULL;
}

/* The status of a child that goes on only when its creator has ended, or, if
 * it is not to live, never. */
static struct spw_status end_of_orphan(const char *waiter, enum spw_clone how,
				       bool lives)
{
	const struct spw_options options = {
		.guard = spw_guard_find("none"),
		.how = how,
		.waiter = spw_waiter_find(waiter),
	};
	struct spw_status status;
	struct creator creator;
	pthread_t thread;
	void *failed;
	int fds[2];

	assert_int_equal(spw_open(&creator.rt, &options), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	creator.pipe = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, create, &creator), 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	close(fds[0]);
	if (lives)
		close(fds[1]);
	assert_int_equal(spw_wait(creator.proc, &status), 0);
	if (!lives)
		close(fds[1]);
	spw_release(creator.proc);
	spw_shut(creator.rt);
	assert_no_children();
	return status;
}

static void a_child_dies_with_its_thread(void **state)
{
	static const char *const caller[] = { "direct", "pidfd" };
	static const char *const owner[] = { "owner-handle", "auto" };
	static const enum spw_clone ways[] = { SPW_CLONE_VFORK,
					       SPW_CLONE_FORK };
	struct spw_status status;

	for (size_t how = 0; how < 2; how++) {
		for (size_t i = 0; i < 2; i++) {
			status = end_of_orphan(caller[i], ways[how], false);
			assert_true(status.signaled && status.code == SIGKILL);
			status = end_of_orphan(owner[i], ways[how], true);
			assert_true(!status.signaled && status.code == 7);
		}
	}
}

static void without_such_signals_it_is_not_promised(void **state)
{
	struct spw_sys without = *spw_sys_linux();
	struct creator creator = { .pipe = 0 };

	without.die_with_parent = NULL;
	creator.rt = open_waiter("by-pid", &without);
	assert_ptr_equal(create(&creator), &creator);
	spw_shut(creator.rt);
	assert_no_children();
}

/* ---- a kernel without pidfds ---- */

static int no_pidfd(struct spw_sys *sys, pid_t pid)
{
	return -ENOSYS;
}

static void auto_does_without_pidfds(void **state)
{
	struct spw_sys old = *spw_sys_linux();
	struct spw_sys without = *spw_sys_linux();
	struct spw_proc *proc;
	struct spw_rt *rt;

	old.pidfd_open = no_pidfd; /* before Linux 5.3 */
	without.pidfd_open = NULL; /* no Linux at all */
	assert_null(open_waiter("pidfd", &old));
	assert_null(open_waiter("pidfd", &without));
	rt = open_waiter("auto", &old);
	proc = start(rt, "exit 7");
	assert_null(wait_for_seven(proc));
	spw_release(proc);
	spw_shut(rt);
}

/* ---- every fault ---- */

static const struct plausible {
	enum kind kind;
	int error;
} plausible[] = {
	{ KIND_clone, EAGAIN },        { KIND_execve, ENOENT },
	{ KIND_wait, ECHILD },         { KIND_pidfd_open, EMFILE },
	{ KIND_pidfd_open, ENFILE },   { KIND_pidfd_poll, ENOMEM },
	{ KIND_pidfd_wait, ECHILD },   { KIND_thread_create, EAGAIN },
	{ KIND_mutex_create, ENOMEM }, { KIND_cond_create, EAGAIN },
	{ KIND_alloc, ENOMEM },        { KIND_kill, EPERM },
};

static int spawn_and_wait(const char *waiter)
{
	const struct spw_options options = {
		.sys = &fault->sys,
		.guard = spw_guard_find("none"),
		.how = SPW_CLONE_VFORK,
		.waiter = spw_waiter_find(waiter),
	};
	const struct spw_spec spec = { .path = "/bin/true" };
	struct spw_rt *rt;
	int error = spw_open(&rt, &options);

	if (error < 0)
		return error;
	error = run(rt, &spec, NULL);
	spw_shut(rt);
	return error;
}

/*
 * owner-handle first looks whether the child has ended. That there is none says
 * that somebody else has reaped it, but here it is, and would stay.
 */
static bool is_a_lie(const char *waiter, enum kind kind, unsigned k)
{
	return !strcmp(waiter, "owner-handle") && kind == KIND_wait && k == 1;
}

/* Returns whether there was a k-th call. */
static bool check_fault(const char *waiter, const struct plausible *p,
			unsigned k)
{
	size_t fds = count_fds();
	int error;

	if (is_a_lie(waiter, p->kind, k))
		return true;
	arm(p->kind, k, p->error);
	error = spawn_and_wait(waiter);
	assert_int_equal(fault->owned, 0);
	assert_int_equal(count_fds(), fds);
	assert_no_children();
	if (fault->calls < k) {
		assert_int_equal(error, 0);
		return false;
	}
	/* The reaping that comes after all is known may fail for nothing; and
	 * where the first question to the kernel fails, there are no pidfds. */
	if (error != 0 && error != -p->error && error != -ENOTSUP)
		fail_msg("%s: call %u of kind %d: %d", waiter, k, p->kind,
			 error);
	return true;
}

static void faults(void **state)
{
	static const char *const tried[] = { "owner-thread", "owner-handle",
					     "pidfd", "auto", "by-pid" };
	unsigned n = 0;

	fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(fault, MAP_FAILED);
	for (size_t w = 0; w < sizeof(tried) / sizeof(tried[0]); w++)
		for (size_t i = 0; i < sizeof(plausible) / sizeof(plausible[0]);
		     i++)
			for (unsigned k = 1;
			     check_fault(tried[w], &plausible[i], k); k++)
				n++;
	assert_true(n > 20);
	munmap(fault, sizeof(*fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_complete),
		cmocka_unit_test(all_are_told_the_same),
		cmocka_unit_test(deadlines_are_kept),
		cmocka_unit_test(release_waits),
		cmocka_unit_test(sigchld_in_a_thread),
		cmocka_unit_test(a_child_dies_with_its_thread),
		cmocka_unit_test(without_such_signals_it_is_not_promised),
		cmocka_unit_test(auto_does_without_pidfds),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
