/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the bytes choose a scenario of the ETXTBSY family, one of the
 * guards that claim to be sound, the kernel's options, and the schedule. Any
 * violation is a bug: in the guard, in core or in the simulated kernel. It
 * prints the schedule and the interleaving, and aborts.
 *
 * RACERIG_FUZZ_FIX=none (or another broken guard) puts that one in: then a
 * violation must be found, or the target cannot find anything.
 *
 * Deterministic, one thread, no files, no memory from execution to execution.
 */
#include "cli/picture.h"
#include "fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig_case *open_once(void)
{
	static struct rig_case *c;

	if (!c && rig_case_open(&c)) {
		fputs("fuzz_etxtbsy: no memory\n", stderr);
		exit(2);
	}
	return c;
}

static void run(struct rig_case *c, const uint8_t *data, size_t size)
{
	struct rig_bytes bytes;

	if (size > FUZZ_INPUT_MAX)
		size = FUZZ_INPUT_MAX;
	if (size > FUZZ_HEADER)
		rig_bytes_begin(&bytes, data + FUZZ_HEADER, size - FUZZ_HEADER);
	else
		rig_bytes_begin(&bytes, NULL, 0);
	if (rig_engine_run(c->engine, c->subject, rig_bytes_pick, &bytes)) {
		fprintf(stderr, "fuzz_etxtbsy: %s\n", c->engine->message);
		abort();
	}
}

/* Once more, this time written down. */
static _Noreturn void report(struct rig_case *c, const uint8_t *data,
			     size_t size)
{
	static struct rig_schedule schedule;
	static struct rig_trace trace;
	static char text[RIG_SCHEDULE_BYTES_MAX];

	c->engine->record = &schedule;
	c->engine->trace = &trace;
	c->engine->counting = true;
	run(c, data, size);
	rig_case_header(c, c->engine->outcome, &schedule.header);
	rig_schedule_print(&schedule, c->subject, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
	rig_picture_print(stderr,
			  &(struct rig_scene){ .trace = &trace,
					       .subject = c->subject,
					       .verdict = c->engine->message,
					       .violated = true },
			  false);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig_case *c = open_once();
	struct rig_plan plan;

	if (!fuzz_plan(&rig_family_etxtbsy, getenv("RACERIG_FUZZ_FIX"), data,
		       size, &plan)) {
		fputs("fuzz_etxtbsy: RACERIG_FUZZ_FIX names no fix\n", stderr);
		exit(2);
	}
	rig_case_set(c, &plan);
	run(c, data, size);
	if (c->engine->end == RIG_VIOLATED)
		report(c, data, size);
	return 0;
}
