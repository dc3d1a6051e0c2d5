/* SPDX-License-Identifier: MIT */
#include "fuzz/family.h"

#include "cli/fuzz_input.h"
#include "cli/picture.h"
#include "fuzz/environment.h"
#include "fuzz/feedback.h"

#include <stdio.h>
#include <stdlib.h>

static struct target {
	struct rig_case *c; /* NULL: not open yet */
	bool works;
	bool goes_on; /* after a violation */
	struct rig_inputs inputs;
} target;

/* At the first input: AFL++ forks before it, and what is done here is kept. */
static void open_target(const struct rig_family *family,
			fuzz_prepare_fn *prepare)
{
	const char *forced = getenv("RACERIG_FUZZ_FIX");

	if (forced && !*forced)
		forced = NULL;
	if (!rig_inputs_of(&target.inputs, family, forced)) {
		fprintf(stderr, "fuzz_%s: RACERIG_FUZZ_FIX=%s: no such fix\n",
			family->name, forced ? forced : "");
		exit(2);
	}
	if (rig_case_open(&target.c)) {
		fprintf(stderr, "fuzz_%s: no memory\n", family->name);
		exit(2);
	}
	fuzz_feedback(target.c->engine, !fuzz_off("RACERIG_FUZZ_FEEDBACK"));
	target.goes_on = fuzz_off("RACERIG_FUZZ_ABORT");
	target.works = !prepare || prepare(target.c);
}

void fuzz_must(const struct rig_case *c, int rc)
{
	if (!rc)
		return;
	fprintf(stderr, "the rig itself failed: %s\n", c->engine->message);
	abort();
}

_Noreturn void fuzz_abort(const struct rig_case *c,
			  const struct rig_trace *trace)
{
	rig_picture_print(stderr,
			  &(struct rig_scene){ .trace = trace,
					       .subject = c->subject,
					       .verdict = c->engine->message,
					       .violated = true },
			  false);
	abort();
}

/* Once more, this time written down. */
static _Noreturn void report(struct rig_case *c, const uint8_t *data,
			     size_t size)
{
	static struct rig_schedule schedule;
	static struct rig_trace trace;
	static char text[RIG_SCHEDULE_BYTES_MAX];

	c->engine->trace = &trace;
	fuzz_must(c, rig_input_decode(c, data, size, &schedule));
	rig_schedule_print(&schedule, c->subject, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
	fuzz_abort(c, &trace);
}

int fuzz_family(const struct rig_family *family, fuzz_prepare_fn *prepare,
		const uint8_t *data, size_t size)
{
	struct rig_plan plan;

	if (!target.c)
		open_target(family, prepare);
	rig_input_plan(&target.inputs, data, size, &plan);
	if (!target.works ||
	    (target.c->control && !rig_fix_runs_here(&plan.fix)))
		return 0;
	rig_case_set(target.c, &plan);
	fuzz_feedback_begin();
	fuzz_must(target.c, rig_input_run(target.c, data, size));
	if (target.c->engine->end == RIG_VIOLATED && !target.goes_on)
		report(target.c, data, size);
	return 0;
}
