/* SPDX-License-Identifier: MIT */
/*
 * Probes: whatever one of them does, its answer is one, and nothing of it is
 * left. What this kernel answers is not tested but where two ways to find out
 * must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress/probe_tools.h"

static struct rig_workdir dir;
static struct rig_probe_place place;

static int open_place(void **state)
{
	char why[200];

	if (rig_workdir_open(&dir, NULL, why, sizeof(why))) {
		printf("%s\n", why);
		return -1;
	}
	return 0;
}

static int close_place(void **state)
{
	rig_workdir_close(&dir);
	return 0;
}

static int reset_place(void **state)
{
	place = (struct rig_probe_place){ .dir = &dir };
	return 0;
}

static struct rig_probe_result tried(
	enum rig_answer (*run)(struct rig_probing *))
{
	const struct rig_probe probe = { .name = "x", .run = run };
	struct rig_probe_result result;

	rig_probe_try(&probe, &place, &result);
	return result;
}

static void assert_result(const struct rig_probe_result *r,
			  enum rig_answer answer, const char *text)
{
	assert_string_equal(rig_answer_name(r->answer),
			    rig_answer_name(answer));
	if (!strstr(r->text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, r->text);
}

static struct rig_probe_result asked(const char *name)
{
	struct rig_probe_result result;

	assert_int_equal(rig_probe_run(name, &place, &result), 0);
	return result;
}

static unsigned count_entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- answers of probes made up ---- */

static enum rig_answer say_yes(struct rig_probing *p)
{
	return RIG_YES;
}

static enum rig_answer say_value(struct rig_probing *p)
{
	return probe_say(p, RIG_VALUE, "%d bits", 28);
}

static enum rig_answer say_too_much(struct rig_probing *p)
{
	return probe_say(p, RIG_NO, "%0500d", 1);
}

static void test_answers(void **state)
{
	struct rig_probe_result r = tried(say_yes);

	assert_result(&r, RIG_YES, "");
	assert_string_equal(r.text, "");
	r = tried(say_value);
	assert_result(&r, RIG_VALUE, "28 bits");
	r = tried(say_too_much);
	assert_result(&r, RIG_NO, "000");
	assert_int_equal(strlen(r.text), RIG_PROBE_TEXT - 1);
}

static enum rig_answer not_permitted(struct rig_probing *p)
{
	return probe_feature(p, -EPERM);
}

static enum rig_answer no_memory(struct rig_probing *p)
{
	return probe_feature(p, -ENOMEM);
}

static enum rig_answer it_works(struct rig_probing *p)
{
	return probe_feature(p, 17);
}

/* What is refused is absent; what ran out says nothing. */
static void test_features(void **state)
{
	struct rig_probe_result r = tried(not_permitted);

	assert_result(&r, RIG_NO, "Operation not permitted");
	r = tried(no_memory);
	assert_result(&r, RIG_CANNOT_TELL, strerror(ENOMEM));
	r = tried(it_works);
	assert_result(&r, RIG_YES, "");
}

/* ---- ends of probes ---- */

static int held[2]; /* a pipe; whoever lives on has its end for writing */

static enum rig_answer hang(struct rig_probing *p)
{
	while (fork() >= 0 || errno == EINTR)
		pause(); /* and the child with it */
	return RIG_YES;
}

/* No process has the pipe any more: it ends. */
static void assert_all_gone(void)
{
	struct pollfd end = { .fd = held[0], .events = POLLIN };

	close(held[1]);
	assert_int_equal(poll(&end, 1, 10000), 1);
	assert_true(end.revents & POLLHUP);
	close(held[0]);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_deadline(void **state)
{
	struct rig_probe_result r;

	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	place.timeout_ns = 50000000;
	r = tried(hang);
	assert_result(&r, RIG_CANNOT_TELL, "no answer in time");
	assert_all_gone();
}

static void test_stop(void **state)
{
	volatile sig_atomic_t stop = SIGINT;
	struct rig_probe_result r;

	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	place.stop = &stop;
	r = tried(hang);
	assert_result(&r, RIG_CANNOT_TELL, "interrupted");
	assert_all_gone();
}

static enum rig_answer leave_a_child(struct rig_probing *p)
{
	return probe_idle_child() > 0 ? RIG_YES : RIG_NO;
}

static void test_children_are_not_left(void **state)
{
	struct rig_probe_result r;

	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	r = tried(leave_a_child);
	assert_result(&r, RIG_YES, "");
	assert_all_gone();
}

static enum rig_answer get_killed(struct rig_probing *p)
{
	raise(SIGTERM);
	return RIG_YES;
}

static enum rig_answer just_exit(struct rig_probing *p)
{
	_exit(3);
}

static void test_no_answer(void **state)
{
	struct rig_probe_result r = tried(get_killed);

	assert_result(&r, RIG_CANNOT_TELL, "killed by signal 15");
	r = tried(just_exit);
	assert_result(&r, RIG_CANNOT_TELL, "exit status 3");
}

/* As under nohup and in some services: children vanish unwaited for. */
static void test_ignored_sigchld(void **state)
{
	struct rig_probe_result r;

	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	r = tried(leave_a_child);
	assert_result(&r, RIG_YES, "");
	assert_all_gone();
	r = asked("wait/pidfd-signal");
	signal(SIGCHLD, SIG_DFL);
	assert_true(r.answer == RIG_YES || r.answer == RIG_NO);
}

/* ---- the probes there are ---- */

struct run {
	unsigned n;
	enum rig_answer answer[128];
};

static void note_answer(void *ctx, const struct rig_probe_subject *subject,
			const struct rig_probe *probe,
			const struct rig_probe_result *r)
{
	struct run *run = ctx;
	char name[100];

	assert_true(r->answer != RIG_CANNOT_TELL || r->text[0]);
	assert_true(r->answer != RIG_VALUE || r->text[0]);
	assert_true(strlen(probe->summary) <= 50 && strlen(probe->name) <= 17);
	assert_true(probe->reference[0]);
	snprintf(name, sizeof(name), "%s/%s", subject->name, probe->name);
	assert_ptr_equal(rig_probe_find(name), probe);
	run->answer[run->n++] = r->answer;
}

/* Twice the same, and nothing is left: no descriptor, file or process. */
static void test_all(void **state)
{
	unsigned fds = count_entries("/proc/self/fd");
	unsigned files = count_entries(dir.path);
	struct run one = { 0 }, two = { 0 };

	assert_int_equal(rig_probe_all(&place, NULL, 0, note_answer, &one), 0);
	assert_int_equal(rig_probe_all(&place, NULL, 0, note_answer, &two), 0);
	assert_true(one.n > 50);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(count_entries(dir.path), files);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_names(void **state)
{
	static const char *const names[] = { "lock/flock", "wait" };
	struct rig_probe_result r;
	struct run run = { 0 };

	assert_int_equal(rig_probe_all(&place, names, 2, note_answer, &run), 0);
	assert_int_equal(run.n, 1 + rig_probe_subject_wait.n);
	assert_int_equal(rig_probe_run("lock", &place, &r), -ENOENT);
	assert_int_equal(rig_probe_run("lock/", &place, &r), -ENOENT);
	assert_int_equal(rig_probe_run("lock/floc", &place, &r), -ENOENT);
	assert_int_equal(rig_probe_run("", &place, &r), -ENOENT);
}

static void count_probe(void *ctx, const struct rig_probe_subject *subject,
			const struct rig_probe *probe,
			const struct rig_probe_result *r)
{
	++*(unsigned *)ctx;
}

static void test_all_can_be_stopped(void **state)
{
	volatile sig_atomic_t stop = SIGINT;
	unsigned n = 0;

	place.stop = &stop;
	assert_int_equal(rig_probe_all(&place, NULL, 0, count_probe, &n),
			 -EINTR);
	assert_int_equal(n, 0);
}

/* The work directory has found out for itself. */
static void test_agrees_with_the_directory(void **state)
{
	struct rig_probe_result r = asked("etxtbsy/writer");

	assert_int_equal(r.answer, dir.busy_refused ? RIG_YES : RIG_NO);
	r = asked("etxtbsy/renamed");
	assert_int_equal(r.answer, dir.busy_refused ? RIG_YES : RIG_NO);
	r = asked("directory/execute");
	assert_result(&r, RIG_YES, "");
	r = asked("directory/file-system");
	assert_result(&r, RIG_VALUE, dir.fs);
}

static void test_without_a_directory(void **state)
{
	static const char *const names[] = {
		"etxtbsy/writer", "etxtbsy/memfd",     "running/truncate",
		"lock/flock",     "lock/lease-writer", "directory/tmpfile"
	};
	struct rig_probe_result r;

	place.dir = NULL;
	place.no_dir = "/mnt: mounted noexec";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		r = asked(names[i]);
		assert_result(&r, RIG_CANNOT_TELL, "/mnt: mounted noexec");
	}
	r = asked("wait/nothread");
	assert_true(r.answer != RIG_CANNOT_TELL);
}

/* ---- where little is allowed ---- */

/* In a process of its own: what is done to it cannot be taken back. */
static void in_child(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* An assertion of cmocka would go on with the tests, in the child as well. */
static void must_be(const char *name, enum rig_answer answer, const char *text)
{
	struct rig_probe_result r;

	if (!rig_probe_run(name, &place, &r) && r.answer == answer &&
	    strstr(r.text, text))
		return;
	printf("%s: %s: %s\n", name, rig_answer_name(r.answer), r.text);
	fflush(stdout);
	_exit(1);
}

/* ptrace and io_uring_setup end as action says; both numbers are the same on
 * x86-64 and arm64 for io_uring alone. */
static void filter(unsigned action)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 425, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(program) / sizeof(program[0]),
				   program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog)) {
		printf("NOTE: no seccomp here\n");
		fflush(stdout);
		_exit(0);
	}
}

static void under_killing_filter(void)
{
	filter(SECCOMP_RET_KILL_PROCESS);
	must_be("process/ptrace", RIG_CANNOT_TELL, "killed by SIGSYS");
	must_be("io-uring/setup", RIG_CANNOT_TELL, "killed by SIGSYS");
	must_be("io-uring/direct", RIG_CANNOT_TELL, "killed by SIGSYS");
	must_be("wait/nothread", RIG_YES, "");
}

static void under_refusing_filter(void)
{
	filter(SECCOMP_RET_ERRNO | EPERM);
	must_be("process/ptrace", RIG_NO, "Operation not permitted");
	must_be("io-uring/setup", RIG_NO, "Operation not permitted");
	must_be("io-uring/direct", RIG_NO, "Operation not permitted");
}

static void test_seccomp(void **state)
{
	in_child(under_killing_filter);
	in_child(under_refusing_filter);
}

/* The lowest free number is the limit: nothing can be opened. */
static void without_descriptors(void)
{
	static struct rig_workdir other;
	struct rlimit limit;
	int fd = dup(0);

	other = dir;
	other.lock = -1; /* a probe closes it, and has one again */
	place.dir = &other;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)fd;
	close(fd);
	setrlimit(RLIMIT_NOFILE, &limit);
	must_be("etxtbsy/writer", RIG_CANNOT_TELL, strerror(EMFILE));
	must_be("running/truncate", RIG_CANNOT_TELL, strerror(EMFILE));
	must_be("wait/pidfd-open", RIG_CANNOT_TELL, strerror(EMFILE));
	must_be("lock/flock", RIG_CANNOT_TELL, strerror(EMFILE));
	must_be("io-uring/setup", RIG_CANNOT_TELL, "");
}

static void test_no_descriptors(void **state)
{
	in_child(without_descriptors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_answers, reset_place),
		cmocka_unit_test_setup(test_features, reset_place),
		cmocka_unit_test_setup(test_deadline, reset_place),
		cmocka_unit_test_setup(test_stop, reset_place),
		cmocka_unit_test_setup(test_children_are_not_left, reset_place),
		cmocka_unit_test_setup(test_no_answer, reset_place),
		cmocka_unit_test_setup(test_ignored_sigchld, reset_place),
		cmocka_unit_test_setup(test_all, reset_place),
		cmocka_unit_test_setup(test_names, reset_place),
		cmocka_unit_test_setup(test_all_can_be_stopped, reset_place),
		cmocka_unit_test_setup(test_agrees_with_the_directory,
				       reset_place),
		cmocka_unit_test_setup(test_without_a_directory, reset_place),
		cmocka_unit_test_setup(test_seccomp, reset_place),
		cmocka_unit_test_setup(test_no_descriptors, reset_place),
	};

	return cmocka_run_group_tests(tests, open_place, close_place) != 0;
}
