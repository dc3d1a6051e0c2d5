/* SPDX-License-Identifier: MIT */
/*
 * JUnit under its schema (the argument), judged by xmllint of libxml2. Skipped
 * where there is no xmllint. Documents that are wrong on purpose show that the
 * schema can refuse.
 */
#include "support.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 4 };

static const char *schema;
static char path[] = "/tmp/racerig-junit-XXXXXX";

/* xmllint's exit status: 0 valid, 1 not well-formed, 3 not valid. */
static int lint(const char *const *argv)
{
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int status, rc;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, argv[0], &quiet, NULL, (char *const *)argv,
			  environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (rc)
		return -rc;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int check(const char *text)
{
	const char *const argv[] = { "xmllint",  "--nonet", "--noout",
				     "--schema", schema,    path,
				     NULL };
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	size_t len = strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
	return lint(argv);
}

static void assert_valid(const struct report_result *results, size_t n)
{
	static const struct report_environment environment = {
		.version = "<\"&\x01>",
		.command = "racerig explore \xff \n x",
		.cpus = 2,
		.unix_time = 1700000000,
	};
	struct capture c;

	report_junit(capture_start(&c), &environment, results, n);
	if (check(capture_end(&c)))
		fail_msg("not valid:\n%s", c.text);
	capture_free(&c);
}

static void test_every_verdict_is_valid(void **state)
{
	struct report_result results[REPORT_SKIP + 3];

	for (int v = REPORT_PROVED; v <= REPORT_SKIP; v++) {
		results[v] = example_broken();
		results[v].verdict = (enum report_verdict)v;
		results[v].reason = v % 2 ? "a reason" : NULL;
		assert_valid(&results[v], 1);
	}
	results[REPORT_SKIP + 1] = example_proved();
	results[REPORT_SKIP + 1].scenario = "tiny/x";
	results[REPORT_SKIP + 2] = example_broken();
	assert_valid(results, LENGTH(results));
	results[0].real =
		&(struct report_real){ .claim = "n/a", .control = "x" };
	assert_valid(results, LENGTH(results));
	assert_valid(NULL, 0);
}

static void test_hostile_strings_are_valid(void **state)
{
	static const char *const hostile[] = {
		"</failure>",
		"]]>",
		"<![CDATA[",
		"<!--",
		"&",
		"&x;",
		"\"'",
		"\xff\xfe",
		"\xed\xa0\x80",
		"\xef\xbf\xbf",
		"\x01\x02\x1b[0m",
		"\n\t\r",
		"%s%n",
		"<?xml?>",
		"",
	};

	for (size_t i = 0; i < LENGTH(hostile); i++)
		for (int v = REPORT_PROVED; v <= REPORT_SKIP; v++) {
			struct report_result r = example_broken();
			char name[64];

			snprintf(name, sizeof(name), "x %s", hostile[i]);
			r.verdict = (enum report_verdict)v;
			r.scenario = r.fix = name;
			r.reason = r.message = r.outcome_text = hostile[i];
			r.schedule = r.kernel_options = r.strategy = hostile[i];
			assert_valid(&r, 1);
		}
}

/* Each change makes a valid document into one that is not. */
static void test_schema_refuses(void **state)
{
	static const struct {
		const char *from, *to;
		int expected;
	} changes[] = {
		{ "<failure", "<failed", 1 },
		{ "</testsuites>", "", 1 },
		{ "message=\"", "message=\"<", 1 },
		{ "type=\"BROKEN\"", "type=\"broken\"", 3 },
		{ "type=\"BROKEN\"", "", 3 },
		{ "time=\"0.412\"", "time=\"0,412\"", 3 },
		{ "time=\"0.412\"", "time=\"\"", 3 },
		{ "classname=\"", "class=\"", 3 },
		{ "tests=\"2\"", "tests=\"two\"", 3 },
		{ "errors=\"0\"", "errors=\"1\"", 3 },
		{ "T22:13:20", "T22:13:20Z", 3 },
		{ "T22:13:20", "T25:13:20", 3 },
		{ "<testsuites>", "<testsuites name=\"x\">", 3 },
		{ "<system-err></system-err>", "", 3 },
		{ "<properties>", "<properties><x/>", 3 },
		{ "name=\"none\"", "name=\"\"", 3 },
	};
	const struct report_environment environment = { .unix_time =
								1700000000 };
	struct report_result results[] = { example_proved(), example_broken() };
	struct capture c;

	report_junit(capture_start(&c), &environment, results, LENGTH(results));
	capture_end(&c);
	assert_int_equal(check(c.text), 0);
	for (size_t i = 0; i < LENGTH(changes); i++) {
		char *at = strstr(c.text, changes[i].from);
		char *changed;

		assert_non_null(at);
		assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - c.text),
				     c.text, changes[i].to,
				     at + strlen(changes[i].from)) > 0);
		if (check(changed) != changes[i].expected)
			fail_msg("\"%s\" for \"%s\" is not refused",
				 changes[i].to, changes[i].from);
		free(changed);
	}
	capture_free(&c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_verdict_is_valid),
		cmocka_unit_test(test_hostile_strings_are_valid),
		cmocka_unit_test(test_schema_refuses),
	};
	const char *const version[] = { "xmllint", "--version", NULL };
	int fd, failed;

	if (argc != 2)
		return 1;
	schema = argv[1];
	if (lint(version)) {
		puts("SKIP: no xmllint (Debian package libxml2-utils)");
		return SKIPPED;
	}
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed != 0;
}
