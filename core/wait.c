/* SPDX-License-Identifier: MIT */
#include "rt.h"

pid_t spw_pid(const struct spw_proc *proc)
{
	return proc->pid;
}

int spw_wait(struct spw_proc *proc, struct spw_status *status)
{
	struct spw_sys *sys = proc->sys;
	int error;

	if (!proc->reaped) {
		error = sys->wait(sys, proc->pid, &proc->status);
		if (error < 0)
			return error;
		proc->reaped = true;
	}
	*status = proc->status;
	return 0;
}

void spw_release(struct spw_proc *proc)
{
	struct spw_status ignored;

	/* May fail only where the process was reaped behind our back. */
	spw_wait(proc, &ignored);
	proc->sys->free(proc->sys, proc);
}
