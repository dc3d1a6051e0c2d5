/* SPDX-License-Identifier: MIT */
/*
 * KTAP and JUnit know tests inside suites, passed, failed or skipped. Here a
 * scenario is a suite and each fix of it a test, and what a verdict comes down
 * to for such a reader is decided once:
 *
 *  - PROVED and HELD have passed; BROKEN, BROKEN? and NARROWED have failed.
 *  - UNJUDGED is skipped, with "UNJUDGED" before its reason. Neither format
 *    has a state for "ran, and shows nothing". Passed would claim a success
 *    that nobody saw, and failed would accuse a fix of what nobody saw either;
 *    skipped is the one state that readers count as no result.
 *  - A cell of the matrix has passed where it agrees with what the fix claims,
 *    so an unfixed variant that fails is what it should be.
 */
#ifndef REPORTS_SUITE_H
#define REPORTS_SUITE_H

#include "reports/result.h"

enum suite_state { SUITE_PASSED, SUITE_FAILED, SUITE_SKIPPED };

struct suite_sums {
	size_t tests, failed, skipped;
	uint64_t ns;
};

/* An array of results, seen as suites in the order of their first results. */
struct suites {
	const struct report_result *results;
	size_t n;
};

enum suite_state suite_state(const struct report_result *result);

/* The first result at or after from that begins a suite; n: there is none. */
size_t suite_first(const struct suites *all, size_t from);

/* The next result of the suite of result i; n: there is none. */
size_t suite_next(const struct suites *all, size_t i);

size_t suite_count(const struct suites *all);

/* Of the suite whose first result is first. */
struct suite_sums suite_sums(const struct suites *all, size_t first);

#endif
