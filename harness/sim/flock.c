/* SPDX-License-Identifier: MIT */
/*
 * flock: a lock that belongs to an open file description. Who inherits a
 * descriptor holds it too; it ends with LOCK_UN or with the last reference,
 * in __fput (locks_remove_file), before f_op->release and put_write_access.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <sys/file.h>

bool sim_flock_held(const struct sim_file *f)
{
	return f->kind == SIM_REGULAR && f->locked;
}

/* Who waits may go on when nobody holds it. */
static void give_back(struct sim *sim, struct sim_file *f)
{
	struct sim_inode *inode = &sim->inode[f->object];

	sim_access(sim, inode->object + SIM_FLOCKS, RIG_RELEASE);
	sim_access(sim, f->id + SIM_STATE, RIG_WRITE);
	f->locked = false;
	inode->locker = 0;
	rig_enable(sim->engine, inode->lockers);
}

void sim_flock_remove(struct sim *sim, struct sim_file *f)
{
	sim_inner(sim, SIM_UNFLOCK);
	rig_detail(sim->engine, " of %s", sim->inode[f->object].path);
	give_back(sim, f);
}

/* The caller has a reference: the file outlives the close of its number. */
static void take(struct sim *sim, unsigned file)
{
	struct sim_file *f = &sim->file[file];
	struct sim_inode *inode = &sim->inode[f->object];
	rig_set self = rig_self(sim->engine);

	inode->lockers |= self;
	if (inode->locker && inode->locker != file)
		rig_disable(sim->engine, self);
	rig_point(sim->engine, SIM_FLOCK_GRANT);
	sim_access(sim, inode->object + SIM_FLOCKS, RIG_ACQUIRE);
	sim_access(sim, f->id + SIM_STATE, RIG_WRITE);
	inode->lockers &= ~self;
	inode->locker = (uint8_t)file;
	f->locked = true;
	rig_disable(sim->engine, inode->lockers);
}

/* LOCK_NB: the lock is somebody else's, or is taken in the same step. */
static int try_lock(struct sim *sim, unsigned file)
{
	struct sim_file *f = &sim->file[file];
	struct sim_inode *inode = &sim->inode[f->object];

	/* Not an acquire: who is refused has to be told from who is not. */
	sim_access(sim, inode->object + SIM_FLOCKS, RIG_WRITE);
	if (inode->locker && inode->locker != file)
		return -EWOULDBLOCK;
	sim_access(sim, f->id + SIM_STATE, RIG_WRITE);
	inode->locker = (uint8_t)file;
	f->locked = true;
	rig_disable(sim->engine, inode->lockers);
	return 0;
}

static int flock_call(struct spw_sys *sys, int fd, int op)
{
	struct sim *sim = sim_of(sys);
	unsigned file;

	sim_about_file(sim, sim_fd_file(sim, fd), true);
	sim_point(sim, SIM_FLOCK);
	rig_detail(sim->engine, "(%d, %s)", fd,
		   op == LOCK_UN             ? "give back" :
		   op == (LOCK_EX | LOCK_NB) ? "exclusive, or not" :
					       "exclusive");
	file = sim_fd_file(sim, fd);
	if (sim->file[file].kind != SIM_REGULAR)
		return sim_result(sim, -EBADF);
	if (op == LOCK_UN) {
		if (sim->file[file].locked)
			give_back(sim, &sim->file[file]);
		return sim_result(sim, 0);
	}
	if (op == (LOCK_EX | LOCK_NB))
		return sim_result(sim, try_lock(sim, file));
	sim_hold(sim, file);
	sim_self(sim)->uses = (uint8_t)file;
	take(sim, file);
	sim_self(sim)->uses = 0;
	sim_drop(sim, file);
	sim_run_drops(sim);
	return sim_result(sim, 0);
}

void sim_flock_calls(struct spw_sys *sys)
{
	sys->flock = flock_call;
}
