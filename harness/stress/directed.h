/* SPDX-License-Identifier: MIT */
/*
 * The threads of a directed run. Round after round, one writes a program; while
 * the file is open the others, the holders, spawn what has nothing to do with
 * it; and when the guard lets the writer go on, the program is executed at
 * once:
 *
 *	writer    open .. write .. close .. guard says it is safe
 *	holder         spawn
 *	its child       `- copies ........ execve .. closes them late
 *	executor  waits, on a CPU of its own ............... execve => ETXTBSY?
 *
 * Holders and children share the other CPU, so that whoever goes on because of a
 * child does so in the place of that child. The writer is there, too, for a
 * number of rounds: then a child that has given its sign goes no further before
 * the program is executed. For as many rounds it is on the executor's CPU, and
 * executor and child run at the same time: for what a child does without ever
 * giving its CPU away, as the release of a file.
 */
#ifndef RIG_STRESS_DIRECTED_H
#define RIG_STRESS_DIRECTED_H

#include "stress/executor.h"
#include "stress/hammer.h"

struct rig_directed;

/* options, dir, stage and executor stay the caller's. */
int rig_directed_start(struct rig_directed **directed,
		       const struct rig_stress_options *options,
		       const struct rig_workdir *dir, struct rig_stage *stage,
		       struct rig_executor *executor);
void rig_directed_stop(struct rig_directed *directed);

/* As work of struct rig_hammer. by_library: the program is spawned, by no executor. */
int rig_directed_work(struct rig_directed *directed,
		      const struct rig_slice *slice, bool by_library,
		      struct rig_tally *tally);

#endif
