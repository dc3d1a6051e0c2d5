/* SPDX-License-Identifier: MIT */
/* Keeping descriptors away from children. */
#include "stress/probe_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* uapi/linux/close_range.h */
enum { RANGE_UNSHARE = 2, RANGE_CLOEXEC = 4 };

/* Something to close. */
static int some_fd(void)
{
	return probe_rc(dup(STDERR_FILENO));
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- close-on-fork ---- */

static int close_on_fork_worked(int fd)
{
	pid_t pid = probe_fork();
	int status, rc;

	if (pid == 0)
		probe_exit(is_open(fd));
	rc = pid < 0 ? pid : probe_reap(pid, &status);
	return rc ? rc : !status;
}

/*
 * The flag's number differs between systems: 2 where it follows FD_CLOEXEC, 4
 * on FreeBSD. Linux takes any F_SETFD and keeps FD_CLOEXEC alone of it, so
 * what counts is whether the child has the descriptor.
 */
static enum rig_answer clofork_probe(struct rig_probing *p)
{
	static const int flags[] = {
#ifdef FD_CLOFORK
		FD_CLOFORK,
#endif
		2,
		4,
	};
	int fd = some_fd(), rc = fd < 0 ? fd : 0;

	for (size_t i = 0; !rc && i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!fcntl(fd, F_SETFD, flags[i]))
			rc = close_on_fork_worked(fd);
	if (fd >= 0)
		close(fd);
	return rc < 0 ? probe_cannot(p, "a descriptor", rc) :
	       rc     ? RIG_YES :
			RIG_NO;
}

static enum rig_answer open_clofork_probe(struct rig_probing *p)
{
#ifdef O_CLOFORK
	int fd = probe_rc(open("/", O_RDONLY | O_CLOFORK));
	int rc = fd < 0 ? fd : close_on_fork_worked(fd);

	return rc < 0 ? probe_feature(p, rc) : rc ? RIG_YES : RIG_NO;
#else
	return probe_say(p, RIG_NO, "no libc header has it");
#endif
}

/* ---- close_range ---- */

static int range(int fd, unsigned flags)
{
	return probe_rc(
		syscall(SYS_close_range, (unsigned)fd, (unsigned)fd, flags));
}

static enum rig_answer close_range_probe(struct rig_probing *p)
{
	int fd = some_fd();
	int rc = fd < 0 ? fd : range(fd, 0);

	if (rc < 0)
		return probe_feature(p, rc);
	return is_open(fd) ? RIG_NO : RIG_YES;
}

struct unshared {
	int fd;
	int rc;
	bool still_open; /* for the thread that closed it */
};

static void *close_alone(void *arg)
{
	struct unshared *u = arg;

	u->rc = range(u->fd, RANGE_UNSHARE);
	u->still_open = is_open(u->fd);
	return NULL;
}

static enum rig_answer range_unshare_probe(struct rig_probing *p)
{
	struct unshared u = { .fd = some_fd() };
	int rc = u.fd < 0 ? u.fd : probe_on_thread(close_alone, &u);

	if (rc)
		return probe_cannot(p, "a thread", rc);
	if (u.rc)
		return probe_feature(p, u.rc);
	return is_open(u.fd) && !u.still_open ? RIG_YES : RIG_NO;
}

static enum rig_answer range_cloexec_probe(struct rig_probing *p)
{
	int fd = some_fd();
	int rc = fd < 0 ? fd : range(fd, RANGE_CLOEXEC);

	if (rc < 0)
		return probe_feature(p, rc);
	return fcntl(fd, F_GETFD) == FD_CLOEXEC ? RIG_YES : RIG_NO;
}

static enum rig_answer memfd_probe(struct rig_probing *p)
{
	return probe_feature(p,
			     probe_rc(syscall(SYS_memfd_create, "probe", 1u)));
}

static const struct rig_probe probes[] = {
	{ "fd-clofork", "FD_CLOFORK: fork leaves the descriptor out",
	  "POSIX.1-2024 fcntl", clofork_probe },
	{ "o-clofork", "O_CLOFORK", "POSIX.1-2024 open", open_clofork_probe },
	{ "close-range", "close_range", "close_range(2)", close_range_probe },
	{ "range-unshare", "CLOSE_RANGE_UNSHARE: for one thread alone",
	  "close_range(2)", range_unshare_probe },
	{ "range-cloexec", "CLOSE_RANGE_CLOEXEC", "close_range(2)",
	  range_cloexec_probe },
	{ "memfd", "memfd_create", "memfd_create(2)", memfd_probe },
};

const struct rig_probe_subject rig_probe_subject_descriptor = {
	.name = "descriptor",
	.title = "descriptors",
	PROBES(probes),
};
