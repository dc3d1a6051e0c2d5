/* SPDX-License-Identifier: MIT */
/* Calls made twice: names of files, and files without any. */
#include "control/agree.h"

#include <stdio.h>

static void set_path(struct ctl_slot *slot, const char *path)
{
	snprintf(slot->path, sizeof(slot->path), "%s", path);
}

static int open_call(struct spw_sys *sys, const char *path, int flags,
		     mode_t mode)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.open(sys, path, flags, mode);

	set_path(ctl_mine(c), path);
	return ctl_numbers(c, "open", model, CTL_OPEN, flags, (int)mode);
}

static int unlink_call(struct spw_sys *sys, const char *path)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.unlink(sys, path);

	set_path(ctl_mine(c), path);
	return ctl_twice(c, "unlink", model, CTL_UNLINK);
}

static int call_paths(struct rig_control *c, const char *name, int model,
		      enum ctl_op op, const char *from, const char *to)
{
	struct ctl_slot *slot = ctl_mine(c);

	set_path(slot, from);
	snprintf((char *)slot->data, sizeof(slot->data), "%s", to);
	return ctl_twice(c, name, model, op);
}

static int rename_call(struct spw_sys *sys, const char *from, const char *to)
{
	struct rig_control *c = ctl_of(sys);

	return call_paths(c, "rename", c->model.rename(sys, from, to),
			  CTL_RENAME, from, to);
}

static int link_call(struct spw_sys *sys, const char *from, const char *to)
{
	struct rig_control *c = ctl_of(sys);

	return call_paths(c, "link", c->model.link(sys, from, to), CTL_LINK,
			  from, to);
}

static int link_fd_call(struct spw_sys *sys, int fd, const char *to)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.link_fd(sys, fd, to);

	set_path(ctl_mine(c), to);
	return ctl_numbers(c, "link of a descriptor", model, CTL_LINK_FD, fd,
			   0);
}

static int watch_call(struct spw_sys *sys, const char *path)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.watch_closes(sys, path);
	int fd;

	set_path(ctl_mine(c), path);
	fd = ctl_twice(c, "watch-closes", model, CTL_WATCH);
	if (fd >= 0)
		c->watches |= 1u << fd;
	return fd;
}

static int memfd_call(struct spw_sys *sys)
{
	struct rig_control *c = ctl_of(sys);

	return ctl_numbers(c, "memfd", c->model.memfd(sys), CTL_MEMFD, 0, 0);
}

static int seal_call(struct spw_sys *sys, int fd)
{
	struct rig_control *c = ctl_of(sys);

	return ctl_numbers(c, "seal", c->model.seal(sys, fd), CTL_SEAL, fd, 0);
}

static int scan_call(struct spw_sys *sys, const char *path)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.scan_writers(sys, path);

	set_path(ctl_mine(c), path);
	return ctl_twice(c, "scan-writers", model, CTL_SCAN);
}

void ctl_name_calls(struct spw_sys *sys)
{
	sys->open = open_call;
	sys->unlink = unlink_call;
	sys->rename = rename_call;
	sys->link = link_call;
	sys->link_fd = link_fd_call;
	sys->watch_closes = watch_call;
	sys->memfd = memfd_call;
	sys->seal = seal_call;
	sys->scan_writers = scan_call;
}
