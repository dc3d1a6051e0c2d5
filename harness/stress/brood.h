/* SPDX-License-Identifier: MIT */
/*
 * Short-lived children of free-running threads: made by libspw, waited for,
 * signalled, and what was told of them judged. A child's exit status is one of
 * many; and who it is says its descriptor (identity.h), so that it is known
 * whether a process that somebody was told the end of has ended, and whether the
 * id that a signal goes to is another's by then.
 */
#ifndef RIG_STRESS_BROOD_H
#define RIG_STRESS_BROOD_H

#include "stress/identity.h"
#include "stress/workdir.h"

#include <spw/spw.h>

enum { RIG_BROOD_CODES = 100 }; /* exit statuses, from 1 */

struct rig_brood {
	struct rig_identities
		ids; /* first: the seam, whose calls find the rest */
	const struct rig_workdir *dir;
	bool creator_ends; /* each child is made by a thread that ends then */
	unsigned flags;    /* of its spawn: enum spw_flags */
	bool cancelled;    /* children are killed on purpose */
	/* The waiter of this turn takes a SIGCHLD for an end: what it loses is
	 * waited for no longer than a second, and found again then. */
	bool by_signal;
	atomic_uint lost; /* children that no signal will be sent for */
};

struct rig_child {
	struct spw_proc *proc;
	struct rig_note *note; /* NULL: nobody knows who it is */
	unsigned code;
	int number;
};

/* Up to children at a time; the rest of brood is the caller's, before and after.
 * thread_scope: as on Plan 9. Writes the programs. 0 or -errno. */
int rig_brood_open(struct rig_brood *brood, unsigned children, bool chosen_ids,
		   bool thread_scope);
void rig_brood_close(struct rig_brood *brood);

/* A turn with that waiter begins. */
void rig_brood_turn(struct rig_brood *brood, const struct spw_waiter *waiter);

/* Starts child->code as child->number; 0 or -errno. */
int rig_child_start(struct rig_brood *brood, struct spw_rt *rt,
		    struct rig_child *child);
void rig_child_end(struct rig_brood *brood, struct rig_child *child);

/*
 * Waits for the child, or kills it, and says as which outcome of family wait
 * that went wrong; "failed": *error says how. NULL: it went as it should.
 */
const char *rig_child_wait(struct rig_brood *brood,
			   const struct rig_child *child, int *error);
const char *rig_child_kill(const struct rig_child *child, int *error);

#endif
