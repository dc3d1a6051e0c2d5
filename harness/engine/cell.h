/* SPDX-License-Identifier: MIT */
/*
 * A memory cell that tasks share, each access a point: what programs about the
 * engine itself are made of. The subject's snapshot includes the values.
 */
#ifndef RIG_CELL_H
#define RIG_CELL_H

#include "engine/engine.h"

struct rig_cell {
	uint64_t value;
	rig_object object; /* below RIG_OBJECT_SUBJECT, its own */
};

static inline void rig_cell_init(struct rig_cell *cell, rig_object object,
				 uint64_t value)
{
	cell->value = value;
	cell->object = object;
}

uint64_t rig_cell_load(struct rig_engine *engine, struct rig_cell *cell);
void rig_cell_store(struct rig_engine *engine, struct rig_cell *cell,
		    uint64_t value);
/* Adds and returns the new value, as one step. */
uint64_t rig_cell_add(struct rig_engine *engine, struct rig_cell *cell,
		      uint64_t value);
/* Stores value where expected is found, as one step; says whether it did. */
bool rig_cell_swap(struct rig_engine *engine, struct rig_cell *cell,
		   uint64_t expected, uint64_t value);

#endif
