/* SPDX-License-Identifier: MIT */
/* The simulated kernel: files in memory, and programs run by an interpreter. */
#include "programs.h"

/* ---- files in memory ---- */

struct fd_step {
	struct spw_sys *sys;
	int fd;
};

static int exec_fd_step(void *arg)
{
	const struct fd_step *step = arg;

	return -step->sys->exec_fd(step->sys, step->fd, NULL, NULL);
}

static int run_fd(struct spw_sys *sys, int fd)
{
	struct fd_step step = { sys, fd };
	pid_t pid;

	MUST(!sys->clone(sys, SPW_CLONE_VFORK, exec_fd_step, &step,
			 sizeof(step), &pid));
	return await(sys, pid);
}

/* A program in memory that exits with code, not sealed. */
static int fill(struct spw_sys *sys, int code)
{
	uint8_t image[SIM_PROGRAM_SIZE];
	int fd = sys->memfd(sys);

	MUST(fd >= 0);
	sim_program(image, code);
	MUST(sys->write(sys, fd, image, sizeof(image)) == sizeof(image));
	return fd;
}

static void executed(struct spw_sys *sys)
{
	int fd = fill(sys, 5), copy;

	MUST(!sys->seal(sys, fd));
	MUST(run_fd(sys, fd) == 5);
	copy = sys->dup_above(sys, fd, 3);
	MUST(run_fd(sys, copy) == 5);
	shut(sys, fd);
	MUST(run_fd(sys, copy) == 5);
	shut(sys, copy);
}

static void open_memory_is_not_busy(void **state)
{
	expect_clean(executed);
}

static void sealed(struct spw_sys *sys)
{
	int fd = fill(sys, 5);

	MUST(!sys->seal(sys, fd));
	MUST(sys->write(sys, fd, "x", 1) == -EPERM);
	MUST(sys->seal(sys, fd) == -EPERM);
	shut(sys, fd);
	MUST(sys->seal(sys, fd) == -EBADF);
	fd = open_new(sys, "f");
	MUST(sys->seal(sys, fd) == -EINVAL);
	shut(sys, fd);
	MUST(sys->seal(sys, 0) == -EINVAL);
}

static void sealed_memory_stays_as_it_is(void **state)
{
	expect_clean(sealed);
}

static void not_sealed(struct spw_sys *sys)
{
	run_fd(sys, fill(sys, 5));
}

static void executing_unsealed_memory_is_a_finding(void **state)
{
	expect_failure(not_sealed, "contract", "not sealed");
}

static void by_descriptor(struct spw_sys *sys)
{
	int fd, writer;

	install("p", 5);
	fd = sys->open(sys, "p", READ, 0);
	MUST(run_fd(sys, fd) == 5);
	writer = sys->open(sys, "p", WRITE, 0);
	MUST(run_fd(sys, fd) == ETXTBSY);
	MUST(run_fd(sys, writer) == ETXTBSY);
	shut(sys, writer);
	MUST(run_fd(sys, fd) == 5);
	MUST(run_fd(sys, 0) == EACCES);
	shut(sys, fd);
	MUST(run_fd(sys, fd) == EBADF);
}

static void files_are_executed_by_descriptor(void **state)
{
	expect_clean(by_descriptor);
}

static void forgotten(struct spw_sys *sys)
{
	MUST(sys->memfd(sys) == 3);
}

static void memory_left_open_is_a_leak(void **state)
{
	expect_failure(forgotten, "leak", "descriptor 3");
}

/* ---- interpreters ---- */

static int interpret_step(void *arg)
{
	const struct exec_step *step = arg;
	char *argv[] = { (char *)"i", (char *)step->path, NULL };

	return -step->sys->execve(step->sys, "i", argv, NULL);
}

static int interpret(struct spw_sys *sys, const char *path)
{
	struct exec_step step = { sys, path };
	pid_t pid;

	MUST(!sys->clone(sys, SPW_CLONE_VFORK, interpret_step, &step,
			 sizeof(step), &pid));
	return await(sys, pid);
}

static void install_interpreter(void)
{
	uint8_t image[SIM_PROGRAM_SIZE], script[SIM_SCRIPT_SIZE];
	int len = sim_script(script, "i", 5);

	sim_interpreter(image);
	MUST(!sim_install(bench.sim, "i", image, sizeof(image)));
	MUST(!sim_install(bench.sim, "p", script, (size_t)len));
}

static void interpreted(struct spw_sys *sys)
{
	int fd;

	install_interpreter();
	MUST(interpret(sys, "p") == 5);
	/* Who has the script open does not matter, but the interpreter does. */
	fd = sys->open(sys, "p", WRITE, 0);
	MUST(interpret(sys, "p") == 5);
	shut(sys, fd);
	fd = sys->open(sys, "i", WRITE, 0);
	MUST(interpret(sys, "p") == ETXTBSY);
	shut(sys, fd);
}

static void script_is_merely_read(void **state)
{
	expect_clean(interpreted);
}

static void no_script(struct spw_sys *sys)
{
	install_interpreter();
	MUST(interpret(sys, "nothing") == SIM_NO_SCRIPT);
	MUST(interpret(sys, "i") == SIM_NO_SCRIPT);
}

static void interpreter_without_a_script_says_so(void **state)
{
	expect_clean(no_script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_memory_is_not_busy),
		TEST(sealed_memory_stays_as_it_is),
		TEST(executing_unsealed_memory_is_a_finding),
		TEST(files_are_executed_by_descriptor),
		TEST(memory_left_open_is_a_leak),
		TEST(script_is_merely_read),
		TEST(interpreter_without_a_script_says_so),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
