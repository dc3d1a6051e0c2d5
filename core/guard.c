/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <string.h>

#define SPW_GUARD_ADDRESS(name) &spw_guard_##name,
const struct spw_guard *const spw_guards[] = {
	SPW_GUARDS(SPW_GUARD_ADDRESS) NULL,
};

const struct spw_guard *spw_guard_find(const char *name)
{
	for (size_t i = 0; spw_guards[i]; i++) {
		if (strcmp(spw_guards[i]->info.name, name) == 0)
			return spw_guards[i];
	}
	return NULL;
}

const struct spw_guard_info *spw_guard_info(const struct spw_guard *guard)
{
	return &guard->info;
}
