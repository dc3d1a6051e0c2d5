/* SPDX-License-Identifier: MIT */
/*
 * For traces: which files are open for writing, and in whose hands; which file
 * each descriptor means. Threads of one process share its table: there those
 * have a file in their hands that opened it.
 */
#include "sim/kernel.h"

#include <stdio.h>

static bool is_writer(const struct sim_file *f, unsigned inode)
{
	return f->kind == SIM_REGULAR && f->writable && f->object == inode;
}

static bool in_table(const struct sim *sim, const struct sim_table *table,
		     unsigned inode, unsigned task)
{
	for (int fd = 0; fd < SIM_FDS; fd++) {
		const struct sim_file *f = &sim->file[table->fd[fd].file];

		if (is_writer(f, inode) &&
		    (table->refs == 1 || f->opener == task))
			return true;
	}
	return false;
}

/* Closed, but the final drop has not run: the count still stands. */
static bool in_drops(const struct sim *sim, const struct sim_task *t,
		     unsigned inode)
{
	for (unsigned i = 0; i < t->ndrops; i++)
		if (is_writer(&sim->file[t->drops[i]], inode))
			return true;
	return false;
}

static rig_set holders(const struct sim *sim, unsigned inode)
{
	rig_set tasks = 0;

	for (unsigned i = 0; i < sim->engine->ntasks; i++) {
		const struct rig_task *task = &sim->engine->task[i];
		const struct sim_task *t = task->world;

		if (!task->ended && t &&
		    (in_drops(sim, t, inode) ||
		     (t->table &&
		      in_table(sim, &sim->table[t->table], inode, i))))
			tasks |= rig_bit(i);
	}
	return tasks;
}

/* The name that it has now; the one that it was created under, if none. */
static const char *name_of(const struct sim *sim, unsigned inode)
{
	for (unsigned i = 0; i < SIM_DENTRIES; i++)
		if (sim->name[i].inode == inode)
			return sim->name[i].path;
	return sim->inode[inode].path;
}

static void look_for_writers(const struct sim *sim, struct rig_held *held)
{
	unsigned n = 0;

	for (unsigned i = 1; i <= sim->ninodes && n < RIG_HELD_MAX; i++) {
		const struct sim_inode *inode = &sim->inode[i];

		if (!inode->used || inode->writers <= 0)
			continue;
		snprintf(held[n].what, RIG_HELD_NAME_MAX, "%s",
			 name_of(sim, i));
		held[n].id = i;
		held[n].tasks = holders(sim, i);
		n++;
	}
}

/* 1 and its index, or 0 where there is no room. */
static unsigned note_file(const struct sim *sim, struct rig_trace *trace,
			  const struct sim_file *f)
{
	struct rig_file *file;
	unsigned i = 0;

	while (i < trace->nfiles && trace->file[i].id != f->id)
		i++;
	if (i == RIG_FILES_MAX)
		return 0;
	file = &trace->file[i];
	if (i == trace->nfiles) {
		trace->nfiles++;
		file->id = f->id;
		file->opener = sim->engine->task[f->opener].name;
		sim_file_print(sim, f, file->what, sizeof(file->what));
	}
	return i + 1;
}

/* Of the table of the scenario's own process, which its threads share. */
static void look_at_numbers(const struct sim *sim, struct rig_trace *trace,
			    struct rig_step *step)
{
	const struct sim_task *root = sim->engine->task[0].world;
	const struct sim_table *table;

	if (!root || !root->table)
		return;
	table = &sim->table[root->table];
	for (int fd = 0; fd < SIM_FDS; fd++)
		if (table->fd[fd].file)
			step->number[fd] = (uint8_t)note_file(
				sim, trace, &sim->file[table->fd[fd].file]);
}

_Static_assert((int)SIM_FDS <= (int)RIG_NUMBERS_MAX,
	       "each has a place in a step");

void sim_look(void *ctx, struct rig_trace *trace, struct rig_step *step)
{
	look_for_writers(ctx, step->held);
	look_at_numbers(ctx, trace, step);
}
