/* SPDX-License-Identifier: MIT */
/* racerig shrink: the smallest schedule that fails in the same way. */
#include "cli/beside.h"
#include "cli/options.h"
#include "cli/schedule_file.h"
#include "cli/smallest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *what_was_shown(const struct rig_shrink *r)
{
	if (r->fewest_decisions)
		return "no shorter one exists";
	return r->fewest_preemptions ?
		       "none has fewer preemptions, one with fewer decisions "
		       "may exist" :
		       "a shorter one may exist";
}

static void print_result(const struct rig_args *args,
			 const struct rig_plan *plan,
			 const struct rig_schedule *s,
			 const struct rig_shrink *r, const char *critical)
{
	struct emit emit = { .out = stdout };

	if (args->format == RIG_FORMAT_TABLE) {
		printf("%zu decisions (%u preemptions) -> %zu (%u), %s, after "
		       "%" PRIu64 " executions\n%s: %s\ncritical: %s\n"
		       "written to %s\n",
		       r->decisions_before, r->preemptions_before, s->n,
		       r->preemptions, what_was_shown(r), r->executions,
		       s->header.outcome, r->message, critical, args->output);
		return;
	}
	emit_object(&emit, NULL);
	emit_string(&emit, "scenario", s->header.scenario);
	emit_string(&emit, "fix", s->header.fix);
	rig_beside_emit(&emit, &plan->beside);
	emit_string(&emit, "outcome", s->header.outcome);
	emit_string(&emit, "message", r->message);
	emit_integer(&emit, "decisions_before", r->decisions_before);
	emit_integer(&emit, "decisions", s->n);
	emit_integer(&emit, "preemptions_before", r->preemptions_before);
	emit_integer(&emit, "preemptions", r->preemptions);
	emit_bool(&emit, "fewest_preemptions", r->fewest_preemptions);
	emit_bool(&emit, "fewest_decisions", r->fewest_decisions);
	emit_bool(&emit, "minimal", r->minimal);
	emit_string(&emit, "critical", critical);
	emit_integer(&emit, "executions", r->executions);
	emit_string(&emit, "schedule", args->output);
	emit_object_end(&emit);
}

static int shrink(const struct rig_args *args, struct rig_case *c,
		  struct rig_schedule *schedule)
{
	char why[RIG_MESSAGE_MAX], critical[RIG_CRITICAL_MAX];
	struct rig_shrink result;
	uint64_t max = args->max;
	int rc = rig_schedule_may_save(args->output);

	if (!rc)
		rc = rig_schedule_load(c, args->word[0], schedule);
	if (rc)
		return rc;
	if (args->given & RIG_OPT(MAX) && !max)
		max = UINT64_MAX;
	if (rig_smallest(c, schedule, max, 0, &result, critical, why,
			 sizeof(why)))
		return rig_schedule_error(args->word[0], why);
	rc = rig_schedule_save(c, args->output, schedule);
	if (!rc)
		print_result(args, &c->plan, schedule, &result, critical);
	return rc;
}

static int run(const struct rig_args *args)
{
	struct rig_schedule *schedule = calloc(1, sizeof(*schedule));
	struct rig_case *c = NULL;
	int rc;

	if (!args->output)
		rc = rig_error("shrink: -o FILE says where the result goes");
	else if (!schedule || rig_case_open(&c))
		rc = rig_error("no memory");
	else
		rc = shrink(args, c, schedule);
	rig_case_close(c);
	free(schedule);
	return rc;
}

const struct rig_command rig_command_shrink = {
	.name = "shrink",
	.summary = "make a failing schedule as small as possible",
	.words = "FILE",
	.text = "Takes decisions out of the schedule in FILE, finds out how few preemptions it\n"
		"takes to fail in the same way, tries every schedule with no more of them and\n"
		"fewer decisions, and writes the smallest: fewest preemptions, then fewest\n"
		"decisions, then fewest tasks. It says how much of that was shown. --max bounds\n"
		"the executions (default 300,000).\n\n"
		"It also names the critical decision, before which some continuation passes and\n"
		"after which none does, and writes it into a comment. Explore does all this to\n"
		"what it saves; this is for schedules from elsewhere.",
	.examples = "  racerig shrink long.sched -o short.sched\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(OUTPUT) | RIG_OPT(MAX),
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
