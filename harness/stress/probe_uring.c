/* SPDX-License-Identifier: MIT */
/*
 * io_uring, without its library: is it permitted, and does it open files that
 * no descriptor table has. The structures are those of uapi/linux/io_uring.h,
 * which musl-gcc does not find.
 */
#include "stress/probe_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup    425
#define SYS_io_uring_enter    426
#define SYS_io_uring_register 427
#endif

enum {
	ENTER_GETEVENTS = 1,
	REGISTER_FILES = 2,
	FEAT_SINGLE_MMAP = 1,
	OP_OPENAT = 18,
};

static const off_t off_sqes = 0x10000000;

struct ring_offsets {
	uint32_t head, tail, mask, entries, flags_or_overflow;
	uint32_t dropped_or_cqes, array_or_flags, resv1;
	uint64_t user_addr;
};

struct params {
	uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle;
	uint32_t features, wq_fd, resv[3];
	struct ring_offsets sq, cq;
};

struct sqe {
	uint8_t opcode, flags;
	uint16_t ioprio;
	int32_t fd;
	uint64_t off, addr;
	uint32_t len, open_flags;
	uint64_t user_data;
	uint16_t buf_index, personality;
	uint32_t file_index; /* the slot's index plus one */
	uint64_t pad[2];
};

struct cqe {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};

struct ring {
	int fd;
	struct params params;
	char *rings; /* both */
	size_t rings_len;
	struct sqe *sqes;
};

static int set_up(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, 1, &r->params);
	return r->fd < 0 ? -errno : 0;
}

static enum rig_answer setup_probe(struct rig_probing *p)
{
	struct ring r;

	return probe_feature(p, set_up(&r));
}

static void *map_ring(const struct ring *r, size_t len, off_t offset)
{
	void *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, r->fd, offset);

	return map == MAP_FAILED ? NULL : map;
}

/* The process ends with the probe; nothing is unmapped. */
static int map_all(struct ring *r)
{
	size_t sq = r->params.sq.array_or_flags +
		    r->params.sq_entries * sizeof(uint32_t);
	size_t cq = r->params.cq.dropped_or_cqes +
		    r->params.cq_entries * sizeof(struct cqe);

	if (!(r->params.features & FEAT_SINGLE_MMAP))
		return -ENOSYS; /* older than direct descriptors */
	r->rings_len = sq > cq ? sq : cq;
	r->rings = map_ring(r, r->rings_len, 0);
	r->sqes = map_ring(r, r->params.sq_entries * sizeof(struct sqe),
			   off_sqes);
	return r->rings && r->sqes ? 0 : -errno;
}

static uint32_t *at(const struct ring *r, uint32_t offset)
{
	return (uint32_t *)(void *)(r->rings + offset);
}

/* One table slot, empty: a file can be opened into it. */
static int register_slot(const struct ring *r)
{
	const int empty = -1;

	return probe_rc(syscall(SYS_io_uring_register, r->fd, REGISTER_FILES,
				&empty, 1));
}

/* Submits r->sqes[0] and waits for its end, whose result is *res. */
static int submit(struct ring *r, int *res)
{
	uint32_t *tail = at(r, r->params.sq.tail);
	const struct cqe *cqes =
		(const void *)(r->rings + r->params.cq.dropped_or_cqes);
	long n;

	*at(r, r->params.sq.array_or_flags) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	n = syscall(SYS_io_uring_enter, r->fd, 1, 1, ENTER_GETEVENTS, NULL, 0);
	if (n != 1)
		return n < 0 ? -errno : -EIO;
	if (__atomic_load_n(at(r, r->params.cq.tail), __ATOMIC_ACQUIRE) ==
	    *at(r, r->params.cq.head))
		return -EIO;
	*res = cqes[0].res;
	return 0;
}

/* A direct descriptor is 0; a kernel that knows none refuses or returns one of
 * the table, and 0 to 2 are taken there. */
static enum rig_answer direct_probe(struct rig_probing *p)
{
	struct ring r;
	int rc = set_up(&r), res = 0;

	for (int fd = 0; !rc && fd >= 0 && fd <= 2;)
		fd = dup(r.fd);
	if (!rc)
		rc = map_all(&r);
	if (!rc)
		rc = register_slot(&r);
	if (rc < 0)
		return probe_feature(p, rc);
	r.sqes[0] = (struct sqe){
		.opcode = OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t) "/",
		.open_flags = O_RDONLY | O_DIRECTORY,
		.file_index = 1,
	};
	rc = submit(&r, &res);
	if (rc)
		return probe_cannot(p, "io_uring_enter", rc);
	return res > 0 ? RIG_NO : probe_feature(p, res);
}

static const struct rig_probe probes[] = {
	{ "setup", "io_uring is permitted", "io_uring_setup(2)", setup_probe },
	{ "direct", "it opens direct descriptors",
	  "io_uring_enter(2) file_index", direct_probe },
};

const struct rig_probe_subject rig_probe_subject_uring = {
	.name = "io-uring",
	.title = "io_uring",
	PROBES(probes),
};
