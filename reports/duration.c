/* SPDX-License-Identifier: MIT */
#include "reports/result.h"

#include <inttypes.h>

static const uint64_t second = 1000000000;

static uint64_t divide_rounded(uint64_t value, uint64_t by)
{
	return value / by + (value % by >= by - by / 2);
}

/* At least a minute: two whole numbers. */
static void print_long(uint64_t ns, char *buf, size_t size)
{
	uint64_t s = divide_rounded(ns, second);

	if (s < 3600)
		snprintf(buf, size, "%" PRIu64 " min %" PRIu64 " s", s / 60,
			 s % 60);
	else
		snprintf(buf, size, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
			 s % 3600 / 60);
}

const char *report_duration(uint64_t ns, char *buf, size_t size)
{
	static const char *const units[] = { "us", "ms", "s" };
	uint64_t unit = 1000;
	unsigned i = 0;

	if (!ns) {
		snprintf(buf, size, "0 s");
		return buf;
	}
	if (ns < unit) {
		snprintf(buf, size, "%" PRIu64 " ns", ns);
		return buf;
	}
	if (ns >= 60 * second) {
		print_long(ns, buf, size);
		return buf;
	}
	/* Three digits, after rounding: 999.6 us are 1.00 ms. */
	for (; i < 2 && divide_rounded(ns, unit) > 999; i++)
		unit *= 1000;
	if (divide_rounded(ns * 100, unit) < 1000)
		snprintf(buf, size, "%" PRIu64 ".%02" PRIu64 " %s",
			 divide_rounded(ns * 100, unit) / 100,
			 divide_rounded(ns * 100, unit) % 100, units[i]);
	else if (divide_rounded(ns * 10, unit) < 1000)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 " %s",
			 divide_rounded(ns * 10, unit) / 10,
			 divide_rounded(ns * 10, unit) % 10, units[i]);
	else
		snprintf(buf, size, "%" PRIu64 " %s", divide_rounded(ns, unit),
			 units[i]);
	return buf;
}
