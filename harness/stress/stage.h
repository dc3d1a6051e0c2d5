/* SPDX-License-Identifier: MIT */
/*
 * The stage of a directed run: what its threads, their children and the process
 * that executes tell each other. It lies in memory that survives fork, because
 * any of them may be a process of its own.
 *
 * The words only grow. Who waits for one waits until it has reached a value, so
 * no wake-up can come too early.
 */
#ifndef RIG_STRESS_STAGE_H
#define RIG_STRESS_STAGE_H

#include "stress/stress.h"

#include <stdatomic.h>

struct rig_stage {
	/* ---- constant while anybody acts ---- */
	const struct rig_amplify *amplify;
	char path[PATH_MAX];      /* of the program that is written */
	char directory[PATH_MAX]; /* to open, for descriptors */
	unsigned holders;         /* threads that spawn when they are asked */
	int file_number;          /* where descriptors for writing are put */
	int pipe_number;  /* with pipe-order=high, writing ends of pipes: from
			     here on */
	unsigned own_fds; /* that a child opens, below that number */

	/* ---- the writer and the holders ---- */
	atomic_bool armed;    /* the next close of a written file asks */
	atomic_uint asked;    /* how often they were asked */
	atomic_uint forking;  /* children that are being made, or were */
	atomic_uint copied;   /* of these, have their copies */
	atomic_uint closed;   /* asked, when the file was closed thereafter */
	atomic_uint windows;  /* rounds in which one had, before the close */
	atomic_uint returned; /* spawns that have returned */
	atomic_uint life_ns;  /* of children, from fork to end: about */
	atomic_uint rested;   /* times that a holder was done */

	/* ---- the writer and the executor ---- */
	atomic_uint wanted;   /* the round that an executor is needed for */
	atomic_uint ready;    /* the round that an executor waits for */
	atomic_uint go;       /* the round in which it may execute */
	atomic_uint failed;   /* the round in which execve has failed */
	atomic_uint answered; /* the round in which the executor has ended */
	atomic_bool beside;   /* the writer is on the executor's CPU */
	atomic_bool quit;
	int error;  /* of execve, or 0; then */
	int status; /* with what the program ended */
};

/* NULL: no memory. */
struct rig_stage *rig_stage_open(void);
void rig_stage_close(struct rig_stage *stage);

/* Waits until *word has reached value; false: not within ns. */
bool rig_stage_reach(atomic_uint *word, unsigned value, uint64_t ns);

void rig_stage_set(atomic_uint *word, unsigned value);
void rig_stage_add(atomic_uint *word);

/*
 * [child] The same for a child, whose memory accesses no sanitizer sees: by
 * them it learns of no order between threads.
 */
void rig_stage_child_set(atomic_uint *word, unsigned value);
void rig_stage_child_add(atomic_uint *word);
/* [child] Sleeps while *word is value, for 10 ms at most. */
void rig_stage_child_sleep(atomic_uint *word, unsigned value);

/*
 * The writer is about to close what it has written: once in a round, has every
 * holder make a child, and returns when these have copied the descriptors, or
 * after a while, because a guard may be holding the forks back.
 */
void rig_stage_copy(struct rig_stage *stage);

/*
 * [child] A holder's child, at its start: it lets the writer close the file
 * first, and makes the time until it closes its own copy long. One that has no
 * table of its own (SPW_CLONE_FILES) has no copy either, until it executes: it
 * goes on at once, and opens nothing in what is its parent's.
 */
void rig_stage_enter(struct rig_stage *stage, bool own_table);

#endif
