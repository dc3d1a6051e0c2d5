/* SPDX-License-Identifier: MIT */
/* What the tests of reports share. */
#ifndef REPORTS_TEST_SUPPORT_H
#define REPORTS_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/result.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What is written to out ends up in text, which capture_free frees. */
struct capture {
	FILE *out;
	char *text;
	size_t len;
};

static inline FILE *capture_start(struct capture *c)
{
	c->out = open_memstream(&c->text, &c->len);
	assert_non_null(c->out);
	return c->out;
}

static inline const char *capture_end(struct capture *c)
{
	assert_int_equal(fclose(c->out), 0);
	return c->text;
}

static inline void capture_free(struct capture *c)
{
	free(c->text);
}

static inline size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		longest = len > longest ? len : longest;
		text += len + (text[len] == '\n');
	}
	return longest;
}

/* A search that went through, and what was set up for it. */
static inline struct report_result example_proved(void)
{
	return (struct report_result){
		.scenario = "etxtbsy/build-and-run",
		.fix = "fork-lock",
		.world = "sim",
		.strategy = "states",
		.spawn = "vfork",
		.actors = 2,
		.seed = 0xfedcba9876543210,
		.kernel_options = "etxtbsy=on release-order=any steps=kernel",
		.starve_ns = 1000000000,
		.verdict = REPORT_PROVED,
		.search = {
			.executions = 18234,
			.states = 9120,
			.terminal = 34,
			.merged = 18200,
			.depth = 40,
			.points = 61,
			.complete = true,
			.ns = 412345678,
		},
		.calls_per_actor = 9,
		.assumptions = "sequential consistency",
		.model_version = 1,
		.conformance = "none",
	};
}

static inline struct report_result example_broken(void)
{
	struct report_result r = example_proved();

	r.fix = "none";
	r.verdict = REPORT_BROKEN;
	r.search.complete = false;
	r.outcome = "etxtbsy";
	r.outcome_text = "A finished program could not be executed.";
	r.message = "a1: execve of prog-a1 failed";
	r.found_at = 17;
	r.decisions = 3;
	r.preemptions = 1;
	r.critical = "a1.c1 execve#1: before it something passes";
	r.schedule = "out/build-and-run.sched";
	return r;
}

#endif
