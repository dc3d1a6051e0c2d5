/* SPDX-License-Identifier: MIT */
/* Calls made twice: waiting for children, pidfds and signals. */
#include "control/agree.h"

#include "engine/engine.h"

#include <errno.h>

/* Where ids are used again both kernels have the same; else by the slot. */
static pid_t real_pid(const struct rig_control *c, pid_t model)
{
	const struct rig_engine *e = sim_engine(c->sim);

	if (sim_configured(c->sim)->pids_reused)
		return model;
	for (unsigned i = 0; i < e->ntasks; i++)
		if ((pid_t)e->task[i].name == model)
			return c->slot[i].pid;
	return -1;
}

static void compare_status(struct rig_control *c, const struct ctl_slot *slot,
			   const struct spw_status *status)
{
	ctl_agree(c, "wait, status", status->code, slot->out[0]);
	ctl_agree(c, "wait, signal", status->signaled, slot->out[1]);
}

static pid_t wait_call(struct spw_sys *sys, pid_t pid, unsigned flags,
		       struct spw_status *status)
{
	struct rig_control *c = ctl_of(sys);
	pid_t model = c->model.wait(sys, pid, flags, status);
	struct ctl_slot *slot = ctl_mine(c);
	pid_t real;

	if (sim_configured(c->sim)->thread_scope)
		flags |= SPW_WAIT_THREAD;
	slot->arg[0] = pid == SPW_ANY_CHILD ? pid : real_pid(c, pid);
	slot->arg[1] = (int)flags;
	real = ctl_twice(c, "wait", model < 0 ? model : real_pid(c, model),
			 CTL_WAIT);
	if (real > 0)
		compare_status(c, slot, status);
	return model;
}

/*
 * The model's process ends at its next step, so the real one must not end now:
 * it gets its signal then. Here the id is only asked for.
 */
static int kill_call(struct spw_sys *sys, pid_t pid, int sig)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.kill(sys, pid, sig);

	ctl_mine(c)->arg[2] = sig; /* for the log */
	return ctl_numbers(c, "kill", model, CTL_KILL, real_pid(c, pid), 0);
}

/* What that comes to is seen when the parent, a thread, ends. */
static int die_with_parent_call(struct spw_sys *sys, int sig)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.die_with_parent(sys, sig);

	c->slot[sim_engine(c->sim)->current->index].dies = true;
	return ctl_numbers(c, "die-with-parent", model, CTL_DIE, sig, 0);
}

static int sigchld_wait_call(struct spw_sys *sys, uint64_t deadline_ns)
{
	struct rig_control *c = ctl_of(sys);

	return ctl_numbers(c, "sigchld-wait",
			   c->model.sigchld_wait(sys, deadline_ns), CTL_SIGCHLD,
			   0, 0);
}

static int pidfd_open_call(struct spw_sys *sys, pid_t pid)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.pidfd_open(sys, pid);

	if (model == -ENOSYS) /* Plan 9 */
		return model;
	return ctl_numbers(c, "pidfd-open", model, CTL_PIDFD_OPEN,
			   pid ? real_pid(c, pid) : 0, 0);
}

static int pidfd_poll_call(struct spw_sys *sys, int fd, uint64_t deadline_ns)
{
	struct rig_control *c = ctl_of(sys);

	return ctl_numbers(c, "poll", c->model.pidfd_poll(sys, fd, deadline_ns),
			   CTL_PIDFD_POLL, fd, 0);
}

static int pidfd_wait_call(struct spw_sys *sys, int fd,
			   struct spw_status *status)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.pidfd_wait(sys, fd, status);
	int real;

	if (model == -ENOSYS)
		return model;
	real = ctl_numbers(c, "wait", model, CTL_PIDFD_WAIT, fd, 0);
	if (!real)
		compare_status(c, ctl_mine(c), status);
	return real;
}

/* As kill_call. */
static int pidfd_signal_call(struct spw_sys *sys, int fd, int sig)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.pidfd_signal(sys, fd, sig);

	if (model == -ENOSYS)
		return model;
	ctl_mine(c)->arg[2] = sig;
	return ctl_numbers(c, "kill", model, CTL_PIDFD_SIGNAL, fd, 0);
}

void ctl_wait_calls(struct spw_sys *sys)
{
	sys->wait = wait_call;
	sys->kill = kill_call;
	sys->die_with_parent = die_with_parent_call;
	sys->sigchld_wait = sigchld_wait_call;
	sys->pidfd_open = pidfd_open_call;
	sys->pidfd_poll = pidfd_poll_call;
	sys->pidfd_wait = pidfd_wait_call;
	sys->pidfd_signal = pidfd_signal_call;
}
