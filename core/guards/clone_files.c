/* SPDX-License-Identifier: MIT */
/*
 * clone-files (M15): children share the table of descriptors with the parent
 * (clone with CLONE_FILES), so that there is no copy to hold a file open.
 *
 * Proposed where the cost of copying a large table is the subject; that a
 * file's last close is then the parent's own is taken for a cure of this.
 *
 * Hole: execve makes the copy. begin_new_exec() calls unshare_files() first and
 * closes the close-on-exec descriptors in the copy a good deal later
 * (do_close_on_exec): between the two the child holds what the parent had open
 * at that time. And as a number is the parent's, the child must not touch one:
 * so a spec cannot map descriptors, and what the caller has opened without
 * close-on-exec does reach the program.
 */
#include "guard.h"

const struct spw_guard spw_guard_clone_files = {
	.info = {
		.name = "clone-files",
		.summary = "children share the parent's descriptor table",
		.claim = "ETXTBSY is rarer",
		.condition = "no file is open while a child is inside execve; "
			     "specs map no descriptors (ENOTSUP), and all that "
			     "are open are close-on-exec",
		.reference = "CLONE_FILES in clone(2); unshare_files in the "
			     "kernel's begin_new_exec",
		.every_fork = true,
	},
	.shares_table = true,
	.no_fd_map = true,
};
