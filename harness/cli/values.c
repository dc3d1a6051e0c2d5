/* SPDX-License-Identifier: MIT */
/* Numbers and durations, as they are given. */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rig_parse_number(const char *text, int base, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	if (!isxdigit((unsigned char)text[0]))
		return -EINVAL;
	*value = strtoull(text, &end, base);
	return errno || *end || *value > max ? -EINVAL : 0;
}

int rig_parse_duration(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "", 1000000000 },
		      { "ms", 1000000 },
		      { "s", 1000000000 },
		      { "m", 60000000000 },
		      { "h", 3600000000000 } };
	size_t digits = strspn(text, "0123456789");
	uint64_t value = 0;

	if (!digits || digits > 9)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].unit) != 0)
			continue;
		if (value > INT64_MAX / units[i].ns)
			return -EINVAL;
		*ns = value * units[i].ns;
		return 0;
	}
	return -EINVAL;
}
