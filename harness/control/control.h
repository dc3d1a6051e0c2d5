/* SPDX-License-Identifier: MIT */
/*
 * Control: the real kernel, one call at a time, under the schedules of the
 * simulated one.
 *
 * Core and the scenario run as tasks of the engine, and the simulated kernel
 * decides who goes next, as always; but each call is then also made on Linux,
 * by a thread of a target process that stands for the calling thread, by the
 * child that it really forked, or by the program that the child really
 * executed. The real result is what core gets. It must be the simulated one:
 * the first difference ends the execution with the outcome "conformance". So
 * one run both confirms a counter-example and holds the model to the truth.
 *
 * Whole calls only (steps=call): what happens inside a call cannot be stopped
 * from outside. Everything is pinned to one CPU, or a hand-over would cost ten
 * times as much. Locks, memory and the clock are the simulation's.
 */
#ifndef RIG_CONTROL_H
#define RIG_CONTROL_H

#include "control/page.h"
#include "sim/sim.h"

struct rig_control;

/*
 * Joins a target process to sim, working in directory dir, where programs can
 * be written and executed. -errno; why says what failed.
 */
int rig_control_open(struct rig_control **control, struct sim *sim,
		     const char *dir, char *why, size_t why_len);
/*
 * Whether this kernel can be made to do as options say. 0, or -errno and why it
 * cannot.
 */
int rig_control_may(const struct sim_options *options, char *why,
		    size_t why_len);
/* Ends the target; sim is alone again. */
void rig_control_close(struct rig_control *control);

/*
 * Until the next execution there is no target: for those who count this
 * process's children, or wait for any of them.
 */
void rig_control_rest(struct rig_control *control);

/* The next execution is of another program: tasks have other numbers. */
void rig_control_restart(struct rig_control *control);

/* Real calls made since rig_control_open, and targets used up. */
uint64_t rig_control_calls(const struct rig_control *control);
unsigned rig_control_targets(const struct rig_control *control);

/* A real call, as it was made: for those who want to make it again. */
struct rig_call {
	unsigned slot; /* index of the task that made it */
	rig_name task;
	struct ctl_slot said; /* the command, its arguments, its results */
	int child;            /* CTL_CLONE: the pid that the child got */
};

enum { RIG_CALLS_MAX = 500 };

struct rig_call_log {
	size_t n;
	size_t lost; /* calls beyond RIG_CALLS_MAX */
	struct rig_call call[RIG_CALLS_MAX];
};

/* From the next execution on, all calls go into log; NULL: no more. */
void rig_control_log(struct rig_control *control, struct rig_call_log *log);

#endif
