/* SPDX-License-Identifier: MIT */
/*
 * The oracle at the end of every execution: the program has ended, and the
 * kernel is as it was. In particular each file must again be both executable
 * and writable: a write count that stays off zero is a bug class of its own
 * (binfmt_misc, 2026: fa5990ca8fd9, db1856ea9196).
 */
#include "sim/kernel.h"

static void check_tasks(struct sim *sim)
{
	char name[RIG_NAME_MAX];

	for (unsigned i = 1; i < sim->engine->ntasks; i++)
		if (!sim->engine->task[i].ended)
			rig_fail(sim->engine, "leak", "%s still runs",
				 rig_name_text(sim->engine->task[i].name,
					       name));
	for (unsigned i = 2; i <= sim->nprocs; i++)
		if (sim->proc[i].life)
			rig_fail(sim->engine, "leak", "%s is a zombie",
				 sim_pid_text(sim, sim->proc[i].pid, name));
}

static void check_descriptors(struct sim *sim)
{
	const struct sim_table *table = sim_table_self(sim);

	for (int fd = 3; fd < table->end; fd++)
		if (table->fd[fd].file)
			rig_fail(sim->engine, "leak",
				 "descriptor %d is still open", fd);
}

static void check_mappings(struct sim *sim)
{
	for (unsigned i = 0; i < SIM_MAPS; i++)
		if (sim_proc_self(sim)->map[i])
			rig_fail(sim->engine, "leak", "a mapping is left");
}

static void check_files(struct sim *sim)
{
	for (unsigned i = 1; i <= sim->ninodes; i++) {
		const struct sim_inode *inode = &sim->inode[i];

		if (inode->writers)
			rig_fail(sim->engine, "leak",
				 "%s: its write count is %d, so it cannot be "
				 "%s",
				 inode->path, inode->writers,
				 inode->writers > 0 ? "executed" : "written");
		if (inode->leases)
			rig_fail(sim->engine, "leak", "%s: a lease is held",
				 inode->path);
	}
}

static void check_locks(struct sim *sim)
{
	bool left = false;

	for (unsigned i = 0; i < sim->nmutexes; i++)
		left |= sim->mutex[i].used;
	for (unsigned i = 0; i < sim->nrwlocks; i++)
		left |= sim->rwlock[i].used;
	for (unsigned i = 0; i < sim->nconds; i++)
		left |= sim->cond[i].used;
	if (left)
		rig_fail(sim->engine, "leak", "a lock was not destroyed");
}

void sim_leftovers(struct sim *sim)
{
	check_tasks(sim);
	check_descriptors(sim);
	check_mappings(sim);
	check_files(sim);
	check_locks(sim);
	if (sim_memory_damage(sim))
		sim_contract(sim, "memory was written to after it was freed");
	if (sim->live_blocks)
		rig_fail(sim->engine, "leak", "%u blocks of memory",
			 sim->live_blocks);
}
