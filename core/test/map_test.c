/* SPDX-License-Identifier: MIT */
/*
 * Mappings on the real kernel: the file stays open for writing for as long as
 * one is left, here or in a child. Who has it open the kernel says by refusing
 * a lease.
 */
#include <sys/file.h>

#include "support.h"

enum { LEN = 1 };

static struct spw_sys *sys;
static char path[160];

static int open_file(int flags)
{
	int fd = sys->open(sys, path, flags | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* Is it open for writing? */
static bool busy(void)
{
	int fd = open_file(O_RDONLY);
	int rc = sys->lease(sys, fd, F_RDLCK);

	assert_true(rc == 0 || rc == -EAGAIN);
	assert_int_equal(sys->close(sys, fd), 0);
	return rc != 0;
}

/* Maps it; no descriptor is left. */
static void *map(int flags)
{
	int fd = open_file(flags);
	void *mapping;

	assert_int_equal(sys->map(sys, fd, LEN, &mapping), 0);
	assert_int_equal(sys->close(sys, fd), 0);
	return mapping;
}

static void test_mapping_outlives_its_descriptor(void **state)
{
	void *mapping = map(O_RDWR);

	assert_true(busy());
	assert_int_equal(sys->unmap(sys, mapping, LEN), 0);
	assert_false(busy());
	mapping = map(O_RDONLY);
	assert_false(busy());
	assert_int_equal(sys->unmap(sys, mapping, LEN), 0);
}

static int wait_for_end(void *arg)
{
	const int *fd = arg;
	char byte;

	sys->close(sys, fd[1]);
	return sys->read(sys, fd[0], &byte, 1) == 0 ? 0 : 1;
}

static void test_child_inherits_it(void **state)
{
	void *mapping = map(O_RDWR);
	struct spw_status status;
	sigset_t old;
	pid_t pid;
	int fd[2];

	assert_int_equal(sys->pipe(sys, fd), 0);
	sys->signals_block(sys, &old);
	assert_int_equal(sys->clone(sys, SPW_CLONE_FORK, wait_for_end, fd,
				    sizeof(fd), &pid),
			 0);
	sys->signals_set(sys, &old);
	assert_int_equal(sys->unmap(sys, mapping, LEN), 0);
	assert_true(busy());
	assert_int_equal(sys->close(sys, fd[1]), 0);
	assert_int_equal(sys->wait(sys, pid, 0, &status), pid);
	assert_int_equal(status.code, 0);
	assert_false(busy());
	assert_int_equal(sys->close(sys, fd[0]), 0);
}

static void test_errors(void **state)
{
	int fd = open_file(O_WRONLY);
	void *mapping;

	assert_int_equal(sys->map(sys, fd, LEN, &mapping), -EACCES);
	assert_int_equal(sys->map(sys, fd, 0, &mapping), -EINVAL);
	assert_int_equal(sys->close(sys, fd), 0);
	assert_int_equal(sys->map(sys, 1000000, LEN, &mapping), -EBADF);
	assert_int_equal(sys->unmap(sys, (void *)1, LEN), -EINVAL);
}

static void test_lock_that_does_not_wait(void **state)
{
	int fd = open_file(O_RDWR), other = open_file(O_RDWR);

	assert_int_equal(sys->flock(sys, fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(sys->flock(sys, other, LOCK_EX | LOCK_NB),
			 -EWOULDBLOCK);
	assert_int_equal(sys->flock(sys, fd, LOCK_UN), 0);
	assert_int_equal(sys->flock(sys, other, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(sys->close(sys, other), 0);
	assert_int_equal(sys->close(sys, fd), 0);
}

static int set_up(void **state)
{
	char dir[128];
	int fd;

	sys = spw_sys_linux();
	make_dir(dir);
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open_file(O_RDWR | O_CREAT);
	sys->close(sys, fd);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapping_outlives_its_descriptor),
		cmocka_unit_test(test_child_inherits_it),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_lock_that_does_not_wait),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) != 0;
}
