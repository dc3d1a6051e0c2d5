/* SPDX-License-Identifier: MIT */
/*
 * The seam on the real kernel with eyes: it counts forks and how often one
 * may have copied a program's descriptor that was open for writing, notices when the system
 * refuses a process, and can put the libc's posix_spawn in the place of clone
 * and execve. Locks, threads, memory and time are the provider's own.
 */
#ifndef RIG_STRESS_SEAM_H
#define RIG_STRESS_SEAM_H

#include "stress/stage.h"

#include <stdatomic.h>

struct rig_seam {
	struct spw_sys sys; /* first: calls find the rest behind it */
	const struct rig_amplify *amplify;
	/* Of a directed run; NULL: of another, or before it begins. */
	struct rig_stage *stage;
	atomic_uint_fast64_t forks;   /* begun */
	atomic_uint_fast64_t forked;  /* of these, the descriptors are copied */
	atomic_uint_fast64_t windows; /* see struct rig_tally */
};

/* amplify stays the caller's, and must stay. */
void rig_seam_init(struct rig_seam *seam, const struct rig_amplify *amplify);

/* How a runtime on this seam has to make children. */
enum spw_clone rig_seam_how(const struct rig_amplify *amplify);

/* Whether the system refused this thread a process since the last call. */
bool rig_seam_refused(void);

/* The children that this thread makes from now on hold what they copied long. */
void rig_seam_hold(void);

/* What this thread's calls left for after the round of a directed run. */
void rig_seam_end_round(void);

#endif
