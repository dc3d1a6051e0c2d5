/* SPDX-License-Identifier: MIT */
/* strerrorname_np is glibc's alone; these are the ones the kernel returns. */
#include "sim/kernel.h"

#include <errno.h>

static const struct {
	int error;
	const char *name;
} names[] = {
	{ EACCES, "EACCES" },   { EAGAIN, "EAGAIN" }, { EBADF, "EBADF" },
	{ ECHILD, "ECHILD" },   { EEXIST, "EEXIST" }, { EINTR, "EINTR" },
	{ EINVAL, "EINVAL" },   { EIO, "EIO" },       { EMFILE, "EMFILE" },
	{ ENFILE, "ENFILE" },   { ENOENT, "ENOENT" }, { ENOEXEC, "ENOEXEC" },
	{ ENOMEM, "ENOMEM" },   { ENOSPC, "ENOSPC" }, { EPERM, "EPERM" },
	{ ETXTBSY, "ETXTBSY" }, { EPIPE, "EPIPE" },   { ELOOP, "ELOOP" },
	{ ENODEV, "ENODEV" },   { EBUSY, "EBUSY" },   { EMLINK, "EMLINK" },
	{ ENOLCK, "ENOLCK" },
};

const char *sim_errno_name(int error)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return "error";
}
