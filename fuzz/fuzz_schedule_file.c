/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: what reads .sched files. Any bytes are either refused with a
 * line and a reason, or they are a schedule that means the same after it was
 * printed and read again, and that can be followed, strictly and loosely, to
 * an end or to a reason why not. What the execution comes to does not matter:
 * a schedule of a violation is a schedule.
 */
#include "cli/case.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 1 << 16,
	/* An execution of many actors is a test of the engine, not of this. */
	ACTORS_MAX = 4,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                    \
	do {                                                               \
		if (!(condition)) {                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#condition);                               \
			abort();                                           \
		}                                                          \
	} while (0)

static struct rig_case *open_once(void)
{
	static struct rig_case *c;

	if (!c && rig_case_open(&c)) {
		fputs("fuzz_schedule_file: no memory\n", stderr);
		exit(2);
	}
	return c;
}

static void check_reason(const char *why)
{
	MUST(strchr(why, ':') && strlen(why) < RIG_MESSAGE_MAX);
}

/* Of exactly that size, so that a sanitizer sees what is read past it. */
static int parse(const struct rig_case *c, const char *text, size_t size,
		 struct rig_schedule *schedule)
{
	char why[RIG_MESSAGE_MAX] = "";
	char *copy = malloc(size ? size : 1);
	int rc;

	MUST(copy);
	memcpy(copy, text, size);
	rc = rig_schedule_parse(schedule, c->subject, copy, size, why,
				sizeof(why));
	free(copy);
	MUST(rc == 0 || rc == -EINVAL);
	if (rc)
		check_reason(why);
	return rc;
}

static void check_round_trip(const struct rig_case *c,
			     const struct rig_schedule *schedule)
{
	static struct rig_schedule again;
	static char text[RIG_SCHEDULE_BYTES_MAX], other[sizeof(text)];
	size_t n = rig_schedule_print(schedule, c->subject, text, sizeof(text));

	MUST(n < sizeof(text));
	MUST(!parse(c, text, n, &again));
	MUST(again.n == schedule->n);
	MUST(again.ncomments == schedule->ncomments);
	rig_schedule_print(&again, c->subject, other, sizeof(other));
	MUST(!strcmp(text, other));
}

static void follow(struct rig_case *c, const struct rig_schedule *schedule,
		   bool loose)
{
	char why[RIG_MESSAGE_MAX] = "";
	int rc = rig_schedule_run(c->engine, c->subject, schedule, loose, NULL,
				  why, sizeof(why));

	MUST(rc == 0 || (rc == -EINVAL && !loose));
	if (rc)
		check_reason(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig_schedule schedule;
	struct rig_case *c = open_once();
	char why[RIG_MESSAGE_MAX] = "";
	struct rig_plan plan;

	if (size > TEXT_MAX || parse(c, (const char *)data, size, &schedule))
		return 0;
	check_round_trip(c, &schedule);
	if (rig_case_plan(&schedule.header, &plan, why, sizeof(why))) {
		check_reason(why);
		return 0;
	}
	if (plan.fix.unavailable || plan.actors > ACTORS_MAX)
		return 0;
	rig_case_set(c, &plan);
	follow(c, &schedule, false);
	follow(c, &schedule, true);
	return 0;
}
