/* SPDX-License-Identifier: MIT */
/*
 * owner-thread: the 2013 change of Go for Plan 9, as it was.
 *
 * Go commit b6284700, src/pkg/syscall/exec_plan9.go, line by line:
 *
 *	startProcess   own and owner_thread_start: "go func() {
 *	               runtime.LockOSThread() ..." is a thread for each child,
 *	               forkc is spw_waits_made, waitc is proc->channel
 *	procs.waits    spw_waits_shared.channel, a list of channels by id
 *	Await          a wait for any child of the calling thread
 *	WaitProcess    owner_thread_wait, its two locked sections included
 *	p.setDone      set_done, in os/exec_plan9.go
 *
 * Only the memory is counted here, where Go collects it.
 *
 * Hole: the thread reaps the child as soon as it ends, and then its id may be
 * given to the next child, whose channel takes the place of the first one's in
 * the table. Who waits for the first child then is told of the second, and who
 * waits for the second: "process not found". The comparison before the delete
 * is too late. The same is told to the second of two waiters for one child,
 * since a channel gives each message once. And a signal goes by id, to whoever
 * has it, until somebody has waited.
 */
#include <errno.h>
#include <stddef.h>

#include "waits.h"

/* Buffered for one message, and closed after it. */
struct spw_channel {
	/* Under the lock of the table. */
	struct spw_channel *next;
	unsigned users; /* the table, the handle, who receives */
	pid_t pid;
	/* Under that of waits. */
	struct spw_waits *waits;
	struct message {
		bool sent;
		bool taken;
		int error;
		struct spw_status status;
	} message;
};

/* ---- procs.waits: with the lock of the table held ---- */

static struct spw_channel *locked(struct spw_waits *table,
				  struct spw_channel *channel)
{
	table->sys->assert_held(table->sys, table->lock, channel,
				offsetof(struct spw_channel, waits));
	return channel;
}

static void put(struct spw_waits *table, struct spw_channel *channel)
{
	if (--locked(table, channel)->users > 0)
		return;
	spw_waits_put(channel->waits);
	table->sys->free(table->sys, channel);
}

/* procs.waits[pid] */
static struct spw_channel *find(struct spw_waits *table, pid_t pid)
{
	struct spw_channel *channel = spw_waits_shared(table)->channel;

	while (channel && locked(table, channel)->pid != pid)
		channel = channel->next;
	return channel;
}

/* delete(procs.waits, pid) */
static void take_out(struct spw_waits *table, struct spw_channel *channel)
{
	struct spw_channel **at = &spw_waits_shared(table)->channel;

	while (*at != channel)
		at = &locked(table, *at)->next;
	*at = channel->next;
	put(table, channel);
}

/* procs.waits[pid] = channel */
static void insert(struct spw_waits *table, struct spw_channel *channel,
		   pid_t pid)
{
	struct spw_channel *old = find(table, pid);

	if (old)
		take_out(table, old);
	locked(table, channel)->pid = pid;
	channel->users++;
	channel->next = spw_waits_shared(table)->channel;
	spw_waits_shared(table)->channel = channel;
}

/* ---- channels: with their own lock held ---- */

static struct message *message_of(struct spw_channel *channel)
{
	struct spw_waits *waits = channel->waits;

	waits->sys->assert_held(waits->sys, waits->lock, &channel->message,
				sizeof(channel->message));
	return &channel->message;
}

/* waitc <- &w; close(waitc) */
static void send(struct spw_channel *channel, int error,
		 const struct spw_status *status)
{
	struct spw_waits *waits = channel->waits;

	spw_waits_lock(waits);
	*message_of(channel) = (struct message){ .sent = true,
						 .error = error,
						 .status = *status };
	waits->sys->cond_broadcast(waits->sys, waits->changed);
	spw_waits_unlock(waits);
}

/* wmsg = <-ch */
static int receive(struct spw_channel *channel, uint64_t deadline_ns,
		   struct spw_status *status)
{
	struct spw_waits *waits = channel->waits;
	struct spw_sys *sys = waits->sys;
	struct message *message;
	int error = 0;

	spw_waits_lock(waits);
	while (!message_of(channel)->sent && error == 0)
		error = sys->cond_wait_until(sys, waits->changed, waits->lock,
					     deadline_ns);
	message = message_of(channel);
	if (message->taken) {
		error = -ESRCH; /* closed and empty: "process not found" */
	} else if (message->sent) {
		message->taken = true;
		*status = message->status;
		error = message->error;
	}
	spw_waits_unlock(waits);
	return error;
}

/* ---- startProcess ---- */

static void own(void *arg)
{
	struct spw_proc *proc = arg;
	struct spw_sys *sys = proc->sys;
	struct spw_status status = { .code = 0 };
	bool made;
	pid_t pid;

	spw_start_child(proc->start);
	made = proc->start->error == 0;
	if (made) {
		spw_waits_lock(proc->table);
		insert(proc->table, proc->channel, proc->pid);
		spw_waits_unlock(proc->table);
	}
	spw_waits_made(proc);
	if (!made)
		return;
	pid = sys->wait(sys, SPW_ANY_CHILD, SPW_WAIT_THREAD, &status);
	send(proc->channel, pid < 0 ? pid : 0, &status);
}

static int open_channel(struct spw_proc *proc)
{
	struct spw_channel *channel;

	channel = proc->sys->alloc(proc->sys, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->users = 1;
	channel->waits = spw_waits_get(proc->waits);
	proc->channel = channel;
	return 0;
}

static void release_channel(struct spw_proc *proc)
{
	spw_waits_lock(proc->table);
	if (find(proc->table, proc->pid) == proc->channel)
		take_out(proc->table, proc->channel);
	put(proc->table, proc->channel);
	spw_waits_unlock(proc->table);
}

static void owner_thread_release(struct spw_proc *proc)
{
	proc->sys->thread_join(proc->sys, proc->owner);
	release_channel(proc);
}

static void owner_thread_start(struct spw_start *start)
{
	int error = open_channel(start->proc);

	if (error < 0) {
		start->stage = SPW_STAGE_PREPARE;
		start->error = error;
		return;
	}
	spw_waits_own(start, own);
	if (start->error < 0)
		release_channel(start->proc);
}

/* ---- WaitProcess, and Process of package os ---- */

static void set_done(struct spw_proc *proc)
{
	spw_waits_lock(proc->waits);
	spw_waits_end(proc)->done = true;
	spw_waits_unlock(proc->waits);
}

static int owner_thread_wait(struct spw_proc *proc, uint64_t deadline_ns,
			     struct spw_status *status)
{
	struct spw_channel *channel;
	int error;

	spw_waits_lock(proc->table);
	channel = find(proc->table, proc->pid);
	if (channel)
		channel->users++;
	spw_waits_unlock(proc->table);
	if (!channel)
		return -ESRCH; /* "process not found" */
	error = receive(channel, deadline_ns, status);
	spw_waits_lock(proc->table);
	if (error != -ETIMEDOUT && find(proc->table, proc->pid) == channel)
		take_out(proc->table, channel);
	put(proc->table, channel);
	spw_waits_unlock(proc->table);
	if (error == 0)
		set_done(proc);
	return error;
}

static int owner_thread_signal(struct spw_proc *proc, int sig)
{
	bool done;

	spw_waits_lock(proc->waits);
	done = spw_waits_end(proc)->done;
	spw_waits_unlock(proc->waits);
	return done ? -ESRCH : proc->sys->kill(proc->sys, proc->pid, sig);
}

const struct spw_waiter spw_waiter_owner_thread = {
	.info = {
		.name = "owner-thread",
		.summary = "a thread for each child makes it and waits for it; "
			   "its status is kept by id",
		.claim = "the right status",
		.condition = "no id is used again before its process was "
			     "waited for, and one thread waits for each",
		.reference = "Go commit b6284700 (2013), golang.org/cl/6545051",
	},
	.lock = SPW_LOCK_EACH | SPW_LOCK_ALL,
	.start = owner_thread_start,
	.wait = owner_thread_wait,
	.signal = owner_thread_signal,
	.release = owner_thread_release,
};
