/* SPDX-License-Identifier: MIT */
/* The real kernel: names of files, files without one, and who has them open. */
#include "sys_linux.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC       1u
#define MFD_ALLOW_SEALING 2u
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* 6.3 */
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_SEAL_SEAL   1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#define F_SEAL_WRITE  8
#endif

/* ---- names ---- */

int spw_linux_unlink(struct spw_sys *sys, const char *path)
{
	return (int)spw_linux_result(unlink(path));
}

int spw_linux_rename(struct spw_sys *sys, const char *from, const char *to)
{
	/* libc declares rename in <stdio.h>, which core does without. */
	return (int)spw_linux_result(
		syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int spw_linux_link(struct spw_sys *sys, const char *from, const char *to)
{
	return (int)spw_linux_result(link(from, to));
}

/* "/proc/self/fd/" and fd, which is not negative. */
static void print_fd_path(int fd, char path[32])
{
	static const char start[] = "/proc/self/fd/";
	char digits[16];
	size_t n = 0, at = 0;

	for (; start[at]; at++)
		path[at] = start[at];
	do {
		digits[n++] = (char)('0' + fd % 10);
		fd /= 10;
	} while (fd > 0);
	while (n > 0)
		path[at++] = digits[--n];
	path[at] = '\0';
}

/*
 * AT_EMPTY_PATH takes a capability (CAP_DAC_READ_SEARCH), without which it says
 * ENOENT; the other way takes /proc.
 */
int spw_linux_link_fd(struct spw_sys *sys, int fd, const char *to)
{
	int rc = (int)spw_linux_result(
		linkat(fd, "", AT_FDCWD, to, AT_EMPTY_PATH));
	char path[32];

	if (rc != -ENOENT)
		return rc;
	print_fd_path(fd, path);
	return (int)spw_linux_result(
		linkat(AT_FDCWD, path, AT_FDCWD, to, AT_SYMLINK_FOLLOW));
}

/* ---- files in memory ---- */

int spw_linux_memfd(struct spw_sys *sys)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	long fd = syscall(SYS_memfd_create, "spw", flags | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_memfd_create, "spw", flags);
	return (int)spw_linux_result(fd);
}

int spw_linux_seal(struct spw_sys *sys, int fd)
{
	return (int)spw_linux_result(fcntl(fd, F_ADD_SEALS,
					   F_SEAL_SEAL | F_SEAL_SHRINK |
						   F_SEAL_GROW | F_SEAL_WRITE));
}

/* ---- who has a file open ---- */

int spw_linux_watch_closes(struct spw_sys *sys, const char *path)
{
	int fd = (int)syscall(SYS_inotify_init1, IN_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, path, IN_CLOSE_WRITE) >= 0)
		return fd;
	error = -errno;
	syscall(SYS_close, fd);
	return error;
}

/* A directory below the one at fd, or NULL. */
static DIR *open_dir(int fd, const char *name)
{
	int dir = (int)syscall(SYS_openat, fd, name,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *result = dir < 0 ? NULL : fdopendir(dir);

	if (dir >= 0 && !result)
		syscall(SYS_close, dir);
	return result;
}

/* proc_fd_link: the mode of the link says how the file is open. */
static bool is_writer(int dir, const char *name, const struct stat *file)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 && st.st_ino == file->st_ino &&
	       st.st_dev == file->st_dev &&
	       fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_mode & S_IWUSR;
}

/* Whether the process whose directory in /proc is at fd is a writer. */
static bool scan_process(int fd, const struct stat *file)
{
	const struct dirent *entry;
	DIR *dir = open_dir(fd, "fd");
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = is_writer(dirfd(dir), entry->d_name, file);
	closedir(dir);
	return found;
}

int spw_linux_scan_writers(struct spw_sys *sys, const char *path)
{
	const struct dirent *entry;
	bool found = false;
	struct stat file;
	DIR *proc;

	if (stat(path, &file) < 0)
		return -errno;
	proc = open_dir(AT_FDCWD, "/proc");
	if (!proc)
		return -errno;
	while (!found && (entry = readdir(proc))) {
		DIR *process = NULL;

		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			process = open_dir(dirfd(proc), entry->d_name);
		if (!process)
			continue;
		found = scan_process(dirfd(process), &file);
		closedir(process);
	}
	closedir(proc);
	return found;
}
