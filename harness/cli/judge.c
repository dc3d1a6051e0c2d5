/* SPDX-License-Identifier: MIT */
#include "cli/judge.h"

#include "cli/smallest.h"
#include "engine/trace.h"
#include "strategies/estimate.h"
#include "strategies/list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Named in every proof statement: what the model takes for granted. */
static const char assumptions[] =
	"no data races (checked by ThreadSanitizer on Linux), sequential "
	"consistency, fork shares memory with the child step";

/*
 * Executions for a counter-example, so that a verdict does not wait for them:
 * about half a second at most. racerig shrink takes more.
 */
enum { SHRINK_MAX = 100000, CRITICAL_MAX = 10000 };

enum {
	CONTROL_WALKS = 20000, /* of the unfixed variant */
	GUESS_WALKS = 300,
};

struct judge {
	struct rig_case *c;
	const struct rig_judge_options *options;
	struct rig_judgement *out;
	const volatile sig_atomic_t *stop; /* what the next search heeds */
	struct rig_search last;            /* the search made last */
};

/* A control that is still to be run when somebody asks to stop. */
static const uint64_t last_word_ns = 500000000;

/* Searches of one verdict are added up. */
static void add_search(struct report_search *sum, const struct rig_search *s)
{
	sum->executions += s->executions;
	sum->ns += s->ns;
	sum->merged += s->merged;
	sum->traces = s->traces;
	sum->blocked = s->traces ? s->merged : 0;
	sum->states = s->states;
	sum->terminal = s->terminal;
	sum->depth = s->depth;
	sum->points = s->points;
	sum->complete = s->complete;
	sum->stopped_by = s->stopped_by;
	sum->truncated = s->truncated;
}

/*
 * Of the time for a verdict the search of whole calls and the control may take
 * a quarter each; the rest is for the full search.
 */
static uint64_t time_left(const struct judge *j)
{
	uint64_t limit = j->options->limits.time_ns / 4 * 3;
	uint64_t used = j->out->result.search.ns;

	if (!limit)
		return 0;
	return used < limit ? limit - used : 1; /* 1: over at once */
}

static int search(struct judge *j, const struct rig_plan *plan,
		  uint64_t time_ns, struct rig_schedule *found)
{
	struct rig_limits limits = j->options->limits;
	int rc;

	limits.time_ns = time_ns;
	limits.stop = j->stop;
	rig_case_set(j->c, plan);
	rc = rig_explore(j->c->engine, j->c->subject, j->options->strategy,
			 &j->options->search, &limits, &j->last, found);
	add_search(&j->out->result.search, &j->last);
	return rc;
}

/* ---- violations ---- */

/* "drop, write-count": the steps inside calls at which the schedule decides */
static void inner_steps(const struct judge *j, char *buf, size_t size)
{
	const struct rig_schedule *s = &j->out->schedule;
	bool seen[RIG_OPS_MAX] = { false };
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < s->n; i++) {
		unsigned ops[] = { s->decision[i].at_op,
				   s->decision[i].run_op };

		for (int k = 0; k < 2; k++) {
			if (!j->c->subject->op_inner(ops[k]) || seen[ops[k]] ||
			    used >= size)
				continue;
			seen[ops[k]] = true;
			used += (size_t)snprintf(buf + used, size - used,
						 "%s%s", used ? ", " : "",
						 rig_op_name(j->c->subject,
							     ops[k]));
		}
	}
}

/* Makes the counter-example small and finds out where it became certain. */
static int shrink(struct judge *j)
{
	struct rig_judgement *out = j->out;
	char why[RIG_MESSAGE_MAX];
	struct rig_shrink shrunk;
	int rc = rig_smallest(j->c, &out->schedule, SHRINK_MAX, CRITICAL_MAX,
			      &shrunk, out->critical, why, sizeof(why));

	if (rc) {
		snprintf(j->c->engine->message, RIG_MESSAGE_MAX,
			 "shrinking: %.200s", why);
		return rc;
	}
	j->last.starved_ns = shrunk.starved_ns;
	memcpy(out->message, shrunk.message, sizeof(out->message));
	out->result.critical = out->critical;
	return 0;
}

static int take_violation(struct judge *j, const struct rig_plan *plan)
{
	struct rig_judgement *out = j->out;
	struct report_result *r = &out->result;
	const struct rig_outcome *outcome =
		rig_outcome_find(plan->scenario, j->last.outcome);
	int rc = 0;

	out->plan = *plan;
	sim_option_print(&plan->kernel, out->kernel, sizeof(out->kernel));
	r->starve_ns = plan->starve_ns;
	rig_case_header(j->c, j->last.outcome, &out->schedule.header);
	memcpy(out->message, j->last.message, sizeof(out->message));
	r->outcome = j->last.outcome;
	r->outcome_text = outcome ? outcome->text : NULL;
	r->message = out->message;
	r->found_at = r->search.executions - j->last.executions + j->last.at;
	if (j->options->shrink)
		rc = shrink(j);
	if (rc)
		return rc;
	r->decisions = (unsigned)out->schedule.n;
	r->preemptions = rig_schedule_preemptions(&out->schedule);
	return 0;
}

static int broken(struct judge *j, const struct rig_plan *plan)
{
	snprintf(j->out->reason, RIG_REASON_MAX,
		 "by whole calls, nobody starved");
	j->out->result.verdict = REPORT_BROKEN;
	return take_violation(j, plan);
}

/* What a violation may need beside whole calls, in the order of removal. */
enum need { NEED_FAULTS, NEED_STARVATION, NEED_STEPS, NEEDS };

static bool has_need(const struct rig_plan *plan, enum need need)
{
	return need == NEED_FAULTS     ? plan->kernel.faults > 0 :
	       need == NEED_STARVATION ? plan->starve_ns != 0 :
					 plan->kernel.inner_steps;
}

static unsigned count_needs(const struct rig_plan *plan)
{
	unsigned n = 0;

	for (int need = 0; need < NEEDS; need++)
		n += has_need(plan, (enum need)need);
	return n;
}

static void take_away(struct rig_plan *plan, enum need need)
{
	if (need == NEED_FAULTS)
		plan->kernel.faults = 0;
	else if (need == NEED_STARVATION)
		plan->starve_ns = 0;
	else
		plan->kernel.inner_steps = false;
}

__attribute__((format(printf, 2, 3))) static void say(struct judge *j,
						      const char *format, ...)
{
	char *reason = j->out->reason;
	size_t used = strlen(reason);
	va_list args;

	if (used)
		used += (size_t)snprintf(reason + used, RIG_REASON_MAX - used,
					 " and ");
	if (used >= RIG_REASON_MAX)
		return;
	va_start(args, format);
	vsnprintf(reason + used, RIG_REASON_MAX - used, format, args);
	va_end(args);
}

static void say_faults(struct judge *j)
{
	const struct rig_schedule *s = &j->out->schedule;

	for (size_t i = 0; i < s->n; i++)
		if (s->decision[i].fault)
			say(j, "%s that fails with %s",
			    rig_op_name(j->c->subject, s->decision[i].at_op),
			    j->c->subject->fault_name(s->decision[i].at_op,
						      s->decision[i].run));
}

static void say_needs(struct judge *j, const struct rig_plan *plan)
{
	char steps[RIG_REASON_MAX / 2];

	j->out->reason[0] = '\0';
	inner_steps(j, steps, sizeof(steps));
	if (plan->kernel.inner_steps)
		say(j, "a step in the kernel%s%s", steps[0] ? ": " : "", steps);
	if (plan->starve_ns)
		say(j, "%" PRIu64 " ms starvation of a task",
		    j->last.starved_ns / 1000000);
	if (plan->kernel.faults)
		say_faults(j);
}

/*
 * The full search failed. If it still fails without faults, without starvation,
 * or with whole calls, then that is the better counter-example and says what is
 * needed. Without all of them it was clean.
 */
static int fewer_needs(struct judge *j, struct rig_plan *plan)
{
	struct rig_schedule *other = malloc(sizeof(*other));
	int rc = other ? 0 : -ENOMEM;

	for (int need = 0; !rc && need < NEEDS; need++) {
		struct rig_plan without = *plan;
		struct rig_search last = j->last;

		if (!has_need(plan, (enum need)need) || count_needs(plan) == 1)
			continue;
		take_away(&without, (enum need)need);
		rc = search(j, &without, time_left(j), other);
		if (!rc && j->last.violated) {
			j->out->schedule = *other;
			*plan = without;
		} else {
			j->last = last;
		}
	}
	free(other);
	return rc;
}

static int narrowed(struct judge *j, const struct rig_plan *plan,
		    bool calls_complete)
{
	struct rig_plan needed = *plan;
	int rc = fewer_needs(j, &needed);

	if (rc)
		return rc;
	j->out->result.verdict = calls_complete ? REPORT_NARROWED :
						  REPORT_BROKEN_MAYBE;
	rig_case_set(j->c, &needed);
	rc = take_violation(j, &needed);
	say_needs(j, &needed);
	return rc;
}

/* ---- no violation ---- */

static unsigned count_calls(struct judge *j, const struct rig_plan *plan)
{
	struct rig_trace *trace = calloc(1, sizeof(*trace));
	struct rig_schedule *empty = calloc(1, sizeof(*empty));
	char why[RIG_MESSAGE_MAX];
	unsigned calls = 0;

	if (trace && empty) {
		rig_case_set(j->c, plan);
		j->c->engine->trace = trace;
		rig_schedule_run(j->c->engine, j->c->subject, empty, false,
				 NULL, why, sizeof(why));
		j->c->engine->trace = NULL;
		for (size_t i = 0; i < trace->n; i++)
			calls += trace->step[i].task != RIG_NAME_MAIN &&
				 trace->step[i].task != RIG_NAME_CLOCK &&
				 !trace->step[i].inner;
	}
	free(trace);
	free(empty);
	return calls / plan->actors;
}

/*
 * What keeps a search without violation from being a proof, or NULL. It may be
 * written to buf.
 */
static const char *short_of_proof(const struct judge *j,
				  const struct rig_plan *plan,
				  const struct rig_search *s, char *buf,
				  size_t size)
{
	if (s->truncated)
		return s->truncated;
	if (!j->options->strategy->exhaustive)
		return "a sample of the schedules";
	if (!s->complete)
		return !strcmp(j->options->strategy->visits, "trace") ?
			       "stopped before every trace was explored" :
			       "stopped before every state was visited";
	if (j->options->search.bounded) {
		snprintf(buf, size, "complete for at most %u preemptions%s",
			 j->options->search.preemptions,
			 plan->scenario->family->uses_spw &&
					 !plan->kernel.inner_steps ?
				 ", steps inside calls not exposed" :
				 "");
		return buf;
	}
	if (plan->kernel.faults) {
		snprintf(buf, size, "complete for at most %u fault%s",
			 plan->kernel.faults,
			 plan->kernel.faults == 1 ? "" : "s");
		return buf;
	}
	if (!plan->scenario->family->uses_spw)
		return NULL;
	if (!plan->kernel.inner_steps)
		return "complete, but steps inside calls were not exposed";
	if (plan->kernel.release_order != SIM_ORDER_ANY)
		return "complete, but for one order of final drops only";
	return NULL;
}

/* A search of the unfixed variant; says in out->control how that failed. */
static int search_control(struct judge *j, const struct rig_plan *control,
			  const struct rig_strategy *strategy,
			  const struct rig_limits *limits, bool *fires)
{
	struct rig_schedule *found = malloc(sizeof(*found));
	int rc = found ? 0 : -ENOMEM;

	rig_case_set(j->c, control);
	if (!rc)
		rc = rig_explore(j->c->engine, j->c->subject, strategy,
				 &j->options->search, limits, &j->last, found);
	free(found);
	/* The control is evidence of the search, not part of it. */
	j->out->result.search.executions += j->last.executions;
	j->out->result.search.ns += j->last.ns;
	*fires = !rc && j->last.violated;
	if (*fires)
		snprintf(j->out->control, sizeof(j->out->control),
			 "the unfixed variant fails: %s, execution %" PRIu64,
			 strategy->name, j->last.at);
	return rc;
}

/*
 * Does the unfixed variant fail? If not, nothing can be concluded. Random walks
 * first: they are through in no time, where an exhaustive search may spend its
 * time in a corner of what it has to visit.
 */
static int control_fires(struct judge *j, const struct rig_plan *plan,
			 bool *fires)
{
	struct rig_limits limits = j->options->limits;
	struct rig_plan control = *plan;
	int rc = 0;

	plan->scenario->family->fix(0, &control.fix);
	limits.stop = j->stop;
	limits.time_ns /= 4;
	if (j->stop && *j->stop) { /* or what was searched is worth nothing */
		limits.stop = NULL;
		limits.time_ns = last_word_ns;
	}
	*fires = false;
	if (j->options->strategy->exhaustive && !j->options->search.bounded) {
		struct rig_limits walks = limits;

		if (!walks.executions || walks.executions > CONTROL_WALKS)
			walks.executions = CONTROL_WALKS;
		rc = search_control(j, &control, &rig_strategy_random, &walks,
				    fires);
	}
	if (!rc && !*fires)
		rc = search_control(j, &control, j->options->strategy, &limits,
				    fires);
	return rc;
}

/* How much there is to do, before it is done. */
static int guess(struct judge *j, const struct rig_plan *plan)
{
	struct report_search *s = &j->out->result.search;
	struct rig_estimate e;
	int rc;

	if (!j->options->strategy->exhaustive || j->options->search.bounded ||
	    plan->kernel.faults) /* which guesses by footprints */
		return 0;
	rig_case_set(j->c, plan);
	rc = rig_estimate(j->c->engine, j->c->subject, GUESS_WALKS,
			  j->options->search.seed, &e);
	s->walks = e.samples;
	s->traces_guess = e.traces;
	s->traces_error = e.error;
	s->schedules_guess = e.schedules;
	return rc;
}

static void unjudged(struct judge *j, const struct rig_plan *plan)
{
	j->out->result.verdict = REPORT_UNJUDGED;
	if (plan->scenario->family->uses_spw && !plan->kernel.etxtbsy)
		snprintf(j->out->reason, RIG_REASON_MAX,
			 "the unfixed variant does not fail either: this "
			 "kernel has no such check (etxtbsy=off)");
	else
		snprintf(j->out->reason, RIG_REASON_MAX,
			 "the unfixed variant does not fail either (%s after "
			 "%" PRIu64 " executions%s)",
			 j->last.stopped_by ? j->last.stopped_by : "complete",
			 j->last.executions,
			 j->options->search.bounded ?
				 ", within the bound of preemptions" :
				 "");
}

static void take_promise(struct report_result *r, const struct rig_promise *p)
{
	r->promise = (struct report_promise){
		.depth = p->depth,
		.tasks = p->tasks,
		.points = p->points,
		.executions = p->executions,
		.miss = p->miss,
		.longest = p->longest,
		.values = p->values,
	};
}

static int clean(struct judge *j, const struct rig_plan *plan)
{
	struct rig_search full = j->last;
	struct report_result *r = &j->out->result;
	char buf[RIG_REASON_MAX / 2];
	const char *less = short_of_proof(j, plan, &full, buf, sizeof(buf));
	bool fires = false;
	int rc = control_fires(j, plan, &fires);

	if (rc)
		return rc;
	if (!fires) {
		unjudged(j, plan);
		return 0;
	}
	r->verdict = less ? REPORT_HELD : REPORT_PROVED;
	if (less) {
		take_promise(r, &full.promise);
		snprintf(j->out->reason, RIG_REASON_MAX, "%s%s%s%s", less,
			 full.stopped_by ? " (" : "",
			 full.stopped_by ? full.stopped_by : "",
			 full.stopped_by ? ")" : "");
		return 0;
	}
	snprintf(j->out->reason, RIG_REASON_MAX, "all %ss visited, none fails",
		 j->options->strategy->visits);
	r->assumptions = assumptions;
	r->control = j->out->control;
	r->in_order = plan->scenario->identical && plan->actors > 1;
	r->model_version = SIM_MODEL_VERSION;
	r->conformance = "none";
	r->calls_per_actor = count_calls(j, plan);
	return 0;
}

/* ---- */

static void describe(struct judge *j, const struct rig_plan *plan)
{
	struct rig_judgement *out = j->out;

	sim_option_print(&plan->kernel, out->kernel, sizeof(out->kernel));
	out->result = (struct report_result){
		.scenario = plan->scenario->name,
		.fix = plan->fix.name,
		.guard = plan->beside.name[RIG_GUARD],
		.waiter = plan->beside.name[RIG_WAITER],
		.closer = plan->beside.name[RIG_CLOSER],
		.world = "sim",
		.strategy = j->options->strategy->name,
		.spawn = plan->scenario->family->uses_spw ?
				 rig_how_name(rig_plan_how(plan)) :
				 NULL,
		.actors = plan->actors,
		.seed = j->options->search.seed,
		.kernel_options = out->kernel,
		.starve_ns = plan->starve_ns,
		.bounded = j->options->search.bounded,
		.preemption_bound = j->options->search.preemptions,
		.reason = out->reason,
	};
}

int rig_judge(struct rig_case *c, const struct rig_plan *plan,
	      const struct rig_judge_options *options,
	      struct rig_judgement *out)
{
	struct judge j = { .c = c,
			   .options = options,
			   .out = out,
			   .stop = options->limits.stop };
	struct rig_plan calls = *plan;
	bool calls_complete;
	int rc;

	out->schedule.n = out->schedule.ncomments = 0;
	describe(&j, plan);
	if (rig_case_unavailable(plan)) {
		out->result.verdict = REPORT_SKIP;
		out->result.reason = rig_case_unavailable(plan);
		return 0;
	}
	for (int need = 0; need < NEEDS; need++)
		take_away(&calls, (enum need)need);
	rc = search(&j, &calls, options->limits.time_ns / 4, &out->schedule);
	if (rc)
		return rc;
	if (j.last.violated)
		return broken(&j, &calls);
	calls_complete = j.last.complete && !options->search.bounded;
	rc = guess(&j, plan);
	if (!rc && count_needs(plan))
		rc = search(&j, plan, time_left(&j), &out->schedule);
	if (rc)
		return rc;
	if (j.last.violated)
		return narrowed(&j, plan, calls_complete);
	return clean(&j, plan);
}
