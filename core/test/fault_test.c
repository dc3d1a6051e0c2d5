/* SPDX-License-Identifier: MIT */
/*
 * Every call of the seam that can fail does, once, in each way that is
 * plausible: the k-th call of each kind, for all k that an operation reaches.
 * The operation returns the error, from the right stage, and leaves nothing
 * behind: no descriptor, no memory or lock, no thread, no child, no signal
 * blocked.
 *
 * The counters are in shared memory, as a child of SPW_CLONE_FORK counts too.
 * Each kind of call is made by the child or by its parent, never by both in
 * one operation, so k names one call.
 */
#include "support.h"

#include <pthread.h>
#include <sys/mman.h>

/* ---- the provider that fails ---- */

#define KINDS(X)         \
	X(open)          \
	X(close)         \
	X(read)          \
	X(write)         \
	X(fchmod)        \
	X(pipe)          \
	X(dup_above)     \
	X(dup_onto)      \
	X(cloexec_from)  \
	X(private_table) \
	X(lease)         \
	X(clone)         \
	X(execve)        \
	X(chdir)         \
	X(setsid)        \
	X(wait)          \
	X(thread_create) \
	X(mutex_create)  \
	X(rwlock_create) \
	X(cond_create)   \
	X(alloc)

#define KIND(name) KIND_##name,
enum kind { KINDS(KIND) };
#undef KIND

struct fault {
	struct spw_sys sys;
	struct spw_sys *real;
	enum kind kind;
	unsigned k; /* from 1: which call of that kind fails */
	int error;
	unsigned calls; /* of that kind, so far */
	int owned;      /* locks, threads and memory not given back */
};

static SPW_CHILD bool fails(struct fault *fault, enum kind kind)
{
	return kind == fault->kind && ++fault->calls == fault->k;
}

/* The formatter takes the parameters below for expressions. */
/* clang-format off */

/* A call that has no effect when it fails. */
#define FAULTY(type, name, parameters, arguments)          \
	static SPW_CHILD type faulty_##name parameters     \
	{                                                  \
		struct fault *fault = (struct fault *)sys; \
                                                           \
		if (fails(fault, KIND_##name))             \
			return -fault->error;              \
		return fault->real->name arguments;        \
	}

/* A call that has done its work before it fails. */
#define FAULTY_AFTER(type, name, parameters, arguments)                    \
	static SPW_CHILD type faulty_##name parameters                     \
	{                                                                  \
		struct fault *fault = (struct fault *)sys;                 \
		type result = fault->real->name arguments;                 \
                                                                           \
		return fails(fault, KIND_##name) ? -fault->error : result; \
	}

/* A pair that makes and unmakes; what is owned is counted. */
#define FAULTY_PAIR(make, parameters, arguments, unmake, type)            \
	static int faulty_##make parameters                               \
	{                                                                 \
		struct fault *fault = (struct fault *)sys;                \
		int error;                                                \
                                                                          \
		if (fails(fault, KIND_##make))                            \
			return -fault->error;                             \
		error = fault->real->make arguments;                      \
		fault->owned += error == 0;                               \
		return error;                                             \
	}                                                                 \
	static void faulty_##unmake(struct spw_sys *sys, struct type *it) \
	{                                                                 \
		struct fault *fault = (struct fault *)sys;                \
                                                                          \
		fault->real->unmake(fault->real, it);                     \
		fault->owned--;                                           \
	}

FAULTY(int, open,
       (struct spw_sys *sys, const char *path, int flags, mode_t mode),
       (fault->real, path, flags, mode))
FAULTY_AFTER(int, close, (struct spw_sys *sys, int fd), (fault->real, fd))
FAULTY(ssize_t, read, (struct spw_sys *sys, int fd, void *buf, size_t len),
       (fault->real, fd, buf, len))
FAULTY(ssize_t, write,
       (struct spw_sys *sys, int fd, const void *buf, size_t len),
       (fault->real, fd, buf, len))
FAULTY(int, fchmod, (struct spw_sys *sys, int fd, mode_t mode),
       (fault->real, fd, mode))
FAULTY(int, pipe, (struct spw_sys *sys, int fd[2]), (fault->real, fd))
FAULTY(int, dup_above, (struct spw_sys *sys, int fd, int least),
       (fault->real, fd, least))
FAULTY(int, dup_onto, (struct spw_sys *sys, int from, int to),
       (fault->real, from, to))
FAULTY(int, cloexec_from, (struct spw_sys *sys, int first),
       (fault->real, first))
FAULTY(int, private_table, (struct spw_sys *sys, int keep),
       (fault->real, keep))
FAULTY(int, lease, (struct spw_sys *sys, int fd, int type),
       (fault->real, fd, type))
FAULTY(int, clone,
       (struct spw_sys *sys, enum spw_clone how, spw_child_fn *child,
	void *arg, size_t arg_len, pid_t *pid),
       (fault->real, how, child, arg, arg_len, pid))
FAULTY(int, execve,
       (struct spw_sys *sys, const char *path, char *const argv[],
	char *const envp[]),
       (fault->real, path, argv, envp))
FAULTY(int, chdir, (struct spw_sys *sys, const char *path),
       (fault->real, path))
FAULTY(int, setsid, (struct spw_sys *sys), (fault->real))
FAULTY_AFTER(int, wait,
	     (struct spw_sys *sys, pid_t pid, struct spw_status *status),
	     (fault->real, pid, status))
FAULTY_PAIR(thread_create,
	    (struct spw_sys *sys, struct spw_thread **thread,
	     void (*fn)(void *arg), void *arg),
	    (fault->real, thread, fn, arg), thread_join, spw_thread)
FAULTY_PAIR(mutex_create, (struct spw_sys *sys, struct spw_mutex **mutex),
	    (fault->real, mutex), mutex_destroy, spw_mutex)
FAULTY_PAIR(rwlock_create, (struct spw_sys *sys, struct spw_rwlock **lock),
	    (fault->real, lock), rwlock_destroy, spw_rwlock)
FAULTY_PAIR(cond_create, (struct spw_sys *sys, struct spw_cond **cond),
	    (fault->real, cond), cond_destroy, spw_cond)

/* clang-format on */

static void *faulty_alloc(struct spw_sys *sys, size_t size)
{
	struct fault *fault = (struct fault *)sys;
	void *ptr = NULL;

	if (!fails(fault, KIND_alloc))
		ptr = fault->real->alloc(fault->real, size);
	fault->owned += ptr != NULL;
	return ptr;
}

static void counted_free(struct spw_sys *sys, void *ptr)
{
	struct fault *fault = (struct fault *)sys;

	fault->owned -= ptr != NULL;
	fault->real->free(fault->real, ptr);
}

static void no_sleep_ns(struct spw_sys *sys, uint64_t ns)
{
}

static struct fault *fault; /* the one of all tests, in shared memory */

static void arm(enum kind kind, unsigned k, int error)
{
	struct spw_sys *real = spw_sys_linux();

	*fault = (struct fault){
		.sys = *real,
		.real = real,
		.kind = kind,
		.k = k,
		.error = error,
	};
#define OVERRIDE(name) fault->sys.name = faulty_##name;
	KINDS(OVERRIDE)
#undef OVERRIDE
	fault->sys.thread_join = faulty_thread_join;
	fault->sys.mutex_destroy = faulty_mutex_destroy;
	fault->sys.rwlock_destroy = faulty_rwlock_destroy;
	fault->sys.cond_destroy = faulty_cond_destroy;
	fault->sys.free = counted_free;
	fault->sys.sleep_ns = no_sleep_ns;
}

/* ---- which faults, and what is to come of them ---- */

static const struct plausible {
	enum kind kind;
	int error;
	enum spw_stage stage; /* of a spawn, where it fails */
} plausible[] = {
	{ KIND_open, EMFILE, SPW_STAGE_NONE },
	{ KIND_open, EACCES, SPW_STAGE_NONE },
	{ KIND_open, ETXTBSY, SPW_STAGE_NONE },
	{ KIND_close, EIO, SPW_STAGE_NONE },
	{ KIND_close, EINTR, SPW_STAGE_NONE },
	{ KIND_read, EIO, SPW_STAGE_CLONE },
	{ KIND_write, ENOSPC, SPW_STAGE_NONE },
	{ KIND_write, EIO, SPW_STAGE_NONE },
	{ KIND_fchmod, EPERM, SPW_STAGE_NONE },
	{ KIND_pipe, EMFILE, SPW_STAGE_PREPARE },
	{ KIND_pipe, ENFILE, SPW_STAGE_PREPARE },
	{ KIND_dup_above, EMFILE, SPW_STAGE_FDS },
	{ KIND_dup_onto, EBADF, SPW_STAGE_FDS },
	{ KIND_cloexec_from, EINVAL, SPW_STAGE_FDS },
	{ KIND_private_table, ENOTSUP, SPW_STAGE_NONE },
	{ KIND_private_table, ENOMEM, SPW_STAGE_NONE },
	{ KIND_lease, EACCES, SPW_STAGE_NONE },
	{ KIND_lease, ENOLCK, SPW_STAGE_NONE },
	{ KIND_clone, EAGAIN, SPW_STAGE_CLONE },
	{ KIND_clone, ENOMEM, SPW_STAGE_CLONE },
	{ KIND_execve, ENOENT, SPW_STAGE_EXEC },
	{ KIND_execve, ETXTBSY, SPW_STAGE_EXEC },
	{ KIND_execve, E2BIG, SPW_STAGE_EXEC },
	{ KIND_chdir, EACCES, SPW_STAGE_DIR },
	{ KIND_setsid, EPERM, SPW_STAGE_SESSION },
	{ KIND_wait, ECHILD, SPW_STAGE_NONE },
	{ KIND_thread_create, EAGAIN, SPW_STAGE_NONE },
	{ KIND_mutex_create, ENOMEM, SPW_STAGE_NONE },
	{ KIND_rwlock_create, ENOMEM, SPW_STAGE_NONE },
	{ KIND_cond_create, EAGAIN, SPW_STAGE_NONE },
	{ KIND_alloc, ENOMEM, SPW_STAGE_PREPARE },
};

static char path[160];
static const struct spw_guard *guard;
static enum spw_clone how;
static enum spw_stage stage;

/* From spw_open to spw_shut; what happens between is operation's. */
static int within(int (*operation)(struct spw_rt *rt))
{
	const struct spw_options options = {
		.sys = &fault->sys,
		.guard = guard,
		.how = how,
	};
	struct spw_rt *rt;
	int error = spw_open(&rt, &options);

	if (error < 0)
		return error;
	error = operation(rt);
	spw_shut(rt);
	return error;
}

static int spawn_with_everything(struct spw_rt *rt)
{
	const struct spw_fd_map fds[] = { { 0, 1 }, { 1, 0 }, { 2, 5 } };
	const struct spw_spec spec = {
		.path = "/bin/true",
		.dir = "/",
		.fds = fds,
		.nfds = 3,
		.flags = SPW_NEW_SESSION,
	};

	return run(rt, &spec, &stage);
}

static int write_only(struct spw_rt *rt)
{
	return spw_write_executable(rt, path, "#!/bin/true\n", 12, 0755);
}

/* The fault is mended, or comes too late to matter. */
static bool is_harmless(int (*operation)(struct spw_rt *rt))
{
	const char *name = spw_guard_info(guard)->name;

	switch (fault->kind) {
	case KIND_close:
		/* Of the report pipe, and of what the lease was taken on. */
		return operation == spawn_with_everything || fault->k == 2;
	case KIND_execve:
		return strcmp(name, "retry") == 0 && fault->error == ETXTBSY;
	default:
		return false;
	}
}

static void check_nothing_left(size_t fds)
{
	sigset_t mask;

	assert_int_equal(fault->owned, 0);
	assert_int_equal(count_fds(), fds);
	assert_no_children();
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGTERM));
}

/* Returns whether there was a k-th call. */
static bool check_fault(int (*operation)(struct spw_rt *rt),
			const struct plausible *p, unsigned k)
{
	size_t fds = count_fds();
	int error;

	arm(p->kind, k, p->error);
	stage = SPW_STAGE_NONE;
	error = within(operation);
	check_nothing_left(fds);
	if (fault->calls < k) {
		assert_int_equal(error, 0);
		return false;
	}
	assert_int_equal(error, is_harmless(operation) ? 0 : -p->error);
	/* Stage NONE: the fault struck in spw_open. */
	if (error < 0 && stage != SPW_STAGE_NONE)
		assert_string_equal(spw_stage_name(stage),
				    spw_stage_name(p->stage));
	return true;
}

static unsigned check_all_faults(int (*operation)(struct spw_rt *rt))
{
	unsigned faults = 0;

	for (size_t i = 0; i < sizeof(plausible) / sizeof(plausible[0]); i++) {
		for (unsigned k = 1; check_fault(operation, &plausible[i], k);
		     k++)
			faults++;
	}
	return faults;
}

static void spawn_with_faults(void **state)
{
	for (size_t i = 0; spw_guards[i]; i++) {
		guard = spw_guards[i];
		how = SPW_CLONE_VFORK;
		assert_true(check_all_faults(spawn_with_everything) >= 15);
		how = SPW_CLONE_FORK;
		assert_true(check_all_faults(spawn_with_everything) >= 20);
	}
}

static void write_with_faults(void **state)
{
	how = SPW_CLONE_VFORK;
	for (size_t i = 0; spw_guards[i]; i++) {
		guard = spw_guards[i];
		assert_true(check_all_faults(write_only) >= 8);
	}
}

/* The one fault that cannot be told: what is lost is the child's report. */
static void lost_report(void **state)
{
	const struct spw_spec spec = { .path = "/nowhere/at/all" };
	struct spw_rt *rt;

	arm(KIND_write, 1, EIO);
	rt = open_rt("none", SPW_CLONE_FORK, &fault->sys);
	assert_int_equal(run(rt, &spec, NULL), 127);
	assert_int_equal(fault->calls, 1);
	spw_shut(rt);
}

static char dir[128];

static int set_up(void **state)
{
	fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_dir(dir);
	snprintf(path, sizeof(path), "%s/program", dir);
	return fault == MAP_FAILED;
}

static int tear_down(void **state)
{
	munmap(fault, sizeof(*fault));
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawn_with_faults),
		cmocka_unit_test(write_with_faults),
		cmocka_unit_test(lost_report),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) > 0;
}
