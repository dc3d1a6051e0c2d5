/* SPDX-License-Identifier: MIT */
/*
 * Files in memory. The descriptor of memfd_create is open for writing, but the
 * file is no writer: alloc_file_pseudo sets FMODE_WRITE and not FMODE_WRITER,
 * and put_write_access is for the latter. So execve does not refuse it, and
 * only a seal keeps what runs from being changed.
 */
#include "sim/kernel.h"

#include <errno.h>

static int memfd_call(struct spw_sys *sys)
{
	struct sim *sim = sim_of(sys);
	unsigned inode = 0, file;
	int fd;

	sim_table_point(sim, SIM_MEMFD);
	file = sim_file_new(sim, SIM_REGULAR, 0);
	if (!file)
		return sim_result(sim, -ENFILE);
	fd = sim_fd_install(sim, file, true);
	if (fd >= 0)
		inode = sim_inode_create(sim, NULL, 0777);
	if (!inode) {
		if (fd >= 0)
			sim_table_self(sim)->fd[fd] = (struct sim_fd){ 0 };
		sim->file[file] = (struct sim_file){ 0 };
		return sim_result(sim, fd < 0 ? fd : -ENOSPC);
	}
	sim->file[file].object = (uint8_t)inode;
	sim->file[file].readable = sim->file[file].writable = true;
	sim->inode[inode].memory = true;
	sim->inode[inode].opens++;
	return sim_result(sim, fd);
}

/* memfd_add_seals. Here nothing is mapped, so nothing is in the way. */
static int seal_call(struct spw_sys *sys, int fd)
{
	struct sim *sim = sim_of(sys);
	const struct sim_file *f;
	struct sim_inode *inode;

	sim_point(sim, SIM_SEAL);
	rig_detail(sim->engine, "(%d)", fd);
	f = &sim->file[sim_fd_file(sim, fd)];
	if (!f->kind)
		return sim_result(sim, -EBADF);
	inode = &sim->inode[f->object];
	if (f->kind != SIM_REGULAR || !inode->memory)
		return sim_result(sim, -EINVAL);
	if (!f->writable)
		return sim_result(sim, -EPERM);
	sim_access(sim, inode->object + SIM_CONTENT, RIG_WRITE);
	if (inode->sealed) /* F_SEAL_SEAL */
		return sim_result(sim, -EPERM);
	inode->sealed = true;
	return sim_result(sim, 0);
}

void sim_memfd_calls(struct spw_sys *sys)
{
	sys->memfd = memfd_call;
	sys->seal = seal_call;
}
