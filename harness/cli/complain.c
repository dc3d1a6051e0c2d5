/* SPDX-License-Identifier: MIT */
/* One line on standard error for everything that is wrong with the use. */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 600, TAIL_MAX = 200 };

/*
 * What is quoted comes from outside: it must not make a second line, and the
 * reason, which stands last, must be seen behind it.
 */
int rig_error(const char *format, ...)
{
	va_list args;
	char *line;
	int len;

	va_start(args, format);
	len = vasprintf(&line, format, args);
	va_end(args);
	if (len < 0) {
		fputs("racerig: no memory\n", stderr);
		return RIG_EXIT_ERROR;
	}
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (len > HEAD_MAX + TAIL_MAX)
		fprintf(stderr, "racerig: %.*s ... %s\n", HEAD_MAX, line,
			line + len - TAIL_MAX);
	else
		fprintf(stderr, "racerig: %s\n", line);
	free(line);
	return RIG_EXIT_ERROR;
}

enum { NAME_MAX_LEN = 63, NAMES_MAX = 63 };

/* Levenshtein's distance: insertions, deletions and substitutions. */
static unsigned distance(const char *a, const char *b)
{
	size_t len = strnlen(b, NAME_MAX_LEN);
	unsigned row[NAME_MAX_LEN + 1];

	for (size_t i = 0; i <= len; i++)
		row[i] = (unsigned)i;
	for (size_t k = 0; k < NAME_MAX_LEN && a[k]; k++) {
		unsigned corner = row[0];

		row[0] = (unsigned)k + 1;
		for (size_t i = 1; i <= len; i++) {
			unsigned best = corner + (a[k] != b[i - 1]);

			corner = row[i];
			if (row[i] + 1 < best)
				best = row[i] + 1;
			if (row[i - 1] + 1 < best)
				best = row[i - 1] + 1;
			row[i] = best;
		}
	}
	return row[len];
}

int rig_unknown(const char *kind, const char *given, const char *const *names)
{
	const char *nearest = NULL;
	unsigned least = 0;

	for (; *names; names++) {
		unsigned d = distance(given, *names);

		if (nearest && d >= least)
			continue;
		nearest = *names;
		least = d;
	}
	if (nearest && least <= strlen(nearest) / 2)
		return rig_error("unknown %s \"%s\"; did you mean \"%s\"?",
				 kind, given, nearest);
	return rig_error("unknown %s \"%s\"; see racerig list or --help", kind,
			 given);
}

static int unknown_fix(const char *kind, const struct rig_family *family,
		       const char *given)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	struct rig_fix fix;

	for (unsigned i = 0; i < NAMES_MAX && rig_real_fix(family, i, &fix);
	     i++)
		names[i] = fix.name;
	return rig_unknown(kind, given, names);
}

int rig_unknown_fix(const struct rig_family *family, const char *given)
{
	return unknown_fix("fix", family, given);
}

int rig_check_beside(const struct rig_args *args,
		     const struct rig_scenario *scenario)
{
	for (int i = 0; i < RIG_POLICIES; i++) {
		enum rig_policy policy = (enum rig_policy)i;
		const struct rig_family *family = rig_policy_family(policy);
		const char *kind = rig_policy_name(policy);
		const char *given = args->beside.name[i];
		char why[RIG_MESSAGE_MAX];
		struct rig_fix ignored;

		if (!given)
			continue;
		if (rig_policy_check(scenario, policy, why, sizeof(why)))
			return rig_error("--%s %s: %s", kind, given, why);
		if (!rig_real_fix_find(family, given, &ignored))
			return unknown_fix(kind, family, given);
	}
	return 0;
}

int rig_no_directory(const struct rig_args *args, const char *why)
{
	if (args->dir)
		return rig_error("--dir %s", why);
	printf("SKIP %s; see --dir\n", why);
	return RIG_EXIT_SKIP;
}
