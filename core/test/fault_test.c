/* SPDX-License-Identifier: MIT */
/*
 * Every call of the seam that can fail does, once, in each way that is
 * plausible: the k-th call of each kind, for all k that an operation reaches.
 * The operation returns the error, from the right stage, and leaves nothing
 * behind: no descriptor, no memory or lock, no thread, no child, no signal
 * blocked.
 *
 * Here with the guards, and the waiter that makes no calls of its own; waiters
 * have their own in waiter_test.c.
 *
 * The counters are in shared memory, as a child of SPW_CLONE_FORK counts too.
 * Each kind of call is made by the child or by its parent, never by both at
 * once, so k names one call; but for reads with fork-server, see below.
 */
#include "faulty.h"

#include <pthread.h>

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
	{ KIND_unlink, EACCES, SPW_STAGE_NONE },
	{ KIND_pipe, EMFILE, SPW_STAGE_PREPARE },
	{ KIND_pipe, ENFILE, SPW_STAGE_PREPARE },
	{ KIND_dup_above, EMFILE, SPW_STAGE_FDS },
	{ KIND_dup_onto, EBADF, SPW_STAGE_FDS },
	{ KIND_cloexec_from, EINVAL, SPW_STAGE_FDS },
	{ KIND_close_from, EINVAL, SPW_STAGE_NONE },
	{ KIND_private_table, ENOTSUP, SPW_STAGE_NONE },
	{ KIND_private_table, ENOMEM, SPW_STAGE_NONE },
	{ KIND_lease, EACCES, SPW_STAGE_NONE },
	{ KIND_lease, ENOLCK, SPW_STAGE_NONE },
	{ KIND_fsync, EIO, SPW_STAGE_NONE },
	{ KIND_flock, ENOLCK, SPW_STAGE_NONE },
	{ KIND_rename, EXDEV, SPW_STAGE_NONE },
	{ KIND_link, EMLINK, SPW_STAGE_NONE },
	{ KIND_link_fd, EEXIST, SPW_STAGE_NONE },
	{ KIND_link_fd, ENOENT, SPW_STAGE_NONE },
	{ KIND_watch_closes, EMFILE, SPW_STAGE_NONE },
	{ KIND_memfd, ENFILE, SPW_STAGE_NONE },
	{ KIND_seal, EPERM, SPW_STAGE_NONE },
	{ KIND_scan_writers, ENOENT, SPW_STAGE_NONE },
	{ KIND_ring_create, ENOMEM, SPW_STAGE_NONE },
	{ KIND_ring_open, EMFILE, SPW_STAGE_NONE },
	{ KIND_ring_write, ENOSPC, SPW_STAGE_NONE },
	{ KIND_ring_close, EIO, SPW_STAGE_NONE },
	{ KIND_exec_fd, EACCES, SPW_STAGE_EXEC },
	{ KIND_clone, EAGAIN, SPW_STAGE_CLONE },
	{ KIND_clone, ENOMEM, SPW_STAGE_CLONE },
	{ KIND_execve, ENOENT, SPW_STAGE_EXEC },
	{ KIND_execve, ETXTBSY, SPW_STAGE_EXEC },
	{ KIND_execve, E2BIG, SPW_STAGE_EXEC },
	{ KIND_chdir, EACCES, SPW_STAGE_DIR },
	{ KIND_setsid, EPERM, SPW_STAGE_SESSION },
	{ KIND_die_with_parent, EINVAL, SPW_STAGE_SESSION },
	{ KIND_wait, ECHILD, SPW_STAGE_NONE },
	{ KIND_thread_create, EAGAIN, SPW_STAGE_NONE },
	{ KIND_mutex_create, ENOMEM, SPW_STAGE_NONE },
	{ KIND_rwlock_create, ENOMEM, SPW_STAGE_NONE },
	{ KIND_cond_create, EAGAIN, SPW_STAGE_NONE },
	{ KIND_alloc, ENOMEM, SPW_STAGE_PREPARE },
};

static char path[160], other[160];
static void *program;
static size_t program_len;
static const struct spw_guard *guard;
static enum spw_clone how;
static int (*operation)(struct spw_rt *rt);
static enum spw_stage stage;

/* Whether the guard is in a list of names with spaces between. */
static bool is_one_of(const char *names)
{
	const char *name = spw_guard_info(guard)->name;
	const char *at = strstr(names, name);
	size_t len = strlen(name);

	return at && (at == names || at[-1] == ' ') &&
	       (at[len] == ' ' || at[len] == '\0');
}

/* From spw_open to spw_shut; what happens between is act's. */
static int within(int (*act)(struct spw_rt *rt))
{
	const struct spw_options options = {
		.sys = &fault->sys,
		.guard = guard,
		.how = how,
		.waiter = spw_waiter_find("by-pid"),
	};
	struct spw_rt *rt;
	int error = spw_open(&rt, &options);

	if (error < 0)
		return error;
	error = act(rt);
	spw_shut(rt);
	return error;
}

/* A spawn with all that there is, where the guard allows it. */
static int spawn_with_everything(struct spw_rt *rt, const char *file)
{
	const struct spw_fd_map fds[] = { { 0, 1 }, { 1, 0 }, { 2, 5 } };
	const struct spw_spec spec = {
		.path = file,
		.dir = "/",
		.fds = fds,
		.nfds = is_one_of("clone-files fork-server") ? 0 : 3,
		.flags = SPW_NEW_SESSION | SPW_DIE_WITH_CREATOR,
	};

	return run(rt, &spec, &stage);
}

static int spawn_only(struct spw_rt *rt)
{
	return spawn_with_everything(rt, "/bin/true");
}

static int write_to(struct spw_rt *rt, const char *file)
{
	return spw_write_executable(rt, file, program, program_len, 0755);
}

/* Twice the same, and the first again: what was there is replaced. */
static int write_only(struct spw_rt *rt)
{
	int error = write_to(rt, path);

	if (error == 0)
		error = write_to(rt, other);
	return error < 0 ? error : write_to(rt, path);
}

static int write_and_spawn(struct spw_rt *rt)
{
	int error = write_to(rt, path);

	return error < 0 ? error : spawn_with_everything(rt, path);
}

/* The fault is mended, or comes too late to matter. */
static bool is_harmless(void)
{
	switch (fault->kind) {
	case KIND_close:
		return !fault->of_written;
	case KIND_open: /* may not ask for leases: the other way is taken */
		/* Two for a file, but for the third, which is there already. */
		return is_one_of("auto") && fault->error == EACCES &&
		       fault->k != 2 && fault->k != 4 && fault->k != 7;
	case KIND_lease: /* of four for a file, the first two only ask */
		return is_one_of("auto") && (fault->k - 1) % 4 < 2;
	case KIND_link: /* written instead */
		return true;
	case KIND_link_fd: /* what is there is removed */
		return fault->error == EEXIST && fault->k < 4;
	case KIND_alloc: /* not remembered */
		return is_one_of("hardlink") && operation != spawn_only &&
		       (fault->k == 3 ||
			(fault->k > 3 && operation == write_only));
	case KIND_execve:
		return is_one_of("retry") && fault->error == ETXTBSY;
	default:
		return false;
	}
}

/*
 * What goes wrong between the runtime and its server is the end of the server,
 * and told as that. A read is one's or the other's, as it comes.
 */
static bool is_expected(int error)
{
	bool between = fault->kind == KIND_read || fault->kind == KIND_write ||
		       fault->kind == KIND_wait;

	if (is_one_of("fork-server") && between)
		return error == 0 || error == -EPIPE || error == -EIO ||
		       error == -fault->error;
	return error == (is_harmless() ? 0 : -fault->error);
}

/* Where a spawn fails by it; NONE: in a write or in spw_open. */
static enum spw_stage stage_of(const struct plausible *p)
{
	/* The second read is that of the report. */
	bool read = p->kind == KIND_open ||
		    (p->kind == KIND_read && fault->k == 1);

	if ((is_one_of("interpreter") && read) ||
	    (is_one_of("memfd") && operation == write_and_spawn &&
	     p->kind == KIND_dup_above && fault->k == 1))
		return SPW_STAGE_PREPARE;
	if (is_one_of("fork-server") && p->kind == KIND_write)
		return SPW_STAGE_CLONE;
	return p->stage;
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
static bool check_fault(const struct plausible *p, unsigned k)
{
	size_t fds = count_fds();
	int error;

	unlink(path);
	unlink(other);
	arm(p->kind, k, p->error);
	stage = SPW_STAGE_NONE;
	error = within(operation);
	check_nothing_left(fds);
	if (fault->calls < k) {
		assert_int_equal(error, 0);
		return false;
	}
	if (!is_expected(error))
		fail_msg("%s: call %u of kind %d fails with %s: %d",
			 spw_guard_info(guard)->name, k, p->kind,
			 strerror(p->error), error);
	if (error < 0 && stage != SPW_STAGE_NONE)
		assert_string_equal(spw_stage_name(stage),
				    spw_stage_name(stage_of(p)));
	return true;
}

/*
 * The one fault after which something stays behind: the server has started a
 * program, and its answer is lost. It is the write before the last; a read is
 * the runtime's or the server's, as it comes, and none is tried.
 */
static bool loses_the_answer(const struct plausible *p, unsigned k)
{
	unsigned answer = operation == spawn_only ? 3 : 4;

	return is_one_of("fork-server") && operation != write_only &&
	       p->kind == KIND_write && k == answer;
}

static unsigned check_kind(const struct plausible *p)
{
	unsigned faults = 0;

	if (is_one_of("fork-server") && p->kind == KIND_read)
		return 0;
	for (unsigned k = 1; loses_the_answer(p, k) || check_fault(p, k); k++)
		faults++;
	return faults;
}

static unsigned check_all_faults(int (*of)(struct spw_rt *rt),
				 enum spw_clone clone)
{
	unsigned faults = 0;

	operation = of;
	how = clone;
	for (size_t i = 0; i < sizeof(plausible) / sizeof(plausible[0]); i++)
		faults += check_kind(&plausible[i]);
	return faults;
}

static int nothing(struct spw_rt *rt)
{
	return 0;
}

/* The next guard that is available here; the others are named. */
static bool next_guard(size_t *i)
{
	while (spw_guards[*i]) {
		guard = spw_guards[(*i)++];
		arm(KIND_alloc, 0, 0);
		if (within(nothing) == 0)
			return true;
		print_message("%s: not available on this system\n",
			      spw_guard_info(guard)->name);
	}
	return false;
}

static void spawn_with_faults(void **state)
{
	for (size_t i = 0; next_guard(&i);) {
		assert_true(check_all_faults(spawn_only, SPW_CLONE_VFORK) >=
			    10);
		assert_true(check_all_faults(spawn_only, SPW_CLONE_FORK) >= 10);
	}
}

static void write_with_faults(void **state)
{
	for (size_t i = 0; next_guard(&i);)
		assert_true(check_all_faults(write_only, SPW_CLONE_VFORK) >=
			    25);
}

static void write_and_spawn_with_faults(void **state)
{
	for (size_t i = 0; next_guard(&i);)
		assert_true(check_all_faults(write_and_spawn,
					     SPW_CLONE_VFORK) >= 15);
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
	snprintf(other, sizeof(other), "%s/other", dir);
	program = map_file("/bin/true", &program_len);
	return fault == MAP_FAILED;
}

static int tear_down(void **state)
{
	munmap(fault, sizeof(*fault));
	munmap(program, program_len);
	unlink(path);
	unlink(other);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawn_with_faults),
		cmocka_unit_test(write_with_faults),
		cmocka_unit_test(write_and_spawn_with_faults),
		cmocka_unit_test(lost_report),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) > 0;
}
