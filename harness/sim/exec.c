/* SPDX-License-Identifier: MIT */
/*
 * execve, step by step. The order is the whole point (begin_new_exec):
 *
 *  1. do_open_execat, exe_file_deny_write_access: ETXTBSY if the file is open
 *     for writing anywhere; from here on it cannot be opened for writing. Of a
 *     script, the interpreter goes through the same after it (load_script),
 *     and then the script may be written again (exec_binprm)
 *  2. unshare_files: a table that is shared with the parent is copied
 *  3. exec_mmap: the old memory goes; a vfork parent runs again *here*
 *  4. do_close_on_exec: descriptors ascending; last references are queued
 *  5. task_work_run: the queued ones are really released
 *  6. the new program starts
 *
 * So neither the return of vfork (3) nor the end of a close-on-exec pipe (5)
 * says that any other descriptor has been released.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[4] = { 'S', 'I', 'M', '!' };

/* In an image, behind the magic number and the exit status. */
enum { INTERPRETS = sizeof(magic) + 1 };

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

/* ---- scripts: programs that an interpreter is given ---- */

void sim_interpreter(uint8_t image[SIM_PROGRAM_SIZE])
{
	sim_program(image, 0);
	image[INTERPRETS] = 1;
}

int sim_script(uint8_t script[SIM_SCRIPT_SIZE], const char *interpreter,
	       int code)
{
	return snprintf((char *)script, SIM_SCRIPT_SIZE, "#!%s\nexit %d\n",
			interpreter, code);
}

/* The exit status of a script, SIM_NO_SCRIPT where it is none. */
static int script_code(const struct sim_inode *inode)
{
	char text[SIM_DATA + 1];
	const char *line;

	memcpy(text, inode->data, inode->size);
	text[inode->size] = '\0';
	line = strstr(text, "\nexit ");
	return line ? (int)strtol(line + 6, NULL, 10) : SIM_NO_SCRIPT;
}

/* The interpreter reads what it was given: for it, that is merely a file. */
static int interpret(struct sim *sim, const char *text)
{
	struct sim_path path = sim_path(text);
	unsigned index;
	int code = SIM_NO_SCRIPT;

	sim_about_path(sim, path.key, false);
	sim_point(sim, SIM_INTERPRET);
	rig_detail(sim->engine, "(%s)", text);
	index = sim_inode_find(sim, path);
	if (index) {
		sim_access(sim, sim->inode[index].object + SIM_CONTENT,
			   RIG_READ);
		code = script_code(&sim->inode[index]);
	}
	if (sim->mirror)
		sim->mirror->interpret(sim->mirror->ctx, code);
	return sim_result(sim, code);
}

/* ---- looking at what is executed ---- */

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
static int open_exec(struct sim *sim, unsigned index)
{
	const struct sim_inode *inode = &sim->inode[index];

	if (!index)
		return -ENOENT;
	sim_access(sim, inode->object + SIM_CONTENT, RIG_READ);
	sim_access(sim, inode->object + SIM_WRITERS, RIG_READ);
	if (!(inode->mode & 0111))
		return -EACCES;
	if (inode->writers > 0 && sim->options.etxtbsy)
		return -ETXTBSY;
	count_image(sim, index, 1);
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

/*
 * The interpreter of the script *index, which is let go of then. By descriptor
 * there is none: it would be given /dev/fd/N, which is close-on-exec
 * (BINPRM_FLAGS_PATH_INACCESSIBLE).
 */
static int open_interpreter(struct sim *sim, unsigned *index, bool by_path)
{
	unsigned script = *index;
	char interpreter[SIM_DATA];
	struct sim_path path;
	int rc = -ENOEXEC;

	if (read_script(&sim->inode[script], interpreter))
		rc = by_path ? 0 : -ENOENT;
	if (!rc) {
		path = sim_path(interpreter);
		sim_about_path(sim, path.key, false);
		sim_inner(sim, SIM_INTERPRETER);
		rig_detail(sim->engine, " %s", interpreter);
		*index = sim_inode_find(sim, path);
		rc = open_exec(sim, *index);
	}
	close_exec(sim, script);
	return rc;
}

static bool is_program(const struct sim_inode *inode)
{
	return inode->size >= SIM_PROGRAM_SIZE &&
	       !memcmp(inode->data, magic, sizeof(magic));
}

/*
 * Steps that come before anything changes: all that can fail does so here. In
 * the end *index is the program, which is denied to writers.
 */
static int find_program(struct sim *sim, unsigned *index,
			struct sim_mirror_exec *exec)
{
	enum { DEPTH = 5 }; /* of scripts, in exec_binprm */
	int rc = open_exec(sim, *index);

	for (int depth = 0; !rc; depth++) {
		const char *script = exec->path;

		if (depth > DEPTH) {
			close_exec(sim, *index);
			return -ELOOP;
		}
		if (is_program(&sim->inode[*index]))
			return 0;
		/* It goes before the arguments that there were. */
		if (depth == 0 && script)
			snprintf(exec->given, sizeof(exec->given), "%s",
				 script);
		rc = open_interpreter(sim, index, script);
	}
	return rc;
}

/* ---- the call ---- */

/* From begin_new_exec on, which does not fail. */
static _Noreturn void execute(struct sim *sim, unsigned index,
			      const struct sim_mirror_exec *exec)
{
	struct sim_task *self = sim_self(sim);
	uint8_t image[SIM_PROGRAM_SIZE];
	int code;

	memcpy(image, sim->inode[index].data, sizeof(image));
	if (sim->options.etxtbsy)
		sim_proc_self(sim)->image = (uint8_t)index;
	if (sim_table_self(sim)->refs > 1)
		sim_unshare_table(sim);
	if (self->vfork_parent) {
		sim_inner(sim, SIM_EXEC_MMAP);
		sim_vfork_release(sim);
	}
	self->arg = NULL; /* memory of its own from here on */
	sim_maps_drop(sim);
	sim_drop_table(sim, 0, true);
	if (sim->mirror)
		sim->mirror->execve(sim->mirror->ctx, exec, 0);
	code = image[sizeof(magic)];
	if (image[INTERPRETS])
		code = interpret(sim, exec->given);
	sim_exit(sim, code);
}

static int refuse(struct sim *sim, const struct sim_mirror_exec *exec, int rc)
{
	if (sim->mirror)
		sim->mirror->execve(sim->mirror->ctx, exec, rc);
	return sim_result(sim, rc);
}

/* The first argument, copied: the caller's memory goes. Few have one. */
static void take_argument(struct sim_mirror_exec *exec, char *const argv[])
{
	if (!argv || !argv[0] || !argv[1])
		return;
	snprintf(exec->argument, sizeof(exec->argument), "%s", argv[1]);
	memcpy(exec->given, exec->argument, sizeof(exec->given));
}

static void check_threads(struct sim *sim)
{
	if (sim_proc_self(sim)->threads > 1)
		sim_contract(sim, "execve in a process with other threads: "
				  "the model does not cover that");
}

static int execve_call(struct spw_sys *sys, const char *text,
		       char *const argv[], char *const envp[])
{
	struct sim *sim = sim_of(sys);
	struct sim_path path = sim_path(text);
	struct sim_mirror_exec exec = { .path = text, .fd = -1 };
	unsigned index;
	int rc;

	(void)envp;
	take_argument(&exec, argv);
	sim_about_path(sim, path.key, false);
	sim_point(sim, SIM_EXECVE);
	rig_detail(sim->engine, exec.argument[0] ? "(%s, %s)" : "(%s)", text,
		   exec.argument);
	check_threads(sim);
	index = sim_inode_find(sim, path);
	rc = find_program(sim, &index, &exec);
	if (rc)
		return refuse(sim, &exec, rc);
	execute(sim, index, &exec);
}

/*
 * execveat with AT_EMPTY_PATH. Nothing but a seal protects a file that is not
 * counted as open for writing, so one that has none is a finding here: the
 * program could be changed while it runs.
 */
static int exec_fd_call(struct spw_sys *sys, int fd, char *const argv[],
			char *const envp[])
{
	struct sim *sim = sim_of(sys);
	struct sim_mirror_exec exec = { .fd = fd };
	const struct sim_file *f;
	unsigned index;
	int rc;

	(void)envp;
	take_argument(&exec, argv);
	sim_about_file(sim, sim_fd_file(sim, fd), false);
	sim_point(sim, SIM_EXECVE);
	rig_detail(sim->engine, "(%d)", fd);
	check_threads(sim);
	f = &sim->file[sim_fd_file(sim, fd)];
	index = f->object;
	if (f->kind != SIM_REGULAR) /* do_open_execat: S_ISREG */
		rc = f->kind ? -EACCES : -EBADF;
	else
		rc = find_program(sim, &index, &exec);
	if (rc)
		return refuse(sim, &exec, rc);
	if (f->writable && !f->writer && !sim->inode[index].sealed)
		sim_contract(sim, "a program in memory was executed that is "
				  "not sealed: it can be changed as it runs");
	execute(sim, index, &exec);
}

void sim_exec_calls(struct spw_sys *sys)
{
	sys->execve = execve_call;
	sys->exec_fd = exec_fd_call;
}
