/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: execve and the write count. ETXTBSY is what all of this
 * is about, so each way a file can be open for writing is here.
 */
#include "brute.h"
#include "programs.h"

/* What some execution has shown: bits of the program's own. */
static unsigned seen;

static void configure(bool etxtbsy, bool inner_steps)
{
	const struct sim_options options = { .etxtbsy = etxtbsy,
					     .release_order = SIM_ORDER_ANY,
					     .inner_steps = inner_steps };

	sim_configure(bench.sim, &options);
}

/* ---- writers ---- */

static void open_here(struct spw_sys *sys)
{
	int fd;

	install("p", 5);
	MUST(run(sys, "p") == 5);
	fd = sys->open(sys, "p", READ, 0);
	MUST(run(sys, "p") == 5);
	shut(sys, fd);
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(run(sys, "p") == ETXTBSY);
	shut(sys, fd);
	MUST(run(sys, "p") == 5);
	fd = sys->open(sys, "p", O_RDWR | O_CLOEXEC, 0);
	MUST(run(sys, "p") == ETXTBSY);
	shut(sys, fd);
	MUST(run(sys, "p") == 5);
}

static void open_for_writing_is_busy(void **state)
{
	expect_done(open_here);
}

static void several(struct spw_sys *sys)
{
	int a, b, c;

	install("p", 5);
	a = sys->open(sys, "p", WRITE, 0);
	b = sys->open(sys, "p", WRITE, 0);
	c = sys->dup_above(sys, a, 0);
	shut(sys, a);
	MUST(run(sys, "p") == ETXTBSY);
	shut(sys, b);
	MUST(run(sys, "p") == ETXTBSY);
	MUST(sys->dup_onto(sys, 0, c) == c);
	MUST(run(sys, "p") == 5);
	shut(sys, c);
}

static void last_drop_ends_it(void **state)
{
	expect_done(several);
}

static void in_child(struct spw_sys *sys)
{
	struct holder h;
	int fd;

	install("p", 5);
	install("q", 6);
	fd = sys->open(sys, "p", WRITE, 0);
	hold(sys, &h, NULL);
	shut(sys, fd);
	MUST(run(sys, "p") == ETXTBSY);
	MUST(run(sys, "q") == 6);
	MUST(let_go_and_wait(&h) == 0);
	MUST(run(sys, "p") == 5);
	/* The same with a child that executes: close-on-exec. */
	fd = sys->open(sys, "p", WRITE, 0);
	hold(sys, &h, "q");
	shut(sys, fd);
	MUST(run(sys, "p") == ETXTBSY);
	MUST(let_go_and_wait(&h) == 6);
	MUST(run(sys, "p") == 5);
}

static void copy_in_child_is_busy(void **state)
{
	expect_clean(in_child);
}

static void unlinked(struct spw_sys *sys)
{
	int fd;

	install("p", 5);
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(!sys->unlink(sys, "p"));
	MUST(run(sys, "p") == ENOENT);
	/* Another file of that name: the count belongs to the inode. */
	install("p", 6);
	MUST(run(sys, "p") == 6);
	shut(sys, fd);
	MUST(run(sys, "p") == 6);
}

static void count_is_the_inodes_not_the_names(void **state)
{
	expect_done(unlinked);
}

static void no_check(struct spw_sys *sys)
{
	int fd;

	install("p", 5);
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(run(sys, "p") == 5);
	shut(sys, fd);
	MUST(run(sys, "p") == 5);
}

static void option_switches_the_check_off(void **state)
{
	configure(false, true);
	expect_clean(no_check);
}

/* ---- programs that run ---- */

static void write_running(struct spw_sys *sys)
{
	pid_t pid;
	int fd;

	install("p", 5);
	pid = start(sys, "p");
	fd = sys->open(sys, "p", WRITE, 0);
	seen |= fd < 0 ? 1 : 2;
	MUST(fd == 3 || fd == -ETXTBSY);
	if (fd >= 0)
		shut(sys, fd);
	MUST(sys->open(sys, "p", READ, 0) == 3);
	shut(sys, 3);
	MUST(await(sys, pid) == 5);
	/* Memory goes before the zombie is seen: exit_mm, exit_notify. */
	fd = sys->open(sys, "p", WRITE | O_TRUNC, 0);
	MUST(fd == 3);
	shut(sys, fd);
}

static void running_programs_are_not_opened_for_writing(void **state)
{
	seen = 0;
	brute_program(write_running, 1000);
	assert_int_equal(seen, 3);
	configure(true, false);
	seen = 0;
	brute_program(write_running, 1000);
	assert_int_equal(seen, 3);
	configure(false, true);
	seen = 0;
	brute_program(write_running, 1000);
	assert_int_equal(seen, 2);
}

/* A truncation is a write, whatever the access mode says. */
static void truncate_running(struct spw_sys *sys)
{
	pid_t pid;
	int fd;

	install("p", 5);
	pid = start(sys, "p");
	fd = sys->open(sys, "p", READ | O_TRUNC, 0);
	seen |= fd < 0 ? 1 : 2;
	MUST(fd == 3 || fd == -ETXTBSY);
	if (fd >= 0)
		shut(sys, fd);
	MUST(await(sys, pid) == 5);
}

static void running_programs_are_not_truncated(void **state)
{
	seen = 0;
	brute_program(truncate_running, 1000);
	assert_int_equal(seen, 3);
}

static void two_runs(struct spw_sys *sys)
{
	pid_t a, b;
	int fd;

	install("p", 5);
	a = start(sys, "p");
	b = start(sys, "p");
	MUST(await(sys, a) == 5);
	fd = sys->open(sys, "p", WRITE, 0);
	seen |= fd < 0 ? 1 : 2;
	if (fd >= 0)
		shut(sys, fd);
	MUST(await(sys, b) == 5);
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(fd >= 0);
	shut(sys, fd);
}

static void each_run_counts(void **state)
{
	seen = 0;
	brute_program(two_runs, 10000);
	assert_int_equal(seen, 3);
}

/* ---- what else can be wrong ---- */

static void other_errors(struct spw_sys *sys)
{
	int fd;

	MUST(run(sys, "p") == ENOENT);
	fd = open_new(sys, "p");
	MUST(run(sys, "p") == ETXTBSY); /* before the format is looked at */
	MUST(!sys->fchmod(sys, fd, 0600));
	MUST(run(sys, "p") == EACCES); /* and after the permission */
	MUST(!sys->fchmod(sys, fd, 0700));
	shut(sys, fd);
	MUST(run(sys, "p") == ENOEXEC);
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(sys->write(sys, fd, "no program", 10) == 10);
	shut(sys, fd);
	MUST(run(sys, "p") == ENOEXEC);
}

static void other_errors_are_told_apart(void **state)
{
	expect_done(other_errors);
}

static void try_again(struct spw_sys *sys)
{
	/* An execve that failed changes nothing: see exec_step. */
	int fd;

	install("p", 5);
	fd = sys->open(sys, "p", WRITE, 0);
	for (int i = 0; i < 3; i++)
		MUST(run(sys, "p") == ETXTBSY);
	shut(sys, fd);
	fd = sys->open(sys, "p", WRITE | O_TRUNC, 0);
	MUST(fd >= 0);
	shut(sys, fd);
	MUST(run(sys, "p") == ENOEXEC);
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(fd >= 0);
	shut(sys, fd);
}

static void failed_exec_changes_nothing(void **state)
{
	expect_done(try_again);
}

static void from_thread(void *arg)
{
	struct spw_sys *sys = arg;

	sys->execve(sys, "p", NULL, NULL);
}

static void threads_execute(struct spw_sys *sys)
{
	struct spw_thread *thread;

	install("p", 5);
	thread = begin(sys, from_thread);
	sys->thread_join(sys, thread);
}

static void model_says_what_it_does_not_cover(void **state)
{
	expect_failure(threads_execute, "contract", "other threads");
}

/* ---- when a vfork parent goes on ---- */

/*
 * The heart of the matter. q's descriptor is close-on-exec and the child that
 * holds the only copy has executed, as far as its parent can tell.
 */
static void act_after_vfork(struct spw_sys *sys)
{
	struct exec_step step = { sys, "p" };
	pid_t pid;
	int fd;

	install("p", 5);
	install("q", 6);
	fd = sys->open(sys, "q", WRITE, 0);
	MUST(!sys->clone(sys, SPW_CLONE_VFORK, exec_step, &step, sizeof(step),
			 &pid));
	shut(sys, fd);
	seen |= run(sys, "q") == ETXTBSY ? 1 : 2;
	MUST(await(sys, pid) == 5);
	MUST(run(sys, "q") == 6);
}

static void vfork_returns_before_descriptors_are_closed(void **state)
{
	seen = 0;
	brute_program(act_after_vfork, 100000);
	assert_int_equal(seen, 3);
	/* As one step: then never. What quiesce rests on. */
	configure(true, false);
	seen = 0;
	brute_program(act_after_vfork, 100000);
	assert_int_equal(seen, 2);
}

/* The same as a search over states says it. */
static void never_busy(struct spw_sys *sys)
{
	act_after_vfork(sys);
	MUST(!(seen & 1));
	seen = 0;
}

static void search_finds_the_same(void **state)
{
	seen = 0;
	expect_found(never_busy, "must", "seen & 1");
	configure(true, false);
	seen = 0;
	expect_clean(never_busy);
}

static bool child_went_on;

static int slow_step(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;
	char byte;

	sys->read(sys, 0, &byte, 1);
	sys->read(sys, 0, &byte, 1);
	child_went_on = true;
	return 3;
}

static void wait_for_slow_child(struct spw_sys *sys)
{
	pid_t pid;

	child_went_on = false;
	MUST(!sys->clone(sys, SPW_CLONE_VFORK, slow_step, &sys, sizeof(sys),
			 &pid));
	MUST(child_went_on);
	MUST(await(sys, pid) == 3);
}

static void vfork_waits_for_the_child(void **state)
{
	brute_program(wait_for_slow_child, 1000);
}

static void go_on_beside_child(struct spw_sys *sys)
{
	pid_t pid;

	child_went_on = false;
	MUST(!sys->clone(sys, SPW_CLONE_FORK, slow_step, &sys, sizeof(sys),
			 &pid));
	seen |= child_went_on ? 1 : 2;
	MUST(await(sys, pid) == 3);
}

static void fork_does_not_wait(void **state)
{
	seen = 0;
	brute_program(go_on_beside_child, 1000);
	assert_true(seen & 2);
}

/* ---- close-on-exec ---- */

static int kept_step(void *arg)
{
	const struct exec_step *step = arg;
	struct spw_sys *sys = step->sys;

	if (!strcmp(step->path, "closer"))
		sys->cloexec_from(sys, 3);
	if (!strcmp(step->path, "keeper"))
		sys->dup_onto(sys, 3, 3);
	return exec_step(arg);
}

/*
 * Number 3 is q, open for writing, in the child alone. While the program runs
 * q is busy only if the descriptor has survived.
 */
static void survive(struct spw_sys *sys, int flag, const char *path)
{
	struct exec_step step = { sys, path };
	pid_t pid;

	install(path, 5);
	install("q", 6);
	MUST(sys->open(sys, "q", O_WRONLY | flag, 0) == 3);
	MUST(!sys->clone(sys, SPW_CLONE_VFORK, kept_step, &step, sizeof(step),
			 &pid));
	shut(sys, 3);
	seen |= run(sys, "q") == ETXTBSY ? 1 : 2;
	MUST(await(sys, pid) == 5);
	MUST(run(sys, "q") == 6);
}

static void plain(struct spw_sys *sys)
{
	survive(sys, 0, "p");
}

static void marked(struct spw_sys *sys)
{
	survive(sys, O_CLOEXEC, "p");
}

static void marked_late(struct spw_sys *sys)
{
	survive(sys, 0, "closer");
}

static void unmarked(struct spw_sys *sys)
{
	survive(sys, O_CLOEXEC, "keeper");
}

static unsigned seen_by(program_fn *program)
{
	configure(true, false);
	seen = 0;
	brute_program(program, 100000);
	return seen;
}

static void close_on_exec_decides_what_survives(void **state)
{
	assert_int_equal(seen_by(plain), 3);
	assert_int_equal(seen_by(marked), 2);
	assert_int_equal(seen_by(marked_late), 2);
	assert_int_equal(seen_by(unmarked), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_for_writing_is_busy),
		TEST(last_drop_ends_it),
		TEST(copy_in_child_is_busy),
		TEST(count_is_the_inodes_not_the_names),
		TEST(option_switches_the_check_off),
		TEST(running_programs_are_not_opened_for_writing),
		TEST(running_programs_are_not_truncated),
		TEST(each_run_counts),
		TEST(other_errors_are_told_apart),
		TEST(failed_exec_changes_nothing),
		TEST(model_says_what_it_does_not_cover),
		TEST(vfork_returns_before_descriptors_are_closed),
		TEST(search_finds_the_same),
		TEST(vfork_waits_for_the_child),
		TEST(fork_does_not_wait),
		TEST(close_on_exec_decides_what_survives),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
