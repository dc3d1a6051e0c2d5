/* SPDX-License-Identifier: MIT */
#include "strategies/list.h"

#include <string.h>

const struct rig_strategy *const rig_strategies[] = {
#define X(name) &rig_strategy_##name,
	RIG_STRATEGIES(X)
#undef X
		NULL,
};

const struct rig_strategy *rig_strategy_find(const char *name)
{
	for (size_t i = 0; rig_strategies[i]; i++)
		if (!strcmp(rig_strategies[i]->name, name))
			return rig_strategies[i];
	return NULL;
}
