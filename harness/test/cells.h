/* SPDX-License-Identifier: MIT */
/*
 * Programs for the engine alone, without a kernel: a few actors on a few
 * memory cells. main waits for all of them.
 */
#ifndef HARNESS_TEST_CELLS_H
#define HARNESS_TEST_CELLS_H

#include "engine/cell.h"
#include "support.h"

enum { CELLS = 4, ACTORS_MAX = 8, ALL_ENDED = RIG_OBJECT_SUBJECT };

struct cells {
	unsigned actors;
	void (*actor)(unsigned index); /* from 0 */
	void (*finish)(void);          /* after all; may be NULL */
	/* ---- one execution ---- */
	struct rig_cell cell[CELLS];
	unsigned running;
};

static struct cells cells;

static inline void cells_begin(void *ctx, struct rig_engine *engine)
{
	for (int i = 0; i < CELLS; i++)
		rig_cell_init(&cells.cell[i], (rig_object)i, 0);
	cells.running = cells.actors;
}

static inline void cells_actor(void *arg)
{
	cells.actor(*(const unsigned *)arg);
	rig_access(bench.engine, ALL_ENDED, RIG_RELEASE);
	if (!--cells.running)
		rig_enable(bench.engine, 1); /* main */
}

static inline void cells_main(void *ctx)
{
	static unsigned index[ACTORS_MAX];
	struct rig_task *task;

	for (unsigned i = 0; i < cells.actors; i++) {
		index[i] = i;
		MUST(!rig_task_create(bench.engine, RIG_KIND_ACTOR, cells_actor,
				      &index[i], NULL, &task));
	}
	if (cells.running) {
		rig_disable(bench.engine, 1);
		rig_point(bench.engine, RIG_OP_START);
		rig_access(bench.engine, ALL_ENDED, RIG_JOIN);
	}
	if (cells.finish)
		cells.finish();
}

static inline void cells_snapshot(void *ctx, struct rig_words *out)
{
	for (int i = 0; i < CELLS; i++)
		rig_word(out, cells.cell[i].value);
}

static inline const struct rig_subject *use_cells(unsigned actors,
						  void (*actor)(unsigned index),
						  void (*finish)(void))
{
	static const struct rig_subject subject = {
		.begin = cells_begin,
		.main = cells_main,
		.snapshot = cells_snapshot,
	};

	cells = (struct cells){ .actors = actors,
				.actor = actor,
				.finish = finish };
	return &subject;
}

static inline uint64_t load(unsigned cell)
{
	return rig_cell_load(bench.engine, &cells.cell[cell]);
}

static inline void store(unsigned cell, uint64_t value)
{
	rig_cell_store(bench.engine, &cells.cell[cell], value);
}

/* The race: a load and a store. */
static inline void increment(unsigned index)
{
	store(0, load(0) + 1);
}

#endif
