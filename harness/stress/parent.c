/* SPDX-License-Identifier: MIT */
#include "stress/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 10000,
	SPARE_FDS = 100, /* what else is open, generously */
	SPARE_MIB = 256,
};

static const size_t touched = 1u << 30;

const char *rig_parent_name(enum rig_parent parent)
{
	static const char *const names[RIG_PARENTS] = {
		[RIG_PARENT_SMALL] = "small parent",
		[RIG_PARENT_LARGE] = "1 GiB touched",
		[RIG_PARENT_OPEN] = "10,000 descriptors",
	};

	return names[parent];
}

/* ---- memory ---- */

/* The number in the line of path that begins with key; false: there is none. */
static bool read_number(const char *path, const char *key, uint64_t *value)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(key);
	char line[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		char *end;

		if (strncmp(line, key, len) != 0)
			continue;
		*value = strtoull(line + len, &end, 10);
		found = end != line + len;
	}
	if (file)
		fclose(file);
	return found;
}

/*
 * Asked for first: who touches more than there is gets no error, but is killed.
 */
static uint64_t available_mib(void)
{
	uint64_t kib, limit, mib = UINT64_MAX;

	if (read_number("/proc/meminfo", "MemAvailable:", &kib))
		mib = kib >> 10;
	/* Of a container; at the root of the hierarchy there is no such file. */
	if (read_number("/sys/fs/cgroup/memory.max", "", &limit) &&
	    limit >> 20 < mib)
		mib = limit >> 20;
	return mib;
}

static int touch(struct rig_ballast *b, char *why, size_t why_len)
{
	uint64_t mib = available_mib();
	long page = sysconf(_SC_PAGESIZE);
	char *memory;

	if (mib < (touched >> 20) + SPARE_MIB) {
		snprintf(why, why_len, "only %" PRIu64 " MiB are available",
			 mib);
		return -ENOMEM;
	}
	memory = mmap(NULL, touched, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		snprintf(why, why_len, "1 GiB: %s", strerror(errno));
		return -ENOMEM;
	}
	/* Of large pages there are few to copy; no heap is sure to have them. */
	madvise(memory, touched, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < touched; i += (size_t)page)
		memory[i] = 1;
	b->memory = memory;
	return 0;
}

/* ---- descriptors ---- */

static int raise_limit(struct rig_ballast *b, char *why, size_t why_len)
{
	const rlim_t wanted = DESCRIPTORS + SPARE_FDS;
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &b->files))
		return 0;
	raised = b->files;
	if (raised.rlim_cur < wanted)
		raised.rlim_cur = wanted < raised.rlim_max ? wanted :
							     raised.rlim_max;
	if (raised.rlim_cur >= wanted && !setrlimit(RLIMIT_NOFILE, &raised))
		return 0;
	snprintf(why, why_len,
		 "%d descriptors are more than may be open (ulimit -Hn)",
		 DESCRIPTORS);
	return -EMFILE;
}

static int open_many(struct rig_ballast *b, const char *path, char *why,
		     size_t why_len)
{
	int rc = raise_limit(b, why, why_len);

	if (rc)
		return rc;
	b->fd = calloc(DESCRIPTORS, sizeof(*b->fd));
	if (!b->fd)
		return -ENOMEM;
	for (; b->nfds < DESCRIPTORS; b->nfds++) {
		b->fd[b->nfds] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (b->fd[b->nfds] >= 0)
			continue;
		snprintf(why, why_len, "after %u descriptors: %s", b->nfds,
			 strerror(errno));
		return -EMFILE;
	}
	return 0;
}

/* ---- */

int rig_ballast_take(struct rig_ballast *b, enum rig_parent parent,
		     const struct rig_workdir *dir, char *why, size_t why_len)
{
	int rc = 0;

	memset(b, 0, sizeof(*b));
	snprintf(why, why_len, "%s", "");
	if (parent == RIG_PARENT_LARGE)
		rc = touch(b, why, why_len);
	else if (parent == RIG_PARENT_OPEN)
		rc = open_many(b, dir->path, why, why_len);
	if (!rc)
		return 0;
	if (!why[0])
		snprintf(why, why_len, "%s", strerror(-rc));
	rig_ballast_drop(b);
	return rc;
}

void rig_ballast_drop(struct rig_ballast *b)
{
	if (b->memory)
		munmap(b->memory, touched);
	while (b->nfds)
		close(b->fd[--b->nfds]);
	free(b->fd);
	if (b->files.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &b->files);
}
