/* SPDX-License-Identifier: MIT */
/* The text form of a schedule: what is read, what is refused and why. */
#include "support.h"

static const char good[] = "racerig-schedule 1\n"
			   "scenario etxtbsy/build-and-run\n"
			   "fix none\n"
			   "spawn vfork\n"
			   "actors 2\n"
			   "kernel etxtbsy=on release-order=lifo steps=call\n"
			   "starve-ns 250000000\n"
			   "outcome etxtbsy\n"
			   "# The other actor forks while the file is open.\n"
			   "at a1 close#1 run a2 clone#1\n"
			   "# Gr\xc3\xbc\xc3\x9f"
			   "e \xe2\x82\xac \xf0\x9f\x90\x8d\n"
			   "at a2.c1 final-drop-order#1 pick 1\n"
			   "at a2 write#7 fail short\n"
			   "at main.t1 end#1 run clock tick#0\n"
			   "# at the end\n"
			   "end 4\n";

static struct rig_schedule parsed;
static char why[RIG_MESSAGE_MAX];
static char text[RIG_SCHEDULE_BYTES_MAX + 2];

static const struct rig_subject *subject(void)
{
	return sim_subject(bench.sim, NULL, NULL);
}

/* A copy of exactly len bytes: a sanitizer sees a read beyond them. */
static int parse(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	why[0] = '\0';
	rc = rig_schedule_parse(&parsed, subject(), copy, len, why,
				sizeof(why));
	free(copy);
	return rc;
}

/* Refused, in line number line, for a reason that contains expected. */
static void expect_bad(const char *bytes, size_t len, unsigned line,
		       const char *expected)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%u: ", line);
	if (parse(bytes, len) != -EINVAL ||
	    strncmp(why, prefix, strlen(prefix)) != 0 ||
	    !strstr(why, expected) || strlen(why) <= strlen(prefix))
		fail_msg("\"%s\", expected \"%s..%s\"", why, prefix, expected);
}

static void print_gives_back_what_was_parsed(void **state)
{
	const struct rig_decision *d = parsed.decision;

	assert_int_equal(parse(good, strlen(good)), 0);
	assert_int_equal(rig_schedule_print(&parsed, subject(), text,
					    sizeof(text)),
			 strlen(good));
	assert_string_equal(text, good);
	assert_string_equal(parsed.header.kernel,
			    "etxtbsy=on release-order=lifo steps=call");
	assert_int_equal(parsed.header.starve_ns, 250000000);
	assert_int_equal(parsed.n, 4);
	assert_int_equal(parsed.ncomments, 3);
	assert_int_equal(parsed.comment[1].before, 1);
	assert_int_equal(d[0].line, 10);
	assert_int_equal(d[1].line, 12);
	assert_true(d[1].value && d[1].run == 1 && !d[0].value);
	assert_true(d[2].fault && !d[1].fault && d[2].at_nth == 7);
	assert_int_equal(d[3].run, RIG_NAME_CLOCK);
}

/* As snprintf: the length there would be, and what fits. */
static void print_stops_at_the_end_of_the_buffer(void **state)
{
	assert_int_equal(parse(good, strlen(good)), 0);
	for (size_t size = 1; size < sizeof(good) + 2; size += 7) {
		char *buf = malloc(size);
		size_t fits = size <= strlen(good) ? size - 1 : strlen(good);

		assert_non_null(buf);
		assert_int_equal(rig_schedule_print(&parsed, subject(), buf,
						    size),
				 strlen(good));
		assert_int_equal(strlen(buf), fits);
		assert_memory_equal(buf, good, fits);
		free(buf);
	}
}

/* Spaces and tabs count for nothing, the order of the header neither. */
static void layout_is_free(void **state)
{
	static const char loose[] = "racerig-schedule \t 1 \n"
				    "\n"
				    "#in the header\n"
				    "\tactors 2\n"
				    " fix   none\n"
				    "kernel  steps=call\tetxtbsy=on\n"
				    "scenario x\n"
				    "  at  a1\tclose#01  run a2 open#1  \n"
				    " \t \n"
				    "end 01\n"
				    "\n"
				    "# after the end\n";

	assert_int_equal(parse(loose, strlen(loose)), 0);
	assert_string_equal(parsed.header.kernel, "steps=call etxtbsy=on");
	assert_int_equal(parsed.n, 1);
	assert_int_equal(parsed.ncomments, 2);
	assert_string_equal(parsed.comment[0].text, "#in the header");
}

static void what_is_cut_off_is_refused(void **state)
{
	unsigned line = 1;

	for (size_t len = 0; len < strlen(good) - 1; len++) {
		/* A line begins with its first byte, and stays the last. */
		if (len > 1 && good[len - 2] == '\n')
			line++;
		expect_bad(good, len, line, "");
	}
	assert_int_equal(parse(good, strlen(good) - 1), 0);
}

/* ---- one thing wrong ---- */

#define MAGIC  "racerig-schedule 1\n"
#define HEADER MAGIC "scenario s\nfix none\nactors 2\n" /* four lines */

static const struct {
	const char *text;
	unsigned line;
	const char *reason;
} bad[] = {
	{ "", 1, "empty" },
	{ "\n", 1, "first line" },
	{ "racerig-schedul 1\n", 1, "first line" },
	{ "# comment\n" MAGIC, 1, "first line" },
	{ "racerig-schedule\n", 1, "first line" },
	{ "racerig-schedule 1 2\n", 1, "first line" },
	{ "\xef\xbb\xbf" MAGIC, 1, "has no place" },
	{ "racerig-schedule 0\n", 1, "version 0" },
	{ "racerig-schedule 2\n", 1, "version 2" },
	{ "racerig-schedule one\n", 1, "no number" },
	{ "racerig-schedule -1\n", 1, "no number" },
	{ "racerig-schedule 4294967296\n", 1, "more than" },
	{ MAGIC, 1, "end 0" },
	{ MAGIC "end 0\n", 2, "scenario is missing" },
	{ MAGIC "scenario s\nactors 2\nend 0\n", 4, "fix is missing" },
	{ MAGIC "scenario s\nfix none\nend 0\n", 4, "actors is missing" },
	{ HEADER "fix none\nend 0\n", 5, "fix stands twice" },
	{ HEADER "kernel a=b\nkernel a=b\nend 0\n", 6, "kernel stands twice" },
	{ HEADER "fix\nend 0\n", 5, "stands twice" },
	{ MAGIC "fix\n", 2, "no value" },
	{ MAGIC "colour red\n", 2, "unknown word \"colour\"" },
	{ MAGIC "Scenario s\n", 2, "unknown word" },
	{ MAGIC "actors\n", 2, "one number" },
	{ MAGIC "actors 2 3\n", 2, "one number" },
	{ MAGIC "actors two\n", 2, "no number" },
	{ MAGIC "actors 2x\n", 2, "no number" },
	{ MAGIC "actors -2\n", 2, "no number" },
	{ MAGIC "actors +2\n", 2, "no number" },
	{ MAGIC "actors 0x2\n", 2, "no number" },
	{ MAGIC "actors 111\n", 2, "more than 110" },
	{ MAGIC "actors 18446744073709551617\n", 2, "more than 110" },
	{ MAGIC "starve-ns 9223372036854775808\n", 2, "more than" },
	{ MAGIC "starve-ns 99999999999999999999\n", 2, "more than" },
	{ MAGIC "starve-ns 000000000000000000001\n", 2, "no number" },
	{ MAGIC "starve-ns 1s\n", 2, "no number" },
	{ MAGIC "kernel a b c d e f g h i j k l\n", 2, "words" },
	{ MAGIC "\x01\n", 2, "0x01 in column 1" },
	{ MAGIC "fix none\r\n", 2, "0x0d in column 9" },
	{ MAGIC "fix \x7f\n", 2, "0x7f in column 5" },
	{ MAGIC "# \x1b[31m\n", 2, "0x1b in column 3" },
	{ HEADER "at a1 close#1 run a2 open#1\nfix none\nend 1\n", 6,
	  "stands twice" },
	{ HEADER "at a1 close#1 run a2 open#1\nspawn vfork\nend 1\n", 6,
	  "before the first decision" },
	{ HEADER "at a1 close#1 run a2 open#1\n" MAGIC, 6, "unknown word" },
	{ HEADER "at\n", 5, "a decision is" },
	{ HEADER "at a1 close#1 run a2\n", 5, "a decision is" },
	{ HEADER "at a1 close#1 pick a2 open#1\n", 5, "a decision is" },
	{ HEADER "at a1 close#1 run 1\n", 5, "a decision is" },
	{ HEADER "at a1 close#1 pick 1 2\n", 5, "a decision is" },
	{ HEADER "at a1 close#1 runs a2 open#1\n", 5, "a decision is" },
	{ HEADER "at a0 close#1 run a2 open#1\n", 5, "\"a0\" is no task" },
	{ HEADER "at a1 close#1 run x open#1\n", 5, "\"x\" is no task" },
	{ HEADER "at a1 close run a2 open#1\n", 5, "\"close\" is no call" },
	{ HEADER "at a1 clos#1 run a2 open#1\n", 5, "unknown call \"clos\"" },
	{ HEADER "at a1 #1 run a2 open#1\n", 5, "unknown call \"\"" },
	{ HEADER "at a1 ?#1 run a2 open#1\n", 5, "unknown call \"?\"" },
	{ HEADER "at a1 close#1 run a2 open#\n", 5, "no number" },
	{ HEADER "at a1 close#1 run a2 open#65536\n", 5, "more than 65535" },
	{ HEADER "at a1 close#1 run a2 open#1#1\n", 5, "no number" },
	{ HEADER "at a1 close#1 run a2 open#-1\n", 5, "no number" },
	{ HEADER "at a1 close#1 pick 126\n", 5, "more than 125" },
	{ HEADER "at a1 close#1 fail\n", 5, "a decision is" },
	{ HEADER "at a1 close#1 fail EIO 2\n", 5, "a decision is" },
	{ HEADER "at a1 close#1 fail 1\n", 5,
	  "close does not fail with \"1\"" },
	{ HEADER "at a1 close#1 fail EMFILE\n", 5,
	  "close does not fail with \"EMFILE\"" },
	{ HEADER "at a1 lock#1 fail EIO\n", 5, "lock does not fail" },
	{ HEADER "at a1 store#1 fail EIO\n", 5, "store does not fail" },
	{ HEADER "at a1 close#1 pick x\n", 5, "no number" },
	{ HEADER "end 1\n", 5, "1 decisions, but there are 0" },
	{ HEADER "at a1 close#1 run a2 open#1\nend 0\n", 6,
	  "0 decisions, but there are 1" },
	{ HEADER "end\n", 5, "one number" },
	{ HEADER "end x\n", 5, "no number" },
	{ HEADER "end 4097\n", 5, "more than 4096" },
	{ HEADER "end 0\nend 0\n", 6, "after \"end\"" },
	{ HEADER "end 0\nfix none\n", 6, "after \"end\"" },
	{ HEADER "end 0\nx\n", 6, "after \"end\"" },
	{ HEADER "end 0\n# \x80\n", 6, "not UTF-8" },
};

static void each_fault_is_named_with_its_line(void **state)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_bad(bad[i].text, strlen(bad[i].text), bad[i].line,
			   bad[i].reason);
}

static void nul_bytes_are_refused(void **state)
{
	static const char in_line[] = HEADER "outcome a\0b\nend 0\n";
	static const char in_comment[] = HEADER "# a\0b\nend 0\n";
	static const char at_the_end[] = HEADER "end 0\n";

	expect_bad(in_line, sizeof(in_line) - 1, 5, "0x00 in column 10");
	expect_bad(in_comment, sizeof(in_comment) - 1, 5, "0x00 in column 4");
	expect_bad(at_the_end, sizeof(at_the_end), 6, "0x00 in column 1");
}

/* RFC 3629: overlong forms, surrogates and what is past U+10FFFF. */
static void malformed_utf8_is_refused(void **state)
{
	static const char *const malformed[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xc3(",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xe2\x82",
		"\xe2(\xac",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf0\x9f\x90",
		"\xfe",
		"\xff",
	};
	char line[64];

	for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
		snprintf(line, sizeof(line), MAGIC "# %s\n", malformed[i]);
		expect_bad(line, strlen(line), 2, "column 3 is not UTF-8");
		snprintf(line, sizeof(line), MAGIC "fix %s\n", malformed[i]);
		expect_bad(line, strlen(line), 2, "column 5 is not UTF-8");
		/* Also where the file ends within the sequence. */
		expect_bad(line, strlen(line) - 1, 2, "is not UTF-8");
	}
}

/* Letters that look like others belong into comments only. */
static void utf8_is_for_comments(void **state)
{
	static const char name[] = MAGIC "fix n\xc3\xb6ne\n";
	static const char task[] = HEADER "at \xd0\xb0"
					  "1 close#1 pick 1\n";

	expect_bad(name, strlen(name), 2, "0xc3 in column 6 has no place");
	expect_bad(task, strlen(task), 5, "0xd0 in column 4 has no place");
}

/* ---- limits ---- */

static size_t put_lines(const char *line, unsigned n)
{
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", HEADER);

	while (n--)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s\n", line);
	return used;
}

static void lines_have_a_limit(void **state)
{
	char line[RIG_SCHEDULE_LINE_MAX + 1];
	size_t len;

	memset(line, '#', sizeof(line));
	line[RIG_SCHEDULE_LINE_MAX - 1] = '\0';
	len = put_lines(line, 1);
	expect_bad(text, len, 5, "cut off");
	line[RIG_SCHEDULE_LINE_MAX - 1] = '#';
	line[RIG_SCHEDULE_LINE_MAX] = '\0';
	len = put_lines(line, 1);
	expect_bad(text, len, 5, "line of 240 bytes");
	memcpy(line, "outcome ", 8);
	line[8 + RIG_FIELD_MAX] = '\0';
	len = put_lines(line, 1);
	expect_bad(text, len, 5, "too long");
}

static void decisions_have_a_limit(void **state)
{
	const char *line = "at a1 close#1 run a2 open#1";
	size_t len = put_lines(line, RIG_DECISIONS_MAX);

	len += (size_t)snprintf(text + len, sizeof(text) - len, "end %d\n",
				RIG_DECISIONS_MAX);
	assert_int_equal(parse(text, len), 0);
	len = put_lines(line, RIG_DECISIONS_MAX + 1);
	expect_bad(text, len, 5 + RIG_DECISIONS_MAX, "more than 4096");
}

static void comments_have_a_limit(void **state)
{
	size_t len = put_lines("#", RIG_SCHEDULE_COMMENTS_MAX);

	memcpy(text + len, "end 0\n", 7);
	assert_int_equal(parse(text, len + 6), 0);
	len = put_lines("#", RIG_SCHEDULE_COMMENTS_MAX + 1);
	expect_bad(text, len, 5 + RIG_SCHEDULE_COMMENTS_MAX, "more than 64");
}

static void files_have_a_limit(void **state)
{
	size_t len = put_lines("", 0);

	len += (size_t)sprintf(text + len, "end 0\n");
	memset(text + len, '\n', sizeof(text) - len);
	assert_int_equal(parse(text, RIG_SCHEDULE_BYTES_MAX), 0);
	expect_bad(text, RIG_SCHEDULE_BYTES_MAX + 1, 1, "more than 1048576");
}

/* The reason is cut to the room there is for it. */
static void reason_fits_its_buffer(void **state)
{
	for (size_t room = 1; room < 40; room++) {
		char *small = malloc(room);

		assert_non_null(small);
		assert_int_equal(rig_schedule_parse(&parsed, subject(), "x\n",
						    2, small, room),
				 -EINVAL);
		assert_true(strlen(small) < room);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(print_gives_back_what_was_parsed),
		cmocka_unit_test(print_stops_at_the_end_of_the_buffer),
		cmocka_unit_test(layout_is_free),
		cmocka_unit_test(what_is_cut_off_is_refused),
		cmocka_unit_test(each_fault_is_named_with_its_line),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(malformed_utf8_is_refused),
		cmocka_unit_test(utf8_is_for_comments),
		cmocka_unit_test(lines_have_a_limit),
		cmocka_unit_test(decisions_have_a_limit),
		cmocka_unit_test(comments_have_a_limit),
		cmocka_unit_test(files_have_a_limit),
		cmocka_unit_test(reason_fits_its_buffer),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
