/* SPDX-License-Identifier: MIT */
/*
 * For traces: which files are open for writing, and in whose hands. Threads of
 * one process share its table: there it is the one that opened the file.
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

void sim_held(void *ctx, struct rig_held *held)
{
	const struct sim *sim = ctx;
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
