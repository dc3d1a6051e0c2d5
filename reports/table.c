/* SPDX-License-Identifier: MIT */
/*
 * The table for people: one row a result, then a block for each result that
 * has more to say. Rows fit into 100 columns, blocks into 80.
 */
#include "reports/result.h"

#include "reports/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum {
	ROW_WIDTH = 100,
	BLOCK_WIDTH = 80,
	SCENARIO_MAX = 26,
	FIX_MAX = 15,
	CELL_MAX = 24, /* bytes of a printed number or duration */
};

enum column { SCENARIO, FIX, VERDICT, EXECUTIONS, TIME, WHY, COLUMNS };

static const char *const headings[COLUMNS] = {
	"scenario", "fix", "verdict", "executions", "time", "why",
};

struct widths {
	size_t of[COLUMNS];
};

/* ---- rows ---- */

static const char *count_text(uint64_t count, char buf[CELL_MAX])
{
	/* Ten columns at most, or a row might have no room for why. */
	if (count < 10000000000)
		snprintf(buf, CELL_MAX, "%" PRIu64, count);
	else
		snprintf(buf, CELL_MAX, "%.3e", (double)count);
	return buf;
}

/* Text of a cell; numbers are written to buf. */
static const char *cell_text(const struct report_result *r, enum column column,
			     char buf[CELL_MAX])
{
	switch (column) {
	case SCENARIO:
		return r->scenario;
	case FIX:
		return r->fix;
	case VERDICT:
		return report_verdict_name(r->verdict);
	case EXECUTIONS:
		return count_text(r->search.executions, buf);
	case TIME:
		return report_duration(r->search.ns, buf, CELL_MAX);
	case WHY:
		return r->reason ? r->reason : r->outcome ? r->outcome : "";
	case COLUMNS:
		break;
	}
	return "";
}

static size_t at_most(size_t value, size_t limit)
{
	return value < limit ? value : limit;
}

/* As wide as the widest cell; why gets the rest. */
static struct widths measure(const struct report_result *results, size_t n)
{
	struct widths w;
	size_t used = 0;

	for (int c = SCENARIO; c < WHY; c++) {
		w.of[c] = strlen(headings[c]);
		for (size_t i = 0; i < n; i++) {
			char buf[CELL_MAX];
			size_t len = strlen(
				cell_text(&results[i], (enum column)c, buf));

			w.of[c] = len > w.of[c] ? len : w.of[c];
		}
		if (c == SCENARIO || c == FIX)
			w.of[c] = at_most(w.of[c],
					  c == FIX ? FIX_MAX : SCENARIO_MAX);
		used += w.of[c] + 2;
	}
	w.of[WHY] = ROW_WIDTH - used;
	return w;
}

static void print_heading(FILE *out, const struct widths *w, bool color)
{
	fputs(color ? "\033[1m" : "", out);
	for (int c = SCENARIO; c < WHY; c++) {
		bool number = c >= EXECUTIONS;

		fprintf(out, "%*s  ", (int)w->of[c] * (number ? 1 : -1),
			headings[c]);
	}
	fprintf(out, "%s%s\n", headings[WHY], color ? "\033[0m" : "");
}

static void print_row(FILE *out, const struct report_result *r,
		      const struct widths *w, bool color)
{
	char buf[CELL_MAX];
	const char *why = cell_text(r, WHY, buf);

	text_cell(out, r->scenario, w->of[SCENARIO]);
	fputs("  ", out);
	text_cell(out, r->fix, w->of[FIX]);
	fprintf(out, "  %s%-*s%s",
		color ? report_verdict_color(r->verdict) : "",
		(int)w->of[VERDICT], report_verdict_name(r->verdict),
		color ? "\033[0m" : "");
	for (int c = EXECUTIONS; c < WHY; c++)
		fprintf(out, "  %*s", (int)w->of[c],
			cell_text(r, (enum column)c, buf));
	if (*why) {
		fputs("  ", out);
		text_cell(out, why, at_most(strlen(why), w->of[WHY]));
	}
	putc('\n', out);
}

/* ---- blocks ---- */

enum { INDENT = 4, LABEL = 12 };

static void fact_text(FILE *out, const char *label, const char *text)
{
	fprintf(out, "%*s%-*s ", INDENT, "", LABEL, label);
	text_wrap(out, text_or_dash(text), INDENT + LABEL + 1, BLOCK_WIDTH);
}

static void fact(FILE *out, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fact(FILE *out, const char *label, const char *format, ...)
{
	char text[500];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fact_text(out, label, text);
}

/* With which program, in which world. */
static void print_setting(FILE *out, const struct report_result *r)
{
	char time[CELL_MAX];

	if (r->guard)
		fact_text(out, "guard", r->guard);
	if (r->waiter)
		fact_text(out, "waiter", r->waiter);
	if (r->closer)
		fact_text(out, "closer", r->closer);
	fact_text(out, "kernel", r->kernel_options);
	fact(out, "starvation", r->starve_ns ? "allowed up to %s" : "none",
	     report_duration(r->starve_ns, time, sizeof(time)));
	if (r->bounded)
		fact(out, "preemptions", "at most %u were looked for",
		     r->preemption_bound);
}

static const char *reduction_of(const struct report_result *r)
{
	if (r->search.traces)
		return "source sets and sleep sets";
	return r->search.states ? "none (every reachable state once)" : "none";
}

static const char *bound_of(const struct report_result *r)
{
	const struct report_search *search = &r->search;

	if (search->stopped_by)
		return search->stopped_by;
	if (r->bounded)
		return "preemptions";
	return search->complete ? "none" : "not complete";
}

static void print_visited(FILE *out, const struct report_search *s)
{
	if (s->traces)
		fact(out, "visited",
		     "%" PRIu64 " executions in all, %" PRIu64
		     " sleep-blocked, %" PRIu64 " distinct terminal states",
		     s->executions, s->blocked, s->terminal);
	else
		fact(out, "visited",
		     "%" PRIu64 " executions, %" PRIu64 " states, %" PRIu64
		     " distinct terminal states",
		     s->executions, s->states, s->terminal);
}

/* What was to be expected, where somebody guessed. */
static void print_guess(FILE *out, const struct report_search *s)
{
	if (!s->walks)
		return;
	fact(out, "expected",
	     "%.3g traces (+- %.2g), %.2g schedules, guessed from %" PRIu64
	     " random walks",
	     s->traces_guess, s->traces_error, s->schedules_guess, s->walks);
}

static void print_proof(FILE *out, const struct report_result *r)
{
	const struct report_search *s = &r->search;
	char time[CELL_MAX];

	fprintf(out,
		"  No violation in any of the %" PRIu64
		" %s of this scenario\n  in the model.\n",
		s->traces ? s->traces : s->states,
		s->traces ? "Mazurkiewicz traces" : "reachable states");
	fact(out, "scenario", "%s with fix %s", r->scenario, r->fix);
	fact(out, "actors", "%u, calls per actor %u, spawn %s", r->actors,
	     r->calls_per_actor, text_or_dash(r->spawn));
	fact(out, "search", "reduction %s%s, bound %s, truncated %s%s",
	     reduction_of(r),
	     r->in_order ? ", identical actors begin in one order" : "",
	     bound_of(r), s->truncated ? s->truncated : "0",
	     s->traces ? "" : ", hash width 128");
	print_visited(out, s);
	print_guess(out, s);
	fact_text(out, "control", r->control);
	fact(out, "longest", "%u scheduling points, depth %u decisions",
	     s->points, s->depth);
	print_setting(out, r);
	fact_text(out, "assumptions", r->assumptions);
	fact(out, "model", "version %u, conformance %s", r->model_version,
	     text_or_dash(r->conformance));
	fact_text(out, "time", report_duration(s->ns, time, sizeof(time)));
}

static void print_violation(FILE *out, const struct report_result *r)
{
	fputs("  ", out);
	text_wrap(out, text_or_dash(r->outcome_text), 2, BLOCK_WIDTH);
	if (r->reason)
		fact_text(out, r->verdict == REPORT_NARROWED ? "needs" : "why",
			  r->reason);
	fact_text(out, "happened", r->message);
	fact(out, "actors", "%u, spawn %s", r->actors, text_or_dash(r->spawn));
	print_setting(out, r);
	fact(out, "found",
	     "after %" PRIu64 " execution%s, shrunk to %u decision%s "
	     "(%u preemption%s)",
	     r->found_at, r->found_at == 1 ? "" : "s", r->decisions,
	     r->decisions == 1 ? "" : "s", r->preemptions,
	     r->preemptions == 1 ? "" : "s");
	if (r->critical)
		fact_text(out, "critical", r->critical);
	if (r->schedule)
		fact_text(out, "schedule", r->schedule);
}

/* What a sample is worth that found nothing. */
static void print_promise(FILE *out, const struct report_promise *p)
{
	char miss[TEXT_PROBABILITY_MAX];
	char beyond[80] = "";

	if (p->longest > p->points)
		snprintf(beyond, sizeof(beyond),
			 "; of what comes after %u of up to %u steps it says "
			 "nothing",
			 p->points, p->longest);
	fact(out, "promise",
	     "PCT depth %u: a bug of that depth missed with probability <= %s "
	     "after %" PRIu64 " executions (n %u, k %u)%s%s",
	     p->depth, text_probability(p->miss, miss), p->executions, p->tasks,
	     p->points, beyond,
	     p->values ? "; values were drawn, too, and a bug that needs "
			 "certain ones is missed more often" :
			 "");
}

static void print_block(FILE *out, const struct report_result *r,
			const struct widths *w)
{
	bool proved = r->verdict == REPORT_PROVED;
	bool violated = report_verdict_exit(r->verdict) == 1;
	bool clipped = r->reason && strlen(r->reason) > w->of[WHY];
	bool promise = r->verdict == REPORT_HELD && r->promise.depth;
	char title[500];

	if (!proved && !violated && !clipped && !promise)
		return;
	snprintf(title, sizeof(title), "%s %s %s",
		 report_verdict_name(r->verdict), r->scenario, r->fix);
	putc('\n', out);
	text_wrap(out, title, 2, BLOCK_WIDTH);
	if (proved)
		print_proof(out, r);
	else if (violated)
		print_violation(out, r);
	else
		fact_text(out, "why", r->reason);
	if (r->verdict == REPORT_HELD)
		print_guess(out, &r->search);
	if (promise)
		print_promise(out, &r->promise);
}

void report_table(FILE *out, const struct report_result *results, size_t n,
		  bool color)
{
	struct widths w = measure(results, n);

	print_heading(out, &w, color);
	for (size_t i = 0; i < n; i++)
		print_row(out, &results[i], &w, color);
	for (size_t i = 0; i < n; i++)
		print_block(out, &results[i], &w);
}
