/* SPDX-License-Identifier: MIT */
/*
 * Connected stream sockets (AF_UNIX): two pipes, one each way. And eventfd, a
 * counter that is read as eight bytes and is empty then.
 *
 * A read of a socket makes room at its peer and says so each time, full or not
 * (sock_wfree, unix_write_space); messages are taken to be read whole.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <string.h>

static int pair_call(struct spw_sys *sys, int fd[2])
{
	struct sim *sim = sim_of(sys);
	unsigned there, back, a, b;
	int rc;

	sim_table_point(sim, SIM_SOCKET_PAIR);
	there = sim_pipe_new(sim);
	back = there ? sim_pipe_new(sim) : 0;
	if (!back) {
		sim_pipe_free(sim, there);
		return sim_result(sim, -ENFILE);
	}
	a = sim_file_new(sim, SIM_SOCKET, back);
	b = sim_file_new(sim, SIM_SOCKET, there);
	sim->file[a].tx = (uint8_t)there;
	sim->file[b].tx = (uint8_t)back;
	rc = sim_fd_install_two(sim, a, b, fd);
	if (rc) {
		sim_pipe_free(sim, there);
		sim_pipe_free(sim, back);
		return sim_result(sim, rc);
	}
	sim->file[a].readable = sim->file[a].writable = true;
	sim->file[b].readable = sim->file[b].writable = true;
	rig_detail(sim->engine, "(%d, %d)", fd[0], fd[1]);
	return sim_result(sim, 0);
}

void sim_socket_release(struct sim *sim, const struct sim_file *f)
{
	struct sim_pipe *rx = &sim->pipe[f->object], *tx = &sim->pipe[f->tx];

	sim_access(sim, rx->object + SIM_PIPE_READERS, RIG_WRITE);
	sim_access(sim, rx->object + SIM_PIPE_BYTES, RIG_READ);
	sim_access(sim, tx->object + SIM_PIPE_WRITERS, RIG_WRITE);
	rx->readers = false;
	tx->writers = false;
	/* unix_release_sock: what was not read is an error over there. */
	tx->reset = rx->len != 0;
	rig_enable(sim->engine, tx->waiters);
	sim_notify(sim, f->tx, SIM_READING, 0);
	if (rx->writers)
		return;
	sim_pipe_free(sim, f->object);
	sim_pipe_free(sim, f->tx);
}

/* ---- eventfd ---- */

static int eventfd_call(struct spw_sys *sys)
{
	struct sim *sim = sim_of(sys);
	unsigned count, file;
	int fd;

	sim_table_point(sim, SIM_EVENTFD);
	count = sim_pipe_new(sim);
	file = count ? sim_file_new(sim, SIM_COUNTER, count) : 0;
	fd = file ? sim_fd_install(sim, file, true) : -ENFILE;
	if (fd < 0) {
		if (file)
			sim->file[file] = (struct sim_file){ 0 };
		if (count)
			sim_pipe_free(sim, count);
		return sim_result(sim, fd);
	}
	sim->file[file].readable = sim->file[file].writable = true;
	sim->file[file].nonblock = true;
	return sim_result(sim, fd);
}

/* The count is eight bytes of data, or there are none. */
ssize_t sim_counter_read(struct sim *sim, unsigned pipe, void *buf, size_t len)
{
	struct sim_pipe *count = &sim->pipe[pipe];

	if (len < sizeof(uint64_t))
		return -EINVAL;
	sim_access(sim, count->object + SIM_PIPE_BYTES,
		   count->len ? RIG_WRITE : RIG_READ);
	if (!count->len)
		return -EAGAIN;
	memcpy(buf, count->data, count->len);
	count->len = 0;
	sim_less_ready(sim, pipe, SIM_READING);
	return sizeof(uint64_t);
}

ssize_t sim_counter_write(struct sim *sim, unsigned pipe, const void *buf,
			  size_t len)
{
	struct sim_pipe *count = &sim->pipe[pipe];
	uint64_t value = 0, more;

	if (len < sizeof(more))
		return -EINVAL;
	memcpy(&more, buf, sizeof(more));
	memcpy(&value, count->data, count->len);
	sim_access(sim, count->object + SIM_PIPE_BYTES, RIG_WRITE);
	if (more > UINT64_MAX - 1 - value)
		return more == UINT64_MAX ? -EINVAL : -EAGAIN;
	value += more;
	memcpy(count->data, &value, sizeof(value));
	count->len = value ? sizeof(value) : 0;
	sim_notify(sim, pipe, SIM_READING, SPW_POLL_IN);
	return sizeof(more);
}

void sim_socket_calls(struct spw_sys *sys)
{
	sys->socket_pair = pair_call;
	sys->eventfd = eventfd_call;
}
