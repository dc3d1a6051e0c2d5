/* SPDX-License-Identifier: MIT */
#include "reports/result.h"

#include <inttypes.h>

const char *report_verdict_name(enum report_verdict verdict)
{
	switch (verdict) {
	case REPORT_PROVED:
		return "PROVED";
	case REPORT_HELD:
		return "HELD";
	case REPORT_BROKEN:
		return "BROKEN";
	case REPORT_BROKEN_MAYBE:
		return "BROKEN?";
	case REPORT_NARROWED:
		return "NARROWED";
	case REPORT_UNJUDGED:
		return "UNJUDGED";
	case REPORT_SKIP:
		return "SKIP";
	}
	return "unknown";
}

const char *report_verdict_color(enum report_verdict verdict)
{
	switch (verdict) {
	case REPORT_PROVED:
	case REPORT_HELD:
		return "\033[32m";
	case REPORT_BROKEN:
	case REPORT_BROKEN_MAYBE:
		return "\033[31m";
	case REPORT_NARROWED:
	case REPORT_UNJUDGED:
		return "\033[33m";
	case REPORT_SKIP:
		break;
	}
	return "\033[2m";
}

int report_verdict_exit(enum report_verdict verdict)
{
	switch (verdict) {
	case REPORT_PROVED:
	case REPORT_HELD:
		return 0;
	case REPORT_BROKEN:
	case REPORT_BROKEN_MAYBE:
	case REPORT_NARROWED:
		return 1;
	case REPORT_UNJUDGED:
		return 3;
	case REPORT_SKIP:
		return 4;
	}
	return 2; /* no verdict: the rig itself is wrong */
}

void report_verdict_line(FILE *out, const struct report_result *r)
{
	/* Not %f: the decimal point must not depend on the locale. */
	uint64_t hundredths =
		r->search.ns / 10000000 + (r->search.ns % 10000000 >= 5000000);

	fprintf(out,
		"VERDICT %s %s %s %" PRIu64 " executions %" PRIu64 ".%02" PRIu64
		" s",
		r->scenario, r->fix, report_verdict_name(r->verdict),
		r->search.executions, hundredths / 100, hundredths % 100);
	if (r->reason &&
	    (r->verdict == REPORT_UNJUDGED || r->verdict == REPORT_SKIP))
		fprintf(out, " (%s)", r->reason);
	putc('\n', out);
}
