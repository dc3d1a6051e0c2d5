/* SPDX-License-Identifier: MIT */
#include "engine/cell.h"

#include "engine/trace.h"

#include <inttypes.h>

static void point(struct rig_engine *e, const struct rig_cell *cell,
		  unsigned op)
{
	rig_about(e, cell->object + 1u, op != RIG_OP_LOAD);
	rig_point(e, op);
	if (op != RIG_OP_SWAP)
		rig_access(e, cell->object,
			   op == RIG_OP_LOAD ? RIG_READ : RIG_WRITE);
}

uint64_t rig_cell_load(struct rig_engine *e, struct rig_cell *cell)
{
	point(e, cell, RIG_OP_LOAD);
	rig_note(e, cell->value);
	rig_detail(e, " = %" PRIu64, cell->value);
	return cell->value;
}

void rig_cell_store(struct rig_engine *e, struct rig_cell *cell, uint64_t value)
{
	point(e, cell, RIG_OP_STORE);
	cell->value = value;
	rig_detail(e, "(%" PRIu64 ")", value);
}

uint64_t rig_cell_add(struct rig_engine *e, struct rig_cell *cell,
		      uint64_t value)
{
	point(e, cell, RIG_OP_ADD);
	cell->value += value;
	rig_note(e, cell->value);
	rig_detail(e, "(%" PRIu64 ") = %" PRIu64, value, cell->value);
	return cell->value;
}

bool rig_cell_swap(struct rig_engine *e, struct rig_cell *cell,
		   uint64_t expected, uint64_t value)
{
	bool done;

	point(e, cell, RIG_OP_SWAP);
	done = cell->value == expected;
	rig_access(e, cell->object, done ? RIG_WRITE : RIG_READ);
	if (done)
		cell->value = value;
	rig_note(e, done);
	rig_detail(e, "(%" PRIu64 ", %" PRIu64 ") = %d", expected, value, done);
	return done;
}
