/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "rt.h"
#include "waits.h"

pid_t spw_pid(const struct spw_proc *proc)
{
	return proc->pid;
}

int spw_wait(struct spw_proc *proc, struct spw_status *status)
{
	return spw_wait_until(proc, SPW_NO_DEADLINE, status);
}

int spw_wait_until(struct spw_proc *proc, uint64_t deadline_ns,
		   struct spw_status *status)
{
	return proc->waiter->wait(proc, deadline_ns, status);
}

int spw_signal(struct spw_proc *proc, int sig)
{
	return proc->waiter->signal(proc, sig);
}

void spw_release(struct spw_proc *proc)
{
	struct spw_status ignored;

	/* May fail only where the process was reaped behind our back. */
	spw_wait(proc, &ignored);
	if (proc->waiter->release)
		proc->waiter->release(proc);
	spw_free_proc(proc);
}

#define SPW_WAITER_ADDRESS(name) &spw_waiter_##name,
const struct spw_waiter *const spw_waiters[] = {
	SPW_WAITERS(SPW_WAITER_ADDRESS) NULL,
};

const struct spw_waiter *spw_waiter_find(const char *name)
{
	for (size_t i = 0; spw_waiters[i]; i++) {
		if (strcmp(spw_waiters[i]->info.name, name) == 0)
			return spw_waiters[i];
	}
	return NULL;
}

const struct spw_waiter_info *spw_waiter_info(const struct spw_waiter *waiter)
{
	return &waiter->info;
}
