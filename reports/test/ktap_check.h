/* SPDX-License-Identifier: MIT */
/*
 * Checks a text against the rules of KTAP version 1, line by line, as the
 * kernel's Documentation/dev-tools/ktap.rst has them. Stricter where that
 * allows what no writer of ours should do: a plan is required, lines of no
 * known form are refused, and so are directives that a reader need not know.
 */
#ifndef REPORTS_TEST_KTAP_CHECK_H
#define REPORTS_TEST_KTAP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { KTAP_LEVELS = 4, KTAP_LINE = 4096 };

struct ktap_level {
	bool version, planned;
	unsigned long plan;
	unsigned long results; /* seen */
	unsigned failed, skipped;
};

struct ktap {
	struct ktap_level level[KTAP_LEVELS + 1];
	int depth; /* of the line before */
	/* Totals, for whoever wants to compare them. */
	unsigned ok, not_ok, skip;
};

static inline bool ktap_number(const char **at, unsigned long *value)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*value = strtoul(*at, &end, 10);
	*at = end;
	return true;
}

static inline const char *ktap_version(struct ktap *k, int depth)
{
	struct ktap_level *l = &k->level[depth];

	if (depth && !k->level[depth - 1].planned)
		return "subtests before the plan of their parent";
	if (depth > k->depth + 1)
		return "two levels at once";
	if (l->version)
		return "a second version line";
	if (depth < k->depth)
		return "a version line where the parent's result belongs";
	*l = (struct ktap_level){ .version = true };
	return NULL;
}

static inline const char *ktap_plan(struct ktap *k, int depth, const char *at)
{
	struct ktap_level *l = &k->level[depth];

	if (!l->version)
		return "a plan without a version line";
	if (l->planned)
		return "a second plan";
	at += 3;
	if (!ktap_number(&at, &l->plan) || *at)
		return "a plan that is not 1..N";
	l->planned = true;
	return NULL;
}

/* "SKIP reason" and its like, behind the '#'. */
static inline const char *ktap_directive(const char *at, bool ok, bool *skipped)
{
	size_t len = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (at[len] && at[len] != ' ')
		len = 0;
	if (!len)
		return NULL; /* diagnostic data */
	*skipped = len == 4 && !memcmp(at, "SKIP", 4);
	if (*skipped)
		return NULL;
	if (len == 5 && !memcmp(at, "XFAIL", 5))
		return NULL;
	if ((len == 7 && !memcmp(at, "TIMEOUT", 7)) ||
	    (len == 5 && !memcmp(at, "ERROR", 5)))
		return ok ? "\"ok\" with a directive of a failure" : NULL;
	return "a directive that is not known";
}

/* Behind the number. */
static inline const char *ktap_words(const char *at, bool ok, bool *skipped)
{
	const char *hash = strchr(at, '#');

	*skipped = false;
	if (*at && *at != ' ')
		return "no space behind the number";
	if (!hash)
		return NULL;
	if (hash[-1] != ' ' || hash[1] != ' ' || strchr(hash + 1, '#'))
		return "a '#' that begins no directive";
	return ktap_directive(hash + 2, ok, skipped);
}

/* The subtests are over: the parent's result must agree with theirs. */
static inline const char *ktap_parent(struct ktap *k, int depth, bool ok,
				      bool skipped)
{
	struct ktap_level *sub = &k->level[depth + 1];

	if (!sub->version)
		return NULL;
	if (!sub->planned || sub->results != sub->plan)
		return "fewer or more subtests than planned";
	if (ok == (sub->failed > 0))
		return "a parent's result that its subtests contradict";
	if (skipped && sub->skipped != sub->results)
		return "a parent skipped, of which something was run";
	*sub = (struct ktap_level){ 0 };
	return NULL;
}

static inline const char *ktap_result(struct ktap *k, int depth, const char *at)
{
	struct ktap_level *l = &k->level[depth];
	bool ok = *at == 'o', skipped;
	unsigned long number;
	const char *why;

	if (!l->planned)
		return "a result before the plan";
	if (depth < k->depth - 1)
		return "a result that ends two levels at once";
	at += ok ? 3 : 7;
	if (!ktap_number(&at, &number))
		return "a result without a number";
	if (number != ++l->results || number > l->plan)
		return "a result with a wrong number";
	why = ktap_words(at, ok, &skipped);
	if (!why)
		why = ktap_parent(k, depth, ok, skipped);
	l->failed += !ok;
	l->skipped += skipped;
	k->ok += ok && !skipped;
	k->not_ok += !ok;
	k->skip += skipped;
	return why;
}

static inline const char *ktap_line(struct ktap *k, const char *line)
{
	size_t spaces = strspn(line, " ");
	int depth = (int)spaces / 2;
	const char *at = line + spaces, *why;

	for (const char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return "a control character";
	if (spaces % 2 || depth >= KTAP_LEVELS)
		return "an indentation that is not two spaces a level";
	if (!strcmp(at, "KTAP version 1"))
		why = ktap_version(k, depth);
	else if (k->level[depth].version && !k->level[depth].planned &&
		 strncmp(at, "1..", 3) != 0)
		why = "no plan behind the version line";
	else if (!strncmp(at, "1..", 3))
		why = ktap_plan(k, depth, at);
	else if (!strncmp(at, "ok ", 3) || !strncmp(at, "not ok ", 7))
		why = ktap_result(k, depth, at);
	else if (!strncmp(at, "# ", 2))
		return k->level[depth].planned ?
			       NULL :
			       "a diagnostic line outside of its level";
	else
		why = "a line of no known form";
	k->depth = depth;
	return why;
}

/*
 * NULL where text keeps to the rules; else the rule that it breaks, and *number
 * is the line.
 */
static inline const char *ktap_check(const char *text, struct ktap *k,
				     unsigned *number)
{
	char line[KTAP_LINE];

	*k = (struct ktap){ 0 };
	for (*number = 1; *text; ++*number) {
		size_t len = strcspn(text, "\n");
		const char *why;

		if (text[len] != '\n')
			return "no newline at the end";
		if (len >= sizeof(line))
			return "a line that is too long";
		memcpy(line, text, len);
		line[len] = '\0';
		why = ktap_line(k, line);
		if (why)
			return why;
		text += len + 1;
	}
	if (!k->level[0].planned)
		return "no version line or no plan";
	if (k->level[1].version)
		return "subtests without their parent's result";
	if (k->level[0].results != k->level[0].plan)
		return "fewer or more tests than planned";
	return NULL;
}

#endif
