/* SPDX-License-Identifier: MIT */
#include "scenarios/counter.h"

#include "engine/cell.h"

#include <inttypes.h>

const struct rig_outcome rig_counter_outcomes[] = {
	{ .id = "counted",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the counter shows every increment" },
	{ .id = "lost",
	  .grade = RIG_FORBIDDEN,
	  .text = "an increment was overwritten by another" },
	{ .id = NULL },
};

int rig_counter_begin(struct rig_run *run)
{
	rig_cell_init(run->state, 0, 0);
	return 0;
}

void rig_counter_once(struct rig_run *run, unsigned index)
{
	struct rig_engine *engine = run->world->engine;
	struct rig_cell *cell = run->state;

	(void)index;
	if (run->fix.claims_sound)
		rig_cell_add(engine, cell, 1);
	else
		rig_cell_store(engine, cell, rig_cell_load(engine, cell) + 1);
}

void rig_counter_actor(struct rig_run *run, unsigned index)
{
	for (unsigned left = run->scenario->rounds; left; left--)
		rig_counter_once(run, index);
}

void rig_counter_finish(struct rig_run *run)
{
	const struct rig_cell *cell = run->state;
	unsigned increments = run->actors * run->scenario->rounds;

	if (cell->value != increments)
		rig_run_fail(run, "lost",
			     "the counter is %" PRIu64 " after %u increments",
			     cell->value, increments);
}
