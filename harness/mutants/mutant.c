/* SPDX-License-Identifier: MIT */
#include "mutants/mutant.h"

#include <assert.h>
#include <string.h>

struct spw_sys rig_below;
struct spw_closer rig_closer_below;
struct spw_waiter rig_waiter_below;
static const struct spw_sys *planted_in;

const struct rig_mutant *const rig_mutants[] = {
#define X(name) &rig_mutant_##name,
	RIG_MUTANTS(X)
#undef X
		NULL,
};

const struct rig_mutant *rig_mutant_find(const char *name)
{
	for (size_t i = 0; rig_mutants[i]; i++)
		if (!strcmp(rig_mutants[i]->name, name))
			return rig_mutants[i];
	return NULL;
}

void rig_mutant_plant(const struct rig_mutant *mutant, struct spw_sys *sys)
{
	assert(!planted_in);
	planted_in = sys;
	rig_below = *sys;
	if (mutant->plant)
		mutant->plant(sys);
}

const struct spw_closer *rig_mutant_alter(const struct rig_mutant *mutant,
					  const struct spw_closer *closer)
{
	static struct spw_closer altered;

	if (!mutant->alter || !closer)
		return closer;
	rig_closer_below = altered = *closer;
	mutant->alter(&altered);
	return &altered;
}

const struct spw_waiter *rig_mutant_alter_waiter(
	const struct rig_mutant *mutant, const struct spw_waiter *waiter)
{
	static struct spw_waiter altered;

	if (!mutant->alter_waiter || !waiter)
		return waiter;
	rig_waiter_below = altered = *waiter;
	mutant->alter_waiter(&altered);
	return &altered;
}

void rig_mutant_restore(struct spw_sys *sys)
{
	assert(planted_in == sys);
	planted_in = NULL;
	*sys = rig_below;
}
