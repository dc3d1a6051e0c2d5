/* SPDX-License-Identifier: MIT */
/*
 * io-uring-direct (M12): the file is opened, written and closed through
 * io_uring as a direct descriptor, which is in no descriptor table: there is
 * nothing for a child to copy.
 *
 * A note in rust-lang/rust#114554, and what programs on io_uring runtimes do
 * without thinking of it (ocaml-multicore/eio#935 has an ETXTBSY all the same).
 *
 * Hole: the completion of the close may come before the last reference goes: a
 * worker of the ring may hold the file a little longer (seen: 21 of 93,258). And
 * a ring that is torn down gives its files back some milliseconds later; this
 * one is closed first. io_uring is forbidden on many systems
 * (kernel.io_uring_disabled, seccomp).
 */
#include <errno.h>
#include <fcntl.h>

#include "rt.h"

struct rings {
	struct spw_mutex *lock;
	struct spw_ring *ring; /* used under lock */
};

static int create_ring(struct spw_sys *sys, struct rings *rings)
{
	int error = sys->ring_create(sys, &rings->ring);

	return error == -ENOSYS || error == -EPERM ? -ENOTSUP : error;
}

static int io_uring_direct_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	struct rings *rings;
	int error;

	if (!sys->ring_create)
		return -ENOTSUP;
	rings = sys->alloc(sys, sizeof(*rings));
	if (!rings)
		return -ENOMEM;
	error = sys->mutex_create(sys, &rings->lock);
	if (error < 0)
		goto no_mutex;
	error = create_ring(sys, rings);
	if (error < 0)
		goto no_ring;
	*state = rings;
	return 0;

no_ring:
	sys->mutex_destroy(sys, rings->lock);
no_mutex:
	sys->free(sys, rings);
	return error;
}

static void io_uring_direct_shut(struct spw_rt *rt, void *state)
{
	struct rings *rings = state;

	rt->sys->ring_destroy(rt->sys, rings->ring);
	rt->sys->mutex_destroy(rt->sys, rings->lock);
	rt->sys->free(rt->sys, rings);
}

static int write_all(struct spw_sys *sys, struct spw_ring *ring,
		     const struct spw_write *job)
{
	const char *data = job->data;
	size_t len = job->len;

	while (len > 0) {
		ssize_t n = sys->ring_write(sys, ring, data, len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_by_ring(struct spw_sys *sys, struct spw_ring *ring,
			 const struct spw_write *job)
{
	int error, closed;

	error = sys->ring_open(sys, ring, job->path,
			       O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (error < 0)
		return error;
	error = write_all(sys, ring, job);
	closed = sys->ring_close(sys, ring);
	return error < 0 ? error : closed;
}

/* io_uring has no fchmod; a descriptor for reading is no writer. */
static int set_mode(struct spw_sys *sys, const struct spw_write *job)
{
	int fd = sys->open(sys, job->path, O_RDONLY | O_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return fd;
	error = sys->fchmod(sys, fd, job->mode);
	sys->close(sys, fd);
	return error;
}

static int io_uring_direct_write(struct spw_rt *rt, void *state,
				 const struct spw_write *job)
{
	struct spw_sys *sys = rt->sys;
	struct rings *rings = state;
	int error;

	sys->mutex_lock(sys, rings->lock);
	error = write_by_ring(sys, rings->ring, job);
	sys->mutex_unlock(sys, rings->lock);
	return error < 0 ? error : set_mode(sys, job);
}

const struct spw_guard spw_guard_io_uring_direct = {
	.info = {
		.name = "io-uring-direct",
		.summary = "write through a direct descriptor of io_uring",
		.claim = "ETXTBSY is rarer",
		.condition = "Linux 5.15 with io_uring allowed; the file is "
			     "released when its close completes",
		.reference = "rust-lang/rust#114554, ocaml-multicore/eio#935",
	},
	.open = io_uring_direct_open,
	.shut = io_uring_direct_shut,
	.write = io_uring_direct_write,
};
