/* SPDX-License-Identifier: MIT */
/*
 * Guards that do not simply write a file and execute it: what is executed, what
 * stands at the path in the end, and what a child does first.
 */
#include "support.h"

#include <pthread.h>

static char dir[128];
static char path[160];
static char other[160];

static int set_up(void **state)
{
	make_dir(dir);
	snprintf(path, sizeof(path), "%s/program", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	unlink(other);
	return rmdir(dir);
}

static struct spw_rt *open_guard(const char *name)
{
	return open_rt(name, SPW_CLONE_VFORK, NULL);
}

static int write_text(struct spw_rt *rt, const char *file, const char *text)
{
	return spw_write_executable(rt, file, text, strlen(text), 0755);
}

/* A copy of an installed program, with room to spoil it. */
static int write_copy(struct spw_rt *rt, const char *file, const char *of,
		      size_t spoiled)
{
	size_t len;
	void *data = map_file(of, &len);
	char *copy = malloc(len);
	int error;

	assert_non_null(copy);
	memcpy(copy, data, len);
	if (spoiled)
		copy[spoiled] = 0;
	error = spw_write_executable(rt, file, copy, len, 0755);
	free(copy);
	munmap(data, len);
	return error;
}

static ino_t inode_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_ino;
}

/* ---- interpreter ---- */

static void script_gets_its_arguments(void **state)
{
	const char *script = "#! /bin/sh -e \n"
			     "test $# = 2\n"
			     "test $1-$2 = one-two\n"
			     "test ${0##*/} = program\n"
			     "exit 9\n";
	struct spw_rt *rt = open_guard("interpreter");
	const struct spw_spec spec = { .path = path,
				       .argv = ARGV("x", "one", "two") };

	/* Without permission to execute, which an interpreter does not need. */
	assert_int_equal(spw_write_executable(rt, path, script, strlen(script),
					      0600),
			 0);
	assert_int_equal(run(rt, &spec, NULL), 9);
	/* -e was passed on: a false command ends it. */
	assert_int_equal(write_text(rt, path, "#!/bin/sh -e\nfalse\nexit 0\n"),
			 0);
	assert_int_equal(run_path(rt, path), 1);
	/* The last line needs no end. */
	assert_int_equal(write_text(rt, path, "#!/bin/false"), 0);
	assert_int_equal(run_path(rt, path), 1);
	spw_shut(rt);
}

static void binary_gets_its_arguments(void **state)
{
	struct spw_rt *rt = open_guard("interpreter");
	struct spw_spec spec = { .path = "/bin/sh",
				 .argv = ARGV("sh", "-c", "exit 7") };

	assert_int_equal(run(rt, &spec, NULL), 7);
	spec.argv = ARGV("sh", "-c", "grep -q -e /ld- -e musl /proc/$$/maps");
	assert_int_equal(run(rt, &spec, NULL), 0);
	spw_shut(rt);
}

static void what_has_no_interpreter_is_refused(void **state)
{
	enum { E_PHNUM = 56 };
	struct spw_rt *rt = open_guard("interpreter");
	char text[400] = "#!";
	enum spw_stage stage;
	struct spw_spec spec = { .path = path };
	const char *const bad[] = {
		"",         "#",       "#!", "#!\n", "#! \t \n/bin/sh",
		"exit 0\n", "\177ELF", text
	};

	memset(text + 2, 'x', sizeof(text) - 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(write_text(rt, path, bad[i]), 0);
		assert_int_equal(run(rt, &spec, &stage), -ENOEXEC);
		assert_int_equal(stage, SPW_STAGE_PREPARE);
	}
	/* No program headers at all. */
	if (sizeof(void *) == 8) {
		assert_int_equal(write_copy(rt, path, "/bin/true", E_PHNUM), 0);
		assert_int_equal(run_path(rt, path), -ENOEXEC);
	}
	unlink(path);
	assert_int_equal(run_path(rt, path), -ENOENT);
	spec = (struct spw_spec){ .path = "bin/true", .dir = "/" };
	assert_int_equal(run(rt, &spec, NULL), -ENOTSUP);
	spw_shut(rt);
}

/* ---- memfd ---- */

static void memory_follows_the_file(void **state)
{
	struct spw_rt *rt = open_guard("memfd");

	assert_int_equal(write_copy(rt, path, "/bin/true", 0), 0);
	assert_int_equal(write_copy(rt, other, "/bin/false", 0), 0);
	assert_int_equal(run_path(rt, path), 0);
	assert_int_equal(run_path(rt, other), 1);
	assert_int_equal(write_copy(rt, path, "/bin/false", 0), 0);
	assert_int_equal(run_path(rt, path), 1);
	/* Executed from memory: the file is not needed. */
	unlink(other);
	assert_int_equal(run_path(rt, other), 1);
	/* A script is executed from its file. */
	assert_int_equal(write_text(rt, path, "#!/bin/sh\nexit 5\n"), 0);
	assert_int_equal(run_path(rt, path), 5);
	assert_int_equal(run_path(rt, "/bin/true"), 0);
	spw_shut(rt);
}

static void memory_cannot_be_changed(void **state)
{
	struct spw_sys *sys = spw_sys_linux();
	int fd = sys->memfd(sys);

	assert_true(fd >= 0);
	assert_int_equal(sys->write(sys, fd, "x", 1), 1);
	assert_int_equal(sys->seal(sys, fd), 0);
	assert_int_equal(sys->write(sys, fd, "x", 1), -EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

/* The descriptor that is executed stands where others have to go. */
static void memory_moves_out_of_the_way(void **state)
{
	struct spw_fd_map map[28];
	const struct spw_spec spec = { .path = path, .fds = map, .nfds = 28 };

	for (int i = 0; i < 28; i++)
		map[i] = (struct spw_fd_map){ 2, 3 + i };
	for (int how = SPW_CLONE_FORK; how <= SPW_CLONE_VFORK; how++) {
		struct spw_rt *rt = open_rt("memfd", (enum spw_clone)how, NULL);

		assert_int_equal(write_copy(rt, path, "/bin/false", 0), 0);
		assert_int_equal(run(rt, &spec, NULL), 1);
		spw_shut(rt);
	}
}

/* ---- what stands at the path ---- */

static void same_content_is_linked(void **state)
{
	struct spw_rt *rt = open_guard("hardlink");
	ino_t first;

	assert_int_equal(write_text(rt, path, "#!/bin/false\n"), 0);
	first = inode_of(path);
	assert_int_equal(write_text(rt, other, "#!/bin/false\n"), 0);
	assert_int_equal(inode_of(other), first);
	assert_int_equal(run_path(rt, other), 1);
	/* Another content: a new inode, and the first is what it was. */
	assert_int_equal(write_text(rt, other, "#!/bin/true\n"), 0);
	assert_true(inode_of(other) != first);
	assert_int_equal(run_path(rt, path), 1);
	assert_int_equal(run_path(rt, other), 0);
	/* Other rights are another content. */
	assert_int_equal(
		spw_write_executable(rt, path, "#!/bin/true\n", 12, 0700), 0);
	assert_true(inode_of(other) != inode_of(path));
	/* The first one has gone: it is written. */
	unlink(path);
	assert_int_equal(
		spw_write_executable(rt, other, "#!/bin/true\n", 12, 0700), 0);
	assert_int_equal(run_path(rt, other), 0);
	spw_shut(rt);
}

static void a_new_file_takes_the_place(void **state)
{
	const char *const guards[] = { "rename", "tmpfile-link" };

	for (size_t i = 0; i < 2; i++) {
		struct spw_rt *rt = open_guard(guards[i]);
		int old;

		assert_int_equal(write_text(rt, path, "#!/bin/false\n"), 0);
		old = open(path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(write_text(rt, path, "#!/bin/true\n"), 0);
		assert_int_equal(run_path(rt, path), 0);
		assert_int_equal(lseek(old, 0, SEEK_END), 13);
		close(old);
		/* Nothing is left beside it: the directory has one file. */
		unlink(path);
		unlink(other);
		assert_int_equal(rmdir(dir), 0);
		assert_int_equal(mkdir(dir, 0700), 0);
		spw_shut(rt);
	}
}

static void relative_paths_are_taken(void **state)
{
	char before[256];

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(dir), 0);
	for (size_t i = 0; spw_guards[i]; i++) {
		const char *name = spw_guard_info(spw_guards[i])->name;
		struct spw_rt *rt = try_rt(name, SPW_CLONE_VFORK, NULL);

		if (!rt)
			continue;
		assert_int_equal(write_text(rt, "program", "#!/bin/false\n"),
				 0);
		assert_int_equal(run_path(rt, "./program"), 1);
		spw_shut(rt);
	}
	assert_int_equal(chdir(before), 0);
}

/* ---- what a child does ---- */

struct watch {
	struct spw_sys sys;
	struct spw_rt *rt;
	pid_t self;
	int written;         /* the descriptor being written */
	int closed_in_child; /* the first that a child closed */
	unsigned running;    /* children between clone and the report */
	unsigned most;
	pthread_mutex_t lock;
};

static SPW_CHILD int close_watched(struct spw_sys *sys, int fd)
{
	struct watch *watch = (struct watch *)sys;

	if (syscall(SYS_getpid) != watch->self && watch->closed_in_child < 0)
		watch->closed_in_child = fd;
	return (int)syscall(SYS_close, fd) < 0 ? -EIO : 0;
}

static ssize_t write_beside_spawn(struct spw_sys *sys, int fd, const void *buf,
				  size_t len)
{
	struct watch *watch = (struct watch *)sys;

	watch->written = fd;
	assert_int_equal(run_path(watch->rt, "/bin/true"), 0);
	return spw_sys_linux()->write(sys, fd, buf, len);
}

static void child_closes_what_is_written(void **state)
{
	struct watch watch = { .sys = *spw_sys_linux(),
			       .self = getpid(),
			       .written = -1,
			       .closed_in_child = -1 };

	watch.sys.close = close_watched;
	watch.sys.write = write_beside_spawn;
	watch.rt = open_rt("atfork-close", SPW_CLONE_VFORK, &watch.sys);
	assert_int_equal(write_text(watch.rt, path, "#!/bin/true\n"), 0);
	assert_true(watch.written >= 0);
	assert_int_equal(watch.closed_in_child, watch.written);
	/* After the write there is nothing to close. */
	watch.closed_in_child = -1;
	assert_int_equal(run_path(watch.rt, path), 0);
	assert_int_equal(watch.closed_in_child, -1);
	spw_shut(watch.rt);
}

static void shared_table_is_left_alone(void **state)
{
	struct spw_rt *rt = open_guard("clone-files");
	const struct spw_fd_map map = { 2, 1 };
	const struct spw_spec spec = { .path = "/bin/true",
				       .fds = &map,
				       .nfds = 1 };
	enum spw_stage stage;
	int stray = dup(2); /* not close-on-exec */

	assert_int_equal(run(rt, &spec, &stage), -ENOTSUP);
	assert_int_equal(stage, SPW_STAGE_PREPARE);
	assert_int_equal(run_path(rt, "/bin/true"), 0);
	assert_int_equal(fcntl(stray, F_GETFD), 0);
	assert_int_equal(run_path(rt, "/nowhere/at/all"), -ENOENT);
	assert_int_equal(fcntl(stray, F_GETFD), 0);
	close(stray);
	spw_shut(rt);
	assert_no_children();
}

static int clone_counted(struct spw_sys *sys, enum spw_clone how,
			 spw_child_fn *child, void *arg, size_t arg_len,
			 pid_t *pid)
{
	struct watch *watch = (struct watch *)sys;
	int error;

	pthread_mutex_lock(&watch->lock);
	if (++watch->running > watch->most)
		watch->most = watch->running;
	pthread_mutex_unlock(&watch->lock);
	error = spw_sys_linux()->clone(sys, how, child, arg, arg_len, pid);
	pthread_mutex_lock(&watch->lock);
	watch->running--;
	pthread_mutex_unlock(&watch->lock);
	return error;
}

static void *spawn_twenty(void *rt)
{
	for (int i = 0; i < 20; i++)
		run_path(rt, "/bin/true");
	return NULL;
}

static void one_spawn_at_a_time(void **state)
{
	struct watch watch = { .sys = *spw_sys_linux() };
	pthread_t thread[4];

	pthread_mutex_init(&watch.lock, NULL);
	watch.sys.clone = clone_counted;
	watch.rt = open_rt("spawn-mutex", SPW_CLONE_VFORK, &watch.sys);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, spawn_twenty,
						watch.rt),
				 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(watch.most, 1);
	spw_shut(watch.rt);
	pthread_mutex_destroy(&watch.lock);
}

/* ---- providers that lack a call ---- */

static void missing_calls_are_told(void **state)
{
	struct spw_sys sys = *spw_sys_linux();
	const char *const guards[] = {
		"flock",     "close-event", "rename",     "tmpfile-link",
		"fsync",     "memfd",       "hardlink",   "io-uring-direct",
		"proc-scan", "clofork",     "fork-server"
	};

	sys.close_from = NULL;
	sys.flock = NULL;
	sys.watch_closes = NULL;
	sys.rename = NULL;
	sys.link_fd = NULL;
	sys.fsync = NULL;
	sys.memfd = NULL;
	sys.link = NULL;
	sys.ring_create = NULL;
	sys.scan_writers = NULL;
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		const struct spw_options options = {
			.sys = &sys,
			.guard = spw_guard_find(guards[i]),
			.how = SPW_CLONE_VFORK,
		};
		struct spw_rt *rt;

		assert_int_equal(spw_open(&rt, &options), -ENOTSUP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(script_gets_its_arguments),
		cmocka_unit_test(binary_gets_its_arguments),
		cmocka_unit_test(what_has_no_interpreter_is_refused),
		cmocka_unit_test(memory_follows_the_file),
		cmocka_unit_test(memory_cannot_be_changed),
		cmocka_unit_test(memory_moves_out_of_the_way),
		cmocka_unit_test(same_content_is_linked),
		cmocka_unit_test(a_new_file_takes_the_place),
		cmocka_unit_test(relative_paths_are_taken),
		cmocka_unit_test(child_closes_what_is_written),
		cmocka_unit_test(shared_table_is_left_alone),
		cmocka_unit_test(one_spawn_at_a_time),
		cmocka_unit_test(missing_calls_are_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) > 0;
}
