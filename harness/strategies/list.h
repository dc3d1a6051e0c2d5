/* SPDX-License-Identifier: MIT */
/* Every search strategy, one a line; each lives in the file of its name. */
#ifndef RIG_STRATEGIES_LIST_H
#define RIG_STRATEGIES_LIST_H

#include "engine/explore.h"

#define RIG_STRATEGIES(X) \
	X(dpor)           \
	X(states)         \
	X(random)         \
	X(pct)            \
	X(pos)            \
	X(surw)

#define X(name) extern const struct rig_strategy rig_strategy_##name;
RIG_STRATEGIES(X)
#undef X

/* All of them; the first is the default; the array ends with NULL. */
extern const struct rig_strategy *const rig_strategies[];

/* The strategy of that name, or NULL. */
const struct rig_strategy *rig_strategy_find(const char *name);

#endif
