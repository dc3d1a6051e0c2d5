/* SPDX-License-Identifier: MIT */
/* The registry of guards, and what single guards promise beside soundness. */
#include "support.h"

#include <pthread.h>

static bool filled(const char *text)
{
	return text && *text != '\0';
}

static void descriptors_are_complete(void **state)
{
	for (size_t i = 0; spw_guards[i]; i++) {
		const struct spw_guard_info *info =
			spw_guard_info(spw_guards[i]);

		assert_true(filled(info->name));
		assert_true(filled(info->summary));
		assert_true(filled(info->claim));
		assert_true(filled(info->condition));
		assert_true(filled(info->reference));
	}
}

static void names_lead_to_guards(void **state)
{
	for (size_t i = 0; spw_guards[i]; i++) {
		const char *name = spw_guard_info(spw_guards[i])->name;

		/* The first of that name is this one: there is no other. */
		assert_ptr_equal(spw_guard_find(name), spw_guards[i]);
	}
	assert_null(spw_guard_find("no such guard"));
	assert_null(spw_guard_find(""));
}

/* ---- retry: its budget ---- */

struct clock {
	struct spw_sys sys;
	unsigned sleeps;
	uint64_t slept_ns[8];
	int exec_error;
};

static SPW_CHILD int failing_execve(struct spw_sys *sys, const char *path,
				    char *const argv[], char *const envp[])
{
	return -((struct clock *)sys)->exec_error;
}

static void recorded_sleep(struct spw_sys *sys, uint64_t ns)
{
	struct clock *clock = (struct clock *)sys;

	assert_true(clock->sleeps < 8);
	clock->slept_ns[clock->sleeps++] = ns;
}

static void run_retry(struct clock *clock, enum spw_clone how, int error)
{
	const struct spw_spec spec = { .path = "/bin/true" };
	enum spw_stage stage;
	struct spw_rt *rt;

	*clock = (struct clock){ .sys = *spw_sys_linux() };
	clock->sys.execve = failing_execve;
	clock->sys.sleep_ns = recorded_sleep;
	clock->exec_error = error;
	rt = open_rt("retry", how, &clock->sys);
	assert_int_equal(run(rt, &spec, &stage), -error);
	assert_int_equal(stage, SPW_STAGE_EXEC);
	spw_shut(rt);
	assert_no_children();
}

static void retry_gives_up_after_its_budget(void **state)
{
	struct clock clock;

	for (int how = SPW_CLONE_FORK; how <= SPW_CLONE_VFORK; how++) {
		run_retry(&clock, (enum spw_clone)how, ETXTBSY);
		assert_int_equal(clock.sleeps, 3);
		assert_int_equal(clock.slept_ns[0], 100000000);
		assert_int_equal(clock.slept_ns[1], 200000000);
		assert_int_equal(clock.slept_ns[2], 400000000);
	}
}

static void retry_is_for_busy_files_only(void **state)
{
	struct clock clock;

	run_retry(&clock, SPW_CLONE_VFORK, EACCES);
	assert_int_equal(clock.sleeps, 0);
}

/* ---- under load: nobody waits for ever, and the sound ones hold ---- */

#define ROUNDS 20
#define ACTORS 4

struct actor {
	pthread_t thread;
	struct spw_rt *rt;
	const void *program; /* not a script: memfd promises nothing there */
	size_t len;
	char path[160];
	int failures;
};

static void *write_and_run(void *arg)
{
	struct actor *actor = arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (spw_write_executable(actor->rt, actor->path, actor->program,
					 actor->len, 0755) < 0 ||
		    run_path(actor->rt, actor->path) != 0)
			actor->failures++;
	}
	return NULL;
}

static void *run_only(void *arg)
{
	struct actor *actor = arg;

	for (int i = 0; i < ROUNDS; i++)
		actor->failures += run_path(actor->rt, "/bin/true") != 0;
	return NULL;
}

/* Writers that run what they wrote beside as many that only spawn. */
static int count_failures(const char *guard, enum spw_clone how)
{
	struct spw_rt *rt = try_rt(guard, how, NULL);
	struct actor actors[2 * ACTORS];
	int failures = 0;
	void *program;
	char dir[128];
	size_t len;

	if (!rt)
		return 0;
	make_dir(dir);
	program = map_file("/bin/true", &len);
	for (int i = 0; i < 2 * ACTORS; i++) {
		actors[i] = (struct actor){ .rt = rt,
					    .program = program,
					    .len = len };
		snprintf(actors[i].path, sizeof(actors[i].path), "%s/%d", dir,
			 i);
		assert_int_equal(pthread_create(&actors[i].thread, NULL,
						i < ACTORS ? write_and_run :
							     run_only,
						&actors[i]),
				 0);
	}
	for (int i = 0; i < 2 * ACTORS; i++) {
		assert_int_equal(pthread_join(actors[i].thread, NULL), 0);
		failures += actors[i].failures;
		unlink(actors[i].path);
	}
	spw_shut(rt);
	munmap(program, len);
	assert_int_equal(rmdir(dir), 0);
	return failures;
}

static void all_guards_come_to_an_end(void **state)
{
	for (size_t i = 0; spw_guards[i]; i++) {
		const struct spw_guard_info *info =
			spw_guard_info(spw_guards[i]);

		for (int how = SPW_CLONE_FORK; how <= SPW_CLONE_VFORK; how++) {
			int failures =
				count_failures(info->name, (enum spw_clone)how);

			if (info->claims_sound && failures > 0)
				fail_msg("%s: %d failures", info->name,
					 failures);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_complete),
		cmocka_unit_test(names_lead_to_guards),
		cmocka_unit_test(retry_gives_up_after_its_budget),
		cmocka_unit_test(retry_is_for_busy_files_only),
		cmocka_unit_test(all_guards_come_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
