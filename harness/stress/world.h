/* SPDX-License-Identifier: MIT */
/*
 * What a scenario needs of the real kernel beside the seam. Each thread has a
 * world of its own, so that what goes wrong is known to be its.
 */
#ifndef RIG_STRESS_WORLD_H
#define RIG_STRESS_WORLD_H

#include "stress/stress.h"

struct rig_site {
	struct rig_world world;
	char path[PATH_MAX]; /* of the thread's program */
	char script[PATH_MAX];
	char other[PATH_MAX]; /* of the program that is always there */
	bool interpreted;     /* programs are scripts */
	unsigned char program[RIG_PROGRAM_MAX];
	/* Of the attempt that was made last; NULL: nothing forbidden. */
	const char *outcome;
	char message[RIG_MESSAGE_MAX];
};

/* For the thread index of a run in dir. */
void rig_site_init(struct rig_site *site, const struct rig_workdir *dir,
		   unsigned index);

/* Whether the outcome of that attempt is the race. */
bool rig_site_hit(const struct rig_site *site,
		  const struct rig_scenario *scenario);

/* Writes the program that is always there. */
int rig_site_prepare(struct rig_site *site);

#endif
