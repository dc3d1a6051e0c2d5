/* SPDX-License-Identifier: MIT */
/* How what racerig mutants has found is written down. */
#ifndef RIG_MUTANTS_REPORT_H
#define RIG_MUTANTS_REPORT_H

#include "cli/options.h"
#include "cli/trial.h"

enum { RIG_HUNTERS_MAX = 16 };

/* One mutant, and who looked for it. */
struct rig_quarry {
	const struct rig_mutant *mutant;
	struct rig_trial without; /* the same without the mutant */
	struct rig_trial hunt[RIG_HUNTERS_MAX];
	unsigned n; /* hunts, those not begun included */
};

/* Is there nothing to find without the mutant? Else it shows nothing. */
bool rig_quarry_clean(const struct rig_quarry *quarry);

void rig_quarries_write(const struct rig_quarry *quarries, unsigned n,
			const struct rig_args *args);

#endif
