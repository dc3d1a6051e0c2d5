/* SPDX-License-Identifier: MIT */
/* Leases, locks and events: what guards wait for. */
#include "stress/probe_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EVENT_MS = 1000 };

/* A file, and nobody has it open. */
static int make_file(struct rig_probing *p, char path[PROBE_PATH])
{
	int rc = probe_path(p, "file", path);

	return rc ? rc : probe_write(path, "x", 1);
}

/* ---- leases ---- */

/* Nobody may break a lease meanwhile: the SIGIO would end the probe. */
static int take_lease(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = probe_rc(fcntl(fd, F_SETLEASE, F_RDLCK));
	close(fd);
	return rc;
}

/* Takes a lease meanwhile, and after somebody has let go. */
struct lease {
	int held, after;
};

static int try_lease(const char *path, bool mapped, struct lease *lease)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd < 0)
		return -errno;
	if (mapped) {
		map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		if (map == MAP_FAILED)
			return -errno;
	}
	lease->held = take_lease(path);
	if (mapped)
		munmap(map, 1);
	else
		close(fd);
	lease->after = take_lease(path);
	return 0;
}

static enum rig_answer lease_probe(struct rig_probing *p, bool mapped,
				   struct lease *lease)
{
	char path[PROBE_PATH];
	int rc;

	if (!p->place->dir)
		return probe_no_dir(p);
	rc = make_file(p, path);
	if (!rc)
		rc = try_lease(path, mapped, lease);
	unlink(path);
	return rc ? probe_cannot(p, "a file", rc) : RIG_YES;
}

/* Refused meanwhile says something only where it is granted after. */
static enum rig_answer lease_refused(struct rig_probing *p, bool mapped)
{
	struct lease lease = { 0 };
	enum rig_answer answer = lease_probe(p, mapped, &lease);

	if (answer != RIG_YES)
		return answer;
	if (lease.after)
		return probe_cannot(p, "F_SETLEASE without a writer",
				    lease.after);
	return lease.held == -EAGAIN ? RIG_YES :
	       lease.held ? probe_cannot(p, "F_SETLEASE", lease.held) :
			    RIG_NO;
}

static enum rig_answer lease_writer(struct rig_probing *p)
{
	return lease_refused(p, false);
}

static enum rig_answer lease_mapping(struct rig_probing *p)
{
	return lease_refused(p, true);
}

static enum rig_answer lease_granted(struct rig_probing *p)
{
	struct lease lease = { 0 };
	enum rig_answer answer = lease_probe(p, false, &lease);

	return answer == RIG_YES ? probe_feature(p, lease.after) : answer;
}

/* ---- locks ---- */

/* 0, or -errno; -EWOULDBLOCK: somebody else has it. */
typedef int lock_fn(int fd);

static int lock_flock(int fd)
{
	return probe_rc(flock(fd, LOCK_EX | LOCK_NB));
}

static int lock_ofd(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc = probe_rc(fcntl(fd, F_OFD_SETLK, &lock));

	return rc == -EACCES ? -EWOULDBLOCK : rc;
}

/* Of two open file descriptions only one gets it. */
static enum rig_answer compete(struct rig_probing *p, const char *path,
			       lock_fn *lock)
{
	int one = open(path, O_RDWR | O_CLOEXEC);
	int two = open(path, O_RDWR | O_CLOEXEC);
	int rc = one < 0 || two < 0 ? -errno : lock(one);
	enum rig_answer answer = probe_feature(p, rc);

	if (rc >= 0) {
		rc = lock(two);
		answer = rc == -EWOULDBLOCK ? RIG_YES :
			 rc ? probe_cannot(p, "second lock", rc) :
			      RIG_NO;
	}
	close(one);
	close(two);
	return answer;
}

static enum rig_answer lock_probe(struct rig_probing *p, lock_fn *lock)
{
	char path[PROBE_PATH];
	enum rig_answer answer;
	int rc;

	if (!p->place->dir)
		return probe_no_dir(p);
	rc = make_file(p, path);
	answer = rc ? probe_cannot(p, "a file", rc) : compete(p, path, lock);
	unlink(path);
	return answer;
}

static enum rig_answer flock_probe(struct rig_probing *p)
{
	return lock_probe(p, lock_flock);
}

static enum rig_answer ofd_probe(struct rig_probing *p)
{
	return lock_probe(p, lock_ofd);
}

/* ---- inotify ---- */

/* 1: the event came; 0: it did not. */
static int close_event(int in, const char *path)
{
	struct pollfd poll_in = { .fd = in, .events = POLLIN };
	struct inotify_event event;
	char buffer[sizeof(event) + NAME_MAX + 1];
	int fd;

	if (inotify_add_watch(in, path, IN_CLOSE_WRITE) < 0)
		return -errno;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	if (poll(&poll_in, 1, EVENT_MS) != 1)
		return 0;
	return read(in, buffer, sizeof(buffer)) > 0;
}

static enum rig_answer inotify_probe(struct rig_probing *p)
{
	char path[PROBE_PATH];
	int in, rc;

	if (!p->place->dir)
		return probe_no_dir(p);
	rc = make_file(p, path);
	in = rc ? rc : probe_rc(inotify_init1(IN_CLOEXEC));
	if (in >= 0) {
		rc = close_event(in, path);
		close(in);
	} else {
		rc = in;
	}
	unlink(path);
	return rc ? probe_feature(p, rc) : RIG_NO;
}

static const struct rig_probe probes[] = {
	{ "lease-writer", "a read lease is refused while a writer has it open",
	  "fcntl(2) F_SETLEASE; Linux generic_add_lease", lease_writer },
	{ "lease-mapping", "... while a writer has it mapped only",
	  "fcntl(2) F_SETLEASE; Linux check_conflicting_open", lease_mapping },
	{ "lease-granted", "... and granted when no writer is left",
	  "fcntl(2) F_SETLEASE", lease_granted },
	{ "flock", "flock excludes another open file description", "flock(2)",
	  flock_probe },
	{ "ofd", "open file description locks do", "fcntl(2) F_OFD_SETLK",
	  ofd_probe },
	{ "inotify", "inotify tells of a writer's close",
	  "inotify(7) IN_CLOSE_WRITE; Linux __fput", inotify_probe },
};

const struct rig_probe_subject rig_probe_subject_lock = {
	.name = "lock",
	.title = "leases, locks and events",
	PROBES(probes),
};
