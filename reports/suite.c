/* SPDX-License-Identifier: MIT */
#include "reports/suite.h"

#include <string.h>

enum suite_state suite_state(const struct report_result *result)
{
	if (result->real && result->verdict != REPORT_SKIP)
		return result->real->agrees ? SUITE_PASSED : SUITE_FAILED;
	switch (report_verdict_exit(result->verdict)) {
	case 0:
		return SUITE_PASSED;
	case 3:
	case 4:
		return SUITE_SKIPPED;
	default: /* no verdict at all must not look like a success either */
		return SUITE_FAILED;
	}
}

static bool same_suite(const struct suites *all, size_t a, size_t b)
{
	return !strcmp(all->results[a].scenario, all->results[b].scenario);
}

static bool is_first(const struct suites *all, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_suite(all, k, i))
			return false;
	return true;
}

size_t suite_first(const struct suites *all, size_t from)
{
	while (from < all->n && !is_first(all, from))
		from++;
	return from;
}

size_t suite_next(const struct suites *all, size_t i)
{
	for (size_t k = i + 1; k < all->n; k++)
		if (same_suite(all, k, i))
			return k;
	return all->n;
}

size_t suite_count(const struct suites *all)
{
	size_t count = 0;

	for (size_t i = suite_first(all, 0); i < all->n;
	     i = suite_first(all, i + 1))
		count++;
	return count;
}

struct suite_sums suite_sums(const struct suites *all, size_t first)
{
	struct suite_sums sums = { 0 };

	for (size_t i = first; i < all->n; i = suite_next(all, i)) {
		enum suite_state state = suite_state(&all->results[i]);

		sums.tests++;
		sums.failed += state == SUITE_FAILED;
		sums.skipped += state == SUITE_SKIPPED;
		sums.ns += all->results[i].search.ns;
	}
	return sums;
}
