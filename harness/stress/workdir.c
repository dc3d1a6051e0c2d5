/* SPDX-License-Identifier: MIT */
/*
 * Who may remove a directory is decided by the lock in it. The maker holds it
 * for as long as it runs, and the kernel gives it back however it ends. Whoever
 * cleans up takes the lock first and keeps it until the directory is gone; a
 * maker that finds its new lock taken, or its lock file gone, was mistaken for
 * a dead one in the moment before it had the lock, and makes another directory.
 */
#include "stress/workdir.h"

#include <spw/spw.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PREFIX    "racerig-"
#define LOCK_NAME "racerig.lock"

enum { SUFFIX_LEN = 6, ATTEMPTS = 16 };

/* ---- removing ---- */

/* The files in dir, the lock last; it owns dir. */
static void remove_files(DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, LOCK_NAME) != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	unlinkat(dirfd(dir), LOCK_NAME, 0);
}

static void remove_locked(int parent, const char *name)
{
	int fd = openat(parent, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir) {
		remove_files(dir);
		closedir(dir);
	} else if (fd >= 0) {
		close(fd);
	}
	unlinkat(parent, name, AT_REMOVEDIR);
}

static bool is_own_directory(int parent, const char *name)
{
	struct stat st;

	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	       strlen(name) == strlen(PREFIX) + SUFFIX_LEN &&
	       !fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* Removes name below parent if whoever made it is gone. */
static void remove_if_stale(int parent, const char *name)
{
	char path[NAME_MAX + sizeof("/" LOCK_NAME)];
	int lock;

	if (!is_own_directory(parent, name))
		return;
	snprintf(path, sizeof(path), "%s/" LOCK_NAME, name);
	lock = openat(parent, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (lock < 0) { /* killed before it had one: then it is empty */
		unlinkat(parent, name, AT_REMOVEDIR);
		return;
	}
	if (!flock(lock, LOCK_EX | LOCK_NB))
		remove_locked(parent, name);
	close(lock);
}

static void remove_stale(const char *parent)
{
	DIR *dir = opendir(parent);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		remove_if_stale(dirfd(dir), entry->d_name);
	closedir(dir);
}

/* ---- making ---- */

/* A directory with its lock held; -EAGAIN: somebody took it for a dead one. */
static int make_locked(struct rig_workdir *dir, const char *parent)
{
	char path[PATH_MAX + sizeof("/" LOCK_NAME)];
	struct stat st;
	int error;

	if (snprintf(dir->path, PATH_MAX, "%s/" PREFIX "XXXXXX", parent) >=
	    PATH_MAX - NAME_MAX)
		return -ENAMETOOLONG;
	if (!mkdtemp(dir->path))
		return -errno;
	snprintf(path, sizeof(path), "%s/" LOCK_NAME, dir->path);
	dir->lock = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (dir->lock < 0) {
		error = errno == ENOENT ? EAGAIN : errno;
		rmdir(dir->path);
		return -error;
	}
	error = flock(dir->lock, LOCK_EX | LOCK_NB) ? errno : 0;
	if (!error && !fstat(dir->lock, &st) && st.st_nlink)
		return 0;
	if (error &&
	    error != EWOULDBLOCK) /* no locks here: NFS without lockd */
		remove_locked(AT_FDCWD, dir->path);
	close(dir->lock);
	return error ? -error : -EAGAIN;
}

/* ---- what can be done there ---- */

static int write_program(const char *path, unsigned code)
{
	unsigned char program[RIG_PROGRAM_MAX];
	int len = rig_program(program, code);
	int fd, error = 0;
	ssize_t n;

	if (len < 0)
		return len;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	if (fd < 0)
		return -errno;
	n = write(fd, program, (size_t)len);
	if (n != len)
		error = n < 0 ? -errno : -ENOSPC;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

/* The exit status of the program at path, or -errno. */
static int run_program(const char *path)
{
	const struct spw_options options = { .how = SPW_CLONE_VFORK };
	const struct spw_spec spec = { .path = path };
	struct spw_status status = { .code = 0 };
	struct spw_proc *proc;
	struct spw_rt *rt;
	int rc = spw_open(&rt, &options);

	if (rc)
		return rc;
	rc = spw_spawn(rt, &spec, &proc, NULL);
	if (!rc) {
		rc = spw_wait(proc, &status);
		spw_release(proc);
	}
	spw_shut(rt);
	return rc ? rc : status.signaled ? -ENOEXEC : status.code;
}

/* Is a file that is open for writing busy here? Not on every kernel. */
static bool refuses_busy(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return true;
	rc = run_program(path);
	close(fd);
	return rc == -ETXTBSY;
}

static const char *reason(const char *path, int error)
{
	struct statvfs fs;

	if (statvfs(path, &fs))
		fs.f_flag = 0;
	if (error == -EACCES && fs.f_flag & ST_NOEXEC)
		return "mounted noexec";
	if (error == -EACCES)
		return "programs may not be executed there";
	if (error == -EAGAIN)
		return "no process can be made to try it out";
	if (error == -ENOEXEC)
		return "this kernel does not execute our program";
	return strerror(-error);
}

static int try_out(struct rig_workdir *dir)
{
	enum { CODE = 42 };
	char path[PATH_MAX + sizeof("/try")];
	int rc;

	snprintf(path, sizeof(path), "%s/try", dir->path);
	rc = write_program(path, CODE);
	if (!rc)
		rc = run_program(path);
	if (rc == CODE)
		dir->busy_refused = refuses_busy(path);
	unlink(path);
	if (rc >= 0)
		rc = rc == CODE ? 0 : -ENOEXEC;
	return rc;
}

/* ---- the file system ---- */

static void name_fs(struct rig_workdir *dir)
{
	static const struct {
		unsigned long magic; /* statfs(2) */
		const char *name;
	} types[] = {
		{ 0xef53, "ext4" },         { 0x01021994, "tmpfs" },
		{ 0x858458f6, "ramfs" },    { 0x58465342, "xfs" },
		{ 0x9123683e, "btrfs" },    { 0x794c7630, "overlay" },
		{ 0xf2f52010, "f2fs" },     { 0x2fc12fc1, "zfs" },
		{ 0xca451a4e, "bcachefs" }, { 0x6969, "nfs" },
		{ 0x65735546, "fuse" },     { 0x01021997, "9p" },
		{ 0xff534d42, "cifs" },     { 0xfe534d42, "smb2" },
	};
	struct statfs fs;

	snprintf(dir->fs, sizeof(dir->fs), "unknown");
	if (statfs(dir->path, &fs))
		return;
	snprintf(dir->fs, sizeof(dir->fs), "0x%lx", (unsigned long)fs.f_type);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == types[i].magic)
			snprintf(dir->fs, sizeof(dir->fs), "%s", types[i].name);
}

/* ---- */

int rig_workdir_open(struct rig_workdir *dir, const char *parent, char *why,
		     size_t why_len)
{
	int rc = -EAGAIN;

	if (!parent)
		parent = getenv("TMPDIR");
	if (!parent || !*parent)
		parent = "/tmp";
	remove_stale(parent);
	for (int i = 0; rc == -EAGAIN && i < ATTEMPTS; i++)
		rc = make_locked(dir, parent);
	if (rc) {
		snprintf(why, why_len, "%s: %s", parent, strerror(-rc));
		return rc;
	}
	name_fs(dir);
	rc = try_out(dir);
	if (rc) {
		snprintf(why, why_len, "%s: %s", parent, reason(parent, rc));
		rig_workdir_close(dir);
	}
	return rc;
}

void rig_workdir_close(struct rig_workdir *dir)
{
	/* First, or there may be no descriptor to read the directory with.
	 * Whoever takes the lock now wants the same: to remove it. */
	close(dir->lock);
	remove_locked(AT_FDCWD, dir->path);
}
