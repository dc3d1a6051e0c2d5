/* SPDX-License-Identifier: MIT */
/* The matrix for people: model and machine side by side. */
#include "reports/result.h"

#include "reports/text.h"

#include <inttypes.h>

enum {
	CELL = 64,
	SCENARIO_WIDTH = 26,
	FIX_WIDTH = 15,
	CONTROL_WIDTH = 23,
	FORCE_WIDTH = 21
};

static const char *stress_text(const struct report_real *real, char buf[CELL])
{
	if (real->stress_reason)
		snprintf(buf, CELL, "%s", real->stress_reason);
	else if (real->hits)
		snprintf(buf, CELL, "%" PRIu64 "/%" PRIu64 " = %.3g%%",
			 real->hits, real->attempts,
			 100.0 * (double)real->hits / (double)real->attempts);
	else
		snprintf(buf, CELL, "0/%" PRIu64 " < %.2g%%", real->attempts,
			 100.0 * real->high);
	return buf;
}

/* Where the verdict comes from. */
static void put_evidence(FILE *out, const struct report_result *r)
{
	if (r->schedule)
		fprintf(out, "  %s", r->schedule);
	else if (r->search.traces)
		fprintf(out, "  %" PRIu64 " trace%s", r->search.traces,
			r->search.traces == 1 ? "" : "s");
	else
		fprintf(out, "  %s", text_or_dash(r->reason));
}

static void put_row(FILE *out, const struct report_result *r, bool color)
{
	const struct report_real *real = r->real;
	char stress[CELL];

	text_cell(out, r->scenario, SCENARIO_WIDTH);
	fputs("  ", out);
	text_cell(out, r->fix, FIX_WIDTH);
	fprintf(out, "  %-6s  %-8s  ", real->claim,
		report_verdict_name(r->verdict));
	text_cell(out, text_or_dash(real->control), CONTROL_WIDTH);
	fputs("  ", out);
	text_cell(out, stress_text(real, stress), FORCE_WIDTH);
	put_evidence(out, r);
	if (!real->agrees)
		fprintf(out, "  %sDISAGREES%s", color ? "\033[1;31m" : "",
			color ? "\033[0m" : "");
	putc('\n', out);
}

static void put_heading(FILE *out)
{
	text_cell(out, "scenario", SCENARIO_WIDTH);
	fputs("  ", out);
	text_cell(out, "fix", FIX_WIDTH);
	fputs("  claims  model     ", out);
	text_cell(out, "this kernel, by call", CONTROL_WIDTH);
	fputs("  ", out);
	text_cell(out, "this kernel, by force", FORCE_WIDTH);
	fputs("  evidence\n", out);
}

/* Of all rows: did the unfixed variant fire while they ran? */
static void put_controls(FILE *out, const struct report_result *results,
			 size_t n)
{
	uint64_t hits = 0, attempts = 0;

	for (size_t i = 0; i < n; i++) {
		hits += results[i].real->control_hits;
		attempts += results[i].real->control_attempts;
	}
	fprintf(out,
		"\nBeside them the unfixed variant failed %" PRIu64
		" times in %" PRIu64 " attempts.\n"
		"Model: a proof of all traces, or a schedule. By call: the "
		"schedule, or random\nones, on Linux.\n"
		"By force: hits per attempt of free-running threads; "
		"after <, what 95 %% sure\nis not exceeded.\n",
		hits, attempts);
}

void report_matrix(FILE *out, const struct report_result *results, size_t n,
		   bool color)
{
	put_heading(out);
	for (size_t i = 0; i < n; i++)
		put_row(out, &results[i], color);
	put_controls(out, results, n);
}
