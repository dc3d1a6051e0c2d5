/* SPDX-License-Identifier: MIT */
/*
 * The text form of a schedule:
 *
 *	racerig-schedule 1
 *	# comments are kept
 *	scenario etxtbsy/build-and-run
 *	fix none
 *	spawn vfork
 *	actors 2
 *	kernel etxtbsy=on release-order=lifo steps=call
 *	starve-ns 0
 *	outcome etxtbsy
 *	at a1 close#1 run a2 open#1
 *	at a2.c1 fput#1 pick 1
 *	at a2 open#2 fail EMFILE
 *	end 3
 *
 * "end N" counts the decisions, so a file that was cut off is noticed. What was
 * chosen beside the fix has a line as well: guard, waiter, closer.
 */
#include "engine/schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "racerig-schedule";

enum { WORDS_MAX = 12 };

struct parser {
	const struct rig_subject *subject;
	struct rig_schedule *out;
	unsigned line;
	unsigned seen; /* bit i: header field i was read */
	bool ended;
	char *why;
	size_t why_len;
};

struct words {
	unsigned n;
	const char *at[WORDS_MAX];
	size_t len[WORDS_MAX];
};

__attribute__((format(printf, 2, 3))) static int bad(struct parser *p,
						     const char *format, ...)
{
	va_list args;
	int used = snprintf(p->why, p->why_len, "%u: ", p->line);

	if (used > 0 && (size_t)used < p->why_len) {
		va_start(args, format);
		vsnprintf(p->why + used, p->why_len - (size_t)used, format,
			  args);
		va_end(args);
	}
	return -EINVAL;
}

/* ---- characters ---- */

/* The length of the well-formed UTF-8 sequence at text (RFC 3629), or 0. */
static size_t utf8_length(const unsigned char *text, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		n = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		n = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (text[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf)
		if (i >= len || text[i] < low || text[i] > high)
			return 0;
	return n;
}

static int check_characters(struct parser *p, const char *line, size_t len)
{
	bool comment = len && line[0] == '#';

	if (len >= RIG_SCHEDULE_LINE_MAX)
		return bad(p, "line of %zu bytes, at most %d are allowed", len,
			   RIG_SCHEDULE_LINE_MAX - 1);
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)line[i];
		size_t n =
			utf8_length((const unsigned char *)line + i, len - i);

		if (!n)
			return bad(p, "byte 0x%02x in column %zu is not UTF-8",
				   c, i + 1);
		if ((c < ' ' && c != '\t') || c == 0x7f || (n > 1 && !comment))
			return bad(p,
				   "character 0x%02x in column %zu has no "
				   "place in a schedule",
				   c, i + 1);
		i += n;
	}
	return 0;
}

static int split(struct parser *p, const char *line, size_t len,
		 struct words *w)
{
	size_t i = 0;

	w->n = 0;
	for (;;) {
		while (i < len && (line[i] == ' ' || line[i] == '\t'))
			i++;
		if (i == len)
			return 0;
		if (w->n == WORDS_MAX)
			return bad(p, "more than %d words", WORDS_MAX);
		w->at[w->n] = line + i;
		while (i < len && line[i] != ' ' && line[i] != '\t')
			i++;
		w->len[w->n] = (size_t)(line + i - w->at[w->n]);
		w->n++;
	}
}

static bool is(const struct words *w, unsigned i, const char *text)
{
	return i < w->n && w->len[i] == strlen(text) &&
	       !memcmp(w->at[i], text, w->len[i]);
}

static int number(struct parser *p, const char *text, size_t len, uint64_t max,
		  uint64_t *value)
{
	uint64_t v = 0;

	if (!len || len > 20)
		return bad(p, "\"%.*s\" is no number", (int)len, text);
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (digit > 9)
			return bad(p, "\"%.*s\" is no number", (int)len, text);
		if (v > (max - digit) / 10)
			return bad(p, "%.*s is more than %" PRIu64, (int)len,
				   text, max);
		v = v * 10 + digit;
	}
	*value = v;
	return 0;
}

/* ---- the header ---- */

enum field {
	SCENARIO,
	FIX,
	GUARD,
	WAITER,
	CLOSER,
	SPAWN,
	ACTORS,
	KERNEL,
	STARVE,
	OUTCOME,
	NFIELDS,
};

#define TEXT(name) offsetof(struct rig_header, name)

static const struct {
	const char *name;
	size_t text; /* where it is in the header; of numbers 0 */
} fields[NFIELDS] = {
	[SCENARIO] = { "scenario", TEXT(scenario) },
	[FIX] = { "fix", TEXT(fix) },
	[GUARD] = { "guard", TEXT(guard) },
	[WAITER] = { "waiter", TEXT(waiter) },
	[CLOSER] = { "closer", TEXT(closer) },
	[SPAWN] = { "spawn", TEXT(spawn) },
	[ACTORS] = { "actors", 0 },
	[KERNEL] = { "kernel", TEXT(kernel) },
	[STARVE] = { "starve-ns", 0 },
	[OUTCOME] = { "outcome", TEXT(outcome) },
};

static const unsigned required = 1u << SCENARIO | 1u << FIX | 1u << ACTORS;

static int set_text(struct parser *p, char *field, const struct words *w)
{
	size_t used = 0;

	if (w->n < 2)
		return bad(p, "%.*s has no value", (int)w->len[0], w->at[0]);
	for (unsigned i = 1; i < w->n; i++) {
		if (used + w->len[i] + 2 > RIG_FIELD_MAX)
			return bad(p, "value of %.*s is too long",
				   (int)w->len[0], w->at[0]);
		if (used)
			field[used++] = ' ';
		memcpy(field + used, w->at[i], w->len[i]);
		used += w->len[i];
	}
	field[used] = '\0';
	return 0;
}

static int set_number(struct parser *p, const struct words *w, uint64_t max,
		      uint64_t *value)
{
	if (w->n != 2)
		return bad(p, "%.*s takes one number", (int)w->len[0],
			   w->at[0]);
	return number(p, w->at[1], w->len[1], max, value);
}

static int parse_field(struct parser *p, const struct words *w)
{
	struct rig_header *h = &p->out->header;
	uint64_t value = 0;
	unsigned i = 0;
	int rc;

	while (i < NFIELDS && !is(w, 0, fields[i].name))
		i++;
	if (i == NFIELDS)
		return bad(p, "unknown word \"%.*s\"", (int)w->len[0],
			   w->at[0]);
	if (p->seen >> i & 1)
		return bad(p, "%s stands twice", fields[i].name);
	if (p->out->n)
		return bad(p, "%s belongs before the first decision",
			   fields[i].name);
	p->seen |= 1u << i;
	if (i == ACTORS) {
		rc = set_number(p, w, RIG_BORN_MAX, &value);
		h->actors = (unsigned)value;
		return rc;
	}
	if (i == STARVE)
		return set_number(p, w, INT64_MAX, &h->starve_ns);
	return set_text(p, (char *)h + fields[i].text, w);
}

/* ---- decisions ---- */

/* "close#2" */
static int parse_call(struct parser *p, const struct words *w, unsigned i,
		      uint16_t *op, uint16_t *nth)
{
	const char *hash = memchr(w->at[i], '#', w->len[i]);
	size_t len = hash ? (size_t)(hash - w->at[i]) : 0;
	uint64_t value = 0;
	int found, rc;

	if (!hash)
		return bad(p, "\"%.*s\" is no call#number", (int)w->len[i],
			   w->at[i]);
	found = rig_op_find(p->subject, w->at[i], len);
	if (found < 0)
		return bad(p, "unknown call \"%.*s\"", (int)len, w->at[i]);
	rc = number(p, hash + 1, w->len[i] - len - 1, UINT16_MAX, &value);
	*op = (uint16_t)found;
	*nth = (uint16_t)value;
	return rc;
}

static int parse_task(struct parser *p, const struct words *w, unsigned i,
		      rig_name *name)
{
	*name = rig_name_parse(w->at[i], w->len[i]);
	if (!*name)
		return bad(p, "\"%.*s\" is no task", (int)w->len[i], w->at[i]);
	return 0;
}

/* "EMFILE", of those that may befall the call op. */
static int parse_fault(struct parser *p, const struct words *w, unsigned i,
		       unsigned op, uint32_t *fault)
{
	const char *name = "";

	for (*fault = 1; p->subject->fault_name; ++*fault) {
		name = p->subject->fault_name(op, *fault);
		if (!name)
			break;
		if (is(w, i, name))
			return 0;
	}
	return bad(p, "%s does not fail with \"%.*s\"",
		   rig_op_name(p->subject, op), (int)w->len[i], w->at[i]);
}

/* What follows the call at which it is made. */
static int parse_choice(struct parser *p, const struct words *w,
			struct rig_decision *d)
{
	uint64_t value = 0;
	int rc;

	if (is(w, 3, "run")) {
		rc = parse_task(p, w, 4, &d->run);
		return rc ? rc : parse_call(p, w, 5, &d->run_op, &d->run_nth);
	}
	d->value = true;
	d->fault = is(w, 3, "fail");
	if (d->fault)
		return parse_fault(p, w, 4, d->at_op, &d->run);
	rc = number(p, w->at[4], w->len[4], RIG_CLOCK - 1, &value);
	d->run = (uint32_t)value;
	return rc;
}

static int parse_decision(struct parser *p, const struct words *w)
{
	struct rig_decision d = { .line = p->line };
	int rc;

	if (p->out->n == RIG_DECISIONS_MAX)
		return bad(p, "more than %d decisions", RIG_DECISIONS_MAX);
	if (!(w->n == 6 && is(w, 3, "run")) &&
	    !(w->n == 5 && (is(w, 3, "pick") || is(w, 3, "fail"))))
		return bad(p, "a decision is \"at TASK CALL#N run TASK "
			      "CALL#N\", \"at TASK CALL#N pick VALUE\" or "
			      "\"at TASK CALL#N fail ERROR\"");
	rc = parse_task(p, w, 1, &d.at);
	if (!rc)
		rc = parse_call(p, w, 2, &d.at_op, &d.at_nth);
	if (!rc)
		rc = parse_choice(p, w, &d);
	if (!rc)
		p->out->decision[p->out->n++] = d;
	return rc;
}

static int parse_end(struct parser *p, const struct words *w)
{
	uint64_t n = 0;
	int rc = set_number(p, w, RIG_DECISIONS_MAX, &n);

	if (rc)
		return rc;
	if (n != p->out->n)
		return bad(p, "says %" PRIu64 " decisions, but there are %zu",
			   n, p->out->n);
	for (unsigned i = 0; i < NFIELDS; i++)
		if (required >> i & 1 && !(p->seen >> i & 1))
			return bad(p, "%s is missing", fields[i].name);
	p->ended = true;
	return 0;
}

static int parse_version(struct parser *p, const struct words *w)
{
	uint64_t version = 0;
	int rc;

	if (!is(w, 0, magic) || w->n != 2)
		return bad(p, "no schedule: the first line is not \"%s %d\"",
			   magic, RIG_SCHEDULE_VERSION);
	rc = number(p, w->at[1], w->len[1], UINT32_MAX, &version);
	if (!rc && version != RIG_SCHEDULE_VERSION)
		return bad(p,
			   "version %" PRIu64 ", this racerig reads "
			   "version %d",
			   version, RIG_SCHEDULE_VERSION);
	return rc;
}

static int keep_comment(struct parser *p, const char *line, size_t len)
{
	struct rig_comment *c = &p->out->comment[p->out->ncomments];

	if (p->out->ncomments == RIG_SCHEDULE_COMMENTS_MAX)
		return bad(p, "more than %d comments",
			   RIG_SCHEDULE_COMMENTS_MAX);
	p->out->ncomments++;
	c->before = p->out->n;
	memcpy(c->text, line, len);
	c->text[len] = '\0';
	return 0;
}

static int parse_line(struct parser *p, const char *line, size_t len)
{
	struct words w;
	int rc = check_characters(p, line, len);

	if (rc)
		return rc;
	if (p->line > 1 && len && line[0] == '#')
		return keep_comment(p, line, len);
	rc = split(p, line, len, &w);
	if (rc)
		return rc;
	if (p->line == 1)
		return parse_version(p, &w);
	if (!w.n)
		return 0;
	if (p->ended)
		return bad(p, "text after \"end\"");
	if (is(&w, 0, "at"))
		return parse_decision(p, &w);
	if (is(&w, 0, "end"))
		return parse_end(p, &w);
	return parse_field(p, &w);
}

int rig_schedule_parse(struct rig_schedule *schedule,
		       const struct rig_subject *subject, const char *text,
		       size_t len, char *why, size_t why_len)
{
	struct parser p = { .subject = subject,
			    .out = schedule,
			    .line = 1,
			    .why = why,
			    .why_len = why_len };
	const char *end = text + len;

	memset(&schedule->header, 0, sizeof(schedule->header));
	schedule->n = schedule->ncomments = 0;
	if (!len)
		return bad(&p, "the file is empty");
	if (len > RIG_SCHEDULE_BYTES_MAX)
		return bad(&p, "more than %d bytes", RIG_SCHEDULE_BYTES_MAX);
	for (; text < end; p.line++) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *stop = eol ? eol : end;
		int rc = parse_line(&p, text, (size_t)(stop - text));

		if (rc)
			return rc;
		text = stop + 1;
	}
	p.line--;
	if (!p.ended)
		return bad(&p, "cut off: the line \"end %zu\" is missing",
			   schedule->n);
	return 0;
}

/* ---- writing ---- */

const char *rig_decision_print(const struct rig_decision *d,
			       const struct rig_subject *subject, char *buf,
			       size_t size)
{
	char at[RIG_NAME_MAX], run[RIG_NAME_MAX];

	rig_name_text(d->at, at);
	if (d->fault)
		snprintf(buf, size, "at %s %s#%u fail %s", at,
			 rig_op_name(subject, d->at_op), d->at_nth,
			 subject->fault_name(d->at_op, d->run));
	else if (d->value)
		snprintf(buf, size, "at %s %s#%u pick %" PRIu32, at,
			 rig_op_name(subject, d->at_op), d->at_nth, d->run);
	else
		snprintf(buf, size, "at %s %s#%u run %s %s#%u", at,
			 rig_op_name(subject, d->at_op), d->at_nth,
			 rig_name_text(d->run, run),
			 rig_op_name(subject, d->run_op), d->run_nth);
	return buf;
}

struct printer {
	char *buf;
	size_t size;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct printer *p,
						      const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->used < p->size ? p->buf + p->used : NULL,
		      p->used < p->size ? p->size - p->used : 0, format, args);
	va_end(args);
	p->used += n > 0 ? (size_t)n : 0;
}

static void put_given(struct printer *p, enum field field, const char *text)
{
	if (text[0])
		put(p, "%s %s\n", fields[field].name, text);
}

static void put_comments(struct printer *p, const struct rig_schedule *s,
			 size_t before)
{
	for (size_t i = 0; i < s->ncomments; i++)
		if (s->comment[i].before == before)
			put(p, "%s\n", s->comment[i].text);
}

size_t rig_schedule_print(const struct rig_schedule *s,
			  const struct rig_subject *subject, char *buf,
			  size_t size)
{
	struct printer p = { .buf = buf, .size = size };
	const struct rig_header *h = &s->header;
	char text[RIG_SCHEDULE_LINE_MAX];

	put(&p, "%s %d\n", magic, RIG_SCHEDULE_VERSION);
	put(&p, "scenario %s\nfix %s\n", h->scenario, h->fix);
	put_given(&p, GUARD, h->guard);
	put_given(&p, WAITER, h->waiter);
	put_given(&p, CLOSER, h->closer);
	put_given(&p, SPAWN, h->spawn);
	put(&p, "actors %u\n", h->actors);
	put_given(&p, KERNEL, h->kernel);
	put(&p, "starve-ns %" PRIu64 "\n", h->starve_ns);
	put_given(&p, OUTCOME, h->outcome);
	for (size_t i = 0; i < s->n; i++) {
		put_comments(&p, s, i);
		put(&p, "%s\n",
		    rig_decision_print(&s->decision[i], subject, text,
				       sizeof(text)));
	}
	put_comments(&p, s, s->n);
	put(&p, "end %zu\n", s->n);
	return p.used;
}
