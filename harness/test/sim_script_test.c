/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: a file that names its interpreter. execve asks of both
 * what it asks of a program.
 */
#include "brute.h"
#include "programs.h"

static void install_script(const char *path, const char *interpreter)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "#!%s\n", interpreter);

	MUST(!sim_install(bench.sim, path, line, (size_t)n));
}

static void interpreter_runs(struct spw_sys *sys)
{
	install("i", 5);
	install_script("s", "i");
	MUST(run(sys, "s") == 5);
}

/* With a writer of path: what execve of the script says. */
static int run_beside_writer(struct spw_sys *sys, const char *path)
{
	int fd = sys->open(sys, path, WRITE, 0), rc;

	MUST(fd >= 0);
	rc = run(sys, "s");
	shut(sys, fd);
	return rc;
}

static void each_can_be_busy(struct spw_sys *sys)
{
	install("i", 5);
	install("other", 6);
	install_script("s", "i");
	MUST(run_beside_writer(sys, "s") == ETXTBSY);
	MUST(run_beside_writer(sys, "i") == ETXTBSY);
	MUST(run_beside_writer(sys, "other") == 5);
	MUST(run(sys, "s") == 5); /* a failed one has left nothing behind */
}

static void errors_are_the_interpreters(struct spw_sys *sys)
{
	int fd;

	install_script("s", "i");
	MUST(run(sys, "s") == ENOENT);
	fd = open_new(sys, "i");
	MUST(sys->write(sys, fd, "nothing", 7) == 7);
	MUST(!sys->fchmod(sys, fd, 0600));
	shut(sys, fd);
	MUST(run(sys, "s") == EACCES);
	fd = sys->open(sys, "i", WRITE, 0);
	MUST(!sys->fchmod(sys, fd, 0700));
	shut(sys, fd);
	MUST(run(sys, "s") == ENOEXEC);
}

/* Five scripts, each the interpreter of the one before, and no more. */
static void scripts_are_nested_so_deep(struct spw_sys *sys)
{
	install("i", 5);
	install_script("s5", "i");
	install_script("s4", "s5");
	install_script("s3", "s4");
	install_script("s2", "s3");
	install_script("s1", "s2");
	install_script("s0", "s1");
	MUST(run(sys, "s1") == 5);
	MUST(run(sys, "s0") == ELOOP);
}

/* A script that runs may be written, its interpreter may not. */
enum { OPENED = 1, REFUSED = 2 };

static unsigned seen;
static const char *written;

static void note_open(struct spw_sys *sys)
{
	int fd = sys->open(sys, written, WRITE, 0);

	MUST(fd >= 0 || fd == -ETXTBSY);
	seen |= fd >= 0 ? OPENED : REFUSED;
	if (fd >= 0)
		shut(sys, fd);
}

static void writes_while_it_runs(struct spw_sys *sys)
{
	pid_t pid;

	install("i", 5);
	install_script("s", "i");
	pid = start(sys, "s");
	note_open(sys);
	MUST(await(sys, pid) == 5);
}

static void writes_while_it_is_executed(struct spw_sys *sys)
{
	struct holder h;

	install("i", 5);
	install_script("s", "i");
	hold(sys, &h, "s");
	let_go(&h);
	note_open(sys);
	release(&h); /* 5, or busy because of our own open */
}

static unsigned seen_by(program_fn *program, const char *path, bool inner_steps)
{
	struct sim_options options = sim_defaults;

	options.inner_steps = inner_steps;
	sim_configure(bench.sim, &options);
	seen = 0;
	written = path;
	brute_program(program, 1000000);
	return seen;
}

static void what_runs_is_the_interpreter(void **state)
{
	expect_clean(interpreter_runs);
	assert_int_equal(seen_by(writes_while_it_runs, "s", true), OPENED);
	assert_int_equal(seen_by(writes_while_it_runs, "i", true),
			 OPENED | REFUSED);
}

/* Between the two the script is denied to writers, for a step of the kernel. */
static void script_is_held_until_the_interpreter_is(void **state)
{
	assert_int_equal(seen_by(writes_while_it_is_executed, "s", true),
			 OPENED | REFUSED);
	assert_int_equal(seen_by(writes_while_it_is_executed, "s", false),
			 OPENED);
	assert_int_equal(seen_by(writes_while_it_is_executed, "i", false),
			 OPENED | REFUSED);
}

static void both_are_checked(void **state)
{
	expect_clean(each_can_be_busy);
	expect_clean(errors_are_the_interpreters);
	expect_clean(scripts_are_nested_so_deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_runs_is_the_interpreter),
		TEST(script_is_held_until_the_interpreter_is),
		TEST(both_are_checked),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
