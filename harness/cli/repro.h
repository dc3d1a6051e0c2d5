/* SPDX-License-Identifier: MIT */
/*
 * A reproducer: one C file that makes the calls of a counter-example by itself,
 * in the form in which kernel developers ask for them: a line of where it is
 * from, libc's headers only, gcc -static -pthread, a loop of its own.
 */
#ifndef RIG_REPRO_H
#define RIG_REPRO_H

#include "control/control.h"
#include "scenarios/scenario.h"

#include <stdio.h>

struct rig_repro {
	const struct rig_call_log *log; /* of the failing execution */
	const char *version;
	const char *schedule; /* its file */
	const struct rig_header *header;
	const struct rig_beside *beside;
	const char *message;  /* what went wrong */
	const char *kernel;   /* where the calls were made */
	const char *measured; /* how often it was seen to reproduce, or NULL */
};

/* Writes the file; whether all could be written, the stream says. */
void rig_repro_write(FILE *out, const struct rig_repro *repro);

/* How a kind of call is written, and what it needs beside libc. */
struct rig_call_form {
	/*
	 * C, with %p the path, %q the second path, %b the bytes as a string,
	 * %l their number, %0 to %2 an argument, %x an argument that follows
	 * as octal digits, %f flags of open, %o flags of waitid, %u and %v the
	 * two outputs, %k the task whose process is meant (-1: none), %w the
	 * same for waitid, %e the one whose process is the result, %s the signal
	 * that is sent.
	 */
	const char *text;
	const char *helper;  /* a function before the tasks, or NULL */
	const char *include; /* a header beside the usual ones, or NULL */
	bool judged;         /* the helper compares: 0 where all is as said */
};

/* Indexed by enum ctl_op, up to CTL_KILLED; all that a task can say is there. */
extern const struct rig_call_form rig_call_forms[CTL_KILLED + 1];
#endif
