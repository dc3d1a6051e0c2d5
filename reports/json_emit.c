/* SPDX-License-Identifier: MIT */
#include "reports/json_emit.h"

#include <inttypes.h>
#include <stddef.h>

/*
 * Bytes of the UTF-8 character at s, 0 where there is none: table 3-7 of the
 * Unicode standard, which leaves out long forms and surrogates.
 */
static size_t character_length(const unsigned char *s)
{
	size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	unsigned least = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned most = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4 || s[1] < least || s[1] > most)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

static void put_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len;

	putc('"', out);
	for (; *s; s += len ? len : 1) {
		len = character_length(s);
		if (!len)
			fputs("\\ufffd", out);
		else if (*s < ' ' || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else
			fwrite(s, 1, len, out);
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
