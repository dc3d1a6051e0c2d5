/* SPDX-License-Identifier: MIT */
/* Identities: who a child is when its id has come to mean another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stress/apart.h"
#include "stress/identity.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 4 };

/* What the process of a run that is apart has found, by line; 0: all is well. */
static int *failed_at;

#define EXPECT(condition)                        \
	do {                                     \
		if (!(condition) && !*failed_at) \
			*failed_at = __LINE__;   \
	} while (0)

static SPW_CHILD int execute(void *arg)
{
	struct spw_sys **sys = arg;
	char number[] = "0";
	char *argv[] = { (char *)"true", number, NULL };
	char *envp[] = { NULL };

	/* What is not there is not executed, but it is known by then who asks. */
	(*sys)->execve(*sys, "/nowhere/true", argv, envp);
	return 7;
}

static SPW_CHILD int stay(void *arg)
{
	for (;;)
		pause();
	return 0;
}

static pid_t make(struct rig_identities *ids, spw_child_fn *child)
{
	struct spw_sys *sys = &ids->sys;
	pid_t pid = -1;
	int rc =
		sys->clone(sys, SPW_CLONE_FORK, child, &sys, sizeof(sys), &pid);

	return rc ? rc : pid;
}

static void await(struct rig_identities *ids, pid_t pid)
{
	struct spw_status status;

	EXPECT(ids->sys.wait(&ids->sys, pid, 0, &status) == pid);
}

static void use_an_id_again(void *arg)
{
	struct rig_identities ids = { .n = 0 };
	struct rig_note *first;
	pid_t one, other;

	EXPECT(!rig_identities_open(&ids, CHILDREN, true));
	one = make(&ids, execute);
	await(&ids, one);
	first = rig_note_of(&ids, 0);
	EXPECT(first && first->pid == one && rig_note_ended(first));
	EXPECT(ids.reused == 0);
	other = make(&ids, stay);
	EXPECT(other == one && ids.reused == 1);
	rig_note_mean(first);
	EXPECT(!ids.sys.kill(&ids.sys, one, SIGKILL));
	rig_note_mean(NULL);
	EXPECT(first && first->stray);
	await(&ids, other);
	/* Nobody has it: nobody was meant. */
	EXPECT(ids.sys.kill(&ids.sys, one, SIGKILL) == -ESRCH);
	rig_identities_close(&ids);
}

static void test_an_id_is_used_again(void **state)
{
	int rc;

	failed_at = mmap(NULL, sizeof(*failed_at), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(failed_at, MAP_FAILED);
	rc = rig_run_apart(use_an_id_again, NULL, NULL);
	if (rc == -ENOTSUP)
		print_message("NOTE: not tested here: no ids can be chosen\n");
	else
		assert_int_equal(rc, 0);
	if (*failed_at)
		fail_msg("line %d, in the process apart", *failed_at);
	munmap(failed_at, sizeof(*failed_at));
}

static void test_who_lives(void **state)
{
	struct rig_identities ids = { .n = 0 };
	struct spw_status status;
	pid_t pid;

	assert_int_equal(rig_identities_open(&ids, CHILDREN, false), 0);
	pid = make(&ids, execute);
	assert_true(pid > 0);
	assert_int_equal(ids.sys.wait(&ids.sys, pid, 0, &status), pid);
	assert_int_equal(status.code, 7);
	assert_non_null(rig_note_of(&ids, 0));
	assert_null(rig_note_of(&ids, 1));
	rig_notes_drop(&ids, 0);
	assert_null(rig_note_of(&ids, 0));
	pid = make(&ids, stay); /* which never says who it is */
	assert_true(pid > 0);
	assert_non_null(rig_note_of(&ids, -1));
	assert_false(rig_note_ended(rig_note_of(&ids, -1)));
	/* Its own, and so no stray one. */
	rig_note_mean(rig_note_of(&ids, -1));
	assert_int_equal(ids.sys.kill(&ids.sys, pid, SIGKILL), 0);
	rig_note_mean(NULL);
	assert_false(rig_note_of(&ids, -1)->stray);
	assert_int_equal(ids.sys.wait(&ids.sys, pid, 0, &status), pid);
	assert_true(rig_note_ended(rig_note_of(&ids, -1)));
	rig_identities_close(&ids);
}

/* More than there are notes for: they are made, and nobody knows them. */
static void test_too_many(void **state)
{
	struct rig_identities ids = { .n = 0 };
	struct spw_status status;
	pid_t pid[CHILDREN + 1];

	assert_int_equal(rig_identities_open(&ids, CHILDREN, false), 0);
	for (int i = 0; i <= CHILDREN; i++) {
		pid[i] = make(&ids, execute);
		assert_true(pid[i] > 0);
	}
	for (int i = 0; i <= CHILDREN; i++)
		assert_int_equal(ids.sys.wait(&ids.sys, pid[i], 0, &status),
				 pid[i]);
	rig_identities_close(&ids);
}

static void leave(void *arg)
{
	_exit(5);
}

static void test_a_process_apart_that_leaves(void **state)
{
	int rc = rig_run_apart(leave, NULL, NULL);

	assert_true(rc == -EIO || rc == -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_lives),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_an_id_is_used_again),
		cmocka_unit_test(test_a_process_apart_that_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
