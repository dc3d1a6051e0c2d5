/* SPDX-License-Identifier: MIT */
/*
 * The threads of a stress run. They are made once and work in slices: all
 * start together, all have ended their last attempt, children included, before
 * a slice is over. So no child of one variant is alive during another.
 */
#ifndef RIG_STRESS_CREW_H
#define RIG_STRESS_CREW_H

#include "stress/stress.h"

struct rig_crew;

/* What the threads do in one slice. */
struct rig_slice {
	const struct rig_fix *fix;
	struct spw_rt *rt;
	enum spw_clone how;
	uint64_t ns;       /* how long; 0: until something else ends it */
	uint64_t attempts; /* how many at most; 0: no limit */
	bool until_hit;
};

/*
 * Starts the threads of options for programs in dir. -EAGAIN: the system has
 * no room for as many.
 */
int rig_crew_start(struct rig_crew **crew,
		   const struct rig_stress_options *options,
		   const struct rig_workdir *dir);
void rig_crew_stop(struct rig_crew *crew);

/*
 * Works for one slice and adds what was counted to tally. The slice ends early
 * at an error and when *options->stop is set. -ETIMEDOUT: an attempt has not
 * ended within options->patience_ns; then crew must not be used again, not even
 * to be stopped.
 */
int rig_crew_work(struct rig_crew *crew, const struct rig_slice *slice,
		  struct rig_tally *tally);

#endif
