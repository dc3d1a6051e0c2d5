/* SPDX-License-Identifier: MIT */
/* strerrorname_np is glibc's alone; these are the ones the kernel returns. */
#include "sim/kernel.h"

#include <errno.h>

#define ERRORS(X)                                                            \
	X(EACCES)                                                            \
	X(EAGAIN) X(EBADF) X(ECHILD) X(EEXIST) X(EINTR) X(EINVAL) X(EIO)     \
		X(EMFILE) X(ENFILE) X(ENOENT) X(ENOEXEC) X(ENOMEM) X(ENOSPC) \
			X(EPERM) X(EPIPE) X(ETXTBSY)

const char *sim_errno_name(int error)
{
	switch (error) {
#define X(name)    \
	case name: \
		return #name;
		ERRORS(X)
#undef X
	default:
		return "error";
	}
}
