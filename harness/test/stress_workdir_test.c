/* SPDX-License-Identifier: MIT */
/* The directory of a stress run, and the program that is written into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress/workdir.h"

/* Each test has a directory of its own, where it also stands. */
static char parent[128];

static int enter_parent(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(parent, sizeof(parent), "%s/workdir.XXXXXX",
		 tmp ? tmp : "/tmp");
	return mkdtemp(parent) && !chdir(parent) ? 0 : -1;
}

/* The test has left nothing in it. */
static int leave_parent(void **state)
{
	if (chdir("/"))
		return -1;
	return rmdir(parent);
}

static void make(struct rig_workdir *dir)
{
	char why[256];

	if (rig_workdir_open(dir, parent, why, sizeof(why)))
		fail_msg("%s", why);
}

static bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* ---- the program ---- */

static int exit_status(const char *path)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execl(path, path, (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_program_exits_with_each_code(void **state)
{
	for (unsigned code = 0; code < 256; code++) {
		unsigned char image[RIG_PROGRAM_MAX];
		int len = rig_program(image, code);
		int fd = open("p", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			      0700);

		if (len == -ENOTSUP)
			skip();
		assert_int_equal(write(fd, image, (size_t)len), len);
		close(fd);
		assert_int_equal(exit_status("./p"), code);
	}
	unlink("p");
}

/* ---- making and removing ---- */

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_directory_is_private_and_goes_away(void **state)
{
	size_t fds = count_fds();
	struct rig_workdir dir;
	char file[PATH_MAX + 8];
	struct stat st;

	make(&dir);
	assert_int_equal(strncmp(dir.path, parent, strlen(parent)), 0);
	assert_int_equal(stat(dir.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_not_equal(dir.fs[0], '\0');
	snprintf(file, sizeof(file), "%s/file", dir.path);
	touch(file);
	rig_workdir_close(&dir);
	assert_false(exists(dir.path));
	assert_int_equal(count_fds(), fds);
}

static void test_directory_in_use_is_kept(void **state)
{
	struct rig_workdir first, second;

	make(&first);
	make(&second);
	assert_true(exists(first.path));
	rig_workdir_close(&second);
	make(&second);
	assert_true(exists(first.path));
	rig_workdir_close(&second);
	rig_workdir_close(&first);
}

/* A process makes one and is killed before it can remove it. */
static void leave_behind(char path[PATH_MAX])
{
	int fd[2], status;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		struct rig_workdir dir;
		char why[256];

		if (!rig_workdir_open(&dir, parent, why, sizeof(why)) &&
		    write(fd[1], dir.path, PATH_MAX) == PATH_MAX)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(read(fd[0], path, PATH_MAX), PATH_MAX);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(fd[0]);
	close(fd[1]);
}

static void test_directory_of_a_killed_run_is_removed(void **state)
{
	char left[PATH_MAX], file[PATH_MAX + 16];
	struct rig_workdir dir;

	leave_behind(left);
	snprintf(file, sizeof(file), "%s/program-1", left);
	touch(file);
	assert_true(exists(left));
	make(&dir);
	assert_false(exists(left));
	rig_workdir_close(&dir);
}

/* Killed between making the directory and its lock: nothing is in it. */
static void test_empty_directory_is_removed(void **state)
{
	struct rig_workdir dir;

	assert_int_equal(mkdir("racerig-abcdef", 0700), 0);
	make(&dir);
	assert_false(exists("racerig-abcdef"));
	rig_workdir_close(&dir);
}

static void test_what_is_not_ours_is_kept(void **state)
{
	static const char *const dirs[] = { "racerig-file00", "racerig-longer0",
					    "racerig-short", "elsewhere" };
	struct rig_workdir dir;
	char path[64];

	for (int i = 0; i < 4; i++) {
		assert_int_equal(mkdir(dirs[i], 0700), 0);
		snprintf(path, sizeof(path), "%s/precious", dirs[i]);
		touch(path);
	}
	/* A lock would make it ours, so a link to it must not be followed. */
	touch("elsewhere/racerig.lock");
	assert_int_equal(symlink("elsewhere", "racerig-linked"), 0);
	touch("racerig-plain0");
	make(&dir);
	rig_workdir_close(&dir);
	assert_true(exists("racerig-plain0"));
	assert_true(exists("racerig-linked"));
	assert_true(exists("elsewhere/racerig.lock"));
	unlink("racerig-plain0");
	unlink("racerig-linked");
	unlink("elsewhere/racerig.lock");
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/precious", dirs[i]);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rmdir(dirs[i]), 0);
	}
}

static void test_directory_of_another_user_is_kept(void **state)
{
	struct rig_workdir dir;

	if (geteuid()) {
		print_message("NOTE: only root can give a directory away\n");
		skip();
	}
	assert_int_equal(mkdir("racerig-abcdef", 0700), 0);
	assert_int_equal(chown("racerig-abcdef", 65534, 65534), 0);
	make(&dir);
	assert_true(exists("racerig-abcdef"));
	rig_workdir_close(&dir);
	assert_int_equal(rmdir("racerig-abcdef"), 0);
}

/* Makes, looks and removes, over and over; 0: its directory was always there. */
static int churn(void)
{
	for (int i = 0; i < 30; i++) {
		struct rig_workdir dir;
		char why[256];
		bool there;

		if (rig_workdir_open(&dir, parent, why, sizeof(why)))
			return 1;
		there = exists(dir.path);
		rig_workdir_close(&dir);
		if (!there)
			return 2;
	}
	return 0;
}

static void test_many_at_once(void **state)
{
	enum { PROCESSES = 6 };
	pid_t pid[PROCESSES];

	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(churn());
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
}

/* ---- where it cannot be done ---- */

static void expect_refused(const char *where, int error, const char *text)
{
	size_t fds = count_fds();
	struct rig_workdir dir;
	char why[256] = "";

	assert_int_equal(rig_workdir_open(&dir, where, why, sizeof(why)),
			 error);
	if (strncmp(why, where, strlen(where)) != 0 || !strstr(why, text))
		fail_msg("\"%s\" is not in \"%s\"", text, why);
	assert_int_equal(count_fds(), fds);
}

static void test_no_directory(void **state)
{
	touch("file");
	expect_refused("no/such", -ENOENT, "No such file");
	expect_refused("file", -ENOTDIR, "Not a directory");
	unlink("file");
}

static void test_path_too_long(void **state)
{
	char path[PATH_MAX + 1];
	struct rig_workdir dir;
	char why[64];

	memset(path, 'x', PATH_MAX);
	path[PATH_MAX] = '\0';
	assert_int_equal(rig_workdir_open(&dir, path, why, sizeof(why)),
			 -ENAMETOOLONG);
}

/* A mount is seen by this process alone, and ends with it. */
static bool mount_here(unsigned long flags, const char *options)
{
	if ((unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS)) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "m", "tmpfs", flags, options)) {
		print_message("NOTE: mounts are not permitted: %s\n",
			      strerror(errno));
		return false;
	}
	return true;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n == 2; /* itself and its parent */
}

/* On a file system of its own, mounted so, it is refused with error. */
static void refuse_mounted(unsigned long flags, const char *options,
			   bool read_only, int error, const char *text)
{
	enum { NOT_PERMITTED = 77 };
	int status;
	pid_t pid;

	assert_int_equal(mkdir("m", 0755), 0);
	pid = fork();
	if (!pid) {
		struct rig_workdir dir;
		char why[256] = "";
		int rc;

		if (!mount_here(flags, options) ||
		    (read_only &&
		     mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL)))
			_exit(NOT_PERMITTED);
		rc = rig_workdir_open(&dir, "m", why, sizeof(why));
		_exit(rc != error || !strstr(why, text) || !is_empty("m"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir("m");
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_PERMITTED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_noexec(void **state)
{
	refuse_mounted(MS_NOEXEC, NULL, false, -EACCES, "m: mounted noexec");
}

static void test_read_only(void **state)
{
	refuse_mounted(0, NULL, true, -EROFS, "m: Read-only file system");
}

static void test_full(void **state)
{
	/* The root, the directory and its lock; no room for a program. */
	refuse_mounted(0, "nr_inodes=3", false, -ENOSPC,
		       "m: No space left on device");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, enter_parent, leave_parent)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_program_exits_with_each_code),
		TEST(test_directory_is_private_and_goes_away),
		TEST(test_directory_in_use_is_kept),
		TEST(test_directory_of_a_killed_run_is_removed),
		TEST(test_empty_directory_is_removed),
		TEST(test_what_is_not_ours_is_kept),
		TEST(test_directory_of_another_user_is_kept),
		TEST(test_many_at_once),
		TEST(test_no_directory),
		TEST(test_path_too_long),
		TEST(test_noexec),
		TEST(test_read_only),
		TEST(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
