/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON as it is told to: no tree, no memory. Commas, indentation and
 * escaping are its business, balance of begin and end the caller's. key is
 * NULL for the outermost value and inside arrays.
 */
#ifndef REPORTS_JSON_EMIT_H
#define REPORTS_JSON_EMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct emit {
	FILE *out;
	unsigned depth;
	bool filled; /* the innermost array or object has a value */
};

void emit_object(struct emit *emit, const char *key);
void emit_object_end(struct emit *emit);
void emit_array(struct emit *emit, const char *key);
void emit_array_end(struct emit *emit);

/* NULL becomes null, a byte that is not UTF-8 becomes U+FFFD. */
void emit_string(struct emit *emit, const char *key, const char *value);
void emit_integer(struct emit *emit, const char *key, uint64_t value);
/* As a string: readers that keep numbers as doubles would round it. */
void emit_hex(struct emit *emit, const char *key, uint64_t value);
void emit_bool(struct emit *emit, const char *key, bool value);
/* Seconds, with six digits behind the point. */
void emit_seconds(struct emit *emit, const char *key, uint64_t ns);
/* Not negative, with nine digits behind the point. */
void emit_fraction(struct emit *emit, const char *key, double value);
/* A number of any size, without a fraction. */
void emit_estimate(struct emit *emit, const char *key, double value);
/* From 0 to 1, with two digits however small it is, rounded up. */
void emit_probability(struct emit *emit, const char *key, double value);

struct report_environment;

/* What every document begins with: the object "environment". */
void emit_environment(struct emit *emit,
		      const struct report_environment *environment);

#endif
