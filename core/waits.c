/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "waits.h"

int spw_waits_open(struct spw_sys *sys, struct spw_waits **out)
{
	struct spw_waits *waits = sys->alloc(sys, sizeof(*waits));
	int error;

	if (!waits)
		return -ENOMEM;
	waits->sys = sys;
	waits->shared.users = 1;
	error = sys->mutex_create(sys, &waits->lock);
	if (error < 0)
		goto no_mutex;
	error = sys->cond_create(sys, &waits->changed);
	if (error < 0)
		goto no_cond;
	*out = waits;
	return 0;

no_cond:
	sys->mutex_destroy(sys, waits->lock);
no_mutex:
	sys->free(sys, waits);
	return error;
}

void spw_waits_lock(struct spw_waits *waits)
{
	waits->sys->mutex_lock(waits->sys, waits->lock);
}

void spw_waits_unlock(struct spw_waits *waits)
{
	waits->sys->mutex_unlock(waits->sys, waits->lock);
}

struct spw_waits_shared *spw_waits_shared(struct spw_waits *waits)
{
	waits->sys->assert_held(waits->sys, waits->lock, &waits->shared,
				sizeof(waits->shared));
	return &waits->shared;
}

struct spw_end *spw_waits_end(struct spw_proc *proc)
{
	struct spw_waits *waits = proc->waits;

	waits->sys->assert_held(waits->sys, waits->lock, &proc->end,
				sizeof(proc->end));
	return &proc->end;
}

struct spw_waits *spw_waits_get(struct spw_waits *waits)
{
	spw_waits_lock(waits);
	spw_waits_shared(waits)->users++;
	spw_waits_unlock(waits);
	return waits;
}

void spw_waits_put(struct spw_waits *waits)
{
	struct spw_sys *sys = waits->sys;
	unsigned users;

	spw_waits_lock(waits);
	users = --spw_waits_shared(waits)->users;
	spw_waits_unlock(waits);
	if (users > 0)
		return;
	sys->cond_destroy(sys, waits->changed);
	sys->mutex_destroy(sys, waits->lock);
	sys->free(sys, waits);
}

void spw_free_proc(struct spw_proc *proc)
{
	if (proc->table && proc->table != proc->waits)
		spw_waits_put(proc->table);
	if (proc->waits)
		spw_waits_put(proc->waits);
	proc->sys->free(proc->sys, proc);
}

void spw_waits_tell(struct spw_proc *proc, int error,
		    const struct spw_status *status)
{
	struct spw_end *end = spw_waits_end(proc);
	struct spw_sys *sys = proc->sys;

	end->done = true;
	end->error = error;
	end->status = *status;
	sys->cond_broadcast(sys, proc->waits->changed);
}

void spw_waits_made(struct spw_proc *proc)
{
	spw_waits_lock(proc->waits);
	spw_waits_end(proc)->made = true;
	proc->sys->cond_broadcast(proc->sys, proc->waits->changed);
	spw_waits_unlock(proc->waits);
}

void spw_waits_own(struct spw_start *start, void (*own)(void *proc))
{
	struct spw_proc *proc = start->proc;
	struct spw_sys *sys = proc->sys;
	int error;

	proc->start = start;
	/* Not to start->error, which is the thread's from here on. */
	error = sys->thread_create(sys, &proc->owner, own, proc);
	if (error < 0) {
		start->stage = SPW_STAGE_PREPARE;
		start->error = error;
		return;
	}
	spw_waits_lock(proc->waits);
	while (!spw_waits_end(proc)->made)
		sys->cond_wait(sys, proc->waits->changed, proc->waits->lock);
	spw_waits_unlock(proc->waits);
	if (start->error < 0)
		sys->thread_join(sys, proc->owner);
}

int spw_waits_await(struct spw_proc *proc, uint64_t deadline_ns,
		    struct spw_status *status)
{
	struct spw_waits *waits = proc->waits;
	struct spw_sys *sys = proc->sys;
	int error = 0;

	spw_waits_lock(waits);
	while (!spw_waits_end(proc)->done && error == 0)
		error = sys->cond_wait_until(sys, waits->changed, waits->lock,
					     deadline_ns);
	if (spw_waits_end(proc)->done) {
		error = proc->end.error;
		*status = proc->end.status;
	}
	spw_waits_unlock(waits);
	return error;
}

int spw_waits_signal(struct spw_proc *proc, int sig)
{
	int error = -ESRCH;

	spw_waits_lock(proc->waits);
	if (!spw_waits_end(proc)->done)
		error = proc->sys->kill(proc->sys, proc->pid, sig);
	spw_waits_unlock(proc->waits);
	return error;
}
