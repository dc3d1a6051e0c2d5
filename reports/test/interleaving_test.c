/* SPDX-License-Identifier: MIT */
/* The picture of an interleaving. */
#include "support.h"

#include <jansson.h>

#define STEP(in, what, said, ...)                                           \
	{                                                                   \
		.lane = (in), .call = (what), .detail = (said), __VA_ARGS__ \
	}

/* A file that a child still holds, executed 100 ms later. */
static const char *const lanes[] = { "main", "a1", "a1.c1", "a2", "a2.c1" };
static const struct report_step steps[] = {
	STEP(1, "open", "(prog, write) = 3", .switched = true),
	STEP(3, "clone", "(vfork) = a2.c1", .switched = true),
	STEP(4, "execve", "(other)", .switched = true),
	STEP(4, "exec-mmap", NULL, .inner = true),
	STEP(3, "clone-return", "", .switched = true),
	STEP(1, "close", "(3) = 0", .switched = true),
	STEP(1, "clone", "(vfork) = a1.c1"),
	STEP(2, "execve", "(prog) = ETXTBSY", .switched = true, .fatal = true,
	     .now_ns = 100000000),
	STEP(4, "write-count", "prog: 1 -> 0", .switched = true, .inner = true,
	     .now_ns = 100000000),
	STEP(3, "wait", "(a2.c1) = status 0", .switched = true,
	     .now_ns = 100000000),
};

static const struct report_interleaving example = {
	.lanes = lanes,
	.nlanes = LENGTH(lanes),
	.steps = steps,
	.nsteps = LENGTH(steps),
	.verdict = "etxtbsy: a2.c1 still held prog",
};

static const char *draw(struct capture *c,
			const struct report_interleaving *what, unsigned width)
{
	report_interleaving(capture_start(c), what, width, false);
	return capture_end(c);
}

static void check_picture(const struct report_interleaving *what,
			  unsigned width, const char *expected)
{
	struct capture c;

	assert_string_equal(draw(&c, what, width), expected);
	capture_free(&c);
}

static void test_lanes(void **state)
{
	check_picture(
		&example, 80,
		"a1            a1.c1         a2            a2.c1\n"
		"open(prog, write) = 3\n"
		"|                           clone(vfork) = a2.c1\n"
		"|                           |             execve(other)\n"
		"|                           |               . exec-mmap\n"
		"|                           clone-return  |\n"
		"close(3) = 0                |             |\n"
		"clone(vfork) = a1.c1        |             |\n"
		"-- 100 ms pass --\n"
		"              execve(prog) = ETXTBSY  <-- |\n"
		"                            |               "
		". write-count prog: 1 -> 0\n"
		"                            wait(a2.c1) = status 0\n"
		"\n"
		"etxtbsy: a2.c1 still held prog\n");
}

static void test_gutter_where_lanes_are_too_narrow(void **state)
{
	static const char *const deep[] = { "", "a1", "a1.c1", "a1.c1.t2",
					    "a2" };
	struct report_interleaving what = example;

	what.lanes = deep;
	check_picture(&what, 50, /* taken as 60 */
		      "a1\n"
		      "| a1.c1\n"
		      "| | a1.c1.t2\n"
		      "| | | a2\n"
		      "*        a1        open(prog, write) = 3\n"
		      "|   *    a1.c1.t2  clone(vfork) = a2.c1\n"
		      "|   | *  a2        execve(other)\n"
		      "|   | *              . exec-mmap\n"
		      "|   * |  a1.c1.t2  clone-return\n"
		      "*   | |  a1        close(3) = 0\n"
		      "*   | |            clone(vfork) = a1.c1\n"
		      "-- 100 ms pass --\n"
		      "  * | |  a1.c1     execve(prog) = ETXTBSY  <--\n"
		      "    | *  a2          . write-count prog: 1 -> 0\n"
		      "    *    a1.c1.t2  wait(a2.c1) = status 0\n"
		      "\n"
		      "etxtbsy: a2.c1 still held prog\n");
}

static void test_nothing_to_draw(void **state)
{
	struct report_interleaving what = { .lanes = lanes, .nlanes = 2 };

	check_picture(&what, 80, "(no steps)\n");
	what.verdict = "etxtbsy";
	check_picture(&what, 80, "(no steps)\n\netxtbsy\n");
	what.lanes = NULL;
	what.nlanes = 0;
	what.lost = 1;
	check_picture(&what, 80, "(1 more step, not recorded)\n\netxtbsy\n");
}

static void test_lost_steps_are_counted(void **state)
{
	struct report_interleaving what = {
		.lanes = lanes,
		.nlanes = 2,
		.steps = steps,
		.nsteps = 1,
		.lost = 1200,
	};

	check_picture(&what, 80,
		      "a1\n"
		      "open(prog, write) = 3\n"
		      "(1200 more steps, not recorded)\n");
}

static void test_long_text_goes_on_below(void **state)
{
	struct report_step step =
		STEP(0, "open",
		     "(a/path/that/is/long/enough/to/fill/most/of/a/line, "
		     "write) = ETXTBSY",
		     .inner = true, .fatal = true);
	struct report_interleaving what = {
		.lanes = lanes,
		.nlanes = 1,
		.steps = &step,
		.nsteps = 1,
	};

	check_picture(&what, 60,
		      "main\n"
		      "  . open(a/path/that/is/long/enough/to/fill/most/of/a/"
		      "line,\n"
		      "    write) = ETXTBSY  <--\n");
}

/* Any number of lanes, in any width: no line is longer, no step is lost. */
static void test_width_is_bounded(void **state)
{
	static const unsigned widths[] = { 0, 60, 61, 80, 132, 200, 1000 };
	const char *names[REPORT_LANES_MAX];
	struct report_step many[2 * REPORT_LANES_MAX];
	char detail[600];

	memset(detail, 'x', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = '\0';
	for (unsigned i = 0; i < LENGTH(many); i++)
		many[i] = (struct report_step)STEP(i % REPORT_LANES_MAX, "call",
						   detail, .switched = true);
	for (unsigned i = 0; i < LENGTH(names); i++)
		names[i] = i % 2 ? "a1.c1.c1.c1.c1.c1.c1.c1" : "a1";
	for (unsigned n = 1; n <= REPORT_LANES_MAX; n++) {
		for (size_t w = 0; w < LENGTH(widths); w++) {
			struct report_interleaving what = {
				.lanes = names,
				.nlanes = n,
				.steps = many,
				.nsteps = n,
				.verdict = detail,
			};
			size_t limit = widths[w] < 60  ? 60 :
				       widths[w] > 200 ? 200 :
							 widths[w];
			struct capture c;

			assert_in_range(
				longest_line(draw(&c, &what, widths[w])), 1,
				limit);
			capture_free(&c);
		}
	}
}

static void test_color_marks_the_violation(void **state)
{
	struct capture c;

	report_interleaving(capture_start(&c), &example, 80, true);
	assert_non_null(strstr(capture_end(&c),
			       "\033[1;31mexecve(prog) = ETXTBSY  <--\033[0m"));
	capture_free(&c);
}

/* Before the step, for behind it may stand that it violates. */
static void test_critical_step_is_marked(void **state)
{
	static const struct report_step few[] = {
		STEP(0, "open", "(p)", .critical = true),
		STEP(0, "drop", "fd 3", .inner = true, .critical = true),
		STEP(0, "execve", "(p) = ETXTBSY", .critical = true,
		     .fatal = true),
	};
	struct report_interleaving what = {
		.lanes = lanes + 1,
		.nlanes = 1,
		.steps = few,
		.nsteps = LENGTH(few),
		.verdict = "etxtbsy",
		.critical = "a1 open#1: before it some continuation passes, "
			    "after it none does",
	};

	check_picture(
		&what, 60,
		"a1\n"
		"! open(p)\n"
		"  ! . drop fd 3\n"
		"! execve(p) = ETXTBSY  <--\n"
		"\n"
		"etxtbsy\n"
		"! a1 open#1: before it some continuation passes, after it\n"
		"  none does\n");
}

static void test_who_holds_it(void **state)
{
	struct report_step held[LENGTH(steps)];
	struct report_interleaving what = example;

	memcpy(held, steps, sizeof(steps));
	held[0].holds = held[1].holds = 1u << 1;
	for (size_t i = 2; i < 8; i++) /* a2.c1's copy, until it is dropped */
		held[i].holds = (i < 5 ? 1u << 1 : 0) | 1u << 4;
	what.steps = held;
	what.held = "has prog open for writing";
	check_picture(
		&what, 80,
		"a1            a1.c1         a2            a2.c1\n"
		"open(prog, write) = 3\n"
		"#                           clone(vfork) = a2.c1\n"
		"#                           |             execve(other)\n"
		"#                           |               . exec-mmap\n"
		"#                           clone-return  #\n"
		"close(3) = 0                |             #\n"
		"clone(vfork) = a1.c1        |             #\n"
		"-- 100 ms pass --\n"
		"              execve(prog) = ETXTBSY  <-- #\n"
		"                            |               "
		". write-count prog: 1 -> 0\n"
		"                            wait(a2.c1) = status 0\n"
		"\n"
		"etxtbsy: a2.c1 still held prog\n"
		"# has prog open for writing\n");
}

/* Read back by a parser that is not ours. */
/* One number: closed, then another file's, which shows that it was read. */
static const char *const threads[] = { "a1", "a2" };
static const char *const files[] = { "pipe 1 reader, opened by main",
				     "pipe 2 reader, opened by a2" };
static const struct report_step reuse[] = {
	STEP(0, "lock", "", .switched = true, .file = 1),
	STEP(1, "close", "(3)", .switched = true),
	STEP(1, "pipe", "(reader 3, writer 4)", .file = 2),
	STEP(0, "read", "(3) = 1", .switched = true, .file = 2, .fatal = true),
};
static const struct report_interleaving reused = {
	.lanes = threads,
	.nlanes = LENGTH(threads),
	.steps = reuse,
	.nsteps = LENGTH(reuse),
	.verdict = "wrong-owner",
	.number = "fd 3",
	.files = files,
	.nfiles = LENGTH(files),
};

static void test_what_a_number_means(void **state)
{
	check_picture(&reused, 80,
		      "fd 3  a1              a2\n"
		      "   A  lock\n"
		      "   .  |               close(3)\n"
		      "   B  |               pipe(reader 3, writer 4)\n"
		      "   B  read(3) = 1  <--\n"
		      "\n"
		      "wrong-owner\n"
		      "A fd 3 is pipe 1 reader, opened by main\n"
		      "B fd 3 is pipe 2 reader, opened by a2\n");
}

static void test_a_number_beside_the_gutter(void **state)
{
	static const char *const many[] = { "a1.c1.t1.c1.t1.c",
					    "a2.c1.t1.c1.t1.c" };
	struct report_interleaving what = reused;

	what.lanes = many;
	what.number = "fd 12";
	check_picture(&what, 60,
		      "fd 12  a1.c1.t1.c1.t1.c\n"
		      "       | a2.c1.t1.c1.t1.c\n"
		      "    A  *    a1.c1.t1.c1.t1.c  lock\n"
		      "    .  | *  a2.c1.t1.c1.t1.c  close(3)\n"
		      "    B  | *                    pipe(reader 3, writer 4)\n"
		      "    B  *    a1.c1.t1.c1.t1.c  read(3) = 1  <--\n"
		      "\n"
		      "wrong-owner\n"
		      "A fd 12 is pipe 1 reader, opened by main\n"
		      "B fd 12 is pipe 2 reader, opened by a2\n");
}

static void check_slice(const json_t *event, const char *name, int from,
			int dur)
{
	assert_string_equal(json_string_value(json_object_get(event, "name")),
			    name);
	assert_int_equal(json_integer_value(json_object_get(event, "ts")),
			 from);
	assert_int_equal(json_integer_value(json_object_get(event, "dur")),
			 dur);
}

/* A slice for each file, in a lane below the others; none while it is free. */
static void test_slices_of_a_number(void **state)
{
	struct capture c;
	json_t *root, *event;
	size_t i, slices = 0;

	report_chrome_trace(capture_start(&c), &reused);
	root = json_loads(capture_end(&c), 0, NULL);
	assert_non_null(root);
	json_array_foreach(json_object_get(root, "traceEvents"), i, event)
	{
		if (json_integer_value(json_object_get(event, "tid")) != 3 ||
		    json_object_get(event, "args"))
			continue;
		check_slice(event, files[slices ? 1 : 0], slices ? 29 : 0,
			    slices ? 20 : 19);
		slices++;
	}
	assert_int_equal(slices, 2);
	json_decref(root);
	capture_free(&c);
}

static void test_chrome_trace(void **state)
{
	struct report_step held[LENGTH(steps)];
	struct report_interleaving what = example;
	struct capture c;
	json_t *root, *events, *event;
	size_t i, spans = 0, calls = 0;

	memcpy(held, steps, sizeof(steps));
	held[2].holds = held[3].holds = 1u << 4;
	what.steps = held;
	what.held = "has prog open for writing";
	report_chrome_trace(capture_start(&c), &what);
	root = json_loads(capture_end(&c), 0, NULL);
	assert_non_null(root);
	events = json_object_get(root, "traceEvents");
	json_array_foreach(events, i, event)
	{
		const char *phase =
			json_string_value(json_object_get(event, "ph"));

		assert_non_null(phase);
		calls += !strcmp(phase, "X");
		if (strcmp(phase, "b") != 0 && strcmp(phase, "e") != 0)
			continue;
		spans++;
		assert_int_equal(
			json_integer_value(json_object_get(event, "tid")), 5);
	}
	assert_int_equal(calls, LENGTH(steps));
	assert_int_equal(spans, 2);
	json_decref(root);
	capture_free(&c);
}

static void test_control_characters_stay_out(void **state)
{
	struct report_step step = STEP(0, "open", "(a\033[2J\nb)");
	struct report_interleaving what = {
		.lanes = lanes,
		.nlanes = 1,
		.steps = &step,
		.nsteps = 1,
	};

	check_picture(&what, 80, "main\nopen(a?[2J?b)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_gutter_where_lanes_are_too_narrow),
		cmocka_unit_test(test_nothing_to_draw),
		cmocka_unit_test(test_lost_steps_are_counted),
		cmocka_unit_test(test_long_text_goes_on_below),
		cmocka_unit_test(test_width_is_bounded),
		cmocka_unit_test(test_color_marks_the_violation),
		cmocka_unit_test(test_critical_step_is_marked),
		cmocka_unit_test(test_who_holds_it),
		cmocka_unit_test(test_chrome_trace),
		cmocka_unit_test(test_what_a_number_means),
		cmocka_unit_test(test_a_number_beside_the_gutter),
		cmocka_unit_test(test_slices_of_a_number),
		cmocka_unit_test(test_control_characters_stay_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
