/* SPDX-License-Identifier: MIT */
/* The document for programs, read back by jansson. */
#include "support.h"

#include <jansson.h>

static const struct report_environment environment = {
	.version = "0.1.0",
	.commit = "0123abc",
	.command = "racerig explore \"x\"",
	.kernel = "Linux 6.1.0 x86_64",
	.libc = "glibc 2.36",
	.cpus = 2,
};

static json_t *round_trip(const struct report_result *results, size_t n)
{
	struct capture c;
	json_error_t error;
	json_t *document;

	report_json(capture_start(&c), &environment, results, n);
	capture_end(&c);
	document = json_loads(c.text, JSON_REJECT_DUPLICATES, &error);
	if (!document)
		fail_msg("line %d: %s\n%s", error.line, error.text, c.text);
	capture_free(&c);
	return document;
}

static json_t *result_of(json_t *document)
{
	return json_array_get(json_object_get(document, "results"), 0);
}

static void check_string(json_t *object, const char *key, const char *expected)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		fail_msg("%s is no string", key);
	assert_string_equal(json_string_value(value), expected);
}

static void check_integer(json_t *object, const char *key, uint64_t expected)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("%s is no integer", key);
	assert_int_equal((uint64_t)json_integer_value(value), expected);
}

static void check_seconds(json_t *object, double expected)
{
	json_t *value = json_object_get(object, "seconds");

	assert_true(json_is_real(value));
	assert_true(json_real_value(value) > expected - 1e-9);
	assert_true(json_real_value(value) < expected + 1e-9);
}

static void test_environment(void **state)
{
	json_t *document = round_trip(NULL, 0);
	json_t *e = json_object_get(document, "environment");

	check_string(e, "version", environment.version);
	check_string(e, "commit", environment.commit);
	check_string(e, "command", environment.command);
	check_string(e, "kernel", environment.kernel);
	check_string(e, "libc", environment.libc);
	check_integer(e, "cpus", 2);
	assert_true(json_is_array(json_object_get(document, "results")));
	assert_int_equal(json_array_size(json_object_get(document, "results")),
			 0);
	json_decref(document);
}

static void test_fields_of_a_proof(void **state)
{
	struct report_result r = example_proved();
	json_t *document = round_trip(&r, 1);
	json_t *o = result_of(document);

	check_string(o, "scenario", "etxtbsy/build-and-run");
	check_string(o, "fix", "fork-lock");
	check_string(o, "world", "sim");
	check_string(o, "strategy", "states");
	check_string(o, "verdict", "PROVED");
	check_string(o, "seed", "0xfedcba9876543210");
	check_string(o, "spawn", "vfork");
	check_string(o, "kernel_options", r.kernel_options);
	assert_true(json_is_null(json_object_get(o, "reason")));
	check_integer(o, "actors", 2);
	check_integer(o, "starve_ns", 1000000000);
	check_integer(o, "executions", 18234);
	check_seconds(o, 0.412346);
	check_integer(o, "executions_per_second", 44220);
	check_integer(o, "calls_per_actor", 9);
	check_integer(o, "states", 9120);
	check_integer(o, "terminal_states", 34);
	check_integer(o, "merged", 18200);
	check_integer(o, "depth", 40);
	check_integer(o, "points", 61);
	check_integer(o, "model_version", 1);
	check_string(o, "assumptions", "sequential consistency");
	check_string(o, "conformance", "none");
	assert_true(json_is_true(json_object_get(o, "complete")));
	assert_true(json_is_null(json_object_get(o, "stopped_by")));
	assert_true(json_is_null(json_object_get(o, "truncated")));
	assert_true(json_is_null(json_object_get(o, "preemption_bound")));
	assert_null(json_object_get(o, "outcome"));
	assert_null(json_object_get(o, "critical"));
	json_decref(document);
	r.verdict = REPORT_HELD;
	r.bounded = true; /* even by none */
	document = round_trip(&r, 1);
	check_integer(result_of(document), "preemption_bound", 0);
	json_decref(document);
}

static void test_promise_of_a_sample(void **state)
{
	struct report_result r = { .scenario = "tiny/x",
				   .fix = "lock",
				   .verdict = REPORT_HELD,
				   .promise = { .depth = 3,
						.tasks = 4,
						.points = 20,
						.executions = 9999,
						.miss = 1.234e-12,
						.longest = 21,
						.values = true } };
	json_t *document = round_trip(&r, 1);
	json_t *p = json_object_get(result_of(document), "promise");
	double miss = json_real_value(json_object_get(p, "miss"));

	check_integer(p, "depth", 3);
	check_integer(p, "tasks", 4);
	check_integer(p, "points", 20);
	check_integer(p, "executions", 9999);
	check_integer(p, "longest", 21);
	assert_true(json_is_true(json_object_get(p, "values_drawn")));
	assert_true(miss > 1.29e-12 && miss < 1.31e-12);
	json_decref(document);
	r.promise.depth = 0;
	document = round_trip(&r, 1);
	assert_null(json_object_get(result_of(document), "promise"));
	json_decref(document);
}

static void test_fields_of_a_violation(void **state)
{
	static const enum report_verdict verdicts[] = {
		REPORT_BROKEN,
		REPORT_BROKEN_MAYBE,
		REPORT_NARROWED,
	};
	struct report_result r = example_broken();

	for (size_t i = 0; i < LENGTH(verdicts); i++) {
		json_t *document, *o;

		r.verdict = verdicts[i];
		document = round_trip(&r, 1);
		o = result_of(document);
		check_string(o, "verdict", report_verdict_name(verdicts[i]));
		check_string(o, "outcome", r.outcome);
		check_string(o, "outcome_text", r.outcome_text);
		check_string(o, "message", r.message);
		check_string(o, "schedule", r.schedule);
		check_integer(o, "found_at", 17);
		check_integer(o, "decisions", 3);
		check_integer(o, "preemptions", 1);
		check_string(o, "critical", r.critical);
		assert_false(json_is_true(json_object_get(o, "complete")));
		assert_null(json_object_get(o, "calls_per_actor"));
		json_decref(document);
	}
}

/* Nothing was run: what does not apply is null, and the keys are there. */
static void test_fields_of_a_skip(void **state)
{
	struct report_result r = {
		.scenario = "tiny/lost-update",
		.fix = "lock",
		.verdict = REPORT_SKIP,
		.reason = "no futex",
	};
	json_t *document = round_trip(&r, 1);
	json_t *o = result_of(document);

	check_string(o, "reason", "no futex");
	check_string(o, "seed", "0x0");
	assert_true(json_is_null(json_object_get(o, "strategy")));
	assert_true(json_is_null(json_object_get(o, "kernel_options")));
	check_seconds(o, 0);
	check_integer(o, "executions_per_second", 0);
	assert_null(json_object_get(o, "schedule"));
	json_decref(document);
}

static void test_large_numbers_are_exact(void **state)
{
	const uint64_t large = (1ull << 53) + 1;
	struct report_result r = example_broken();
	json_t *document, *o;

	r.seed = UINT64_MAX;
	r.starve_ns = r.found_at = large;
	r.search.executions = INT64_MAX;
	r.search.states = large;
	r.search.ns = 1;
	document = round_trip(&r, 1);
	o = result_of(document);
	check_string(o, "seed", "0xffffffffffffffff");
	check_integer(o, "starve_ns", large);
	check_integer(o, "found_at", large);
	check_integer(o, "states", large);
	check_integer(o, "executions", INT64_MAX);
	check_integer(o, "executions_per_second", INT64_MAX);
	json_decref(document);
}

/* What a message holds, and what a reader gets. */
static void test_escaping(void **state)
{
	static const struct {
		const char *message, *read;
	} cases[] = {
		{ "", "" },
		{ "say \"no\" \\ /", "say \"no\" \\ /" },
		{ "\x01\t\n\r\x1f\x7f", "\x01\t\n\r\x1f\x7f" },
		{ "\u00e9 \u20ac \U0001f600", "\u00e9 \u20ac \U0001f600" },
		{ "a\xff"
		  "b",
		  "a\ufffdb" },
		{ "\xc0\xaf", "\ufffd\ufffd" },           /* long form */
		{ "\xe0\x9f\xbf", "\ufffd\ufffd\ufffd" }, /* long form */
		{ "\xed\xa0\x80", "\ufffd\ufffd\ufffd" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd" },
		{ "cut \xe2\x82", "cut \ufffd\ufffd" },
		{ "\xe2\x82\"", "\ufffd\ufffd\"" },
	};
	struct report_result r = example_broken();

	for (size_t i = 0; i < LENGTH(cases); i++) {
		json_t *document;

		r.message = cases[i].message;
		document = round_trip(&r, 1);
		check_string(result_of(document), "message", cases[i].read);
		json_decref(document);
	}
}

static void test_several_results(void **state)
{
	struct report_result results[] = {
		example_proved(),
		example_broken(),
		example_proved(),
	};
	json_t *document = round_trip(results, LENGTH(results));
	json_t *array = json_object_get(document, "results");

	assert_int_equal(json_array_size(array), 3);
	check_string(json_array_get(array, 1), "verdict", "BROKEN");
	check_string(json_array_get(array, 2), "verdict", "PROVED");
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_fields_of_a_proof),
		cmocka_unit_test(test_promise_of_a_sample),
		cmocka_unit_test(test_fields_of_a_violation),
		cmocka_unit_test(test_fields_of_a_skip),
		cmocka_unit_test(test_large_numbers_are_exact),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_several_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
