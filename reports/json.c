/* SPDX-License-Identifier: MIT */
/*
 * The document for programs. Keys that a result of every verdict has are
 * always there, with null where they do not apply; the others only with the
 * verdicts that they belong to.
 */
#include "reports/result.h"

#include "reports/json_emit.h"

static uint64_t per_second(uint64_t count, uint64_t ns)
{
	double rate = ns ? (double)count * 1e9 / (double)ns : 0;

	return rate < (double)INT64_MAX ? (uint64_t)rate : INT64_MAX;
}

static void emit_search(struct emit *e, const struct report_search *search)
{
	emit_integer(e, "executions", search->executions);
	emit_seconds(e, "seconds", search->ns);
	emit_integer(e, "executions_per_second",
		     per_second(search->executions, search->ns));
	emit_integer(e, "traces", search->traces);
	emit_integer(e, "sleep_blocked", search->blocked);
	emit_integer(e, "states", search->states);
	emit_integer(e, "terminal_states", search->terminal);
	emit_integer(e, "merged", search->merged);
	emit_integer(e, "depth", search->depth);
	emit_integer(e, "points", search->points);
	emit_bool(e, "complete", search->complete);
	emit_string(e, "stopped_by", search->stopped_by);
	emit_string(e, "truncated", search->truncated);
	if (!search->walks)
		return;
	emit_object(e, "expected");
	emit_integer(e, "walks", search->walks);
	emit_estimate(e, "traces", search->traces_guess);
	emit_estimate(e, "traces_error", search->traces_error);
	emit_estimate(e, "schedules", search->schedules_guess);
	emit_object_end(e);
}

static void emit_promise(struct emit *e, const struct report_promise *promise)
{
	if (!promise->depth)
		return;
	emit_object(e, "promise");
	emit_integer(e, "depth", promise->depth);
	emit_integer(e, "tasks", promise->tasks);
	emit_integer(e, "points", promise->points);
	emit_integer(e, "executions", promise->executions);
	emit_probability(e, "miss", promise->miss);
	emit_integer(e, "longest", promise->longest);
	emit_bool(e, "values_drawn", promise->values);
	emit_object_end(e);
}

static void emit_proof(struct emit *e, const struct report_result *r)
{
	emit_integer(e, "calls_per_actor", r->calls_per_actor);
	emit_string(e, "assumptions", r->assumptions);
	emit_string(e, "control", r->control);
	emit_bool(e, "identical_actors_in_order", r->in_order);
	emit_integer(e, "model_version", r->model_version);
	emit_string(e, "conformance", r->conformance);
}

static void emit_violation(struct emit *e, const struct report_result *r)
{
	emit_string(e, "outcome", r->outcome);
	emit_string(e, "outcome_text", r->outcome_text);
	emit_string(e, "message", r->message);
	emit_string(e, "schedule", r->schedule);
	emit_bool(e, "known", r->known);
	emit_integer(e, "found_at", r->found_at);
	emit_integer(e, "decisions", r->decisions);
	emit_integer(e, "preemptions", r->preemptions);
	emit_string(e, "critical", r->critical);
}

static void emit_real(struct emit *e, const struct report_real *real)
{
	emit_object(e, "real");
	emit_string(e, "control", real->control);
	emit_bool(e, "control_differs", real->control_differs);
	emit_string(e, "stress_reason", real->stress_reason);
	emit_integer(e, "attempts", real->attempts);
	emit_integer(e, "hits", real->hits);
	emit_integer(e, "windows", real->windows);
	emit_fraction(e, "rate_low", real->low);
	emit_fraction(e, "rate_high", real->high);
	emit_seconds(e, "first_hit_seconds", real->first_hit_ns);
	emit_seconds(e, "seconds", real->ns);
	emit_integer(e, "positive_attempts", real->control_attempts);
	emit_integer(e, "positive_hits", real->control_hits);
	emit_string(e, "claim", real->claim);
	emit_bool(e, "agrees", real->agrees);
	emit_object_end(e);
}

static void emit_price(struct emit *e, const struct report_price *price)
{
	emit_object(e, "price");
	emit_string(e, "skipped", price->skipped);
	if (!price->skipped) {
		emit_integer(e, "median_ns", price->median_ns);
		emit_fraction(e, "ratio", price->ratio);
	}
	emit_object_end(e);
}

static void emit_result(struct emit *e, const struct report_result *r)
{
	emit_object(e, NULL);
	emit_string(e, "scenario", r->scenario);
	emit_string(e, "fix", r->fix);
	emit_string(e, "guard", r->guard);
	emit_string(e, "waiter", r->waiter);
	emit_string(e, "closer", r->closer);
	emit_string(e, "world", r->world);
	emit_string(e, "strategy", r->strategy);
	emit_string(e, "verdict", report_verdict_name(r->verdict));
	emit_string(e, "reason", r->reason);
	emit_hex(e, "seed", r->seed);
	emit_integer(e, "actors", r->actors);
	emit_string(e, "spawn", r->spawn);
	emit_string(e, "kernel_options", r->kernel_options);
	emit_integer(e, "starve_ns", r->starve_ns);
	if (r->bounded)
		emit_integer(e, "preemption_bound", r->preemption_bound);
	else
		emit_string(e, "preemption_bound", NULL);
	emit_search(e, &r->search);
	if (r->verdict == REPORT_PROVED)
		emit_proof(e, r);
	if (r->verdict == REPORT_HELD)
		emit_promise(e, &r->promise);
	if (report_verdict_exit(r->verdict) == 1)
		emit_violation(e, r);
	if (r->real)
		emit_real(e, r->real);
	if (r->price)
		emit_price(e, r->price);
	emit_object_end(e);
}

void report_json(FILE *out, const struct report_environment *environment,
		 const struct report_result *results, size_t n)
{
	struct emit e = { .out = out };

	emit_object(&e, NULL);
	emit_environment(&e, environment);
	emit_array(&e, "results");
	for (size_t i = 0; i < n; i++)
		emit_result(&e, &results[i]);
	emit_array_end(&e);
	emit_object_end(&e);
}
