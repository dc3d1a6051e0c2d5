/* SPDX-License-Identifier: MIT */
/* Shared by the scenarios of family wait. */
#ifndef RIG_WAIT_H
#define RIG_WAIT_H

#include "scenarios/scenario.h"

enum { RIG_WAIT_CHILDREN = 4 };

/* Children of one run; program number i exits with i + 1. */
struct rig_children {
	struct spw_mutex *lock;
	struct spw_cond *changed;
	struct spw_proc *proc[RIG_WAIT_CHILDREN]; /* under lock, or written
						     before the actors are */
	bool given_up[RIG_WAIT_CHILDREN]; /* likewise: it has not come */
};

/* Writes the first n programs, while nobody else is there. */
int rig_wait_programs(struct rig_run *run, unsigned n);
/* For scenarios whose state is rig_children: with a program for each actor. */
int rig_wait_begin(struct rig_run *run);
/* The same, and starts the first n. */
int rig_wait_begin_with(struct rig_run *run, unsigned n);
/* Releases all children. */
void rig_wait_finish(struct rig_run *run);

/* Starts program number i, with enum spw_flags; NULL: it was reported why not. */
struct spw_proc *rig_wait_spawn(struct rig_run *run, unsigned i,
				unsigned flags);
/*
 * Waits for proc, of program number i, and reports whatever is not the status
 * of that program. NULL: nothing, it was reported that there is none.
 */
void rig_wait_check(struct rig_run *run, struct spw_proc *proc, unsigned i);
/* What a wait for program number i was told: the same, for a caller that waits
 * itself. error is 0 or -errno. */
void rig_wait_told(struct rig_run *run, unsigned i, int error,
		   const struct spw_status *status);

/* Hands proc of program i to the other actors. NULL: there will be none. */
void rig_wait_publish(struct rig_run *run, unsigned i, struct spw_proc *proc);
/* Waits until that has happened; what was handed. */
struct spw_proc *rig_wait_published(struct rig_run *run, unsigned i);

extern const struct rig_outcome rig_wait_outcomes[];

#endif
