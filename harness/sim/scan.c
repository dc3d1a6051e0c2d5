/* SPDX-License-Identifier: MIT */
/*
 * A look through /proc/PID/fd of all processes for who has a file open for
 * writing. It is no snapshot: proc_pid_readdir goes from number to number
 * (next_tgid), and each process is looked at once, at its own time. What is
 * seen is a number in the table of its first thread (proc_fd_link): a
 * descriptor that has been closed is not, although the file may not have been
 * released yet, and a process whose number was passed is not either.
 */
#include "sim/kernel.h"

#include <errno.h>

void sim_access_writers(struct sim *sim, unsigned inode)
{
	sim_access(sim, sim->inode[inode].object + SIM_WRITERS, RIG_READ);
	for (unsigned i = 1; i <= sim->nfiles; i++) {
		const struct sim_file *f = &sim->file[i];

		if (f->kind == SIM_REGULAR && f->object == inode && f->writer)
			sim_access(sim, f->id + SIM_REFS, RIG_READ);
	}
}

/* The process with the lowest number above last, or 0. */
static unsigned next_process(struct sim *sim, pid_t last)
{
	unsigned next = 0;

	sim_access(sim, SIM_OBJECT_PROCS, RIG_READ);
	for (unsigned i = 1; i <= sim->nprocs; i++) {
		const struct sim_proc *p = &sim->proc[i];

		if (p->life == SIM_RUNNING && p->pid > last &&
		    (!next || p->pid < sim->proc[next].pid))
			next = i;
	}
	return next;
}

/* The first thread of a process has its name, which is its number. */
static const struct sim_table *table_of(const struct sim *sim, unsigned proc)
{
	for (unsigned i = 0; i < sim->ntasks; i++)
		if ((pid_t)sim->task[i].task->name == sim->proc[proc].pid)
			return &sim->table[sim->task[i].table];
	return &sim->table[0];
}

static bool look_at(struct sim *sim, unsigned proc, unsigned inode)
{
	const struct sim_table *table = table_of(sim, proc);
	char name[RIG_NAME_MAX];
	bool seen = false;

	sim_access_writers(sim, inode);
	for (int fd = 0; fd < SIM_FDS && !seen; fd++) {
		const struct sim_file *f = &sim->file[table->fd[fd].file];

		seen = f->kind == SIM_REGULAR && f->object == inode &&
		       f->writer;
	}
	if (sim->engine->trace && sim->options.inner_steps)
		rig_detail(sim->engine, " %s%s",
			   rig_name_text((rig_name)sim->proc[proc].pid, name),
			   seen ? ": a writer" : "");
	rig_note(sim->engine, (uint64_t)sim->proc[proc].pid << 1 | seen);
	return seen;
}

/* Whether there is another process is known in the step before it. */
static bool look_at_all(struct sim *sim, unsigned inode)
{
	pid_t last = 0;
	bool seen = false;

	while (!seen && next_process(sim, last)) {
		unsigned proc;

		sim_inner(sim, SIM_LOOK);
		proc = next_process(sim, last); /* others have run */
		if (!proc)
			break;
		last = sim->proc[proc].pid;
		seen = look_at(sim, proc, inode);
	}
	return seen;
}

static int scan_call(struct spw_sys *sys, const char *text)
{
	struct sim *sim = sim_of(sys);
	struct sim_task *self = sim_self(sim);
	struct sim_path path = sim_path(text);
	unsigned inode;
	bool seen;

	sim_about_path(sim, path.key, false);
	sim_point(sim, SIM_SCAN);
	rig_detail(sim->engine, "(%s)", text);
	inode = sim_inode_find(sim, path);
	if (!inode)
		return sim_result(sim, -ENOENT);
	sim->inode[inode].opens++; /* the number stays that of this file */
	seen = look_at_all(sim, inode);
	self->watch = seen ? (uint8_t)inode : 0;
	self->watch_version = sim->inode[inode].moves;
	self->scans = seen;
	sim_inode_put(sim, inode);
	return sim_result(sim, seen);
}

void sim_scan_calls(struct spw_sys *sys)
{
	sys->scan_writers = scan_call;
}
