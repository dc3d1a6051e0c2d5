/* SPDX-License-Identifier: MIT */
/*
 * What the scenarios of family classic share: programs of the literature on
 * schedule exploration, written afresh from the published idea, on the engine's
 * cells and the locks of the simulated kernel. Each comes broken and repaired.
 */
#ifndef RIG_CLASSIC_H
#define RIG_CLASSIC_H

#include "engine/cell.h"
#include "scenarios/scenario.h"

static inline uint64_t rig_load(struct rig_run *run, struct rig_cell *cell)
{
	return rig_cell_load(run->world->engine, cell);
}

static inline void rig_store(struct rig_run *run, struct rig_cell *cell,
			     uint64_t value)
{
	rig_cell_store(run->world->engine, cell, value);
}

/* The repaired program is run. */
static inline bool rig_fixed(const struct rig_run *run)
{
	return run->fix.claims_sound;
}

/*
 * Of the programs with many writers: how many of the actors, the last ones,
 * look at what the others write. One; but ten of 20 and of 50, as in the
 * programs of that size that were published (SCTBench; PERIOD).
 */
unsigned rig_classic_readers(const struct rig_run *run);

#endif
