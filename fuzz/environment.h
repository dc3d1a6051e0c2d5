/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_ENVIRONMENT_H
#define FUZZ_ENVIRONMENT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is on unless the environment says NAME=off. */
static inline bool fuzz_off(const char *name)
{
	const char *value = getenv(name);

	return value && !strcmp(value, "off");
}

#endif
