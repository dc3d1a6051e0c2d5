/* SPDX-License-Identifier: MIT */
#include "closer.h"

#include <string.h>

const struct spw_closer *const spw_closers[] = {
#define X(name) &spw_closer_##name,
	SPW_CLOSERS(X)
#undef X
		NULL,
};

const struct spw_closer *spw_closer_find(const char *name)
{
	for (size_t i = 0; spw_closers[i]; i++)
		if (!strcmp(spw_closers[i]->info.name, name))
			return spw_closers[i];
	return NULL;
}

const struct spw_closer_info *spw_closer_info(const struct spw_closer *closer)
{
	return &closer->info;
}
