/* SPDX-License-Identifier: MIT */
/*
 * execve, step by step. The order is the whole point (begin_new_exec):
 *
 *  1. do_open_execat, exe_file_deny_write_access: ETXTBSY if the file is open
 *     for writing anywhere; from here on it cannot be opened for writing. Of a
 *     script, the interpreter goes through the same after it (load_script),
 *     and then the script may be written again (exec_binprm)
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

/* The count cannot say "open for writing" and "executed" at once; without
 * the check (etxtbsy=off) nobody looks at it, and it is left alone. */
static void count_image(struct sim *sim, unsigned index, int by)
{
	struct sim_inode *inode = &sim->inode[index];

	if (!sim->options.etxtbsy)
		return;
	sim_access(sim, inode->object + SIM_IMAGES, RIG_UPDATE);
	inode->writers = (int16_t)(inode->writers - by);
	sim_inode_changed(sim, inode);
}

/* do_open_execat: the file is denied to writers where this succeeds. */
static int open_exec(struct sim *sim, struct sim_path path, unsigned *index)
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
	count_image(sim, *index, 1);
	return 0;
}

static void close_exec(struct sim *sim, unsigned index)
{
	count_image(sim, index, -1);
	sim_inode_reap(sim, index);
}

/* load_script: the interpreter's path, from "#!" to the end of the line. */
static bool read_script(const struct sim_inode *inode, char path[SIM_DATA])
{
	unsigned n = 0;

	if (inode->size < 3 || memcmp(inode->data, "#!", 2) != 0)
		return false;
	while (n + 2u < inode->size && inode->data[n + 2] != '\n') {
		path[n] = (char)inode->data[n + 2];
		n++;
	}
	path[n] = '\0';
	return true;
}

/* The interpreter of the script *index, which is let go of then. */
static int open_interpreter(struct sim *sim, unsigned *index)
{
	unsigned script = *index;
	char interpreter[SIM_DATA];
	struct sim_path path;
	int rc = -ENOEXEC;

	if (read_script(&sim->inode[script], interpreter)) {
		path = sim_path(interpreter);
		sim_about_path(sim, path.key, false);
		sim_inner(sim, SIM_INTERPRETER);
		rig_detail(sim->engine, " %s", interpreter);
		rc = open_exec(sim, path, index);
	}
	close_exec(sim, script);
	return rc;
}

/*
 * Steps that come before anything changes: all that can fail does so here. In
 * the end *index is the program, which is denied to writers.
 */
static int find_program(struct sim *sim, struct sim_path path, unsigned *index)
{
	enum { DEPTH = 5 }; /* of scripts, in exec_binprm */
	int rc = open_exec(sim, path, index);

	for (int depth = 0; !rc; depth++) {
		const struct sim_inode *inode = &sim->inode[*index];

		if (depth > DEPTH) {
			close_exec(sim, *index);
			return -ELOOP;
		}
		if (inode->size >= SIM_PROGRAM_SIZE &&
		    !memcmp(inode->data, magic, sizeof(magic)))
			return 0;
		rc = open_interpreter(sim, index);
	}
	return rc;
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
	rc = find_program(sim, path, &index);
	if (rc) {
		if (sim->mirror)
			sim->mirror->execve(sim->mirror->ctx, text, rc);
		return sim_result(sim, rc);
	}
	code = sim->inode[index].data[sizeof(magic)];
	if (sim->options.etxtbsy)
		sim_proc_self(sim)->image = (uint8_t)index;
	if (self->vfork_parent) {
		sim_inner(sim, SIM_EXEC_MMAP);
		sim_vfork_release(sim);
	}
	self->arg = NULL; /* memory of its own from here on */
	sim_maps_drop(sim);
	sim_drop_table(sim, true);
	if (sim->mirror)
		sim->mirror->execve(sim->mirror->ctx, text, 0);
	sim_exit(sim, code);
}

void sim_exec_calls(struct spw_sys *sys)
{
	sys->execve = execve_call;
}
