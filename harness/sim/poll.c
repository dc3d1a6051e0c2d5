/* SPDX-License-Identifier: MIT */
/*
 * Readiness: what poll and epoll ask a file for (f_op->poll), and whom a file
 * tells that it may have changed (wake_up_poll on its wait queue, with a key).
 *
 * poll looks its number up anew each time it looks (do_pollfd), but it sleeps
 * on the wait queue of the file that it found first (poll_wqueues, which keeps
 * that file alive): after the number has come to mean something else it is
 * woken by the one file and tests the other.
 */
#include "sim/kernel.h"

#include <errno.h>

enum { ALWAYS = SPW_POLL_ERR | SPW_POLL_HUP };

static unsigned of_socket(const struct sim_pipe *rx, const struct sim_pipe *tx)
{
	unsigned mask = tx->len < SIM_PIPE_DATA ? SPW_POLL_OUT : 0;

	if (rx->len || !rx->writers)
		mask |= SPW_POLL_IN;
	if (!rx->writers) /* unix_poll: sk_shutdown is SHUTDOWN_MASK */
		mask |= SPW_POLL_RDHUP | SPW_POLL_HUP;
	if (rx->reset)
		mask |= SPW_POLL_ERR;
	return mask;
}

static unsigned readiness(const struct sim *sim, const struct sim_file *f)
{
	const struct sim_pipe *pipe = &sim->pipe[f->object];

	switch (f->kind) {
	case SIM_PIPE_READ:
		return (pipe->len ? SPW_POLL_IN : 0u) |
		       (pipe->writers ? 0u : SPW_POLL_HUP);
	case SIM_PIPE_WRITE:
		return (pipe->len < SIM_PIPE_DATA ? SPW_POLL_OUT : 0u) |
		       (pipe->readers ? 0u : SPW_POLL_ERR);
	case SIM_SOCKET:
		return of_socket(pipe, &sim->pipe[f->tx]);
	case SIM_COUNTER:
		return (pipe->len ? SPW_POLL_IN : 0u) | SPW_POLL_OUT;
	case SIM_REGULAR:
	case SIM_NULL:
	case SIM_EVENTS:
	case SIM_EPOLL:
	case SIM_PIDFD:
		break;
	}
	return SPW_POLL_IN | SPW_POLL_OUT;
}

bool sim_can_wait(const struct sim_file *f)
{
	return f->kind == SIM_PIPE_READ || f->kind == SIM_PIPE_WRITE ||
	       f->kind == SIM_SOCKET || f->kind == SIM_COUNTER;
}

bool sim_is_ready(const struct sim *sim, const struct sim_file *f,
		  unsigned want)
{
	return readiness(sim, f) & (want | ALWAYS);
}

unsigned sim_ready(struct sim *sim, const struct sim_file *f, unsigned want)
{
	rig_object pipe = sim->pipe[f->object].object;

	if (f->kind == SIM_PIPE_WRITE) {
		sim_access(sim, pipe + SIM_PIPE_BYTES, RIG_READ);
		sim_access(sim, pipe + SIM_PIPE_READERS, RIG_READ);
	} else if (sim_can_wait(f)) {
		sim_access(sim, pipe + SIM_PIPE_BYTES, RIG_READ);
		sim_access(sim, pipe + SIM_PIPE_WRITERS, RIG_READ);
	}
	if (f->kind == SIM_SOCKET && want & SPW_POLL_OUT)
		sim_access(sim, sim->pipe[f->tx].object + SIM_PIPE_BYTES,
			   RIG_READ);
	return readiness(sim, f) & (want | ALWAYS);
}

/* ---- who is told ---- */

/* Is f's wait queue the one of that side of the pipe? */
static bool waits_on(const struct sim_file *f, unsigned pipe,
		     enum sim_side side)
{
	switch (f->kind) {
	case SIM_PIPE_READ:
	case SIM_COUNTER:
		return side == SIM_READING && f->object == pipe;
	case SIM_PIPE_WRITE:
		return side == SIM_WRITING && f->object == pipe;
	case SIM_SOCKET:
		return (side == SIM_READING ? f->object : f->tx) == pipe;
	case SIM_REGULAR:
	case SIM_NULL:
	case SIM_EVENTS:
	case SIM_EPOLL:
	case SIM_PIDFD:
		break;
	}
	return false;
}

/* pollwake */
static void wake_pollers(struct sim *sim, unsigned pipe, enum sim_side side,
			 unsigned key)
{
	for (rig_set m = sim->pollers; m; m = rig_rest(m)) {
		struct rig_task *task = &sim->engine->task[rig_first(m)];
		struct sim_task *t = task->world;

		if (!waits_on(&sim->file[t->uses], pipe, side) ||
		    (key && !(key & (t->wants | ALWAYS))))
			continue;
		rig_awaken(sim->engine, rig_bit(task->index));
		rig_enable(sim->engine, rig_bit(task->index));
	}
}

void sim_notify(struct sim *sim, unsigned pipe, enum sim_side side,
		unsigned key)
{
	sim_access(sim, sim->pipe[pipe].object + SIM_PIPE_POLLED, RIG_READ);
	for (unsigned i = 0; i < sim->nitems; i++)
		if (sim->item[i].used &&
		    waits_on(&sim->file[sim->item[i].file], pipe, side))
			sim_item_ready(sim, i, key);
	if (sim->pollers)
		wake_pollers(sim, pipe, side, key);
	sim_epolls_changed(sim);
}

void sim_less_ready(struct sim *sim, unsigned pipe, enum sim_side side)
{
	sim_access(sim, sim->pipe[pipe].object + SIM_PIPE_POLLED, RIG_READ);
	for (unsigned i = 0; i < sim->nitems; i++)
		if (sim->item[i].used &&
		    waits_on(&sim->file[sim->item[i].file], pipe, side))
			sim_item_not_ready(sim, i);
	sim_epolls_changed(sim);
}

void sim_polled(struct sim *sim, const struct sim_file *f)
{
	sim_access(sim, sim->pipe[f->object].object + SIM_PIPE_POLLED,
		   RIG_WRITE);
	if (f->kind == SIM_SOCKET)
		sim_access(sim, sim->pipe[f->tx].object + SIM_PIPE_POLLED,
			   RIG_WRITE);
}

/* ---- poll ---- */

bool sim_is_foreign(const struct sim_file *f)
{
	return f->kind == SIM_EPOLL || f->kind == SIM_EVENTS ||
	       f->kind == SIM_PIDFD;
}

/* do_pollfd: the number as it is now. */
static unsigned look(struct sim *sim, int fd, unsigned want)
{
	unsigned file = sim_fd_file(sim, fd);

	if (!file)
		return SPW_POLL_NVAL;
	if (sim_is_foreign(&sim->file[file]))
		sim_contract(sim,
			     "poll of descriptor %d: the model does not "
			     "cover that kind",
			     fd);
	return sim_ready(sim, &sim->file[file], want);
}

/* On the wait queue of the file that was found first, whatever fd means. */
static unsigned sleep_on(struct sim *sim, int fd, unsigned want,
			 uint64_t deadline_ns)
{
	struct rig_engine *e = sim->engine;
	struct sim_task *self = sim_self(sim);
	unsigned mask = 0;

	self->wants = want;
	sim->pollers |= rig_self(e);
	do {
		rig_disable(e, rig_self(e));
		if (deadline_ns != SPW_NO_DEADLINE)
			rig_until(e, deadline_ns);
		rig_point(e, SIM_POLL_WAKE);
		rig_awaken(e, rig_self(e));
		sim_polled(sim, &sim->file[self->uses]); /* what woke it */
		mask = look(sim, fd, want);
	} while (!mask && e->now_ns < deadline_ns);
	sim->pollers &= ~rig_self(e);
	return mask;
}

static int poll_call(struct spw_sys *sys, int fd, unsigned want,
		     uint64_t deadline_ns)
{
	struct sim *sim = sim_of(sys);
	struct sim_task *self = sim_self(sim);
	unsigned file, mask;

	sim_point(sim, SIM_POLL_FD);
	rig_detail(sim->engine, "(%d)", fd);
	mask = look(sim, fd, want);
	if (mask || deadline_ns <= sim->engine->now_ns)
		return sim_result(sim, (int)mask);
	file = sim_fd_file(sim, fd);
	if (sim->mirror)
		sim->mirror->hold(sim->mirror->ctx, fd);
	sim_hold(sim, file);
	self->uses = (uint8_t)file;
	sim_polled(sim, &sim->file[file]);
	mask = sleep_on(sim, fd, want, deadline_ns);
	self->uses = 0;
	sim_drop(sim, file);
	sim_run_drops(sim);
	return sim_result(sim, (int)mask);
}

void sim_poll_calls(struct spw_sys *sys)
{
	sys->poll = poll_call;
}
