/* SPDX-License-Identifier: MIT */
/*
 * The real kernel: files through io_uring, without its library. The structures
 * are those of uapi/linux/io_uring.h, which is not everywhere.
 *
 * Each call hands one entry over and waits for its completion, so the kernel
 * and this thread never work on the rings at the same time: the system call
 * orders what either has written.
 */
#include "sys_linux.h"

#include <fcntl.h>
#include <stdlib.h>
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
	OP_CLOSE = 19,
	OP_WRITE = 23,
	SQE_FIXED_FILE = 1,
	SLOT = 0, /* of the only direct descriptor */
	WRITE_MAX = 1 << 30,
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
	uint32_t file_index; /* a slot plus one */
	uint64_t pad[2];
};

struct cqe {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};

struct spw_ring {
	int fd;
	struct params params;
	char *rings; /* both */
	size_t rings_len;
	struct sqe *sqes;
};

static uint32_t *at(struct spw_ring *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring->rings + offset);
}

static int map(struct spw_ring *r)
{
	size_t sq = r->params.sq.array_or_flags +
		    r->params.sq_entries * sizeof(uint32_t);
	size_t cq = r->params.cq.dropped_or_cqes +
		    r->params.cq_entries * sizeof(struct cqe);

	/* Older kernels than 5.4 have no direct descriptors either. */
	if (!(r->params.features & FEAT_SINGLE_MMAP))
		return -ENOSYS;
	r->rings_len = sq > cq ? sq : cq;
	r->rings = mmap(NULL, r->rings_len, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, r->fd, 0);
	if (r->rings == MAP_FAILED)
		return -errno;
	r->sqes = mmap(NULL, r->params.sq_entries * sizeof(struct sqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		       off_sqes);
	if (r->sqes != MAP_FAILED)
		return 0;
	munmap(r->rings, r->rings_len);
	return -errno;
}

/* A table of one slot, empty. */
static int register_slot(struct spw_ring *r)
{
	int32_t empty = -1;

	return (int)spw_linux_result(syscall(SYS_io_uring_register, r->fd,
					     REGISTER_FILES, &empty, 1));
}

void spw_linux_ring_destroy(struct spw_sys *sys, struct spw_ring *r)
{
	munmap(r->sqes, r->params.sq_entries * sizeof(struct sqe));
	munmap(r->rings, r->rings_len);
	syscall(SYS_close, r->fd);
	free(r);
}

int spw_linux_ring_create(struct spw_sys *sys, struct spw_ring **out)
{
	struct spw_ring *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	r->fd = (int)syscall(SYS_io_uring_setup, 1, &r->params);
	error = r->fd < 0 ? -errno : map(r);
	if (error < 0) {
		if (r->fd >= 0)
			syscall(SYS_close, r->fd);
		free(r);
		return error;
	}
	error = register_slot(r);
	if (error < 0)
		spw_linux_ring_destroy(sys, r);
	else
		*out = r;
	return error;
}

/* Until there is a completion; an error only where nothing was handed over. */
static int enter(struct spw_ring *r)
{
	const uint32_t *head = at(r, r->params.cq.head);
	const volatile uint32_t *tail = at(r, r->params.cq.tail);
	unsigned left = 1;

	do {
		long taken = syscall(SYS_io_uring_enter, r->fd, left, 1,
				     ENTER_GETEVENTS, NULL, 0);

		if (taken > 0)
			left = 0;
		else if (left && taken < 0 && errno != EINTR)
			return -errno;
	} while (*head == *tail);
	return 0;
}

/* Hands the entry over and returns its result. */
static int carry_out(struct spw_ring *r, const struct sqe *sqe)
{
	uint32_t *tail = at(r, r->params.sq.tail);
	uint32_t *head = at(r, r->params.cq.head);
	uint32_t index = *tail & *at(r, r->params.sq.mask);
	const struct cqe *cqes;
	int result;

	r->sqes[index] = *sqe;
	at(r, r->params.sq.array_or_flags)[index] = index;
	++*tail;
	result = enter(r);
	if (result < 0) {
		--*tail;
		return result;
	}
	cqes = (const void *)(r->rings + r->params.cq.dropped_or_cqes);
	result = cqes[*head & *at(r, r->params.cq.mask)].res;
	++*head;
	return result;
}

int spw_linux_ring_open(struct spw_sys *sys, struct spw_ring *ring,
			const char *path, int flags, mode_t mode)
{
	const struct sqe sqe = {
		.opcode = OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.len = mode,
		.open_flags = (uint32_t)flags,
		.file_index = SLOT + 1,
	};
	int result = carry_out(ring, &sqe);

	if (result <= 0)
		return result;
	/* Before 5.15 the index means nothing: that is a plain descriptor. */
	syscall(SYS_close, result);
	return -ENOTSUP;
}

ssize_t spw_linux_ring_write(struct spw_sys *sys, struct spw_ring *ring,
			     const void *buf, size_t len)
{
	const struct sqe sqe = {
		.opcode = OP_WRITE,
		.flags = SQE_FIXED_FILE,
		.fd = SLOT,
		.off = UINT64_MAX, /* at the file's position */
		.addr = (uintptr_t)buf,
		.len = len < WRITE_MAX ? (uint32_t)len : WRITE_MAX,
	};

	return carry_out(ring, &sqe);
}

int spw_linux_ring_close(struct spw_sys *sys, struct spw_ring *ring)
{
	const struct sqe sqe = {
		.opcode = OP_CLOSE,
		.file_index = SLOT + 1,
	};

	return carry_out(ring, &sqe);
}
