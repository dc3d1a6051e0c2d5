/* SPDX-License-Identifier: MIT */
/*
 * How an open file description goes away.
 *
 * close, execve and exit drop references (filp_close, do_close_on_exec,
 * exit_files). The last one is not acted on at once: __fput is queued with
 * task_work_add and runs when the call returns to user space, last queued
 * first (task_work_run, "FILO" since c82199061009). Inside __fput the order is
 * fsnotify_close, eventpoll_release, locks_remove_file (flock and leases),
 * f_op->release (end of file on a pipe), and only then put_write_access: so
 * everything else can be seen to be over while the file still counts as open
 * for writing.
 */
#include "sim/kernel.h"

#include <stdio.h>
#include <string.h>

static struct sim_pipe *pipe_of(struct sim *sim, const struct sim_file *f)
{
	return &sim->pipe[f->object];
}

/*
 * The end of a pipe is seen by whoever holds the other end; a file open for
 * writing by every execve, a leased one by every open. The rest by nobody.
 */
bool sim_drop_visible(struct sim *sim, const struct sim_file *f)
{
	switch (f->kind) {
	case SIM_REGULAR:
		if (f->writer)
			return true;
		sim_access(sim, f->id + SIM_STATE, RIG_READ);
		return f->leased || f->locked;
	case SIM_PIPE_READ:
		sim_access(sim, sim->pipe[f->object].object + SIM_PIPE_WRITERS,
			   RIG_READ);
		return sim->pipe[f->object].writers;
	case SIM_PIPE_WRITE:
		sim_access(sim, sim->pipe[f->object].object + SIM_PIPE_READERS,
			   RIG_READ);
		return sim->pipe[f->object].readers;
	case SIM_SOCKET: /* its peer */
		sim_access(sim, sim->pipe[f->object].object + SIM_PIPE_WRITERS,
			   RIG_READ);
		return sim->pipe[f->object].writers;
	case SIM_NULL:
	case SIM_EVENTS:
	case SIM_PIDFD:
	case SIM_COUNTER:
	case SIM_EPOLL:
		break;
	}
	return false;
}

const char *sim_file_print(const struct sim *sim, const struct sim_file *f,
			   char *buf, size_t size)
{
	static const char *const others[] = { [SIM_NULL] = "/dev/null",
					      [SIM_PIDFD] = "pidfd",
					      [SIM_COUNTER] = "eventfd",
					      [SIM_EPOLL] = "epoll" };

	if (f->kind == SIM_REGULAR)
		snprintf(buf, size, "%s", sim->inode[f->object].path);
	else if (f->kind == SIM_EVENTS)
		snprintf(buf, size, "watch %u", f->object);
	else if (f->kind == SIM_SOCKET)
		snprintf(buf, size, "socket %u-%u", f->object, f->tx);
	else if (f->kind == SIM_PIPE_READ || f->kind == SIM_PIPE_WRITE)
		snprintf(buf, size, "pipe %u %s", f->object,
			 f->kind == SIM_PIPE_READ ? "reader" : "writer");
	else
		snprintf(buf, size, "%s", others[f->kind]);
	return buf;
}

static void detail(struct sim *sim, const struct sim_file *f)
{
	char text[SIM_PATH + 16];

	if (sim->engine->trace)
		rig_detail(sim->engine, " %s",
			   sim_file_print(sim, f, text, sizeof(text)));
}

static void release_pipe(struct sim *sim, struct sim_file *f)
{
	struct sim_pipe *pipe = pipe_of(sim, f);
	enum sim_pipe_object end = f->kind == SIM_PIPE_READ ? SIM_PIPE_READERS :
							      SIM_PIPE_WRITERS;
	bool visible = sim_drop_visible(sim, f);

	if (visible) {
		sim_inner(sim, SIM_RELEASE);
		detail(sim, f);
	}
	sim_access(sim, pipe->object + end, RIG_WRITE);
	if (f->kind == SIM_PIPE_READ)
		pipe->readers = false;
	else
		pipe->writers = false;
	rig_enable(sim->engine, pipe->waiters); /* end of file is an event */
	sim_notify(sim, f->object,
		   f->kind == SIM_PIPE_READ ? SIM_WRITING : SIM_READING, 0);
	if (!pipe->readers && !pipe->writers)
		memset(pipe, 0, offsetof(struct sim_pipe, data));
}

static void release_socket(struct sim *sim, struct sim_file *f)
{
	if (sim_drop_visible(sim, f)) {
		sim_inner(sim, SIM_RELEASE);
		detail(sim, f);
	}
	sim_socket_release(sim, f);
}

/* f_op->release, of what has one. */
static void release(struct sim *sim, struct sim_file *f)
{
	switch (f->kind) {
	case SIM_PIPE_READ:
	case SIM_PIPE_WRITE:
		release_pipe(sim, f);
		break;
	case SIM_SOCKET:
		release_socket(sim, f);
		break;
	case SIM_COUNTER:
		sim_pipe_free(sim, f->object);
		break;
	case SIM_EPOLL:
		sim_epoll_release(sim, f);
		break;
	case SIM_EVENTS:
		sim_watch_release(sim, f);
		break;
	case SIM_REGULAR:
	case SIM_NULL:
	case SIM_PIDFD:
		break;
	}
}

static void remove_lease(struct sim *sim, struct sim_file *f)
{
	struct sim_inode *inode = &sim->inode[f->object];

	sim_inner(sim, SIM_UNLEASE);
	sim_access(sim, inode->object + SIM_LEASES, RIG_UPDATE);
	f->leased = false;
	inode->leases--;
	sim_inode_changed(sim, inode);
}

static void put_write_access(struct sim *sim, struct sim_file *f)
{
	struct sim_inode *inode = &sim->inode[f->object];

	sim_about_path(sim, inode->key, true);
	sim_inner(sim, SIM_WRITE_COUNT);
	sim_access(sim, inode->object + SIM_WRITERS, RIG_UPDATE);
	inode->writers--;
	rig_detail(sim->engine, " of %s: %d -> %d", inode->path,
		   inode->writers + 1, inode->writers);
	sim_inode_changed(sim, inode);
}

/* __fput */
static void final_drop(struct sim *sim, unsigned index)
{
	struct sim_file *f = &sim->file[index];
	struct sim_task *self = sim_self(sim);

	self->uses = (uint8_t)index;
	if (sim_watched(sim, f))
		sim_watch_event(sim, f);
	if (sim_registered(sim, index))
		sim_unregister(sim, index);
	if (sim_flock_held(f))
		sim_flock_remove(sim, f);
	release(sim, f);
	if (f->kind == SIM_REGULAR && f->leased)
		remove_lease(sim, f);
	if (f->kind == SIM_REGULAR && f->writer)
		put_write_access(sim, f);
	if (f->kind == SIM_REGULAR)
		sim_inode_put(sim, f->object);
	memset(f, 0, sizeof(*f));
	self->uses = 0;
}

/* Nobody sees /dev/null go. */
static void access_refs(struct sim *sim, const struct sim_file *f,
			enum rig_mode mode)
{
	if (f->kind != SIM_NULL)
		sim_access(sim, f->id + SIM_REFS, mode);
}

/* Who looks through the processes for writers may see it, or not any more. */
static void moved(struct sim *sim, const struct sim_file *f)
{
	struct sim_inode *inode = &sim->inode[f->object];

	if (f->kind != SIM_REGULAR || !f->writer)
		return;
	inode->moves++;
	rig_enable(sim->engine, inode->scanners);
	inode->scanners = 0;
}

void sim_hold(struct sim *sim, unsigned index)
{
	sim->file[index].refs++;
	access_refs(sim, &sim->file[index], RIG_UPDATE);
	moved(sim, &sim->file[index]);
}

/* Who drops the last reference does the work. */
void sim_drop(struct sim *sim, unsigned index)
{
	struct sim_task *self = sim_self(sim);

	access_refs(sim, &sim->file[index], RIG_DROP);
	moved(sim, &sim->file[index]);
	if (--sim->file[index].refs)
		return;
	self->drops[self->ndrops++] = (uint8_t)index;
}

/* The queued drops that others can see. */
static unsigned count_visible(struct sim *sim, const struct sim_task *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->ndrops; i++)
		n += sim_drop_visible(sim, &sim->file[t->drops[i]]);
	return n;
}

static unsigned take(struct sim_task *self, unsigned i)
{
	unsigned index = self->drops[i];

	memmove(&self->drops[i], &self->drops[i + 1], self->ndrops - i - 1u);
	self->ndrops--;
	return index;
}

/* Which of the queued drops runs next. */
static unsigned next_drop(struct sim *sim, struct sim_task *self)
{
	unsigned visible = count_visible(sim, self);
	unsigned choice;

	if (sim->options.release_order == SIM_ORDER_FIFO)
		return 0;
	if (sim->options.release_order == SIM_ORDER_LIFO || visible < 2)
		return self->ndrops - 1u;
	/* Value 0, the default, is the last queued one, as on Linux. */
	choice = rig_choose(sim->engine, SIM_ORDER, visible);
	for (unsigned i = self->ndrops; i--;)
		if (sim_drop_visible(sim, &sim->file[self->drops[i]]) &&
		    !choice--)
			return i;
	return 0; /* not reached: there are that many */
}

void sim_run_drops(struct sim *sim)
{
	struct sim_task *self = sim_self(sim);

	while (self->ndrops)
		final_drop(sim, take(self, next_drop(sim, self)));
}

/*
 * Ascending, as do_close_on_exec, close_files and __range_close do. What nobody
 * else can see is no step.
 */
void sim_drop_table(struct sim *sim, int first, bool only_cloexec)
{
	struct sim_table *table = sim_table_self(sim);

	for (int fd = first; fd < sim_fds(sim, table); fd++) {
		struct sim_fd *slot = &table->fd[fd];
		unsigned index = slot->file;

		if (table->shared)
			sim_access_slot(sim, fd, RIG_READ);
		if (!index || (only_cloexec && !slot->cloexec))
			continue;
		if (sim_drop_visible(sim, &sim->file[index])) {
			sim_about_file(sim, index, true);
			sim_inner(sim, SIM_DROP);
			sim_access_slot(sim, fd, RIG_READ);
			index = slot->file; /* others have run */
			if (!index)
				continue;
			rig_detail(sim->engine, " fd %d,", fd);
			detail(sim, &sim->file[index]);
		}
		sim_access_slot(sim, fd, RIG_WRITE);
		*slot = (struct sim_fd){ 0 };
		sim_drop(sim, index);
	}
	sim_run_drops(sim);
}

void sim_table_put(struct sim *sim)
{
	struct sim_task *self = sim_self(sim);

	if (sim->table[self->table].refs == 1)
		sim_drop_table(sim, 0, false);
	sim->table[self->table].refs--;
	self->table = 0; /* none: its number is free for somebody else's */
}
