/* SPDX-License-Identifier: MIT */
/* One line on standard error for everything that is wrong with the use. */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int rig_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("racerig: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return RIG_EXIT_ERROR;
}

enum { NAME_MAX_LEN = 63 };

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
