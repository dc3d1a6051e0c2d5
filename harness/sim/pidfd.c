/* SPDX-License-Identifier: MIT */
/*
 * Pidfds: a file that means one process for as long as it is open, and keeps
 * neither the process nor its id. What is asked of a process that was reaped
 * fails with ESRCH or ECHILD, though its id be another's by then.
 */
#include "sim/kernel.h"

#include <errno.h>

/*
 * Plan 9 has none. Then these calls fail as on a kernel before they came, and
 * at nothing: who asks whether there are any asks for no process, or for a
 * number that no descriptor can have.
 */
static int absent(struct sim *sim, unsigned op, int error)
{
	rig_silent(sim->engine, op);
	return sim_result(sim, sim->options.thread_scope ? -ENOSYS : error);
}

static int pidfd_open(struct spw_sys *sys, pid_t pid)
{
	struct sim *sim = sim_of(sys);
	unsigned i, file;
	int fd;

	if (!pid || sim->options.thread_scope)
		return absent(sim, SIM_PIDFD_OPEN, -EINVAL);
	sim_point(sim, SIM_PIDFD_OPEN);
	if (sim->options.pids_reused)
		sim_access(sim, SIM_OBJECT_PIDS, RIG_READ);
	i = sim_find_pid(sim, pid);
	if (!i) {
		rig_access_all(sim->engine);
		return sim_result(sim, -ESRCH);
	}
	sim_access(sim, sim->proc[i].object + SIM_REAPED, RIG_READ);
	file = sim_file_new(sim, SIM_PIDFD, i);
	if (!file)
		return sim_result(sim, -ENFILE);
	sim->file[file].target = sim->proc[i].object;
	fd = sim_fd_install(sim, file, true);
	if (fd < 0)
		sim->file[file] = (struct sim_file){ 0 };
	if (sim->engine->trace) {
		char name[RIG_NAME_MAX];

		rig_detail(sim->engine, "(%s)", sim_pid_text(sim, pid, name));
	}
	return sim_result(sim, fd);
}

/* The pidfd behind a number of the caller, or NULL. */
static const struct sim_file *pidfd(struct sim *sim, int fd)
{
	unsigned file = sim_fd_file(sim, fd);

	rig_detail(sim->engine, "(pidfd %d)", fd);
	return sim->file[file].kind == SIM_PIDFD ? &sim->file[file] : NULL;
}

/* Its process, or 0 where that was reaped. */
static unsigned target(const struct sim *sim, const struct sim_file *f)
{
	const struct sim_proc *proc = &sim->proc[f->object];

	return proc->life && proc->object == f->target ? f->object : 0;
}

static int pidfd_poll(struct spw_sys *sys, int fd, uint64_t deadline_ns)
{
	struct sim *sim = sim_of(sys);
	rig_set self = rig_self(sim->engine);
	const struct sim_file *f;
	struct sim_proc *proc;
	rig_object object;

	sim_point(sim, SIM_POLL);
	f = pidfd(sim, fd);
	if (!f)
		return sim_result(sim, -EBADF);
	/* From here on the process, whatever becomes of the number. */
	object = f->target;
	proc = &sim->proc[f->object];
	if (target(sim, f) && proc->life == SIM_RUNNING) {
		proc->waiters |= self;
		rig_disable(sim->engine, self);
	}
	sim_point_until(sim, SIM_WAIT_WAKE, deadline_ns);
	if (proc->object == object && proc->life == SIM_RUNNING) {
		sim_access(sim, object + (unsigned)SIM_LIFE, RIG_READ);
		proc->waiters &= ~self;
		return sim_result(sim, -ETIMEDOUT);
	}
	sim_access(sim, object + (unsigned)SIM_LIFE, RIG_JOIN);
	if (proc->object == object)
		proc->waiters &= ~self;
	return sim_result(sim, 0);
}

static int pidfd_wait(struct spw_sys *sys, int fd, struct spw_status *status)
{
	struct sim *sim = sim_of(sys);
	const struct sim_file *f;
	unsigned i;

	if (fd >= SIM_FDS)
		return absent(sim, SIM_WAIT, -EBADF);
	sim_point(sim, SIM_WAIT);
	f = pidfd(sim, fd);
	if (!f)
		return sim_result(sim, -EBADF);
	i = target(sim, f);
	if (!i) {
		sim_access(sim, f->target + (unsigned)SIM_REAPED, RIG_READ);
		return sim_result(sim, -ECHILD);
	}
	/* Not a wait for the end: it could be made before that. */
	sim_access(sim, f->target + (unsigned)SIM_LIFE, RIG_READ);
	if (sim->proc[i].life == SIM_RUNNING)
		sim_contract(sim, "a wait for a pidfd whose process runs");
	*status = sim_reap(sim, i);
	rig_detail_result(sim->engine, " = %s %d",
			  status->signaled ? "signal" : "status", status->code);
	rig_note(sim->engine, (uint64_t)status->code << 1 | status->signaled);
	return 0;
}

static int pidfd_signal(struct spw_sys *sys, int fd, int sig)
{
	struct sim *sim = sim_of(sys);
	const struct sim_file *f;
	unsigned i;

	if (fd >= SIM_FDS)
		return absent(sim, SIM_KILL, -EBADF);
	sim_point(sim, SIM_KILL);
	f = pidfd(sim, fd);
	if (!f)
		return sim_result(sim, -EBADF);
	rig_detail(sim->engine, ", %d", sig);
	i = target(sim, f);
	if (i)
		return sim_result(sim, sim_signal(sim, i, sig));
	sim_access(sim, f->target + (unsigned)SIM_REAPED, RIG_READ);
	return sim_result(sim, -ESRCH);
}

void sim_pidfd_calls(struct spw_sys *sys)
{
	sys->pidfd_open = pidfd_open;
	sys->pidfd_poll = pidfd_poll;
	sys->pidfd_wait = pidfd_wait;
	sys->pidfd_signal = pidfd_signal;
}
