/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: tables, numbers, and the calls that work on a number. POSIX:
 * the lowest free number is always taken, and a number is free as soon as
 * close has begun (close_fd clears the slot before filp_close).
 */
#include "sim/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

unsigned sim_fd_file(struct sim *sim, int fd)
{
	if (fd < 0 || fd >= SIM_FDS)
		return 0;
	sim_access_slot(sim, fd, RIG_READ);
	return sim_table_self(sim)->fd[fd].file;
}

unsigned sim_file_new(struct sim *sim, enum sim_kind kind, unsigned object)
{
	for (unsigned i = 1; i < SIM_FILES; i++) {
		struct sim_file *f = &sim->file[i];

		if (f->kind)
			continue;
		*f = (struct sim_file){ .kind = kind,
					.object = (uint8_t)object,
					.refs = 1,
					.opener = sim->engine->current->index,
					.id = sim_objects(sim,
							  SIM_FILE_OBJECTS) };
		if (i > sim->nfiles)
			sim->nfiles = i;
		return i;
	}
	rig_access_all(sim->engine); /* whoever closes one would help */
	return 0;
}

void sim_fd_set(struct sim *sim, int fd, unsigned file, bool cloexec)
{
	struct sim_table *table = sim_table_self(sim);

	sim_access_slot(sim, fd, RIG_WRITE);
	table->fd[fd] =
		(struct sim_fd){ .file = (uint8_t)file, .cloexec = cloexec };
	if (fd >= table->end)
		table->end = (uint8_t)(fd + 1);
}

int sim_fd_install(struct sim *sim, unsigned file, bool cloexec)
{
	const struct sim_table *table = sim_table_self(sim);

	for (int fd = 0; fd < SIM_FDS; fd++) {
		sim_access_slot(sim, fd, RIG_READ);
		if (table->fd[fd].file)
			continue;
		sim_fd_set(sim, fd, file, cloexec);
		return fd;
	}
	return -EMFILE;
}

int sim_fd_install_two(struct sim *sim, unsigned a, unsigned b, int fd[2])
{
	fd[0] = a && b ? sim_fd_install(sim, a, true) : -ENFILE;
	fd[1] = fd[0] >= 0 ? sim_fd_install(sim, b, true) : fd[0];
	if (fd[1] >= 0) {
		rig_note(sim->engine, (uint64_t)fd[0] << 32 | (unsigned)fd[1]);
		return 0;
	}
	if (fd[0] >= 0)
		sim_table_self(sim)->fd[fd[0]] = (struct sim_fd){ 0 };
	sim->file[a] = sim->file[b] = (struct sim_file){ 0 };
	return fd[1];
}

/* A regular file by its name, the rest by the table that it stands in. */
void sim_about_file(struct sim *sim, unsigned file, bool writes)
{
	const struct sim_file *f = &sim->file[file];

	if (f->kind == SIM_REGULAR)
		sim_about_path(sim, sim->inode[f->object].key, writes);
	else
		sim_about_table(sim, writes);
}

static int close_call(struct spw_sys *sys, int fd)
{
	struct sim *sim = sim_of(sys);
	unsigned file = sim_fd_file(sim, fd);

	sim_about_file(sim, file, true);
	if (file && sim_drop_visible(sim, &sim->file[file]))
		sim_point(sim, SIM_CLOSE);
	else
		sim_table_point(sim, SIM_CLOSE);
	rig_detail(sim->engine, "(%d)", fd);
	file = sim_fd_file(sim, fd); /* others have run */
	if (!file)
		sim_contract(sim, "close of descriptor %d, which is not open",
			     fd);
	sim_access_slot(sim, fd, RIG_WRITE);
	sim_table_self(sim)->fd[fd] = (struct sim_fd){ 0 };
	sim_drop(sim, file);
	sim_run_drops(sim);
	return sim_result(sim, 0);
}

/* close_range(first, ~0U, 0) */
static int close_from(struct spw_sys *sys, int first)
{
	struct sim *sim = sim_of(sys);

	sim_about_table(sim, true);
	sim_point(sim, SIM_CLOSE_FROM);
	rig_detail(sim->engine, "(%d..)", first);
	sim_drop_table(sim, first < 0 ? 0 : first, false);
	return sim_result(sim, 0);
}

/* Copies one reference of file to a number. */
static int dup_file(struct sim *sim, unsigned file, int fd, bool cloexec)
{
	sim_hold(sim, file);
	sim_fd_set(sim, fd, file, cloexec);
	return fd;
}

static int dup_above(struct spw_sys *sys, int from, int least)
{
	struct sim *sim = sim_of(sys);
	unsigned file;

	sim_table_point(sim, SIM_DUP);
	rig_detail(sim->engine, "(%d, above %d)", from, least);
	file = sim_fd_file(sim, from);
	if (!file)
		return sim_result(sim, -EBADF);
	for (int fd = least; fd >= 0 && fd < SIM_FDS; fd++)
		if (!sim_fd_file(sim, fd))
			return sim_result(sim, dup_file(sim, file, fd, true));
	return sim_result(sim, -EMFILE);
}

static int dup_onto(struct spw_sys *sys, int from, int to)
{
	struct sim *sim = sim_of(sys);
	unsigned file, old;

	old = sim_fd_file(sim, to);
	if (old && sim_drop_visible(sim, &sim->file[old]))
		sim_point(sim, SIM_DUP);
	else
		sim_table_point(sim, SIM_DUP);
	rig_detail(sim->engine, "(%d, onto %d)", from, to);
	file = sim_fd_file(sim, from);
	if (!file || to < 0 || to >= SIM_FDS)
		return sim_result(sim, -EBADF);
	old = sim_fd_file(sim, to); /* others have run */
	if (from == to) {
		sim_table_self(sim)->fd[to].cloexec = false;
		return sim_result(sim, to);
	}
	dup_file(sim, file, to, false);
	if (old)
		sim_drop(sim, old);
	sim_run_drops(sim);
	return sim_result(sim, to);
}

static int cloexec_from(struct spw_sys *sys, int first)
{
	struct sim *sim = sim_of(sys);
	struct sim_table *table = sim_table_self(sim);

	sim_table_point(sim, SIM_CLOEXEC);
	rig_detail(sim->engine, "(%d.., close-on-exec)", first);
	for (int fd = first < 0 ? 0 : first; fd < sim_fds(sim, table); fd++)
		if (sim_fd_file(sim, fd)) {
			sim_access_slot(sim, fd, RIG_WRITE);
			table->fd[fd].cloexec = true;
		}
	return sim_result(sim, 0);
}

/* close_range(keep, ~0U, CLOSE_RANGE_UNSHARE): dup_fd copies below keep. */
static int private_table(struct spw_sys *sys, int keep)
{
	struct sim *sim = sim_of(sys);
	struct sim_task *self = sim_self(sim);
	struct sim_table *old = sim_table_self(sim);
	unsigned t;

	sim_table_point(sim, SIM_PRIVATE);
	sim_access(sim, SIM_OBJECT_PROCS, RIG_UPDATE);
	for (t = 1; t < SIM_TABLES && sim->table[t].refs; t++)
		;
	if (t == SIM_TABLES)
		return sim_result(sim, -ENOMEM);
	if (t > sim->ntables)
		sim->ntables = t;
	memset(&sim->table[t], 0, sizeof(sim->table[t]));
	sim->table[t].refs = 1;
	sim->table[t].object = sim_objects(sim, SIM_TABLE_OBJECTS);
	for (int fd = 0; fd < keep && fd < sim_fds(sim, old); fd++) {
		sim_access_slot(sim, fd, RIG_READ);
		sim->table[t].fd[fd] = old->fd[fd];
		if (old->fd[fd].file)
			sim_hold(sim, old->fd[fd].file);
	}
	sim->table[t].end = old->end;
	if (!--old->refs)
		sim_contract(sim, "the only thread of a process gave up its "
				  "descriptors");
	self->table = (uint8_t)t;
	return sim_result(sim, 0);
}

static ssize_t regular_read(struct sim *sim, struct sim_file *f, void *buf,
			    size_t len)
{
	const struct sim_inode *inode = &sim->inode[f->object];
	size_t left = 0;
	size_t n;

	sim_access(sim, f->id + SIM_STATE, RIG_WRITE);
	sim_access(sim, inode->object + SIM_CONTENT, RIG_READ);
	if (f->pos < inode->size)
		left = (size_t)(inode->size - f->pos);
	n = len < left ? len : left;
	memcpy(buf, inode->data + f->pos, n);
	f->pos = (uint16_t)(f->pos + n);
	return (ssize_t)n;
}

static ssize_t regular_write(struct sim *sim, struct sim_file *f,
			     const void *buf, size_t len)
{
	struct sim_inode *inode = &sim->inode[f->object];
	size_t room = SIM_DATA - (size_t)f->pos; /* pos grows by n only */
	size_t n = len < room ? len : room;

	sim_access(sim, f->id + SIM_STATE, RIG_WRITE);
	if (inode->sealed) { /* shmem_write_begin */
		sim_access(sim, inode->object + SIM_CONTENT, RIG_READ);
		return -EPERM;
	}
	sim_access(sim, inode->object + SIM_CONTENT, RIG_WRITE);
	if (len && !n)
		return -ENOSPC;
	memcpy(inode->data + f->pos, buf, n);
	f->pos = (uint16_t)(f->pos + n);
	if (f->pos > inode->size)
		inode->size = f->pos;
	return (ssize_t)n;
}

static void note_data(struct sim *sim, const void *buf, ssize_t n)
{
	const unsigned char *bytes = buf;

	if (sim->engine->hashing)
		for (ssize_t i = 0; i < n; i++)
			rig_note(sim->engine, bytes[i]);
}

/* fdget: while a call works on it, a file outlives the close of its number. */
static ssize_t events_read(struct sim *sim, unsigned file, void *buf,
			   size_t len)
{
	struct sim_task *self = sim_self(sim);
	ssize_t n;

	sim_hold(sim, file);
	self->uses = (uint8_t)file;
	n = sim_watch_read(sim, &sim->watch[sim->file[file].object], buf, len);
	self->uses = 0;
	sim_drop(sim, file);
	sim_run_drops(sim);
	return n;
}

static ssize_t read_file(struct sim *sim, unsigned file, int fd, void *buf,
			 size_t len)
{
	struct sim_file *f = &sim->file[file];

	switch (f->kind) {
	case SIM_REGULAR:
		return regular_read(sim, f, buf, len);
	case SIM_PIPE_READ:
	case SIM_SOCKET:
		if (!f->nonblock && sim->mirror)
			sim->mirror->hold(sim->mirror->ctx, fd);
		return sim_pipe_read(sim, file, buf, len);
	case SIM_COUNTER:
		return sim_counter_read(sim, f->object, buf, len);
	case SIM_EVENTS:
		return events_read(sim, file, buf, len);
	case SIM_PIPE_WRITE:
	case SIM_NULL:
	case SIM_EPOLL:
	case SIM_PIDFD:
		break;
	}
	return 0;
}

static ssize_t read_call(struct spw_sys *sys, int fd, void *buf, size_t len)
{
	struct sim *sim = sim_of(sys);
	struct sim_file *f;
	unsigned file;
	ssize_t n;

	sim_point(sim, SIM_READ);
	rig_detail(sim->engine, "(%d)", fd);
	file = sim_fd_file(sim, fd);
	f = &sim->file[file];
	if (!f->kind || !f->readable)
		return sim_result(sim, f->kind == SIM_EPOLL ? -EINVAL : -EBADF);
	n = read_file(sim, file, fd, buf, len);
	note_data(sim, buf, n);
	return sim_result(sim, (int)n);
}

static ssize_t write_call(struct spw_sys *sys, int fd, const void *buf,
			  size_t len)
{
	struct sim *sim = sim_of(sys);
	struct sim_file *f;
	ssize_t n;

	sim_point(sim, SIM_WRITE);
	rig_detail(sim->engine, "(%d)", fd);
	f = &sim->file[sim_fd_file(sim, fd)];
	if (!f->kind || !f->writable)
		return sim_result(sim, f->kind == SIM_EPOLL ? -EINVAL : -EBADF);
	if (f->kind == SIM_PIPE_WRITE || f->kind == SIM_SOCKET)
		n = sim_pipe_write(sim, f, buf, len);
	else if (f->kind == SIM_COUNTER)
		n = sim_counter_write(sim, f->object, buf, len);
	else if (f->kind == SIM_REGULAR)
		n = regular_write(sim, f, buf, len);
	else
		n = (ssize_t)len;
	return sim_result(sim, (int)n);
}

/* Nothing is lost here: what it costs on Linux is time, which is no step. */
static int fsync_call(struct spw_sys *sys, int fd)
{
	struct sim *sim = sim_of(sys);

	sim_point(sim, SIM_FSYNC);
	rig_detail(sim->engine, "(%d)", fd);
	return sim_result(sim, sim_fd_file(sim, fd) ? 0 : -EBADF);
}

/* Of the open file description: whoever has a copy is concerned. */
static int set_blocking(struct spw_sys *sys, int fd, bool blocking)
{
	struct sim *sim = sim_of(sys);
	struct sim_file *f;

	sim_point(sim, SIM_BLOCKING);
	rig_detail(sim->engine, "(%d, %s)", fd, blocking ? "on" : "off");
	f = &sim->file[sim_fd_file(sim, fd)];
	if (!f->kind)
		return sim_result(sim, -EBADF);
	sim_access(sim, f->id + SIM_STATE, RIG_WRITE);
	f->nonblock = !blocking;
	return sim_result(sim, 0);
}

static int fchmod_call(struct spw_sys *sys, int fd, mode_t mode)
{
	struct sim *sim = sim_of(sys);
	struct sim_file *f;

	sim_point(sim, SIM_FCHMOD);
	rig_detail(sim->engine, "(%d, %04o)", fd, mode);
	f = &sim->file[sim_fd_file(sim, fd)];
	if (f->kind != SIM_REGULAR)
		return sim_result(sim, f->kind ? -EINVAL : -EBADF);
	sim_access(sim, sim->inode[f->object].object + SIM_CONTENT, RIG_WRITE);
	sim->inode[f->object].mode = (uint16_t)mode;
	return sim_result(sim, 0);
}

void sim_file_calls(struct spw_sys *sys)
{
	sys->close = close_call;
	sys->close_from = close_from;
	sys->read = read_call;
	sys->write = write_call;
	sys->fchmod = fchmod_call;
	sys->fsync = fsync_call;
	sys->set_blocking = set_blocking;
	sys->dup_above = dup_above;
	sys->dup_onto = dup_onto;
	sys->cloexec_from = cloexec_from;
	sys->private_table = private_table;
}
