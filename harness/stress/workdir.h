/* SPDX-License-Identifier: MIT */
/*
 * A private directory for programs that are written and executed. It is made
 * under --dir, $TMPDIR or /tmp, removed at the end, and what a killed run has
 * left behind is removed by the next one: each holds a lock on a file in it.
 */
#ifndef RIG_WORKDIR_H
#define RIG_WORKDIR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct rig_workdir {
	char path[PATH_MAX];
	char fs[24];       /* type of its file system: "ext4", "0x1234" */
	int lock;          /* descriptor, close-on-exec */
	bool busy_refused; /* execve of a file open for writing fails here */
};

/*
 * Makes one below parent (NULL: $TMPDIR, else /tmp) and executes a program in
 * it. On failure -errno, and why says what cannot be done there, as
 * "/mnt: mounted noexec".
 */
int rig_workdir_open(struct rig_workdir *dir, const char *parent, char *why,
		     size_t why_len);

/* Removes the directory and the files in it. */
void rig_workdir_close(struct rig_workdir *dir);

/*
 * A program of a few hundred bytes without libc that exits with code (0..255),
 * for this machine's architecture. Returns its length; -ENOTSUP where there
 * is none.
 */
enum { RIG_PROGRAM_MAX = 512 };
int rig_program(unsigned char program[RIG_PROGRAM_MAX], unsigned code);

/* The same, but it waits until it is killed. */
int rig_program_waiting(unsigned char program[RIG_PROGRAM_MAX]);

#endif
