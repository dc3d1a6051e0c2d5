/* SPDX-License-Identifier: MIT */
/*
 * spw_write_executable on the real kernel: with every guard, its errors, and
 * for each guard that claims to be sound the one event that it is there for,
 * brought about by a provider that lets it happen at the right call.
 */
#include "holder.h"

#include <pthread.h>

#define SCRIPT "#!/bin/sh\nexit 42\n"

static char dir[128];
static char path[160];

static int set_up(void **state)
{
	make_dir(dir);
	snprintf(path, sizeof(path), "%s/program", dir);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return rmdir(dir);
}

static int write_script(struct spw_rt *rt)
{
	return spw_write_executable(rt, path, SCRIPT, strlen(SCRIPT), 0755);
}

/* Writes a copy of a program that is installed. */
static int write_copy(struct spw_rt *rt, const char *of)
{
	size_t len;
	void *data = map_file(of, &len);
	int error = spw_write_executable(rt, path, data, len, 0755);

	munmap(data, len);
	return error;
}

/* ---- every guard ---- */

static void check_guard(const char *name, enum spw_clone how)
{
	size_t fds = count_fds();
	struct spw_rt *rt = try_rt(name, how, NULL);
	struct stat st;

	if (!rt)
		return;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write_script(rt), 0);
		assert_int_equal(run_path(rt, path), 42);
		assert_int_equal(write_copy(rt, "/bin/true"), 0);
		assert_int_equal(run_path(rt, path), 0);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	spw_shut(rt);
	assert_int_equal(count_fds(), fds);
	assert_no_children();
}

static void written_program_runs(void **state)
{
	for (size_t i = 0; spw_guards[i]; i++) {
		const char *name = spw_guard_info(spw_guards[i])->name;

		check_guard(name, SPW_CLONE_VFORK);
		check_guard(name, SPW_CLONE_FORK);
	}
}

/* ---- errors ---- */

static void check_error(const char *name, struct spw_sys *sys, const char *file,
			int error)
{
	size_t fds = count_fds();
	struct spw_rt *rt = try_rt(name, SPW_CLONE_VFORK, sys);

	if (!rt)
		return;
	assert_int_equal(spw_write_executable(rt, file, "x", 1, 0755), -error);
	spw_shut(rt);
	assert_int_equal(count_fds(), fds);
	assert_no_children();
}

/* Not /dev/full: some guards replace what stands at a path. */
static ssize_t full_write(struct spw_sys *sys, int fd, const void *buf,
			  size_t len)
{
	return is_regular(fd) ? -ENOSPC :
				spw_sys_linux()->write(sys, fd, buf, len);
}

static ssize_t full_ring_write(struct spw_sys *sys, struct spw_ring *ring,
			       const void *buf, size_t len)
{
	return -ENOSPC;
}

static void errors_are_returned(void **state)
{
	struct spw_sys full = *spw_sys_linux();

	full.write = full_write;
	full.ring_write = full_ring_write;
	for (size_t i = 0; spw_guards[i]; i++) {
		const char *name = spw_guard_info(spw_guards[i])->name;

		check_error(name, NULL, "/nowhere/program", ENOENT);
		check_error(name, NULL, dir, EISDIR);
		check_error(name, &full, path, ENOSPC);
	}
	check_error("none", NULL, "/dev/full", ENOSPC);
}

static void directory_is_read_only(void **state)
{
	if (geteuid() == 0)
		skip();
	unlink(path);
	assert_int_equal(chmod(dir, 0500), 0);
	check_error("none", NULL, path, EACCES);
	assert_int_equal(chmod(dir, 0700), 0);
}

static void running_program_is_busy(void **state)
{
	struct spw_rt *rt = open_rt("none", SPW_CLONE_VFORK, NULL);
	struct spw_proc *proc;
	int fd[2], error;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	const struct spw_fd_map map = { fd[0], 0 };
	const struct spw_spec spec = { .path = path, .fds = &map, .nfds = 1 };

	assert_int_equal(write_copy(rt, "/bin/cat"), 0);
	assert_int_equal(spw_spawn(rt, &spec, &proc, NULL), 0);
	error = write_script(rt);
	close(fd[1]);
	close(fd[0]);
	spw_release(proc);
	spw_shut(rt);
	/* Linux 6.11 came without the check, 6.13 brought it back. */
	if (error == 0)
		skip();
	assert_int_equal(error, -ETXTBSY);
}

/* ---- a provider that lets things happen ---- */

struct stage {
	struct holder holder; /* its table is the stage's */
	int visible;          /* descriptors of path that main could see */
	bool closed;          /* the file was */
	bool cloned_late;     /* the fork came after the close */
	struct spw_rt *rt;
	pthread_t forker;
};

static struct stage *stage_of(struct spw_sys *sys)
{
	return (struct stage *)sys;
}

static void stage_open(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	holder_open(&stage->holder, path);
}

static ssize_t one_byte_write(struct spw_sys *sys, int fd, const void *buf,
			      size_t len)
{
	return spw_sys_linux()->write(sys, fd, buf, len > 0);
}

static void short_writes_are_continued(void **state)
{
	struct stage stage;
	struct spw_rt *rt;

	stage_open(&stage);
	stage.holder.sys.write = one_byte_write;
	rt = open_rt("none", SPW_CLONE_VFORK, &stage.holder.sys);
	assert_int_equal(write_script(rt), 0);
	assert_int_equal(run_path(rt, path), 42);
	spw_shut(rt);
}

static void bare_race(void **state)
{
	struct stage stage;
	struct spw_rt *rt;
	int busy;

	stage_open(&stage);
	stage.holder.sys.close = close_held;
	rt = open_rt("none", SPW_CLONE_VFORK, &stage.holder.sys);
	assert_int_equal(write_script(rt), 0);
	busy = run_path(rt, path);
	holder_end(&stage.holder);
	assert_int_equal(run_path(rt, path), 42);
	spw_shut(rt);
	if (busy == 42)
		skip(); /* a kernel without the check */
	assert_int_equal(busy, -ETXTBSY);
}

/* While the file is written: looks for it among the main thread's numbers. */
static ssize_t write_look(struct spw_sys *sys, int fd, const void *buf,
			  size_t len)
{
	char name[64], target[160];
	ssize_t n;

	for (int i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)getpid(),
			 i);
		n = readlink(name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		stage_of(sys)->visible += strcmp(target, path) == 0;
	}
	return spw_sys_linux()->write(sys, fd, buf, len);
}

static int count_visible(const char *guard)
{
	struct stage stage;
	struct spw_rt *rt;

	stage_open(&stage);
	stage.holder.sys.write = write_look;
	rt = open_rt(guard, SPW_CLONE_VFORK, &stage.holder.sys);
	assert_int_equal(write_script(rt), 0);
	spw_shut(rt);
	return stage.visible;
}

static void private_table_hides_the_file(void **state)
{
	assert_int_equal(count_visible("none"), 1);
	assert_int_equal(count_visible("private-table"), 0);
}

static void *spawn_true(void *arg)
{
	struct stage *stage = arg;

	return (void *)(intptr_t)run_path(stage->rt, "/bin/true");
}

/* While the file is open: another thread wants to spawn. */
static ssize_t write_beside_spawn(struct spw_sys *sys, int fd, const void *buf,
				  size_t len)
{
	struct stage *stage = stage_of(sys);

	assert_int_equal(
		pthread_create(&stage->forker, NULL, spawn_true, stage), 0);
	return spw_sys_linux()->write(sys, fd, buf, len);
}

static int close_noted(struct spw_sys *sys, int fd)
{
	stage_of(sys)->closed = true;
	return spw_sys_linux()->close(sys, fd);
}

static int clone_noted(struct spw_sys *sys, enum spw_clone how,
		       spw_child_fn *child, void *arg, size_t arg_len,
		       pid_t *pid)
{
	stage_of(sys)->cloned_late = stage_of(sys)->closed;
	return spw_sys_linux()->clone(sys, how, child, arg, arg_len, pid);
}

static void fork_lock_keeps_forks_out(void **state)
{
	struct stage stage;
	void *status;

	stage_open(&stage);
	stage.holder.sys.write = write_beside_spawn;
	stage.holder.sys.close = close_noted;
	stage.holder.sys.clone = clone_noted;
	stage.rt = open_rt("fork-lock", SPW_CLONE_VFORK, &stage.holder.sys);
	assert_int_equal(write_script(stage.rt), 0);
	assert_int_equal(pthread_join(stage.forker, &status), 0);
	assert_null(status);
	assert_true(stage.cloned_late);
	spw_shut(stage.rt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_program_runs),
		cmocka_unit_test(errors_are_returned),
		cmocka_unit_test(directory_is_read_only),
		cmocka_unit_test(running_program_is_busy),
		cmocka_unit_test(short_writes_are_continued),
		cmocka_unit_test(bare_race),
		cmocka_unit_test(private_table_hides_the_file),
		cmocka_unit_test(fork_lock_keeps_forks_out),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) > 0;
}
