/* SPDX-License-Identifier: MIT */
/* racerig replay: one execution, exactly as a schedule says. */
#include "cli/beside.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/picture.h"
#include "cli/schedule_file.h"
#include "engine/critical.h"
#include "strategies/list.h"
#include "stress/workdir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
	const struct rig_args *args;
	struct rig_case *c;
	struct rig_schedule *schedule;
	struct rig_trace *trace;
	uint64_t first;         /* hash of the first execution */
	unsigned same;          /* executions like the first one */
	struct rig_workdir dir; /* --on control */
	bool has_dir;
	struct rig_critical critical;
	bool has_critical;
	struct rig_scene scene;
	char verdict[2 * RIG_MESSAGE_MAX];
};

/* Everything that was seen of an execution, down to each call's result. */
static uint64_t hash_execution(const struct replay *r)
{
	const struct rig_engine *e = r->c->engine;
	uint64_t hash = rig_mix(e->end, e->steps);

	for (const char *m = e->message; *m; m++)
		hash = rig_mix(hash, (unsigned char)*m);
	for (size_t i = 0; i < r->trace->n; i++) {
		const struct rig_step *s = &r->trace->step[i];

		hash = rig_mix(hash, (uint64_t)s->task << 32 |
					     (uint64_t)s->op << 16 | s->nth);
		hash = rig_mix(hash, s->now_ns);
		for (const char *d = s->detail; *d; d++)
			hash = rig_mix(hash, (unsigned char)*d);
	}
	return hash;
}

static int replay_once(struct replay *r)
{
	struct rig_engine *e = r->c->engine;
	char why[RIG_MESSAGE_MAX];
	uint64_t hash;
	int rc;

	r->trace->n = r->trace->lost = 0;
	e->trace = r->trace;
	rc = rig_schedule_run(e, r->c->subject, r->schedule, r->args->loose,
			      NULL, why, sizeof(why));
	e->trace = NULL;
	if (rc)
		return rig_schedule_error(r->args->word[0], why);
	hash = hash_execution(r);
	if (!r->same)
		r->first = hash;
	r->same += hash == r->first;
	return 0;
}

/* A strict replay must end as the file says. */
static int check_outcome(const struct replay *r)
{
	const struct rig_engine *e = r->c->engine;
	const char *said = r->schedule->header.outcome;

	if (r->args->loose || !said[0])
		return 0;
	if (e->end == RIG_VIOLATED && !strcmp(said, e->outcome))
		return 0;
	return rig_error("%s: the schedule fits, but ended with \"%s\" and not "
			 "with \"%s\" as it says",
			 r->args->word[0],
			 e->end == RIG_VIOLATED ? e->outcome : "no violation",
			 said);
}

/*
 * For the picture, and only in the model: on the machine every continuation
 * would have to be made by real calls.
 */
static int find_critical(struct replay *r)
{
	int rc;

	if (!(r->args->trace || r->args->output) || r->args->control ||
	    r->c->engine->end != RIG_VIOLATED)
		return 0;
	rc = rig_critical_find(r->c->engine, r->c->subject,
			       &rig_strategy_states, 0, &r->critical);
	r->has_critical = !rc;
	return rc ? rig_error("%s: %s", r->args->word[0], strerror(-rc)) : 0;
}

static void print_json(const struct replay *r)
{
	const struct rig_engine *e = r->c->engine;
	const struct rig_header *h = &r->schedule->header;
	bool violated = e->end == RIG_VIOLATED;
	char critical[RIG_CRITICAL_MAX];
	struct emit emit = { .out = stdout };

	emit_object(&emit, NULL);
	emit_string(&emit, "scenario", h->scenario);
	emit_string(&emit, "fix", r->c->plan.fix.name);
	rig_beside_emit(&emit, &r->c->plan.beside);
	emit_string(&emit, "world", r->args->control ? "control" : "sim");
	emit_integer(&emit, "actors", h->actors);
	emit_string(&emit, "kernel_options", h->kernel);
	emit_string(&emit, "schedule", r->args->word[0]);
	emit_bool(&emit, "violated", violated);
	emit_string(&emit, "outcome", violated ? e->outcome : NULL);
	emit_string(&emit, "message", violated ? e->message : NULL);
	emit_string(&emit, "critical",
		    r->has_critical ?
			    rig_critical_print(&r->critical, r->c->subject,
					       critical) :
			    NULL);
	emit_integer(&emit, "steps", e->steps);
	emit_integer(&emit, "executions", r->args->repeat);
	emit_integer(&emit, "same", r->same);
	emit_object_end(&emit);
}

static void set_scene(struct replay *r)
{
	const struct rig_engine *e = r->c->engine;
	bool violated = e->end == RIG_VIOLATED;

	snprintf(r->verdict, sizeof(r->verdict), "%s%s%s",
		 violated ? e->outcome : "no violation", violated ? ": " : "",
		 violated ? e->message : "");
	r->scene = (struct rig_scene){
		.trace = r->trace,
		.subject = r->c->subject,
		.verdict = r->verdict,
		.violated = violated,
		.critical = r->has_critical ? &r->critical : NULL,
	};
}

/* What -o asks for. */
static int write_trace(const struct replay *r)
{
	const char *path = r->args->output;
	FILE *out = path ? fopen(path, "w") : NULL;
	int rc;

	if (!path)
		return 0;
	if (!out)
		return rig_error("-o %s: %s", path, strerror(errno));
	rc = rig_picture_chrome(out, &r->scene);
	if (ferror(out))
		rc = -EIO;
	if (fclose(out) && !rc)
		rc = -errno;
	return rc ? rig_error("-o %s: %s", path, strerror(-rc)) : 0;
}

static int print_table(const struct replay *r)
{
	const struct rig_header *h = &r->schedule->header;

	if (r->args->trace) {
		printf("%s, fix %s", h->scenario, r->c->plan.fix.name);
		rig_beside_print(stdout, &r->c->plan.beside);
		printf(", %u actors%s%s%s\n\n", h->actors,
		       h->spawn[0] ? ", " : "", h->spawn,
		       h->spawn[0] ? " children" : "");
		if (rig_picture_print(stdout, &r->scene, r->args->color))
			return rig_error("no memory");
		putchar('\n');
	} else {
		puts(r->verdict);
	}
	if (r->args->repeat > 1)
		printf("the same %u of %u times\n", r->same, r->args->repeat);
	printf("REPLAY %s %s %s%s\n", h->scenario, r->c->plan.fix.name,
	       r->args->control ? "on Linux: " : "",
	       r->scene.violated ? r->c->engine->outcome : "passed");
	return 0;
}

/* The first of what is given that is not as the schedule has it. */
static const char *what_is_other(const struct rig_args *a)
{
	for (int i = 0; i < RIG_POLICIES; i++)
		if (!a->nfixes && a->beside.name[i])
			return rig_policy_name((enum rig_policy)i);
	return "fix";
}

/* The same schedule on another fix: does it still fail there? */
static int replace_fix(struct replay *r)
{
	const struct rig_args *a = r->args;
	struct rig_plan plan = r->c->plan;

	if (!a->nfixes && rig_beside_is_default(&a->beside))
		return 0;
	if (a->nfixes > 1)
		return rig_error("replay takes one --fix");
	if (!a->loose)
		return rig_error("--%s needs --loose: another fix makes other "
				 "calls",
				 what_is_other(a));
	if (!rig_fix_find(plan.scenario->family,
			  a->nfixes ? a->fix[0] : plan.fix.name, &plan.fix))
		return rig_unknown_fix(plan.scenario->family, a->fix[0]);
	if (rig_check_beside(a, plan.scenario))
		return RIG_EXIT_ERROR;
	for (int i = 0; i < RIG_POLICIES; i++)
		if (a->beside.name[i])
			plan.beside.name[i] = a->beside.name[i];
	rig_case_set(r->c, &plan);
	return 0;
}

/*
 * From here on the calls are made on this machine's kernel as well. A schedule
 * that rests on a step inside a call cannot be replayed from outside.
 */
static int go_to_control(struct replay *r)
{
	const struct rig_plan plan = r->c->plan;
	char why[RIG_MESSAGE_MAX];

	if (!r->args->control)
		return 0;
	if (!plan.scenario->family->uses_spw || plan.kernel.inner_steps) {
		printf("SKIP %s: n/a (inside a call): control makes whole "
		       "calls\n",
		       r->args->word[0]);
		return RIG_EXIT_SKIP;
	}
	if (rig_case_control_may(&plan, why, sizeof(why))) {
		printf("SKIP %s: %s\n", r->args->word[0], why);
		return RIG_EXIT_SKIP;
	}
	rig_interrupt_catch(); /* first: the directory must not stay */
	if (rig_workdir_open(&r->dir, r->args->dir, why, sizeof(why)))
		return rig_no_directory(r->args, why);
	r->has_dir = true;
	if (rig_case_control(r->c, r->dir.path, why, sizeof(why)))
		return rig_error("%s", why);
	rig_case_set(r->c, &plan);
	return 0;
}

static int replay(struct replay *r)
{
	int rc = rig_schedule_load(r->c, r->args->word[0], r->schedule);

	if (!rc)
		rc = replace_fix(r);
	if (!rc)
		rc = go_to_control(r);
	for (unsigned i = 0; !rc && i < r->args->repeat && !rig_interrupted;
	     i++)
		rc = replay_once(r);
	if (!rc && rig_interrupted)
		rc = rig_error("%s: interrupted", r->args->word[0]);
	if (!rc)
		rc = check_outcome(r);
	if (!rc)
		rc = find_critical(r);
	if (rc)
		return rc;
	set_scene(r);
	rc = write_trace(r);
	if (rc)
		return rc;
	if (r->args->format == RIG_FORMAT_JSON)
		print_json(r);
	else
		rc = print_table(r);
	if (rc)
		return rc;
	if (r->same < r->args->repeat)
		return rig_error("%s: %u of %u executions differed from the "
				 "first: the rig is not deterministic",
				 r->args->word[0], r->args->repeat - r->same,
				 r->args->repeat);
	return r->c->engine->end == RIG_VIOLATED ? RIG_EXIT_VIOLATED :
						   RIG_EXIT_OK;
}

static int run(const struct rig_args *args)
{
	struct replay r = { .args = args,
			    .schedule = calloc(1, sizeof(*r.schedule)),
			    .trace = calloc(1, sizeof(*r.trace)) };
	int rc;

	if (!r.schedule || !r.trace || rig_case_open(&r.c))
		rc = rig_error("no memory");
	else
		rc = replay(&r);
	rig_case_close(r.c);
	if (r.has_dir)
		rig_workdir_close(&r.dir);
	free(r.schedule);
	free(r.trace);
	return rc;
}

const struct rig_command rig_command_replay = {
	.name = "replay",
	.summary = "run one schedule again",
	.words = "FILE",
	.text = "Executes the scenario that FILE names under the schedule in it. Strict: at the\n"
		"first decision that does not fit, or where it ends other than the file says,\n"
		"it stops with exit status 2 and says which line. Exit status 1: the violation\n"
		"was reproduced; 0: the schedule passes (--loose --fix F: with another fix).\n\n"
		"With --trace the step is marked \"!\" before which some continuation passes and\n"
		"after which none does (in the model only); \"#\" stands beside a task while it has\n"
		"open for writing what could not be executed. Where a descriptor changes hands, a\n"
		"letter to the left says which file its number means. -o writes the same in the\n"
		"JSON of chrome://tracing and ui.perfetto.dev.\n\n"
		"--on control makes each call on this machine's kernel too, by real threads,\n"
		"children and programs, and demands the same result. Schedules that need a\n"
		"step inside a call are skipped there (exit status 4).",
	.examples = "  racerig replay race.sched --trace\n"
		    "  racerig replay race.sched --trace -o trace.json\n"
		    "  racerig replay race.sched --repeat 100\n"
		    "  racerig replay race.sched --on control --repeat 100\n"
		    "  racerig replay race.sched --loose --fix fork-lock\n",
	.options = RIG_OPTS_COMMON | RIG_OPTS_BESIDE | RIG_OPT(LOOSE) |
		   RIG_OPT(FIX) | RIG_OPT(TRACE) | RIG_OPT(OUTPUT) |
		   RIG_OPT(REPEAT) | RIG_OPT(ON) | RIG_OPT(DIR),
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
