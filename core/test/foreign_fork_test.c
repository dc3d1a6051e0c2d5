/* SPDX-License-Identifier: MIT */
/*
 * What each guard does about a fork that does not go through the runtime, whose
 * child inherits the file and does not execute: the one event that no lock can
 * keep out. Either nobody could inherit it, or the write waits, or the spawn
 * fails. A guard that claims more than it does is found here.
 */
#include "holder.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/file.h>

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

static int write_program(struct spw_rt *rt)
{
	size_t len;
	void *program = map_file("/bin/true", &len);
	int error = spw_write_executable(rt, path, program, len, 0755);

	munmap(program, len);
	return error;
}

/* ---- a fork of the main process, whichever thread or process writes ---- */

struct scene {
	struct holder holder;
	sem_t due, done; /* shared with a process that writes */
	bool forked;
	bool over;
};

static struct scene *scene; /* in shared memory */

static void *fork_when_due(void *arg)
{
	sem_wait(&scene->due);
	if (!scene->over)
		holder_fork(&scene->holder);
	sem_post(&scene->done);
	return NULL;
}

static void let_fork(int fd)
{
	if (scene->forked || (fd >= 0 && !is_regular(fd)))
		return;
	scene->forked = true;
	sem_post(&scene->due);
	sem_wait(&scene->done);
}

static ssize_t write_beside_fork(struct spw_sys *sys, int fd, const void *buf,
				 size_t len)
{
	let_fork(fd);
	return spw_sys_linux()->write(sys, fd, buf, len);
}

static ssize_t ring_write_beside_fork(struct spw_sys *sys,
				      struct spw_ring *ring, const void *buf,
				      size_t len)
{
	let_fork(-1);
	return spw_sys_linux()->ring_write(sys, ring, buf, len);
}

/* What a spawn returns while the holder lives; 1: the guard is not here. */
static int run_beside_holder(const char *guard)
{
	pthread_t forker;
	struct spw_rt *rt;
	int result = 1;

	holder_open(&scene->holder, path);
	scene->holder.sys.write = write_beside_fork;
	scene->holder.sys.ring_write = ring_write_beside_fork;
	scene->forked = scene->over = false;
	rt = try_rt(guard, SPW_CLONE_VFORK, &scene->holder.sys);
	if (!rt)
		return result;
	assert_int_equal(pthread_create(&forker, NULL, fork_when_due, NULL), 0);
	assert_int_equal(write_program(rt), 0);
	assert_true(scene->forked);
	result = run_path(rt, path);
	assert_int_equal(pthread_join(forker, NULL), 0);
	holder_end(&scene->holder);
	spw_shut(rt);
	assert_no_children();
	return result;
}

static void nobody_can_hold_it(void **state)
{
	const char *const guards[] = { "writer-process", "private-table",
				       "interpreter",    "memfd",
				       "hardlink",       "clofork" };

	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		int result = run_beside_holder(guards[i]);

		if (result < 0)
			fail_msg("%s: %s", guards[i], strerror(-result));
	}
}

/* Each says so in its condition, or claims nothing. */
static void it_is_held(void **state)
{
	const char *const guards[] = { "none",         "spawn-mutex",
				       "fork-lock",    "quiesce",
				       "atfork-close", "clone-files",
				       "fork-server",  "rename",
				       "tmpfile-link", "fsync" };

	/* Linux 6.11 came without the check, 6.13 brought it back. */
	if (run_beside_holder("none") == 0)
		skip();
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		int result = run_beside_holder(guards[i]);

		if (result != -ETXTBSY)
			fail_msg("%s: %d", guards[i], result);
	}
}

/* ---- guards that wait: seen at the call that waits ---- */

static bool is_readable(int fd)
{
	struct pollfd it = { .fd = fd, .events = POLLIN };

	assert_true(poll(&it, 1, 0) >= 0);
	return it.revents != 0;
}

static ssize_t read_ends_holder(struct spw_sys *sys, int fd, void *buf,
				size_t len)
{
	struct holder *holder = (struct holder *)sys;

	if (holder_is_there(holder)) {
		assert_false(is_readable(fd));
		holder_end(holder);
	}
	return spw_sys_linux()->read(sys, fd, buf, len);
}

static int flock_ends_holder(struct spw_sys *sys, int fd, int op)
{
	struct holder *holder = (struct holder *)sys;

	if (holder_is_there(holder)) {
		assert_int_equal(flock(fd, op | LOCK_NB), -1);
		assert_int_equal(errno, EWOULDBLOCK);
		holder_end(holder);
	}
	return spw_sys_linux()->flock(sys, fd, op);
}

static void pause_ends_holder(struct spw_sys *sys, unsigned attempt)
{
	struct holder *holder = (struct holder *)sys;

	if (attempt == 3)
		holder_end(holder);
}

static void the_write_waits(void **state)
{
	const char *const guards[] = { "canary-pipe", "flock",     "lease",
				       "close-event", "proc-scan", "auto" };

	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		struct holder holder;
		struct spw_rt *rt;

		holder_open(&holder, path);
		holder.sys.close = close_held;
		holder.sys.read = read_ends_holder;
		holder.sys.flock = flock_ends_holder;
		holder.sys.pause = pause_ends_holder;
		rt = open_rt(guards[i], SPW_CLONE_VFORK, &holder.sys);
		assert_int_equal(write_program(rt), 0);
		assert_int_equal(holder.pid, -1);
		assert_int_equal(run_path(rt, path), 0);
		spw_shut(rt);
		assert_no_children();
	}
}

static void pause_not(struct spw_sys *sys, unsigned attempt)
{
}

/* As a scan takes a while: one that finds the same each time. */
static int scan_finds_one(struct spw_sys *sys, const char *file)
{
	return 1;
}

static void the_write_gives_up(void **state)
{
	const char *const guards[] = { "lease", "proc-scan", "auto" };

	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		struct holder holder;
		struct spw_rt *rt;

		holder_open(&holder, path);
		holder.sys.close = close_held;
		holder.sys.pause = pause_not;
		holder.sys.scan_writers = scan_finds_one;
		rt = open_rt(guards[i], SPW_CLONE_VFORK, &holder.sys);
		assert_int_equal(write_program(rt), -ETXTBSY);
		holder_end(&holder);
		spw_shut(rt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_can_hold_it),
		cmocka_unit_test(it_is_held),
		cmocka_unit_test(the_write_waits),
		cmocka_unit_test(the_write_gives_up),
	};
	int failed;

	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (scene == MAP_FAILED || sem_init(&scene->due, 1, 0) != 0 ||
	    sem_init(&scene->done, 1, 0) != 0)
		return 1;
	failed = cmocka_run_group_tests(tests, set_up, tear_down);
	munmap(scene, sizeof(*scene));
	return failed > 0;
}
