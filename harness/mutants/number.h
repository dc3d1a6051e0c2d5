/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor number of the first process stands for, for mutants that
 * treat one kind of descriptor in another way. Known from the calls that make
 * them; a number keeps its meaning until it is made again, so only who has it
 * open may ask. Not for programs with more than one descriptor table.
 */
#ifndef RIG_NUMBER_H
#define RIG_NUMBER_H

#include <spw/sys.h>

enum rig_number {
	RIG_NUMBER_OTHER,
	RIG_NUMBER_WRITTEN,       /* a file, open for writing */
	RIG_NUMBER_REPORT_READER, /* the ends of a pipe */
	RIG_NUMBER_REPORT_WRITER,
};

/* To be called while planting. */
void rig_number_watch(struct spw_sys *sys);

enum rig_number rig_number_of(int fd);

#endif
