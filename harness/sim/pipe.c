/* SPDX-License-Identifier: MIT */
/* Pipes: bytes in order, end of file when the last writer has gone. */
#include "sim/kernel.h"

#include <errno.h>
#include <string.h>

/* There is something to be had, or nobody who could write any more. */
static ssize_t take(struct sim *sim, const struct sim_file *f, void *buf,
		    size_t len)
{
	struct sim_pipe *pipe = &sim->pipe[f->object];
	bool full = pipe->len == SIM_PIPE_DATA;
	size_t n = len < pipe->len ? len : pipe->len;

	if (!n) {
		sim_access(sim, pipe->object + SIM_PIPE_BYTES, RIG_READ);
		sim_access(sim, pipe->object + SIM_PIPE_WRITERS,
			   pipe->reset ? RIG_WRITE : RIG_READ);
		if (!pipe->reset)
			return 0;
		pipe->reset = false; /* sock_error */
		return -ECONNRESET;
	}
	sim_access(sim, pipe->object + SIM_PIPE_BYTES, RIG_WRITE);
	memcpy(buf, pipe->data, n);
	pipe->len = (uint16_t)(pipe->len - n);
	memmove(pipe->data, pipe->data + n, pipe->len);
	if (!pipe->len && pipe->writers)
		rig_disable(sim->engine, pipe->waiters);
	sim_less_ready(sim, f->object, SIM_READING);
	if (full || f->kind == SIM_SOCKET)
		sim_notify(sim, f->object, SIM_WRITING, SPW_POLL_OUT);
	return (ssize_t)n;
}

/*
 * pipe_read: entering the call and being woken in it are two moments; between
 * them the descriptor's number may come to mean something else, the file not
 * (fdget).
 */
static ssize_t wait_and_take(struct sim *sim, unsigned file, void *buf,
			     size_t len)
{
	struct sim_task *self = sim_self(sim);
	struct rig_engine *e = sim->engine;
	const struct sim_file *f = &sim->file[file];
	struct sim_pipe *pipe = &sim->pipe[f->object];
	ssize_t n;

	sim_hold(sim, file);
	self->uses = (uint8_t)file;
	pipe->waiters |= rig_self(e);
	if (!pipe->len && pipe->writers)
		rig_disable(e, rig_self(e));
	rig_point(e, SIM_READ_WAKE);
	pipe->waiters &= ~rig_self(e);
	n = take(sim, f, buf, len);
	self->uses = 0;
	sim_drop(sim, file);
	sim_run_drops(sim);
	return n;
}

ssize_t sim_pipe_read(struct sim *sim, unsigned file, void *buf, size_t len)
{
	const struct sim_file *f = &sim->file[file];
	const struct sim_pipe *pipe = &sim->pipe[f->object];

	sim_access(sim, f->id + SIM_STATE, RIG_READ);
	if (!f->nonblock)
		return wait_and_take(sim, file, buf, len);
	if (pipe->len || !pipe->writers)
		return take(sim, f, buf, len);
	sim_access(sim, pipe->object + SIM_PIPE_BYTES, RIG_READ);
	sim_access(sim, pipe->object + SIM_PIPE_WRITERS, RIG_READ);
	return -EAGAIN;
}

/* All or nothing (PIPE_BUF). To block is not modelled, and said. */
ssize_t sim_pipe_write(struct sim *sim, const struct sim_file *f,
		       const void *buf, size_t len)
{
	unsigned index = f->kind == SIM_SOCKET ? f->tx : f->object;
	struct sim_pipe *pipe = &sim->pipe[index];

	sim_access(sim, pipe->object + SIM_PIPE_READERS, RIG_READ);
	if (!pipe->readers)
		return -EPIPE;
	sim_access(sim, pipe->object + SIM_PIPE_BYTES, RIG_WRITE);
	if (len > (size_t)SIM_PIPE_DATA - pipe->len) {
		sim_access(sim, f->id + SIM_STATE, RIG_READ);
		if (f->nonblock)
			return -EAGAIN;
		sim_contract(sim,
			     "a write of %zu bytes to a pipe would block: "
			     "the model does not cover that",
			     len);
	}
	memcpy(pipe->data + pipe->len, buf, len);
	pipe->len = (uint16_t)(pipe->len + len);
	rig_enable(sim->engine, pipe->waiters);
	if (pipe->len == SIM_PIPE_DATA)
		sim_less_ready(sim, index, SIM_WRITING);
	sim_notify(sim, index, SIM_READING, SPW_POLL_IN);
	return (ssize_t)len;
}

unsigned sim_pipe_new(struct sim *sim)
{
	unsigned i = 1;

	while (i < SIM_PIPES && sim->pipe[i].used)
		i++;
	if (i == SIM_PIPES) {
		rig_access_all(sim->engine);
		return 0;
	}
	if (i > sim->npipes)
		sim->npipes = i;
	sim->pipe[i].used = true; /* the rest is clear */
	sim->pipe[i].readers = sim->pipe[i].writers = true;
	sim->pipe[i].object = sim_objects(sim, SIM_PIPE_OBJECTS);
	return i;
}

void sim_pipe_free(struct sim *sim, unsigned pipe)
{
	memset(&sim->pipe[pipe], 0, offsetof(struct sim_pipe, data));
}

static int pipe_call(struct spw_sys *sys, int fd[2])
{
	struct sim *sim = sim_of(sys);
	unsigned pipe, reader, writer;
	int rc;

	sim_table_point(sim, SIM_PIPE);
	pipe = sim_pipe_new(sim);
	if (!pipe)
		return sim_result(sim, -ENFILE);
	reader = sim_file_new(sim, SIM_PIPE_READ, pipe);
	writer = sim_file_new(sim, SIM_PIPE_WRITE, pipe);
	rc = sim_fd_install_two(sim, reader, writer, fd);
	if (rc) {
		sim_pipe_free(sim, pipe);
		return sim_result(sim, rc);
	}
	sim->file[reader].readable = true;
	sim->file[writer].writable = true;
	rig_detail(sim->engine, "(reader %d, writer %d)", fd[0], fd[1]);
	return sim_result(sim, 0);
}

void sim_pipe_calls(struct spw_sys *sys)
{
	sys->pipe = pipe_call;
}
