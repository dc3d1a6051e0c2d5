/* SPDX-License-Identifier: MIT */
/*
 * Names and inodes: one flat directory. An inode lives while a name, an open
 * file description or a running program refers to it.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct sim_path sim_path(const char *text)
{
	struct sim_path path = { .text = text };

	for (; *text; text++)
		path.key = rig_mix(path.key, (unsigned char)*text);
	return path;
}

static void access_name(struct sim *sim, uint64_t key, enum rig_mode mode)
{
	sim_access(sim, SIM_OBJECT_NAMES + (unsigned)(key % SIM_NAMES), mode);
}

static struct sim_dentry *find_name(struct sim *sim, struct sim_path path)
{
	access_name(sim, path.key, RIG_READ);
	for (unsigned i = 0; i < sim->nnames; i++)
		if (sim->name[i].inode && sim->name[i].key == path.key &&
		    !strcmp(sim->name[i].path, path.text))
			return &sim->name[i];
	return NULL;
}

unsigned sim_inode_find(struct sim *sim, struct sim_path path)
{
	const struct sim_dentry *name = find_name(sim, path);

	return name ? name->inode : 0;
}

/* One more name for an inode. 0, or -ENOSPC. */
static int add_name(struct sim *sim, struct sim_path path, unsigned inode)
{
	size_t len = strlen(path.text);
	unsigned i = 0;

	while (i < SIM_DENTRIES && sim->name[i].inode)
		i++;
	if (i == SIM_DENTRIES || len >= SIM_PATH) {
		rig_access_all(sim->engine); /* an unlink would help */
		return -ENOSPC;
	}
	if (i >= sim->nnames)
		sim->nnames = i + 1;
	sim->name[i] =
		(struct sim_dentry){ .inode = (uint8_t)inode, .key = path.key };
	memcpy(sim->name[i].path, path.text, len + 1);
	sim->inode[inode].links++;
	access_name(sim, path.key, RIG_WRITE);
	return 0;
}

static void remove_name(struct sim *sim, struct sim_dentry *name)
{
	unsigned inode = name->inode;

	access_name(sim, name->key, RIG_WRITE);
	*name = (struct sim_dentry){ 0 };
	sim->inode[inode].links--;
	sim_inode_reap(sim, inode);
}

unsigned sim_inode_create(struct sim *sim, const struct sim_path *path,
			  unsigned mode)
{
	struct sim_inode *inode;
	unsigned i = 1;

	while (i < SIM_INODES && sim->inode[i].used)
		i++;
	if (i == SIM_INODES) {
		rig_access_all(sim->engine);
		return 0;
	}
	if (i > sim->ninodes)
		sim->ninodes = i;
	inode = &sim->inode[i];
	*inode = (struct sim_inode){ .used = true,
				     .object = sim_objects(sim,
							   SIM_INODE_OBJECTS),
				     .mode = (uint16_t)mode };
	if (!path)
		return i;
	if (add_name(sim, *path, i)) {
		*inode = (struct sim_inode){ 0 };
		return 0;
	}
	inode->key = path->key;
	memcpy(inode->path, path->text, strlen(path->text) + 1);
	return i;
}

void sim_inode_reap(struct sim *sim, unsigned i)
{
	struct sim_inode *inode = &sim->inode[i];

	if (!inode->links && !inode->opens && inode->writers == 0)
		memset(inode, 0, sizeof(*inode));
}

void sim_inode_put(struct sim *sim, unsigned i)
{
	sim->inode[i].opens--;
	sim_inode_reap(sim, i);
}

/* Something that a polling task may have looked at is different now. */
void sim_inode_changed(struct sim *sim, struct sim_inode *inode)
{
	inode->version++;
	rig_enable(sim->engine, inode->watchers);
	inode->watchers = 0;
	if (!inode->leases)
		rig_enable(sim->engine, inode->breakers);
}

/* path_openat: a number and a file come before anything else. */
static int check_room(struct sim *sim)
{
	int fd = 0;
	unsigned file = 1;

	while (fd < SIM_FDS && sim_fd_file(sim, fd))
		fd++;
	while (file < SIM_FILES && sim->file[file].kind)
		file++;
	if (fd < SIM_FDS && file == SIM_FILES)
		rig_access_all(sim->engine); /* whoever closes one would help */
	return fd == SIM_FDS ? -EMFILE : file == SIM_FILES ? -ENFILE : 0;
}

/* may_open, get_write_access: a file that is executed refuses writers. */
static int check_access(struct sim *sim, const struct sim_inode *inode,
			int flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

	if (writes)
		sim_access(sim, inode->object + SIM_IMAGES, RIG_READ);
	return writes && inode->writers < 0 ? -ETXTBSY : 0;
}

static void count_writer(struct sim *sim, struct sim_inode *inode, int by)
{
	sim_access(sim, inode->object + SIM_WRITERS, RIG_UPDATE);
	inode->writers = (int16_t)(inode->writers + by);
	sim_inode_changed(sim, inode);
}

/*
 * break_lease: who wants to write waits until the leases are given back. It
 * counts as a writer already (do_dentry_open: get_write_access comes first).
 */
static void break_lease(struct sim *sim, struct sim_inode *inode)
{
	sim_access(sim, inode->object + SIM_LEASES, RIG_READ);
	while (inode->leases) {
		inode->breakers |= rig_self(sim->engine);
		rig_disable(sim->engine, rig_self(sim->engine));
		rig_point(sim->engine, SIM_LEASE_BREAK);
		inode->breakers &= ~rig_self(sim->engine);
		sim_access(sim, inode->object + SIM_LEASES, RIG_READ);
	}
}

static int open_inode(struct sim *sim, unsigned i, int flags)
{
	struct sim_inode *inode = &sim->inode[i];
	unsigned file = sim_file_new(sim, SIM_REGULAR, i);
	struct sim_file *f = &sim->file[file];
	int fd;

	if (!file)
		return -ENFILE;
	f->readable = (flags & O_ACCMODE) != O_WRONLY;
	f->writable = f->writer = (flags & O_ACCMODE) != O_RDONLY;
	fd = sim_fd_install(sim, file, flags & O_CLOEXEC);
	if (fd >= 0 && flags & SPW_O_CLOFORK)
		sim_table_self(sim)->fd[fd].clofork = true;
	if (fd < 0) {
		memset(f, 0, sizeof(*f));
		return fd;
	}
	inode->opens++;
	if (flags & O_TRUNC) {
		sim_access(sim, inode->object + SIM_CONTENT, RIG_WRITE);
		inode->size = 0;
	}
	return fd;
}

/* The inode that is opened, created where flags say so. */
static int look_up(struct sim *sim, struct sim_path path, int flags,
		   mode_t mode, unsigned *inode)
{
	bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;

	*inode = unnamed ? 0 : sim_inode_find(sim, path);
	if (*inode && flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if (!*inode && !unnamed && !(flags & O_CREAT))
		return -ENOENT;
	if (!*inode)
		*inode = sim_inode_create(sim, unnamed ? NULL : &path, mode);
	return *inode ? 0 : -ENOSPC;
}

static int open_call(struct spw_sys *sys, const char *text, int flags,
		     mode_t mode)
{
	struct sim *sim = sim_of(sys);
	struct sim_path path = sim_path(text);
	unsigned i;
	int rc;

	sim_about_path(sim, path.key, (flags & O_ACCMODE) != O_RDONLY);
	sim_point(sim, SIM_OPEN);
	rig_detail(sim->engine, "(%s%s)", text,
		   (flags & O_ACCMODE) == O_RDONLY ? "" : ", write");
	rc = check_room(sim);
	if (rc)
		return sim_result(sim, rc);
	rc = look_up(sim, path, flags, mode, &i);
	if (rc)
		return sim_result(sim, rc);
	rc = check_access(sim, &sim->inode[i], flags);
	if (rc)
		return sim_result(sim, rc);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return sim_result(sim, open_inode(sim, i, flags));
	count_writer(sim, &sim->inode[i], 1);
	break_lease(sim, &sim->inode[i]);
	rc = open_inode(sim, i, flags);
	if (rc < 0)
		count_writer(sim, &sim->inode[i], -1);
	return sim_result(sim, rc);
}

static int unlink_call(struct spw_sys *sys, const char *text)
{
	struct sim *sim = sim_of(sys);
	struct sim_path path = sim_path(text);
	struct sim_dentry *name;

	sim_about_path(sim, path.key, true);
	sim_point(sim, SIM_UNLINK);
	rig_detail(sim->engine, "(%s)", text);
	name = find_name(sim, path);
	if (!name)
		return sim_result(sim, -ENOENT);
	remove_name(sim, name);
	return sim_result(sim, 0);
}

/* vfs_rename: what was at to loses its name in the same step. */
static int rename_call(struct spw_sys *sys, const char *from, const char *to)
{
	struct sim *sim = sim_of(sys);
	struct sim_path target = sim_path(to);
	struct sim_dentry *source, *there;
	unsigned inode;
	int rc;

	sim_about_path(sim, target.key, true);
	sim_point(sim, SIM_RENAME);
	rig_detail(sim->engine, "(%s, %s)", from, to);
	source = find_name(sim, sim_path(from));
	if (!source)
		return sim_result(sim, -ENOENT);
	inode = source->inode;
	there = find_name(sim, target);
	if (there && there->inode == inode)
		return sim_result(sim, 0);
	if (there)
		remove_name(sim, there);
	rc = add_name(sim, target, inode);
	if (!rc)
		remove_name(sim, source);
	return sim_result(sim, rc);
}

static int link_inode(struct sim *sim, unsigned inode, struct sim_path to)
{
	if (find_name(sim, to))
		return -EEXIST;
	return add_name(sim, to, inode);
}

static int link_call(struct spw_sys *sys, const char *from, const char *to)
{
	struct sim *sim = sim_of(sys);
	struct sim_path target = sim_path(to);
	unsigned inode;

	sim_about_path(sim, target.key, true);
	sim_point(sim, SIM_LINK);
	rig_detail(sim->engine, "(%s, %s)", from, to);
	inode = sim_inode_find(sim, sim_path(from));
	return sim_result(sim,
			  inode ? link_inode(sim, inode, target) : -ENOENT);
}

/* linkat of /proc/self/fd/N: a first name for a file from O_TMPFILE. */
static int link_fd_call(struct spw_sys *sys, int fd, const char *to)
{
	struct sim *sim = sim_of(sys);
	struct sim_path target = sim_path(to);
	const struct sim_file *f;

	sim_about_path(sim, target.key, true);
	sim_point(sim, SIM_LINK);
	rig_detail(sim->engine, "(%d, %s)", fd, to);
	f = &sim->file[sim_fd_file(sim, fd)];
	if (f->kind != SIM_REGULAR)
		return sim_result(sim, f->kind ? -EINVAL : -EBADF);
	return sim_result(sim, link_inode(sim, f->object, target));
}

/*
 * generic_add_lease, check_conflicting_open: a read lease is refused while
 * the file is open for writing anywhere: the same count that execve looks at.
 */
static int lease_call(struct spw_sys *sys, int fd, int type)
{
	struct sim *sim = sim_of(sys);
	struct sim_inode *inode;
	struct sim_file *f;

	sim_about_file(sim, sim_fd_file(sim, fd), false);
	sim_point(sim, SIM_LEASE);
	rig_detail(sim->engine, "(%d, %s)", fd,
		   type == F_UNLCK ? "give back" : "read");
	f = &sim->file[sim_fd_file(sim, fd)];
	if (f->kind != SIM_REGULAR)
		return sim_result(sim, f->kind ? -EINVAL : -EBADF);
	sim_access(sim, f->id + SIM_STATE, RIG_READ);
	inode = &sim->inode[f->object];
	sim_self(sim)->watch = 0;
	sim_self(sim)->scans = false;
	if (type == F_RDLCK)
		sim_access(sim, inode->object + SIM_WRITERS, RIG_READ);
	if (type == F_RDLCK && inode->writers > 0) {
		sim_self(sim)->watch = f->object;
		sim_self(sim)->watch_version = inode->version;
		return sim_result(sim, -EAGAIN);
	}
	if (f->leased != (type == F_RDLCK)) {
		sim_access(sim, f->id + SIM_STATE, RIG_WRITE);
		sim_access(sim, inode->object + SIM_LEASES, RIG_UPDATE);
		f->leased = type == F_RDLCK;
		inode->leases = (uint8_t)(inode->leases + (f->leased ? 1 : -1));
		sim_inode_changed(sim, inode);
	}
	return sim_result(sim, 0);
}

int sim_install(struct sim *sim, const char *path, const void *data, size_t len)
{
	struct sim_path name = sim_path(path);
	unsigned i = len <= SIM_DATA ? sim_inode_create(sim, &name, 0755) : 0;

	if (!i)
		return -ENOSPC;
	memcpy(sim->inode[i].data, data, len);
	sim->inode[i].size = (uint16_t)len;
	return 0;
}

void sim_name_calls(struct spw_sys *sys)
{
	sys->open = open_call;
	sys->unlink = unlink_call;
	sys->rename = rename_call;
	sys->link = link_call;
	sys->link_fd = link_fd_call;
	sys->lease = lease_call;
}
