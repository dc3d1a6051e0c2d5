/* SPDX-License-Identifier: MIT */
/* The simulated kernel: numbers, open file descriptions, names. */
#include "programs.h"

/* ---- numbers ---- */

static void lowest(struct spw_sys *sys)
{
	int fd[2];

	MUST(open_new(sys, "a") == 3);
	MUST(open_new(sys, "b") == 4);
	MUST(open_new(sys, "c") == 5);
	shut(sys, 3);
	MUST(sys->open(sys, "a", READ, 0) == 3);
	shut(sys, 4);
	shut(sys, 3);
	MUST(!sys->pipe(sys, fd));
	MUST(fd[0] == 3 && fd[1] == 4);
	MUST(sys->dup_above(sys, 5, 0) == 6);
	MUST(sys->dup_above(sys, 5, 4) == 7);
	MUST(sys->dup_above(sys, 5, 20) == 20);
	shut(sys, 0);
	MUST(sys->open(sys, "a", READ, 0) == 0);
	MUST(sys->dup_above(sys, 1, 0) == 8);
	for (int i = 3; i <= 8; i++)
		shut(sys, i);
	shut(sys, 20);
}

static void lowest_free_number_is_taken(void **state)
{
	expect_done(lowest);
}

static void not_open(struct spw_sys *sys)
{
	static const int bad[] = { -1, 3, 23, 24, 1000, INT32_MAX, INT32_MIN };
	char byte;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		MUST(sys->read(sys, bad[i], &byte, 1) == -EBADF);
		MUST(sys->write(sys, bad[i], "x", 1) == -EBADF);
		MUST(sys->fchmod(sys, bad[i], 0700) == -EBADF);
		MUST(sys->lease(sys, bad[i], F_RDLCK) == -EBADF);
		MUST(sys->dup_above(sys, bad[i], 3) == -EBADF);
		MUST(sys->dup_onto(sys, bad[i], 5) == -EBADF);
	}
	MUST(sys->dup_onto(sys, 0, -1) == -EBADF);
	MUST(sys->dup_onto(sys, 0, 24) == -EBADF);
}

static void numbers_that_are_not_open_are_refused(void **state)
{
	expect_done(not_open);
}

static void full_table(struct spw_sys *sys)
{
	int fd[2];

	for (int i = 3; i < 24; i++)
		MUST(sys->open(sys, "f", READ | O_CREAT, 0600) == i);
	MUST(sys->open(sys, "f", READ, 0) == -EMFILE);
	MUST(sys->open(sys, "f", WRITE, 0) == -EMFILE);
	MUST(sys->dup_above(sys, 3, 0) == -EMFILE);
	MUST(sys->pipe(sys, fd) == -EMFILE);
	shut(sys, 7);
	/* One number is not enough for a pipe, and is not lost by it. */
	MUST(sys->pipe(sys, fd) == -EMFILE);
	MUST(sys->dup_above(sys, 3, 8) == -EMFILE);
	MUST(sys->open(sys, "f", READ, 0) == 7);
	for (int i = 3; i < 24; i++)
		shut(sys, i);
}

static void full_table_says_emfile(void **state)
{
	/* The refused open for writing left no write count: leftovers. */
	expect_done(full_table);
}

static void open_many(void *arg)
{
	struct spw_sys *sys = arg;
	int fds = 0;

	MUST(!sys->private_table(sys, 0));
	while (sys->open(sys, "f", READ, 0) >= 0)
		fds++;
	MUST(fds == 24 || fds == 63 - 1 - 2 - 24 - 24);
	/* Others end first, and their files are free again. */
	sys->sleep_ns(sys, 1);
}

static void full_system(struct spw_sys *sys)
{
	struct spw_thread *thread[3];
	int fd[2];

	MUST(open_new(sys, "f") == 3);
	MUST(sys->open(sys, "f", READ, 0) == 4);
	for (int i = 0; i < 3; i++)
		thread[i] = begin(sys, open_many);
	sys->sleep_ns(sys, 0);
	/* 63 descriptions: /dev/null, two here, the rest in the threads. */
	MUST(sys->open(sys, "f", READ, 0) == -ENFILE);
	MUST(sys->open(sys, "f", WRITE, 0) == -ENFILE);
	MUST(sys->pipe(sys, fd) == -ENFILE);
	shut(sys, 4);
	MUST(sys->pipe(sys, fd) == -ENFILE);
	MUST(sys->open(sys, "f", READ, 0) == 4);
	for (int i = 0; i < 3; i++)
		sys->thread_join(sys, thread[i]);
	shut(sys, 3);
	shut(sys, 4);
}

static void full_system_says_enfile(void **state)
{
	expect_done(full_system);
}

/* ---- duplicates ---- */

static void duplicates(struct spw_sys *sys)
{
	char text[8] = "";
	int a = sys->open(sys, "f", O_RDWR | O_CREAT, 0600);
	int b = sys->dup_above(sys, a, 10), c;

	MUST(b == 10);
	/* One description: one offset. */
	MUST(sys->write(sys, a, "abc", 3) == 3);
	MUST(sys->write(sys, b, "def", 3) == 3);
	c = sys->open(sys, "f", READ, 0);
	MUST(sys->read(sys, c, text, 4) == 4 && !strcmp(text, "abcd"));
	MUST(sys->read(sys, c, text, 8) == 2 && !memcmp(text, "ef", 2));
	MUST(sys->read(sys, c, text, 8) == 0);
	shut(sys, a);
	MUST(sys->write(sys, b, "g", 1) == 1);
	MUST(sys->read(sys, c, text, 8) == 1 && text[0] == 'g');
	/* dup_onto: what stood there is closed, the same number is kept. */
	MUST(sys->dup_onto(sys, b, c) == c);
	MUST(sys->write(sys, c, "h", 1) == 1);
	MUST(sys->dup_onto(sys, c, c) == c);
	MUST(sys->write(sys, c, "i", 1) == 1);
	shut(sys, b);
	shut(sys, c);
}

static void duplicates_share_a_description(void **state)
{
	expect_done(duplicates);
}

static void wrong_way(struct spw_sys *sys)
{
	int w = open_new(sys, "f"), r = sys->open(sys, "f", READ, 0), p[2];
	char byte;

	MUST(!sys->pipe(sys, p));
	MUST(sys->read(sys, w, &byte, 1) == -EBADF);
	MUST(sys->write(sys, r, "x", 1) == -EBADF);
	MUST(sys->read(sys, p[1], &byte, 1) == -EBADF);
	MUST(sys->write(sys, p[0], "x", 1) == -EBADF);
	MUST(sys->fchmod(sys, p[0], 0700) == -EINVAL);
	MUST(sys->lease(sys, p[0], F_RDLCK) == -EINVAL);
	MUST(sys->read(sys, 0, &byte, 1) == 0); /* /dev/null */
	shut(sys, w);
	shut(sys, r);
	shut(sys, p[0]);
	shut(sys, p[1]);
}

static void descriptors_have_a_direction(void **state)
{
	expect_done(wrong_way);
}

/* ---- names and contents ---- */

static void flags(struct spw_sys *sys)
{
	char text[8];
	int fd;

	MUST(sys->open(sys, "f", READ, 0) == -ENOENT);
	MUST(sys->open(sys, "f", WRITE | O_TRUNC, 0) == -ENOENT);
	fd = sys->open(sys, "f", WRITE | O_CREAT | O_EXCL, 0600);
	MUST(fd == 3 && sys->write(sys, fd, "hello", 5) == 5);
	shut(sys, fd);
	MUST(sys->open(sys, "f", WRITE | O_CREAT | O_EXCL, 0600) == -EEXIST);
	/* O_CREAT alone opens what is there, from its beginning. */
	fd = sys->open(sys, "f", O_RDWR | O_CREAT, 0600);
	MUST(sys->read(sys, fd, text, 5) == 5 && !memcmp(text, "hello", 5));
	shut(sys, fd);
	fd = sys->open(sys, "f", WRITE, 0);
	MUST(sys->write(sys, fd, "J", 1) == 1);
	shut(sys, fd);
	fd = sys->open(sys, "f", READ, 0);
	MUST(sys->read(sys, fd, text, 8) == 5 && !memcmp(text, "Jello", 5));
	shut(sys, fd);
	fd = sys->open(sys, "f", O_RDWR | O_TRUNC, 0);
	MUST(sys->read(sys, fd, text, 8) == 0);
	shut(sys, fd);
	MUST(sys->open(sys, "g", READ, 0) == -ENOENT);
	MUST(sys->unlink(sys, "f") == 0);
	MUST(sys->unlink(sys, "f") == -ENOENT);
	MUST(sys->open(sys, "f", READ, 0) == -ENOENT);
}

static void open_flags_mean_what_posix_says(void **state)
{
	expect_done(flags);
}

static void too_big(struct spw_sys *sys)
{
	char block[100] = "";
	int fd = open_new(sys, "f");

	MUST(sys->write(sys, fd, block, 60) == 60);
	MUST(sys->write(sys, fd, block, 60) == 4);
	MUST(sys->write(sys, fd, block, 60) == -ENOSPC);
	MUST(sys->write(sys, fd, block, 0) == 0);
	shut(sys, fd);
}

static void full_file_says_enospc(void **state)
{
	expect_done(too_big);
}

static void unlinked(struct spw_sys *sys)
{
	char text[8];
	int old = sys->open(sys, "f", O_RDWR | O_CREAT, 0600);
	int other = sys->dup_above(sys, old, 3), new;

	MUST(sys->write(sys, old, "old", 3) == 3);
	MUST(!sys->unlink(sys, "f"));
	new = open_new(sys, "f");
	MUST(sys->write(sys, new, "newer", 5) == 5);
	MUST(sys->write(sys, other, "er", 2) == 2);
	shut(sys, new);
	new = sys->open(sys, "f", READ, 0);
	MUST(sys->read(sys, new, text, 8) == 5 && !memcmp(text, "newer", 5));
	shut(sys, new);
	shut(sys, old);
	shut(sys, other);
}

static void unlinked_files_live_while_open(void **state)
{
	expect_done(unlinked);
}

/* 15 inodes, however often they are used again. */
static void many_files(struct spw_sys *sys)
{
	char path[8];

	for (int i = 0; i < 50; i++) {
		int fd = open_new(sys, "f");

		MUST(!sys->unlink(sys, "f"));
		shut(sys, fd);
	}
	for (int i = 0; i < 15; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		shut(sys, open_new(sys, path));
	}
	MUST(sys->open(sys, "g", WRITE | O_CREAT, 0600) == -ENOSPC);
	MUST(sys->open(sys, "f3", READ | O_CREAT, 0600) == 3);
	shut(sys, 3);
}

static void unlinked_inodes_are_free_again(void **state)
{
	expect_done(many_files);
}

/* The last thing to refer to it is a running program; of 15, 13 are taken. */
static void many_programs(struct spw_sys *sys)
{
	char path[8];

	for (int i = 0; i < 13; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		install(path, 0);
	}
	for (int i = 0; i < 4; i++) {
		pid_t pid;

		install("p", 0);
		pid = start(sys, "p");
		MUST(!sys->unlink(sys, "p"));
		MUST(await(sys, pid) == 0);
	}
}

static void inodes_of_ended_programs_are_free_again(void **state)
{
	expect_clean(many_programs);
}

/* ---- a table of its own ---- */

static int kept[2];

static void leave_table(void *arg)
{
	struct spw_sys *sys = arg;

	MUST(!sys->private_table(sys, 3));
	/* Its own numbers begin anew. */
	MUST(sys->write(sys, kept[0], "x", 1) == -EBADF);
	MUST(sys->open(sys, "mine", WRITE | O_CREAT, 0600) == 3);
	MUST(sys->write(sys, 0, "x", 1) == 1);
}

static void private(struct spw_sys *sys)
{
	struct spw_thread *thread;
	char byte;

	kept[0] = open_new(sys, "f");
	install("p", 5);
	thread = begin(sys, leave_table);
	sys->sleep_ns(sys, 1);
	/* Nothing of it is seen here, and what it closed at its end is. */
	MUST(sys->open(sys, "g", WRITE | O_CREAT, 0600) == kept[0] + 1);
	shut(sys, kept[0] + 1);
	MUST(sys->read(sys, kept[0] + 1, &byte, 1) == -EBADF);
	sys->thread_join(sys, thread);
	shut(sys, kept[0]);
}

static void private_table_keeps_low_numbers(void **state)
{
	expect_clean(private);
}

/* What a private table leaves out it does not hold either. */
static void pin(void *arg)
{
	struct spw_sys *sys = arg;

	MUST(!sys->private_table(sys, 3));
	sys->sleep_ns(sys, 10);
}

static void pins_nothing(struct spw_sys *sys)
{
	struct spw_thread *thread;
	int pipe[2];
	char byte;

	install("p", 5);
	MUST(!sys->pipe(sys, pipe));
	MUST(sys->open(sys, "p", WRITE, 0) == 5);
	thread = begin(sys, pin);
	sys->sleep_ns(sys, 1);
	shut(sys, 5);
	shut(sys, pipe[1]);
	MUST(sys->read(sys, pipe[0], &byte, 1) == 0);
	MUST(run(sys, "p") == 5);
	shut(sys, pipe[0]);
	sys->thread_join(sys, thread);
}

static void private_table_pins_nothing(void **state)
{
	expect_clean(pins_nothing);
}

static void alone(struct spw_sys *sys)
{
	sys->private_table(sys, 3);
}

static void only_thread_keeps_its_table(void **state)
{
	expect_failure(alone, "contract", "gave up its descriptors");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lowest_free_number_is_taken),
		TEST(numbers_that_are_not_open_are_refused),
		TEST(full_table_says_emfile),
		TEST(full_system_says_enfile),
		TEST(duplicates_share_a_description),
		TEST(descriptors_have_a_direction),
		TEST(open_flags_mean_what_posix_says),
		TEST(full_file_says_enospc),
		TEST(unlinked_files_live_while_open),
		TEST(unlinked_inodes_are_free_again),
		TEST(inodes_of_ended_programs_are_free_again),
		TEST(private_table_keeps_low_numbers),
		TEST(private_table_pins_nothing),
		TEST(only_thread_keeps_its_table),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
