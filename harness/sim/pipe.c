/* SPDX-License-Identifier: MIT */
/* Pipes: bytes in order, end of file when the last writer has gone. */
#include "sim/kernel.h"

#include <errno.h>
#include <string.h>

/*
 * pipe_read: entering the call and being woken in it are two moments; between
 * them the descriptor's number may come to mean something else, the file not.
 */
ssize_t sim_pipe_read(struct sim *sim, struct sim_pipe *pipe, void *buf,
		      size_t len)
{
	struct rig_engine *e = sim->engine;
	size_t n;

	pipe->waiters |= rig_self(e);
	if (!pipe->len && pipe->writers)
		rig_disable(e, rig_self(e));
	rig_point(e, SIM_READ_WAKE);
	pipe->waiters &= ~rig_self(e);
	if (pipe->len) {
		sim_access(sim, pipe->object + SIM_PIPE_BYTES, RIG_WRITE);
	} else {
		sim_access(sim, pipe->object + SIM_PIPE_BYTES, RIG_READ);
		sim_access(sim, pipe->object + SIM_PIPE_WRITERS, RIG_READ);
	}
	n = len < pipe->len ? len : pipe->len;
	memcpy(buf, pipe->data, n);
	pipe->len = (uint16_t)(pipe->len - n);
	memmove(pipe->data, pipe->data + n, pipe->len);
	if (!pipe->len && pipe->writers)
		rig_disable(e, pipe->waiters);
	return (ssize_t)n;
}

/* Never blocks: what does not fit is not modelled, and said. */
ssize_t sim_pipe_write(struct sim *sim, struct sim_pipe *pipe, const void *buf,
		       size_t len)
{
	sim_access(sim, pipe->object + SIM_PIPE_READERS, RIG_READ);
	if (!pipe->readers)
		return -EPIPE;
	sim_access(sim, pipe->object + SIM_PIPE_BYTES, RIG_WRITE);
	if (len > (size_t)SIM_PIPE_DATA - pipe->len)
		sim_contract(sim,
			     "a write of %zu bytes to a pipe would block: "
			     "the model does not cover that",
			     len);
	memcpy(pipe->data + pipe->len, buf, len);
	pipe->len = (uint16_t)(pipe->len + len);
	rig_enable(sim->engine, pipe->waiters);
	return (ssize_t)len;
}

static int open_ends(struct sim *sim, unsigned index, int fd[2])
{
	unsigned reader = sim_file_new(sim, SIM_PIPE_READ, index);
	unsigned writer = sim_file_new(sim, SIM_PIPE_WRITE, index);

	if (reader && writer) {
		sim->file[reader].readable = true;
		sim->file[writer].writable = true;
		fd[0] = sim_fd_install(sim, reader, true);
		fd[1] = sim_fd_install(sim, writer, true);
		if (fd[0] >= 0 && fd[1] >= 0)
			return 0;
		if (fd[0] >= 0)
			sim_table_self(sim)->fd[fd[0]] = (struct sim_fd){ 0 };
	}
	sim->file[reader] = sim->file[writer] = (struct sim_file){ 0 };
	return reader && writer ? -EMFILE : -ENFILE;
}

static int pipe_call(struct spw_sys *sys, int fd[2])
{
	struct sim *sim = sim_of(sys);
	unsigned i = 1;
	int rc;

	sim_table_point(sim, SIM_PIPE);
	while (i < SIM_PIPES && sim->pipe[i].used)
		i++;
	if (i == SIM_PIPES) {
		rig_access_all(sim->engine);
		return sim_result(sim, -ENFILE);
	}
	if (i > sim->npipes)
		sim->npipes = i;
	rc = open_ends(sim, i, fd);
	if (rc)
		return sim_result(sim, rc);
	sim->pipe[i].used = true; /* the rest is clear */
	sim->pipe[i].readers = sim->pipe[i].writers = true;
	sim->pipe[i].object = sim_objects(sim, SIM_PIPE_OBJECTS);
	rig_detail(sim->engine, "(reader %d, writer %d)", fd[0], fd[1]);
	rig_note(sim->engine, (uint64_t)fd[0] << 32 | (unsigned)fd[1]);
	return sim_result(sim, 0);
}

void sim_pipe_calls(struct spw_sys *sys)
{
	sys->pipe = pipe_call;
}
