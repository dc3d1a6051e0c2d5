/* SPDX-License-Identifier: MIT */
/*
 * KTAP version 1, for kselftest, KernelCI and whatever else reads the kernel's
 * test results: a test per scenario, a subtest per fix. The rules are in the
 * kernel's Documentation/dev-tools/ktap.rst: a version line and a plan at each
 * level, two spaces of indentation a level, numbers from 1, the result of a
 * parent after its subtests, and no '#' in a description.
 */
#include "reports/suite.h"

#include "reports/text.h"

#include <inttypes.h>
#include <stdarg.h>

/* A '#' begins the directive, a newline the next result: neither may be in. */
static void put_words(FILE *out, const char *words)
{
	for (; *words; words++) {
		if (*words == '#')
			putc('?', out);
		else
			text_put(out, words, 1);
	}
}

/* A diagnostic line of a subtest; it belongs to the result that follows. */
static void diagnose(FILE *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void diagnose(FILE *out, const char *format, ...)
{
	char text[2000];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("  # ", out);
	put_words(out, text);
	putc('\n', out);
}

static void diagnose_violation(FILE *out, const struct report_result *r)
{
	diagnose(out, "%s", text_or_dash(r->outcome_text));
	if (r->reason)
		diagnose(out, "%s: %s",
			 r->verdict == REPORT_NARROWED ? "needs" : "why",
			 r->reason);
	diagnose(out, "happened: %s", text_or_dash(r->message));
	if (r->schedule)
		diagnose(out, "schedule: %s", r->schedule);
}

/* What this machine did, beside the model. */
static void diagnose_real(FILE *out, const struct report_real *real)
{
	diagnose(out, "claims %s, by call: %s", real->claim,
		 text_or_dash(real->control));
	diagnose(out, "by force: %s",
		 real->stress_reason ? real->stress_reason : "judged");
	diagnose(out,
		 "%" PRIu64 " hits in %" PRIu64 " attempts, unfixed %" PRIu64
		 " in %" PRIu64,
		 real->hits, real->attempts, real->control_hits,
		 real->control_attempts);
}

/* What is needed to see it again. */
static void diagnose_setting(FILE *out, const struct report_result *r)
{
	char time[32];

	diagnose(out, "%s: %" PRIu64 " executions in %s",
		 report_verdict_name(r->verdict), r->search.executions,
		 report_duration(r->search.ns, time, sizeof(time)));
	diagnose(out,
		 "world %s, strategy %s, seed 0x%" PRIx64
		 ", actors %u, spawn %s",
		 text_or_dash(r->world), text_or_dash(r->strategy), r->seed,
		 r->actors, text_or_dash(r->spawn));
	diagnose(out, "kernel %s, starvation %s",
		 text_or_dash(r->kernel_options),
		 report_duration(r->starve_ns, time, sizeof(time)));
}

static void put_subtest(FILE *out, const struct report_result *r, size_t number)
{
	enum suite_state state = suite_state(r);

	if (r->verdict != REPORT_SKIP)
		diagnose_setting(out, r);
	if (r->outcome)
		diagnose_violation(out, r);
	if (r->real)
		diagnose_real(out, r->real);
	fprintf(out, "  %sok %zu ", state == SUITE_FAILED ? "not " : "",
		number);
	put_words(out, r->fix);
	if (state == SUITE_SKIPPED) {
		fputs(" # SKIP ", out);
		if (r->verdict == REPORT_UNJUDGED)
			fputs("UNJUDGED: ", out);
		put_words(out, r->reason ? r->reason : "no reason given");
	}
	putc('\n', out);
}

static void put_suite(FILE *out, const struct suites *all, size_t first,
		      size_t number)
{
	struct suite_sums sums = suite_sums(all, first);
	size_t subtest = 0;

	fprintf(out, "  KTAP version 1\n  1..%zu\n", sums.tests);
	for (size_t i = first; i < all->n; i = suite_next(all, i))
		put_subtest(out, &all->results[i], ++subtest);
	fprintf(out, "%sok %zu ", sums.failed ? "not " : "", number);
	put_words(out, all->results[first].scenario);
	if (sums.skipped == sums.tests)
		fputs(" # SKIP nothing was judged", out);
	putc('\n', out);
}

void report_ktap(FILE *out, const struct report_result *results, size_t n)
{
	const struct suites all = { results, n };
	size_t suite = 0;

	fprintf(out, "KTAP version 1\n1..%zu\n", suite_count(&all));
	for (size_t i = suite_first(&all, 0); i < n;
	     i = suite_first(&all, i + 1))
		put_suite(out, &all, i, ++suite);
}
