/* SPDX-License-Identifier: MIT */
#include "reports/json_emit.h"

#include "reports/result.h"
#include "reports/text.h"

#include <inttypes.h>
#include <stddef.h>

static void put_string(FILE *out, const char *text)
{
	size_t len;

	putc('"', out);
	for (; *text; text += len ? len : 1) {
		unsigned char c = (unsigned char)*text;

		len = text_character(text);
		if (!len)
			fputs("\\ufffd", out);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else
			fwrite(text, 1, len, out);
	}
	putc('"', out);
}

static void new_line(struct emit *e)
{
	fprintf(e->out, "\n%*s", (int)(2 * e->depth), "");
}

static void start_value(struct emit *e, const char *key)
{
	if (e->filled)
		putc(',', e->out);
	if (e->depth)
		new_line(e);
	e->filled = true;
	if (key) {
		put_string(e->out, key);
		fputs(": ", e->out);
	}
}

static void open_value(struct emit *e, const char *key, char bracket)
{
	start_value(e, key);
	putc(bracket, e->out);
	e->depth++;
	e->filled = false;
}

static void close_value(struct emit *e, char bracket)
{
	e->depth--;
	if (e->filled)
		new_line(e);
	putc(bracket, e->out);
	e->filled = true;
	if (!e->depth)
		putc('\n', e->out);
}

void emit_object(struct emit *e, const char *key)
{
	open_value(e, key, '{');
}

void emit_object_end(struct emit *e)
{
	close_value(e, '}');
}

void emit_array(struct emit *e, const char *key)
{
	open_value(e, key, '[');
}

void emit_array_end(struct emit *e)
{
	close_value(e, ']');
}

void emit_string(struct emit *e, const char *key, const char *value)
{
	start_value(e, key);
	if (value)
		put_string(e->out, value);
	else
		fputs("null", e->out);
}

void emit_integer(struct emit *e, const char *key, uint64_t value)
{
	start_value(e, key);
	fprintf(e->out, "%" PRIu64, value);
}

void emit_hex(struct emit *e, const char *key, uint64_t value)
{
	start_value(e, key);
	fprintf(e->out, "\"0x%" PRIx64 "\"", value);
}

void emit_bool(struct emit *e, const char *key, bool value)
{
	start_value(e, key);
	fputs(value ? "true" : "false", e->out);
}

void emit_seconds(struct emit *e, const char *key, uint64_t ns)
{
	uint64_t us = ns / 1000 + (ns % 1000 >= 500);

	/* Not %f: the decimal point must not depend on the locale. */
	start_value(e, key);
	fprintf(e->out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

void emit_fraction(struct emit *e, const char *key, double value)
{
	uint64_t billionths = (uint64_t)(value * 1e9 + 0.5);

	start_value(e, key);
	fprintf(e->out, "%" PRIu64 ".%09" PRIu64, billionths / 1000000000,
		billionths % 1000000000);
}

void emit_estimate(struct emit *e, const char *key, double value)
{
	/* No digits behind the point, which a locale might change; with one,
	 * or who reads it may take it for an integer that is too large. */
	start_value(e, key);
	fprintf(e->out, "%.0f.0", value);
}

void emit_probability(struct emit *e, const char *key, double value)
{
	char buf[TEXT_PROBABILITY_MAX];

	start_value(e, key);
	fputs(text_probability(value, buf), e->out);
}

void emit_environment(struct emit *e,
		      const struct report_environment *environment)
{
	emit_object(e, "environment");
	emit_string(e, "version", environment->version);
	emit_string(e, "commit", environment->commit);
	emit_string(e, "command", environment->command);
	emit_string(e, "kernel", environment->kernel);
	emit_string(e, "libc", environment->libc);
	if (environment->file_system)
		emit_string(e, "file_system", environment->file_system);
	emit_integer(e, "cpus", environment->cpus);
	emit_object_end(e);
}
