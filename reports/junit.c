/* SPDX-License-Identifier: MIT */
/*
 * JUnit, for the test pages of Jenkins, GitLab and the like: a test suite per
 * scenario, a test case per fix. There is no standard, there are readers. What
 * is written keeps to what they share, down to elements that are empty, and
 * reports/schema/junit.xsd says what that is.
 */
#include "reports/suite.h"

#include "reports/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- XML ---- */

/* U+FFFE and U+FFFF are well-formed UTF-8 but no characters of XML 1.0. */
static bool is_noncharacter(const char *s)
{
	return !memcmp(s, "\xef\xbf", 2) && ((unsigned char)s[2] | 1) == 0xbf;
}

/* What XML needs said in another way; NULL: nothing; "": leave it out. */
static const char *entity(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;

	if (!len || (len == 3 && is_noncharacter(s)))
		return "\xef\xbf\xbd"; /* U+FFFD */
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\n': /* as it is, it would come out of an attribute as a space */
		return "&#10;";
	case '\t':
		return "&#9;";
	default:
		return c < ' ' || c == 0x7f ? "" : NULL;
	}
}

/* For attributes and for text. */
static void put_xml(FILE *out, const char *s)
{
	while (*s) {
		size_t len = text_character(s);
		const char *instead = entity(s, len);

		if (instead)
			fputs(instead, out);
		else
			fwrite(s, 1, len, out);
		s += len ? len : 1;
	}
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	put_xml(out, value);
	putc('"', out);
}

static void put_property(FILE *out, const char *name, const char *value)
{
	fputs("      <property", out);
	put_attribute(out, "name", name);
	put_attribute(out, "value", text_or_dash(value));
	fputs("/>\n", out);
}

/*
 * Jenkins takes no more than three digits behind the point. Not %f: the point
 * must not depend on the locale.
 */
static void put_time(FILE *out, uint64_t ns)
{
	uint64_t ms = ns / 1000000 + (ns % 1000000 >= 500000);

	fprintf(out, " time=\"%" PRIu64 ".%03" PRIu64 "\"", ms / 1000,
		ms % 1000);
}

/* ---- test cases ---- */

/* A line of text inside an element. */
static void put_line(FILE *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put_line(FILE *out, const char *format, ...)
{
	char text[2000];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_xml(out, text);
	putc('\n', out);
}

static void put_violation(FILE *out, const struct report_result *r)
{
	if (r->reason)
		put_line(out, "%s: %s",
			 r->verdict == REPORT_NARROWED ? "needs" : "why",
			 r->reason);
	put_line(out, "happened: %s", text_or_dash(r->message));
	put_line(out,
		 "found after %" PRIu64 " executions, %u decisions, "
		 "%u preemptions",
		 r->found_at, r->decisions, r->preemptions);
	if (r->schedule)
		put_line(out, "schedule: %s", r->schedule);
}

static void put_real(FILE *out, const struct report_real *real)
{
	put_line(out, "claims %s, by call: %s, by force: %s", real->claim,
		 text_or_dash(real->control),
		 real->stress_reason ? real->stress_reason : "judged");
	put_line(out,
		 "%" PRIu64 " hits in %" PRIu64 " attempts, unfixed %" PRIu64
		 " in %" PRIu64,
		 real->hits, real->attempts, real->control_hits,
		 real->control_attempts);
}

static void put_failure(FILE *out, const struct report_result *r)
{
	fputs("      <failure", out);
	put_attribute(out, "type",
		      r->real ? "DISAGREES" : report_verdict_name(r->verdict));
	put_attribute(out, "message",
		      r->real ? "not what the fix claims" :
				text_or_dash(r->outcome_text));
	fputs(">", out);
	if (r->outcome)
		put_violation(out, r);
	if (r->real)
		put_real(out, r->real);
	fputs("      </failure>\n", out);
}

/* The message alone: an attribute for the type is not taken everywhere. */
static void put_skipped(FILE *out, const struct report_result *r)
{
	fputs("      <skipped message=\"", out);
	if (r->verdict == REPORT_UNJUDGED)
		fputs("UNJUDGED: ", out);
	put_xml(out, r->reason ? r->reason : "no reason given");
	fputs("\"/>\n", out);
}

static void put_case(FILE *out, const struct report_result *r)
{
	enum suite_state state = suite_state(r);

	fputs("    <testcase", out);
	put_attribute(out, "classname", r->scenario);
	put_attribute(out, "name", r->fix);
	put_time(out, r->search.ns);
	if (state == SUITE_PASSED) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n", out);
	if (state == SUITE_FAILED)
		put_failure(out, r);
	else
		put_skipped(out, r);
	fputs("    </testcase>\n", out);
}

/* ---- suites ---- */

/* The schema that comes from Ant wants it without a time zone. */
static void put_timestamp(FILE *out, uint64_t unix_time)
{
	time_t seconds = (time_t)unix_time;
	char text[32] = "1970-01-01T00:00:00";
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	put_attribute(out, "timestamp", text);
}

static void put_properties(FILE *out, const struct report_environment *e)
{
	char cpus[16];

	snprintf(cpus, sizeof(cpus), "%u", e->cpus);
	fputs("    <properties>\n", out);
	put_property(out, "version", e->version);
	put_property(out, "commit", e->commit);
	put_property(out, "command", e->command);
	put_property(out, "kernel", e->kernel);
	put_property(out, "libc", e->libc);
	put_property(out, "cpus", cpus);
	fputs("    </properties>\n", out);
}

/* How each verdict was reached; a test that passed has no other place. */
static void put_system_out(FILE *out, const struct suites *all, size_t first)
{
	fputs("    <system-out>", out);
	for (size_t i = first; i < all->n; i = suite_next(all, i)) {
		const struct report_result *r = &all->results[i];

		put_line(out,
			 "%s %s %s: %" PRIu64 " executions, strategy %s, "
			 "seed 0x%" PRIx64 ", actors %u, spawn %s, kernel %s, "
			 "starvation %" PRIu64 " ns",
			 report_verdict_name(r->verdict), r->scenario, r->fix,
			 r->search.executions, text_or_dash(r->strategy),
			 r->seed, r->actors, text_or_dash(r->spawn),
			 text_or_dash(r->kernel_options), r->starve_ns);
	}
	fputs("</system-out>\n    <system-err></system-err>\n", out);
}

static void put_suite(FILE *out, const struct report_environment *e,
		      const struct suites *all, size_t first, size_t id)
{
	struct suite_sums sums = suite_sums(all, first);

	fputs("  <testsuite", out);
	put_attribute(out, "name", all->results[first].scenario);
	put_attribute(out, "package", "racerig");
	fprintf(out, " id=\"%zu\"", id);
	put_timestamp(out, e->unix_time);
	put_attribute(out, "hostname", e->host ? e->host : "localhost");
	fprintf(out,
		" tests=\"%zu\" failures=\"%zu\" errors=\"0\""
		" skipped=\"%zu\"",
		sums.tests, sums.failed, sums.skipped);
	put_time(out, sums.ns);
	fputs(">\n", out);
	put_properties(out, e);
	for (size_t i = first; i < all->n; i = suite_next(all, i))
		put_case(out, &all->results[i]);
	put_system_out(out, all, first);
	fputs("  </testsuite>\n", out);
}

void report_junit(FILE *out, const struct report_environment *environment,
		  const struct report_result *results, size_t n)
{
	const struct suites all = { results, n };
	size_t id = 0;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n",
	      out);
	for (size_t i = suite_first(&all, 0); i < n;
	     i = suite_first(&all, i + 1))
		put_suite(out, environment, &all, i, id++);
	fputs("</testsuites>\n", out);
}
