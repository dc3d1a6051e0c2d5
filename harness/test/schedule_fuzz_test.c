/* SPDX-License-Identifier: MIT */
/*
 * 20,000 schedules that are almost right, the same ones every time. None may
 * crash the parser or make it read too far, which a sanitizer sees; one that is
 * accepted must mean the same after it was printed and read again.
 */
#include "support.h"

enum { INPUTS = 20000, INPUT_MAX = 4096 };

static const char seed_text[] =
	"racerig-schedule 1\n"
	"scenario etxtbsy/build-and-run\n"
	"fix none\n"
	"spawn vfork\n"
	"actors 2\n"
	"kernel etxtbsy=on release-order=lifo steps=call\n"
	"starve-ns 0\n"
	"outcome etxtbsy\n"
	"# found by hand\n"
	"at a1 close#1 run a2 clone#1\n"
	"at a2.c1 final-drop-order#1 pick 1\n"
	"at a2 open#1 fail EMFILE\n"
	"at main.t1 end#1 run clock tick#0\n"
	"end 4\n";

static const char *const token[] = {
	"at ",    "run ",
	"pick ",  "end ",
	"#",      "\n",
	" ",      "close#1",
	"a2",     "main",
	"clock",  "a1.",
	"9999",   "18446744073709551615",
	"actors", "fix",
	"# ",     "\xc3",
	"\xe2",   "\x80",
	"kernel",
};

static uint64_t rng = 20240229;
static char input[INPUT_MAX];
static size_t len;

static size_t below(size_t n)
{
	return n ? rig_splitmix(&rng) % n : 0;
}

static void replace(size_t at, size_t old, const char *bytes, size_t n)
{
	if (len - old + n > sizeof(input))
		return;
	memmove(input + at + n, input + at + old, len - at - old);
	memcpy(input + at, bytes, n);
	len = len - old + n;
}

static void mutate(void)
{
	const char *t = token[below(sizeof(token) / sizeof(*token))];
	char piece[64];
	size_t at = below(len), n = below(sizeof(piece));

	if (n > len - at)
		n = len - at;
	memcpy(piece, input + at, n);
	switch (below(6)) {
	case 0:
		if (len)
			input[at] = (char)(input[at] ^ 1 << below(8));
		break;
	case 1:
		replace(at, n, "", 0);
		break;
	case 2: /* the same again, somewhere else */
		replace(below(len), 0, piece, n);
		break;
	case 3:
		replace(at, 0, t, strlen(t));
		break;
	case 4:
		replace(at, n, t, strlen(t));
		break;
	default:
		len = below(8) ? len : at;
	}
}

static int parse(struct rig_schedule *schedule, const char *text, size_t n)
{
	char *copy = malloc(n ? n : 1);
	char why[64];
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, n);
	rc = rig_schedule_parse(schedule, sim_subject(bench.sim, NULL, NULL),
				copy, n, why, sizeof(why));
	assert_true(rc == 0 || rc == -EINVAL);
	if (rc)
		assert_true(why[0] >= '1' && why[0] <= '9');
	free(copy);
	return rc;
}

static void check_round_trip(const struct rig_schedule *first)
{
	static struct rig_schedule second;
	static char text[INPUT_MAX * 8], again[INPUT_MAX * 8];
	const struct rig_subject *subject = sim_subject(bench.sim, NULL, NULL);
	size_t n = rig_schedule_print(first, subject, text, sizeof(text));

	assert_true(n < sizeof(text));
	assert_int_equal(parse(&second, text, n), 0);
	assert_int_equal(second.n, first->n);
	assert_int_equal(second.ncomments, first->ncomments);
	rig_schedule_print(&second, subject, again, sizeof(again));
	assert_string_equal(text, again);
}

static void almost_right_schedules_do_no_harm(void **state)
{
	static struct rig_schedule schedule;
	unsigned accepted = 0;

	for (unsigned i = 0; i < INPUTS; i++) {
		len = strlen(seed_text);
		memcpy(input, seed_text, len);
		for (size_t n = 1 + below(4); n; n--)
			mutate();
		if (parse(&schedule, input, len))
			continue;
		accepted++;
		check_round_trip(&schedule);
	}
	/* Neither all nor none: else the test would say nothing. */
	assert_true(accepted > INPUTS / 100);
	assert_true(accepted < INPUTS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(almost_right_schedules_do_no_harm),
	};

	return RUN_TESTS(tests, open_bench, close_bench);
}
