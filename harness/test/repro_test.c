/* SPDX-License-Identifier: MIT */
/*
 * The C file of a reproducer: whatever a task can say has a form in it, and the
 * skeleton keeps no mark. That the forms compile and do the same is seen by
 * cli/export_test.
 */
#include "support.h"

#include "cli/repro.h"

static struct rig_call_log call_log;

static const struct rig_header header = { .scenario = "s",
					  .fix = "f",
					  .actors = 2,
					  .kernel = "k",
					  .outcome = "o" };

/* The file about the calls in call_log; to be freed. */
static char *written(void)
{
	const struct rig_beside beside = { .name = { NULL } };
	const struct rig_repro repro = {
		.log = &call_log,
		.version = "v",
		.schedule = "s.sched",
		.header = &header,
		.beside = &beside,
		.message = "m",
		.kernel = "Linux",
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	rig_repro_write(out, &repro);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* One task makes one call. */
static void set_call(enum ctl_op op)
{
	call_log.n = 1;
	call_log.call[0] = (struct rig_call){ .task = RIG_NAME_MAIN,
					      .said = { .op = op } };
}

static void every_call_has_a_form(void **state)
{
	for (enum ctl_op op = CTL_OPEN; op <= CTL_KILLED; op++) {
		char *text;

		if (op >= CTL_THREAD && op <= CTL_CLEAN) /* no task's */
			continue;
		assert_non_null(rig_call_forms[op].text);
		set_call(op);
		text = written();
		assert_non_null(strstr(text, rig_call_forms[op].helper ?
						     rig_call_forms[op].helper :
						     "STEPS = 1"));
		assert_null(strchr(text, '@'));
		free(text);
	}
}

/* A process that was killed is not asked to end; the order sees to it. */
static void a_kill_is_in_the_order(void **state)
{
	char *text;

	set_call(CTL_KILLED);
	call_log.call[0].said.arg[0] = 15;
	text = written();
	assert_non_null(strstr(text, "KILLED, 15, \"main: killed\""));
	assert_null(strstr(text, "begin(1);"));
	free(text);
}

/* One that a call ends at once is sent the signal by that call. */
static void a_call_kills(void **state)
{
	char *text;

	set_call(CTL_KILL);
	call_log.call[0].said.arg[2] = 15;
	call_log.call[1] = (struct rig_call){
		.slot = 1,
		.task = rig_name_child(RIG_NAME_MAIN, RIG_KIND_CHILD, 1),
		.said = { .op = CTL_KILLED, .arg = { 15 } },
	};
	call_log.n = 2;
	text = written();
	assert_non_null(strstr(text, "kill_task(-1, 15)"));
	assert_non_null(strstr(text, "KILLED, 0, \"main_c1: killed\""));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_call_has_a_form),
		TEST(a_kill_is_in_the_order),
		TEST(a_call_kills),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
