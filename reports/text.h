/* SPDX-License-Identifier: MIT */
/*
 * Free text on lines of a limited width, a byte counted as a column. Text that
 * is not ASCII comes out narrower than the limit, never wider.
 */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Bytes of the UTF-8 character that text begins with; 0: it is none. */
size_t text_character(const char *text);

/*
 * How much of text goes on a line of width bytes: up to the last space that
 * fits, or all that fits where one word is longer than that. Neither of them
 * splits a character. At least 1 unless text is empty; width is at least 4.
 */
size_t text_line(const char *text, size_t width);

/* What comes after the first len bytes of text, without leading spaces. */
const char *text_rest(const char *text, size_t len);

/* Writes len bytes; a control character, a newline too, becomes '?'. */
void text_put(FILE *out, const char *text, size_t len);

/*
 * Writes text and a newline. The first line has room for width - indent bytes,
 * the others are indented by that many spaces.
 */
void text_wrap(FILE *out, const char *text, size_t indent, size_t width);

/* A cell of exactly width bytes; "..." where text is longer than that. */
void text_cell(FILE *out, const char *text, size_t width);

enum { TEXT_PROBABILITY_MAX = 16 };

/* "2.4e-4": two digits of a number from 0 to 1, rounded up. Returns buf. */
const char *text_probability(double value, char buf[TEXT_PROBABILITY_MAX]);

/* For what does not apply. */
static inline const char *text_or_dash(const char *text)
{
	return text ? text : "-";
}

#endif
