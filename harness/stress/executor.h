/* SPDX-License-Identifier: MIT */
/*
 * A process that is there before any file is written, has none of the rig's
 * descriptors, and executes a program the moment that it is told to: on a CPU
 * of its own it spins on a word of the stage, or sleeps where the writer needs
 * that CPU to say it. Between that word and the test of
 * the write count in execve lie a few microseconds, so what is found is what
 * the barrier had let through.
 */
#ifndef RIG_STRESS_EXECUTOR_H
#define RIG_STRESS_EXECUTOR_H

#include "stress/stage.h"

#include <sched.h>

struct rig_executor {
	struct rig_stage *stage;
	pid_t pid;
	cpu_set_t cpu;   /* where it runs */
	cpu_set_t other; /* where all else does */
};

/* Executes stage->path, round after round from 1. Its CPUs are set. */
int rig_executor_start(struct rig_executor *executor, struct rig_stage *stage);

/* Also when it is stuck. */
void rig_executor_stop(struct rig_executor *executor);

/* Returns when a process waits for the word of the round; -ETIMEDOUT. */
int rig_executor_ready(struct rig_executor *executor, unsigned round,
		       uint64_t patience_ns);

/*
 * Says go for the round, for which it is ready, and waits for what comes of it.
 * 0: *error and *status of stage are set; -ETIMEDOUT.
 */
int rig_executor_go(struct rig_executor *executor, unsigned round,
		    uint64_t patience_ns);

#endif
