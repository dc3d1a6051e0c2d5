/* SPDX-License-Identifier: MIT */
/*
 * An interleaving as trace events ("Trace Event Format"): a complete event for
 * each step, of one call after the other on the lane that makes it; an async
 * span where a lane has in its hands what the race is about; and a lane in which
 * the number of a descriptor is a slice for each file that it means.
 */
#include "reports/json_emit.h"
#include "reports/result.h"

enum { STEP_US = 10, SHOWN_US = 9 }; /* a gap sets steps apart */

static void begin_event(struct emit *e, const char *name, const char *phase,
			unsigned lane)
{
	emit_object(e, NULL);
	emit_string(e, "name", name);
	emit_string(e, "ph", phase);
	emit_integer(e, "pid", 1);
	emit_integer(e, "tid", lane + 1);
}

static void name_lane(struct emit *e, unsigned lane, const char *name)
{
	begin_event(e, "thread_name", "M", lane);
	emit_object(e, "args");
	emit_string(e, "name", name);
	emit_object_end(e);
	emit_object_end(e);
	begin_event(e, "thread_sort_index", "M", lane);
	emit_object(e, "args");
	emit_integer(e, "sort_index", lane);
	emit_object_end(e);
	emit_object_end(e);
}

static void emit_step(struct emit *e, const struct report_step *step, size_t i)
{
	begin_event(e, step->call, "X", step->lane);
	emit_string(e, "cat",
		    step->fatal    ? "fatal" :
		    step->critical ? "critical" :
		    step->inner    ? "kernel" :
				     "call");
	emit_integer(e, "ts", i * STEP_US);
	emit_integer(e, "dur", SHOWN_US);
	emit_object(e, "args");
	emit_string(e, "detail", step->detail);
	emit_integer(e, "simulated_ns", step->now_ns);
	emit_bool(e, "critical", step->critical);
	emit_bool(e, "fatal", step->fatal);
	emit_object_end(e);
	emit_object_end(e);
}

static void emit_span(struct emit *e, const char *what, const char *phase,
		      unsigned lane, size_t i)
{
	begin_event(e, what, phase, lane);
	emit_string(e, "cat", "held");
	emit_integer(e, "id", lane + 1);
	emit_integer(e, "ts", i * STEP_US + SHOWN_US);
	emit_object_end(e);
}

/* Where a lane gets it, and where it gives it up. */
static void emit_held(struct emit *e, const struct report_interleaving *what,
		      unsigned lane)
{
	bool has = false;

	for (size_t i = 0; i < what->nsteps; i++) {
		bool now = what->steps[i].holds >> lane & 1;

		if (now != has)
			emit_span(e, what->held, now ? "b" : "e", lane, i);
		has = now;
	}
	if (has)
		emit_span(e, what->held, "e", lane, what->nsteps);
}

/* What a number means, from one change to the next, below the lanes. */
static void emit_number(struct emit *e, const struct report_interleaving *what)
{
	size_t from = 0, to;

	name_lane(e, what->nlanes, what->number);
	for (size_t i = 0; i < what->nsteps; from = to, i++) {
		unsigned file = what->steps[i].file;

		while (i + 1 < what->nsteps && what->steps[i + 1].file == file)
			i++;
		to = (i + 1) * STEP_US + SHOWN_US;
		if (!file)
			continue;
		begin_event(e, what->files[file - 1], "X", what->nlanes);
		emit_string(e, "cat", "number");
		emit_integer(e, "ts", from);
		emit_integer(e, "dur", to - from);
		emit_object_end(e);
	}
}

void report_chrome_trace(FILE *out, const struct report_interleaving *what)
{
	struct emit e = { .out = out };

	emit_object(&e, NULL);
	emit_string(&e, "displayTimeUnit", "ns");
	emit_object(&e, "otherData");
	emit_string(&e, "verdict", what->verdict);
	emit_string(&e, "critical", what->critical);
	emit_integer(&e, "steps_not_recorded", what->lost);
	emit_object_end(&e);
	emit_array(&e, "traceEvents");
	for (unsigned i = 0; i < what->nlanes; i++)
		name_lane(&e, i, what->lanes[i]);
	for (size_t i = 0; i < what->nsteps; i++)
		emit_step(&e, &what->steps[i], i);
	for (unsigned i = 0; what->held && i < what->nlanes; i++)
		emit_held(&e, what, i);
	if (what->number && what->nsteps)
		emit_number(&e, what);
	emit_array_end(&e);
	emit_object_end(&e);
}
