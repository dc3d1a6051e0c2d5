/* SPDX-License-Identifier: MIT */
/*
 * Close events (inotify, IN_CLOSE_WRITE): fsnotify_close is the first thing
 * that __fput does, so whoever waits for it hears of the release of a file that
 * still holds its locks and still counts as open for writing.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <string.h>

/* Does anybody want to know when this file goes? */
bool sim_watched(struct sim *sim, const struct sim_file *f)
{
	if (f->kind != SIM_REGULAR || !f->writable)
		return false;
	sim_access(sim, sim->inode[f->object].object + SIM_WATCHED, RIG_READ);
	for (unsigned i = 0; i < sim->nwatches; i++)
		if (sim->watch[i].used && sim->watch[i].inode == f->object)
			return true;
	return false;
}

void sim_watch_event(struct sim *sim, struct sim_file *f)
{
	sim_inner(sim, SIM_CLOSE_EVENT);
	rig_detail(sim->engine, " %s", sim->inode[f->object].path);
	sim_access(sim, sim->inode[f->object].object + SIM_WATCHED, RIG_READ);
	for (unsigned i = 0; i < sim->nwatches; i++) {
		struct sim_watch *w = &sim->watch[i];

		if (!w->used || w->inode != f->object)
			continue;
		sim_access(sim, w->object, RIG_WRITE);
		w->events++;
		rig_enable(sim->engine, w->waiters);
	}
}

ssize_t sim_watch_read(struct sim *sim, struct sim_watch *w, void *buf,
		       size_t len)
{
	rig_set self = rig_self(sim->engine);

	w->waiters |= self;
	if (!w->events)
		rig_disable(sim->engine, self);
	rig_point(sim->engine, SIM_READ_WAKE);
	sim_access(sim, w->object, RIG_WRITE);
	w->waiters &= ~self;
	w->events--;
	if (!w->events)
		rig_disable(sim->engine, w->waiters);
	memset(buf, 0, len ? 1 : 0);
	return len ? 1 : -EINVAL;
}

void sim_watch_release(struct sim *sim, struct sim_file *f)
{
	struct sim_watch *w = &sim->watch[f->object];

	sim_access(sim, sim->inode[w->inode].object + SIM_WATCHED, RIG_WRITE);
	sim->inode[w->inode].opens--;
	sim_inode_reap(sim, w->inode);
	*w = (struct sim_watch){ .used = false };
}

static unsigned free_watch(const struct sim *sim)
{
	unsigned i = 0;

	while (i < SIM_WATCHES && sim->watch[i].used)
		i++;
	return i;
}

static int watch_call(struct spw_sys *sys, const char *text)
{
	struct sim *sim = sim_of(sys);
	struct sim_path path = sim_path(text);
	unsigned inode, file, i;
	int fd;

	sim_about_path(sim, path.key, false);
	sim_point(sim, SIM_WATCH);
	rig_detail(sim->engine, "(%s)", text);
	inode = sim_inode_find(sim, path);
	if (!inode)
		return sim_result(sim, -ENOENT);
	i = free_watch(sim);
	file = i < SIM_WATCHES ? sim_file_new(sim, SIM_EVENTS, i) : 0;
	if (!file) {
		rig_access_all(sim->engine); /* whoever closes one would help */
		return sim_result(sim, -EMFILE);
	}
	fd = sim_fd_install(sim, file, true);
	if (fd < 0) {
		sim->file[file] = (struct sim_file){ 0 };
		return sim_result(sim, fd);
	}
	sim->file[file].readable = true;
	if (i >= sim->nwatches)
		sim->nwatches = i + 1;
	sim->watch[i] = (struct sim_watch){ .used = true,
					    .inode = (uint8_t)inode,
					    .object = sim_objects(sim, 1) };
	sim->inode[inode].opens++; /* a watch pins it (fsnotify_mark) */
	sim_access(sim, sim->inode[inode].object + SIM_WATCHED, RIG_WRITE);
	return sim_result(sim, fd);
}

void sim_watch_calls(struct spw_sys *sys)
{
	sys->watch_closes = watch_call;
}
