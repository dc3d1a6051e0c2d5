/* SPDX-License-Identifier: MIT */
/* Family classic: what its fixes are. */
#include "scenarios/classic.h"

static bool classic_fix(unsigned i, struct rig_fix *fix)
{
	static const struct rig_fix fixes[] = {
		{ .name = "none", .summary = "the program as published" },
		{ .name = "fixed",
		  .summary = "the program repaired",
		  .claims_sound = true },
	};

	if (i >= sizeof(fixes) / sizeof(fixes[0]))
		return false;
	*fix = fixes[i];
	return true;
}

const struct rig_family rig_family_classic = {
	.name = "classic",
	.fix = classic_fix,
};

unsigned rig_classic_readers(const struct rig_run *run)
{
	return run->actors == 20 || run->actors == 50 ? 10 : 1;
}
