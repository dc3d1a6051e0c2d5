/* SPDX-License-Identifier: MIT */
/* racerig decode: what an input of a fuzz target does, as a schedule. */
#include "cli/fuzz_input.h"
#include "cli/options.h"
#include "cli/schedule_file.h"
#include "cli/smallest.h"
#include "engine/explore.h"
#include "reports/json_emit.h"
#include "strategies/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For a schedule that the real kernel can replay; then the other one will do. */
enum { WHOLE_CALLS_MAX = 200000 };

struct decode {
	const struct rig_args *args;
	struct rig_case *c;
	struct rig_inputs *inputs;
	struct rig_schedule *schedule;
	uint8_t data[RIG_INPUT_MAX];
	size_t len;
	bool violated, whole_calls;
	char message[RIG_MESSAGE_MAX];
};

static const struct rig_family *family_find(const char *name)
{
	for (unsigned i = 0; rig_scenarios[i]; i++)
		if (!strcmp(rig_scenarios[i]->family->name, name))
			return rig_scenarios[i]->family;
	return NULL;
}

static int unknown_family(const char *name)
{
	const char *names[RIG_INPUT_SCENARIOS_MAX] = { NULL };
	unsigned n = 0;

	for (unsigned i = 0; rig_scenarios[i]; i++) {
		const char *other = rig_scenarios[i]->family->name;

		if (n < RIG_INPUT_SCENARIOS_MAX - 1 &&
		    (!n || strcmp(names[n - 1], other) != 0))
			names[n++] = other;
	}
	return rig_unknown("family", name, names);
}

/* As the fuzz target of the family would understand its inputs. */
static int choose_inputs(struct decode *d)
{
	const char *name = d->args->family ? d->args->family : "etxtbsy";
	const char *fix = d->args->nfixes ? d->args->fix[0] : NULL;
	const struct rig_family *family = family_find(name);
	struct rig_fix known;

	if (!family)
		return unknown_family(name);
	if (d->args->nfixes > 1)
		return rig_error("decode takes one --fix");
	if (rig_inputs_of(d->inputs, family, fix))
		return 0;
	if (fix && !rig_fix_find(family, fix, &known))
		return rig_unknown_fix(family, fix);
	return rig_error("family %s: no fix for inputs to run with", name);
}

/* More than RIG_INPUT_MAX bytes are not looked at by the target either. */
static int read_input(struct decode *d)
{
	const char *path = d->args->word[0];
	FILE *file = fopen(path, "re");
	int rc = 0;

	if (!file)
		return rig_error("%s: %s", path, strerror(errno));
	d->len = fread(d->data, 1, sizeof(d->data), file);
	if (ferror(file))
		rc = rig_error("%s: %s", path, strerror(errno));
	fclose(file);
	return rc;
}

/* What came of it, as a comment: what is printed is a file that replays. */
static void note_end(struct decode *d)
{
	struct rig_schedule *s = d->schedule;

	s->comment[0].before = 0;
	snprintf(s->comment[0].text, sizeof(s->comment[0].text), "# %.200s",
		 d->violated ? d->message : "no violation");
	s->ncomments = 1;
}

static int run_input(struct decode *d)
{
	struct rig_plan plan;

	rig_input_plan(d->inputs, d->data, d->len, &plan);
	rig_case_set(d->c, &plan);
	if (rig_input_decode(d->c, d->data, d->len, d->schedule))
		return rig_error("%s: %s", d->args->word[0],
				 d->c->engine->message);
	d->violated = d->c->engine->end == RIG_VIOLATED;
	memcpy(d->message, d->c->engine->message, sizeof(d->message));
	note_end(d);
	return 0;
}

/*
 * Does the same happen by whole calls, with nobody starved? Only such a
 * schedule can be replayed on the real kernel. The plan and the schedule are
 * then those of that; if not, they stay as they are.
 */
static int prefer_whole_calls(struct decode *d)
{
	const struct rig_strategy_options options = { .seed = d->args->seed };
	const struct rig_limits limits = { .executions = WHOLE_CALLS_MAX };
	const struct rig_plan own = d->c->plan;
	const char *outcome = d->c->engine->outcome;
	struct rig_plan plan = own;
	struct rig_schedule *found = malloc(sizeof(*found));
	struct rig_search search;
	int rc;

	if (!found)
		return rig_error("no memory");
	plan.kernel.inner_steps = false;
	plan.kernel.faults = 0;
	plan.kernel.release_order = SIM_ORDER_LIFO;
	plan.starve_ns = 0;
	rig_case_set(d->c, &plan);
	rc = rig_explore(d->c->engine, d->c->subject, &rig_strategy_dpor,
			 &options, &limits, &search, found);
	if (rc) {
		rc = rig_error("%s: %s", d->args->word[0],
			       d->c->engine->message);
	} else if (search.violated && !strcmp(search.outcome, outcome)) {
		d->whole_calls = true;
		*d->schedule = *found;
		rig_case_header(d->c, outcome, &d->schedule->header);
		note_end(d);
	} else {
		rig_case_set(d->c, &own);
	}
	free(found);
	return rc;
}

static int save(struct decode *d)
{
	char why[RIG_MESSAGE_MAX], critical[RIG_CRITICAL_MAX];
	struct rig_shrink shrunk;
	int rc = prefer_whole_calls(d);

	if (rc)
		return rc;
	if (rig_smallest(d->c, d->schedule, 0, 0, &shrunk, critical, why,
			 sizeof(why)))
		return rig_schedule_error(d->args->word[0], why);
	memcpy(d->message, shrunk.message, sizeof(d->message));
	return rig_schedule_save(d->c, d->args->save, d->schedule);
}

static void print_json(const struct decode *d, const char *text)
{
	const struct rig_header *h = &d->schedule->header;
	struct emit emit = { .out = stdout };

	emit_object(&emit, NULL);
	emit_string(&emit, "scenario", h->scenario);
	emit_string(&emit, "fix", h->fix);
	emit_integer(&emit, "actors", h->actors);
	emit_string(&emit, "kernel_options", h->kernel);
	emit_bool(&emit, "violated", d->violated);
	emit_string(&emit, "outcome", d->violated ? h->outcome : NULL);
	emit_string(&emit, "message", d->violated ? d->message : NULL);
	emit_integer(&emit, "decisions", d->schedule->n);
	emit_bool(&emit, "whole_calls", d->whole_calls);
	emit_string(&emit, "text", text);
	emit_string(&emit, "schedule",
		    d->violated && d->args->save ? d->args->save : NULL);
	emit_object_end(&emit);
}

static int print(const struct decode *d)
{
	const struct rig_subject *subject = d->c->subject;
	size_t len = rig_schedule_print(d->schedule, subject, NULL, 0);
	char *text = malloc(len + 1);

	if (!text)
		return rig_error("no memory");
	rig_schedule_print(d->schedule, subject, text, len + 1);
	if (d->args->format == RIG_FORMAT_JSON)
		print_json(d, text);
	else
		fputs(text, stdout);
	if (d->args->format != RIG_FORMAT_JSON && d->violated && d->args->save)
		printf("# written to %s: %s\n", d->args->save,
		       d->whole_calls ? "whole calls, for --on control, too" :
					"needs more than whole calls");
	free(text);
	return 0;
}

static int decode(struct decode *d)
{
	int rc = choose_inputs(d);

	if (!rc && d->args->save)
		rc = rig_schedule_may_save(d->args->save);
	if (!rc)
		rc = read_input(d);
	if (!rc)
		rc = run_input(d);
	if (!rc && d->violated && d->args->save)
		rc = save(d);
	if (!rc)
		rc = print(d);
	if (rc)
		return rc;
	return d->violated ? RIG_EXIT_VIOLATED : RIG_EXIT_OK;
}

static int run(const struct rig_args *args)
{
	struct decode d = { .args = args,
			    .inputs = calloc(1, sizeof(*d.inputs)),
			    .schedule = calloc(1, sizeof(*d.schedule)) };
	int rc;

	if (!d.inputs || !d.schedule || rig_case_open(&d.c))
		rc = rig_error("no memory");
	else
		rc = decode(&d);
	rig_case_close(d.c);
	free(d.schedule);
	free(d.inputs);
	return rc;
}

const struct rig_command rig_command_decode = {
	.name = "decode",
	.summary = "an input of a fuzz target as a readable schedule",
	.words = "FILE",
	.text = "Prints the schedule that the bytes of FILE stand for, as the fuzz target of\n"
		"the family (fuzz_etxtbsy, ...) understands them: any bytes are some schedule.\n"
		"--fix F stands for RACERIG_FUZZ_FIX=F. Exit status 1: it is a violation.\n\n"
		"--save writes a violation as small as it gets, and by whole calls if it can\n"
		"happen so: then replay --on control makes it happen on this kernel, too.",
	.examples = "  racerig decode crash\n"
		    "  racerig decode crash --fix quiesce --save race.sched\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(FAMILY) | RIG_OPT(FIX) |
		   RIG_OPT(SAVE),
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
