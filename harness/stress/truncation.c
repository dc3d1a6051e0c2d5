/* SPDX-License-Identifier: MIT */
#include "stress/truncation.h"

#include <spw/sys.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TRIES = 31, SIZE = 4096 };

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* How long one close takes. */
static int time_close(const char *path, uint64_t *ns)
{
	static const char data[SIZE];
	struct spw_sys *sys = spw_sys_linux();
	int fd = sys->open(sys, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			   0600);
	ssize_t n;
	int rc;

	if (fd < 0)
		return fd;
	n = sys->write(sys, fd, data, sizeof(data));
	*ns = sys->now_ns(sys);
	rc = sys->close(sys, fd);
	*ns = sys->now_ns(sys) - *ns;
	return n < 0 ? (int)n : rc;
}

static int time_closes(const char *path, bool anew, uint64_t *median)
{
	uint64_t ns[TRIES];
	int rc = 0;

	for (int i = 0; !rc && i < TRIES; i++) {
		if (anew)
			unlink(path);
		rc = time_close(path, &ns[i]);
	}
	if (rc)
		return rc;
	qsort(ns, TRIES, sizeof(ns[0]), compare);
	*median = ns[TRIES / 2];
	return 0;
}

int rig_truncation_close(const struct rig_workdir *dir, uint64_t *created_ns,
			 uint64_t *rewritten_ns)
{
	char path[PATH_MAX];
	int rc;

	/* workdir.c leaves room for a name. */
	snprintf(path, sizeof(path), "%.*s/closed", PATH_MAX - NAME_MAX,
		 dir->path);
	rc = time_closes(path, true, created_ns);
	if (!rc)
		rc = time_closes(path, false, rewritten_ns);
	unlink(path);
	return rc;
}
