/* SPDX-License-Identifier: MIT */
#include "reports/text.h"

#include <string.h>

/*
 * Table 3-7 of the Unicode standard, which leaves out long forms and
 * surrogates. A string's end is no continuation, so nothing behind it is read.
 */
size_t text_character(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
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

/* The greatest length up to len that ends between two UTF-8 characters. */
static size_t whole_characters(const char *text, size_t len)
{
	size_t end = len;

	while (end && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	return end ? end : len;
}

size_t text_line(const char *text, size_t width)
{
	size_t len = strnlen(text, width + 1);
	size_t end = width;

	if (len <= width)
		return len;
	while (end && text[end] != ' ')
		end--;
	while (end && text[end - 1] == ' ')
		end--;
	return end ? end : whole_characters(text, width);
}

const char *text_rest(const char *text, size_t len)
{
	text += len;
	return text + strspn(text, " ");
}

void text_put(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		putc(c < ' ' || c == 0x7f ? '?' : c, out);
	}
}

void text_wrap(FILE *out, const char *text, size_t indent, size_t width)
{
	size_t room = width > indent + 20 ? width - indent : 20;
	size_t len = text_line(text, room);

	text_put(out, text, len);
	putc('\n', out);
	for (text = text_rest(text, len); *text; text = text_rest(text, len)) {
		len = text_line(text, room);
		fprintf(out, "%*s", (int)indent, "");
		text_put(out, text, len);
		putc('\n', out);
	}
}

void text_cell(FILE *out, const char *text, size_t width)
{
	size_t len = strnlen(text, width + 1);

	if (len <= width) {
		text_put(out, text, len);
		fprintf(out, "%*s", (int)(width - len), "");
		return;
	}
	len = width > 3 ? whole_characters(text, width - 3) : 0;
	text_put(out, text, len);
	fprintf(out, "%-*.*s", (int)(width - len), (int)(width - len), "...");
}

const char *text_probability(double value, char buf[TEXT_PROBABILITY_MAX])
{
	enum { LEAST = 308 }; /* no double has fewer digits before it */
	unsigned exponent = 0, tenths;

	for (; value > 0 && value < 1 && exponent < LEAST; exponent++)
		value *= 10;
	tenths = (unsigned)(value * 10);
	tenths += (double)tenths < value * 10;
	if (tenths == 100) {
		tenths = 10;
		exponent--;
	}
	/* Not %e: the decimal point must not depend on the locale. */
	snprintf(buf, TEXT_PROBABILITY_MAX, "%u.%ue%s%u", tenths / 10,
		 tenths % 10, exponent ? "-" : "", exponent);
	return buf;
}
