/* SPDX-License-Identifier: MIT */
#include "cli/stress_report.h"

#include "cli/beside.h"
#include "cli/environment.h"

#include <inttypes.h>
#include <stdio.h>

enum { RATE_MAX = 24 };

/* Two digits that count, whatever the size. */
static const char *rate_text(double rate, char buf[RATE_MAX])
{
	snprintf(buf, RATE_MAX, "%.2g", rate);
	return buf;
}

static double rate_of(const struct rig_tally *tally)
{
	return tally->attempts ? (double)tally->hits / (double)tally->attempts :
				 0;
}

static const char *first_text(const struct rig_tally *tally, char *buf,
			      size_t size)
{
	return tally->hits ? report_duration(tally->first_hit_ns, buf, size) :
			     "-";
}

/* ---- the table ---- */

static const char *pipe_order_name(enum rig_pipe_order order)
{
	return order == RIG_PIPE_LOW ? "low" : "high";
}

static void print_directed(const struct rig_observation *o)
{
	const struct rig_amplify *a = &o->options.amplify;

	if (a->pipe_order)
		printf(" pipe-order=%s", pipe_order_name(a->pipe_order));
	if (a->spawn_return)
		printf(" spawn-return");
	if (a->never_exec)
		printf(" never-exec");
	printf("; directed, executor=%s",
	       o->stress.by_library ? "spawn" : "waiting");
}

static void print_heading(const struct rig_observation *o)
{
	const struct rig_amplify *a = &o->options.amplify;

	printf("%s, fix %s", o->options.scenario->name, o->options.fix.name);
	rig_beside_print(stdout, &o->options.beside);
	printf(": %u threads on %u CPU%s, spawn=%s", o->options.threads,
	       o->stress.cpus, o->stress.cpus == 1 ? "" : "s",
	       rig_spawn_api_name(a->spawn));
	if (a->extra_fds)
		printf(" extra-fds=%u", a->extra_fds);
	if (a->noise)
		printf(" noise=%u", a->noise);
	if (a->hold_us)
		printf(" hold=%u", a->hold_us);
	if (a->cpus)
		printf(" cpus=%u", a->cpus);
	if (a->rewrite)
		printf(" rewrite");
	if (a->fsync)
		printf(" fsync");
	if (a->mapped)
		printf(" mapped");
	if (o->options.directed)
		print_directed(o);
	putchar('\n');
}

static void print_row(const char *role, const char *fix,
		      const struct rig_tally *t)
{
	char rate[RATE_MAX], low_text[RATE_MAX], high_text[RATE_MAX];
	char interval[2 * RATE_MAX + 4], first[24], time[24];
	double low, high;

	rig_wilson(t->hits, t->attempts, &low, &high);
	snprintf(interval, sizeof(interval), "[%s,%s]",
		 rate_text(low, low_text), rate_text(high, high_text));
	printf("  %-8s %-13s %9" PRIu64 " %8" PRIu64 " %8s  %-17s %8s %9" PRIu64
	       " %7s\n",
	       role, fix, t->attempts, t->hits, rate_text(rate_of(t), rate),
	       interval, first_text(t, first, sizeof(first)), t->windows,
	       report_duration(t->ns, time, sizeof(time)));
}

/* What the hits were, and what became of descriptors. */
static void print_details(const char *role, const struct rig_tally *t)
{
	const char *before = ": ";

	if (!t->hits && !t->opened)
		return;
	printf("  %s", role);
	for (int i = 0; i < RIG_HIT_KINDS_MAX && t->kind[i].outcome; i++) {
		printf("%s%" PRIu64 " %s", before, t->kind[i].n,
		       t->kind[i].outcome);
		before = ", ";
	}
	if (t->opened)
		printf("%s%" PRIu64 " descriptors opened, %" PRId64
		       " left open",
		       before, t->opened, t->left);
	putchar('\n');
}

static void print_refused(const struct rig_stress *s)
{
	uint64_t refused =
		s->test.refused + s->positive.refused + s->negative.refused;

	if (refused)
		printf("  The system refused a process %" PRIu64
		       " times; these are not attempts.\n",
		       refused);
}

static void print_observation(const struct rig_observation *o)
{
	const struct rig_stress *s = &o->stress;
	char bound[RATE_MAX];
	double low, high;

	if (o->verdict == REPORT_SKIP) {
		printf("%s, fix %s\n  SKIP: %s\n\n", o->options.scenario->name,
		       o->options.fix.name, o->why);
		return;
	}
	print_heading(o);
	printf("  %-8s %-13s %9s %8s %8s  %-17s %8s %9s %7s\n", "", "fix",
	       "attempts", "hits", "rate", "95 % interval", "first", "windows",
	       "time");
	print_row("test", o->options.fix.name, &s->test);
	if (!s->test_is_positive)
		print_row("positive", s->positive_fix, &s->positive);
	print_row("negative", s->negative_fix, &s->negative);
	print_details("test", &s->test);
	if (!s->test_is_positive)
		print_details("positive", &s->positive);
	print_details("negative", &s->negative);
	print_refused(s);
	printf("  %s: %s", report_verdict_name(o->verdict), o->why);
	rig_wilson(s->test.hits, s->test.attempts, &low, &high);
	if (o->verdict == REPORT_HELD)
		printf("; at most %s of the attempts (95 %%)",
		       rate_text(high, bound));
	puts("\n");
}

/* The greppable line. */
static void print_line(const struct rig_observation *o)
{
	const struct rig_tally *t = &o->stress.test;
	char rate[RATE_MAX], low_text[RATE_MAX], high_text[RATE_MAX];
	char first[24];
	double low, high;

	rig_wilson(t->hits, t->attempts, &low, &high);
	printf("OBSERVED %s %s %" PRIu64 "/%" PRIu64
	       " rate %s [%s,%s] first %s",
	       o->options.scenario->name, o->options.fix.name, t->hits,
	       t->attempts, rate_text(rate_of(t), rate),
	       rate_text(low, low_text), rate_text(high, high_text),
	       first_text(t, first, sizeof(first)));
	if (o->verdict == REPORT_UNJUDGED || o->verdict == REPORT_SKIP)
		printf(" %s (%s)", report_verdict_name(o->verdict), o->why);
	putchar('\n');
}

static void print_table(const struct rig_observation *observations, unsigned n,
			const struct rig_environment *environment)
{
	for (unsigned i = 0; i < n; i++)
		print_observation(&observations[i]);
	printf("%s, %s, %s, %u CPUs\n\n", environment->report.kernel,
	       environment->report.libc,
	       environment->report.file_system ?
		       environment->report.file_system :
		       "no directory",
	       environment->report.cpus);
	for (unsigned i = 0; i < n; i++)
		print_line(&observations[i]);
}

/* ---- JSON ---- */

static uint64_t per_second(uint64_t count, uint64_t ns)
{
	return ns ? (uint64_t)((double)count * 1e9 / (double)ns) : 0;
}

static void emit_tally(struct emit *e, const struct rig_tally *t)
{
	double low, high;

	rig_wilson(t->hits, t->attempts, &low, &high);
	emit_integer(e, "attempts", t->attempts);
	emit_integer(e, "hits", t->hits);
	emit_fraction(e, "rate", rate_of(t));
	emit_fraction(e, "rate_low", low);
	emit_fraction(e, "rate_high", high);
	if (t->hits)
		emit_seconds(e, "first_hit_seconds", t->first_hit_ns);
	emit_integer(e, "windows", t->windows);
	emit_integer(e, "refused", t->refused);
	emit_object(e, "outcomes");
	for (int i = 0; i < RIG_HIT_KINDS_MAX && t->kind[i].outcome; i++)
		emit_integer(e, t->kind[i].outcome, t->kind[i].n);
	emit_object_end(e);
	if (!t->opened)
		return;
	emit_integer(e, "descriptors_opened", t->opened);
	emit_integer(e, "descriptors_left",
		     t->left > 0 ? (uint64_t)t->left : 0);
}

static void emit_control(struct emit *e, const char *key, const char *fix,
			 const struct rig_tally *t)
{
	emit_object(e, key);
	emit_string(e, "fix", fix);
	emit_tally(e, t);
	emit_seconds(e, "seconds", t->ns);
	emit_object_end(e);
}

static void emit_amplify(struct emit *e, const struct rig_amplify *a)
{
	emit_object(e, "amplify");
	emit_integer(e, "extra_fds", a->extra_fds);
	emit_integer(e, "noise", a->noise);
	emit_integer(e, "hold_us", a->hold_us);
	emit_integer(e, "cpus", a->cpus);
	emit_bool(e, "rewrite", a->rewrite);
	emit_bool(e, "fsync", a->fsync);
	emit_bool(e, "mapped", a->mapped);
	emit_string(e, "pipe_order",
		    a->pipe_order ? pipe_order_name(a->pipe_order) : NULL);
	emit_bool(e, "spawn_return", a->spawn_return);
	emit_bool(e, "never_exec", a->never_exec);
	emit_object_end(e);
}

static void emit_violation(struct emit *e, const struct rig_observation *o)
{
	const struct rig_outcome *outcome =
		rig_outcome_find(o->options.scenario, o->stress.test.outcome);

	emit_string(e, "outcome", outcome->id);
	emit_string(e, "outcome_text", outcome->text);
	emit_string(e, "message", outcome->text);
	emit_string(e, "schedule", NULL);
}

static void emit_observation(struct emit *e, const struct rig_observation *o)
{
	const struct rig_tally *t = &o->stress.test;

	emit_object(e, NULL);
	emit_string(e, "scenario", o->options.scenario->name);
	emit_string(e, "fix", o->options.fix.name);
	rig_beside_emit(e, &o->options.beside);
	emit_string(e, "world", "stress");
	emit_bool(e, "claims_sound",
		  rig_claim(o->options.scenario, &o->options.fix) ==
			  RIG_CLAIM_NEVER);
	emit_string(e, "strategy", NULL);
	emit_string(e, "verdict", report_verdict_name(o->verdict));
	emit_string(e, "reason", o->why);
	emit_string(e, "seed", NULL);
	emit_string(e, "kernel_options", NULL);
	emit_integer(e, "actors", o->options.threads);
	emit_string(e, "spawn", rig_spawn_api_name(o->options.amplify.spawn));
	emit_amplify(e, &o->options.amplify);
	emit_bool(e, "directed", o->options.directed);
	if (o->options.directed)
		emit_string(e, "executor",
			    o->stress.by_library ? "spawn" : "waiting");
	emit_integer(e, "cpus", o->stress.cpus);
	emit_integer(e, "executions", t->attempts);
	emit_seconds(e, "seconds", t->ns);
	emit_integer(e, "executions_per_second",
		     per_second(t->attempts, t->ns));
	emit_tally(e, t);
	if (o->verdict != REPORT_SKIP) {
		if (!o->stress.test_is_positive)
			emit_control(e, "positive", o->stress.positive_fix,
				     &o->stress.positive);
		emit_control(e, "negative", o->stress.negative_fix,
			     &o->stress.negative);
	}
	if (report_verdict_exit(o->verdict) == RIG_EXIT_VIOLATED)
		emit_violation(e, o);
	emit_object_end(e);
}

static void print_json(const struct rig_observation *observations, unsigned n,
		       const struct rig_environment *environment)
{
	struct emit e = { .out = stdout };

	emit_object(&e, NULL);
	emit_environment(&e, &environment->report);
	emit_array(&e, "results");
	for (unsigned i = 0; i < n; i++)
		emit_observation(&e, &observations[i]);
	emit_array_end(&e);
	emit_object_end(&e);
}

/* ---- KTAP and JUnit ---- */

static struct report_result result_of(const struct rig_observation *o)
{
	const struct rig_scenario *scenario = o->options.scenario;
	struct report_result r = {
		.scenario = scenario->name,
		.fix = o->options.fix.name,
		.world = "stress",
		.spawn = rig_spawn_api_name(o->options.amplify.spawn),
		.actors = o->options.threads,
		.verdict = o->verdict,
		.reason = o->why,
		.search = { .executions = o->stress.test.attempts,
			    .ns = o->stress.test.ns },
	};

	if (report_verdict_exit(o->verdict) == RIG_EXIT_VIOLATED) {
		r.outcome = o->stress.test.outcome;
		r.outcome_text = rig_outcome_find(scenario, r.outcome)->text;
		r.message = o->why;
	}
	return r;
}

/* ---- */

void rig_observations_write(const struct rig_observation *observations,
			    unsigned n, const struct rig_setting *setting,
			    enum rig_format format)
{
	struct report_result results[RIG_OBSERVATIONS_MAX];
	struct rig_environment environment;

	rig_environment_fill(&environment, setting->command);
	environment.report.file_system = setting->fs;
	for (unsigned i = 0; i < n; i++)
		results[i] = result_of(&observations[i]);
	switch (format) {
	case RIG_FORMAT_TABLE:
		print_table(observations, n, &environment);
		break;
	case RIG_FORMAT_JSON:
		print_json(observations, n, &environment);
		break;
	case RIG_FORMAT_KTAP:
		report_ktap(stdout, results, n);
		break;
	case RIG_FORMAT_JUNIT:
		report_junit(stdout, &environment.report, results, n);
		break;
	}
}
