/* SPDX-License-Identifier: MIT */
/*
 * execve, step by step. The order is the whole point (begin_new_exec):
 *
 *  1. do_open_execat, exe_file_deny_write_access: ETXTBSY if the file is open
 *     for writing anywhere; from here on it cannot be opened for writing
 *  2. exec_mmap: the old memory goes; a vfork parent runs again *here*
 *  3. do_close_on_exec: descriptors ascending; last references are queued
 *  4. task_work_run: the queued ones are really released
 *  5. the new program starts
 *
 * So neither the return of vfork (2) nor the end of a close-on-exec pipe (4)
 * says that any other descriptor has been released.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <string.h>

static const char magic[4] = { 'S', 'I', 'M', '!' };

void sim_program(uint8_t image[SIM_PROGRAM_SIZE], int code)
{
	memcpy(image, magic, sizeof(magic));
	memset(image + sizeof(magic), 0, SIM_PROGRAM_SIZE - sizeof(magic));
	image[sizeof(magic)] = (uint8_t)code;
}

int sim_program_code(const void *data, size_t len)
{
	const uint8_t *image = data;

	if (len != SIM_PROGRAM_SIZE || memcmp(image, magic, sizeof(magic)) != 0)
		return -1;
	return image[sizeof(magic)];
}

/* Steps that come before anything changes: all that can fail does so here. */
static int look_up(struct sim *sim, struct sim_path path, unsigned *index)
{
	const struct sim_inode *inode;

	*index = sim_inode_find(sim, path);
	inode = &sim->inode[*index];
	if (!*index)
		return -ENOENT;
	sim_access(sim, inode->object + SIM_CONTENT, RIG_READ);
	sim_access(sim, inode->object + SIM_WRITERS, RIG_READ);
	if (!(inode->mode & 0111))
		return -EACCES;
	if (inode->writers > 0 && sim->options.etxtbsy)
		return -ETXTBSY;
	if (inode->size < SIM_PROGRAM_SIZE ||
	    memcmp(inode->data, magic, sizeof(magic)) != 0)
		return -ENOEXEC;
	return 0;
}

/* The count cannot say "open for writing" and "executed" at once; without
 * the check (etxtbsy=off) nobody looks at it, and it is left alone. */
static void deny_write_access(struct sim *sim, unsigned index)
{
	struct sim_inode *inode = &sim->inode[index];

	if (!sim->options.etxtbsy)
		return;
	sim_access(sim, inode->object + SIM_IMAGES, RIG_UPDATE);
	inode->writers--;
	sim_inode_changed(sim, inode);
	sim_proc_self(sim)->image = (uint8_t)index;
}

static int execve_call(struct spw_sys *sys, const char *text,
		       char *const argv[], char *const envp[])
{
	struct sim *sim = sim_of(sys);
	struct sim_task *self = sim_self(sim);
	struct sim_path path = sim_path(text);
	unsigned index;
	int code, rc;

	(void)argv;
	(void)envp;
	sim_about_path(sim, path.key, false);
	sim_point(sim, SIM_EXECVE);
	rig_detail(sim->engine, "(%s)", text);
	if (sim_proc_self(sim)->threads > 1)
		sim_contract(sim, "execve in a process with other threads: "
				  "the model does not cover that");
	rc = look_up(sim, path, &index);
	if (rc) {
		if (sim->mirror)
			sim->mirror->execve(sim->mirror->ctx, text, rc);
		return sim_result(sim, rc);
	}
	code = sim->inode[index].data[sizeof(magic)];
	deny_write_access(sim, index);
	if (self->vfork_parent) {
		sim_inner(sim, SIM_EXEC_MMAP);
		sim_vfork_release(sim);
	}
	self->arg = NULL; /* memory of its own from here on */
	sim_drop_table(sim, true);
	if (sim->mirror)
		sim->mirror->execve(sim->mirror->ctx, text, 0);
	sim_exit(sim, code);
}

void sim_exec_calls(struct spw_sys *sys)
{
	sys->execve = execve_call;
}
