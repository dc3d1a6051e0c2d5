/* SPDX-License-Identifier: MIT */
/* auto: what it picks, where, and what it falls back to. */
#include "support.h"

#include <sys/statfs.h>

#define PROGRAM "#!/bin/false\n"

struct picks {
	struct spw_sys sys;
	int lease_error; /* what every lease is refused with; 0: none is */
	unsigned leases; /* asked for */
	unsigned forks;
	unsigned writes; /* in this process */
	unsigned truncations;
};

static int open_counted(struct spw_sys *sys, const char *path, int flags,
			mode_t mode)
{
	((struct picks *)sys)->truncations += (flags & O_TRUNC) != 0;
	return spw_sys_linux()->open(sys, path, flags, mode);
}

static int lease_counted(struct spw_sys *sys, int fd, int type)
{
	struct picks *picks = (struct picks *)sys;

	picks->leases++;
	return picks->lease_error ? -picks->lease_error :
				    spw_sys_linux()->lease(sys, fd, type);
}

static int clone_counted(struct spw_sys *sys, enum spw_clone how,
			 spw_child_fn *child, void *arg, size_t arg_len,
			 pid_t *pid)
{
	((struct picks *)sys)->forks++;
	return spw_sys_linux()->clone(sys, how, child, arg, arg_len, pid);
}

static ssize_t write_counted(struct spw_sys *sys, int fd, const void *buf,
			     size_t len)
{
	((struct picks *)sys)->writes++;
	return spw_sys_linux()->write(sys, fd, buf, len);
}

static void picks_open(struct picks *picks, int lease_error)
{
	*picks = (struct picks){ .sys = *spw_sys_linux(),
				 .lease_error = lease_error };
	picks->sys.open = open_counted;
	picks->sys.lease = lease_counted;
	picks->sys.clone = clone_counted;
	picks->sys.write = write_counted;
}

/* With no guard named: it is the default. */
static void write_and_run(struct picks *picks, const char *path)
{
	const struct spw_options options = { .sys = &picks->sys,
					     .how = SPW_CLONE_VFORK };
	size_t fds = count_fds();
	struct spw_rt *rt;
	struct stat st;

	assert_int_equal(spw_open(&rt, &options), 0);
	assert_int_equal(spw_write_executable(rt, path, PROGRAM,
					      strlen(PROGRAM), 0755),
			 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_size, strlen(PROGRAM));
	assert_no_children();
	assert_int_equal(run_path(rt, path), 1);
	spw_shut(rt);
	assert_int_equal(count_fds(), fds);
}

static void expect_lease(const struct picks *picks)
{
	assert_int_equal(picks->leases, 4);
	assert_int_equal(picks->writes, 1);
	assert_int_equal(picks->forks, 1); /* of the spawn */
}

static void expect_process(const struct picks *picks)
{
	assert_int_equal(picks->writes, 0);
	assert_int_equal(picks->forks, 2);
}

static void check_dir(const char *parent)
{
	char dir[128], path[160];
	struct picks picks;
	struct statfs fs;

	snprintf(dir, sizeof(dir), "%s/spw.XXXXXX", parent);
	if (!mkdtemp(dir) || statfs(dir, &fs) < 0) {
		print_message("%s cannot be used\n", parent);
		return;
	}
	print_message("%s has a file system of type %lx\n", parent,
		      (unsigned long)fs.f_type);
	snprintf(path, sizeof(path), "%s/program", dir);
	picks_open(&picks, 0);
	write_and_run(&picks, path);
	expect_lease(&picks);
	/* It was made: truncated as well, it would be slow to close on ext4. */
	assert_int_equal(picks.truncations, 0);
	/* The second time there is a file already, and a longer one. */
	assert_int_equal(truncate(path, 10000), 0);
	picks_open(&picks, 0);
	write_and_run(&picks, path);
	expect_lease(&picks);
	assert_int_equal(picks.truncations, 1);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

/* On ext4 and tmpfs, which is what these are wherever this is likely to run. */
static void leases_where_there_are_some(void **state)
{
	check_dir("/tmp");
	check_dir("/var/tmp");
	check_dir("/dev/shm");
}

static void process_where_leases_are_refused(void **state)
{
	/* The file system has none, is not ours, is out of them, lacks them. */
	const int errors[] = { EINVAL, EACCES, ENOLCK, ENOSYS, EPERM };
	char dir[128], path[160];
	struct picks picks;

	make_dir(dir);
	snprintf(path, sizeof(path), "%s/program", dir);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		picks_open(&picks, errors[i]);
		write_and_run(&picks, path);
		expect_process(&picks);
		assert_int_equal(picks.leases, 1);
	}
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

static int open_refused(struct spw_sys *sys, const char *path, int flags,
			mode_t mode)
{
	if ((flags & O_ACCMODE) == O_RDONLY)
		return -EACCES;
	return spw_sys_linux()->open(sys, path, flags, mode);
}

static void process_where_the_file_cannot_be_read(void **state)
{
	char dir[128], path[160];
	struct picks picks;

	make_dir(dir);
	snprintf(path, sizeof(path), "%s/program", dir);
	picks_open(&picks, 0);
	picks.sys.open = open_refused;
	write_and_run(&picks, path);
	expect_process(&picks);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leases_where_there_are_some),
		cmocka_unit_test(process_where_leases_are_refused),
		cmocka_unit_test(process_where_the_file_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
