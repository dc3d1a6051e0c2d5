/* SPDX-License-Identifier: MIT */
/*
 * The threads of a stress run. They are made once and work in slices: all
 * start together, all have ended their last attempt, children included, before
 * a slice is over. So no child of one variant is alive during another.
 */
#ifndef RIG_STRESS_CREW_H
#define RIG_STRESS_CREW_H

#include "stress/hammer.h"

struct rig_crew;

/* What became of an attempt. */
enum rig_attempt_end {
	RIG_ATTEMPT_CLEAN,
	RIG_ATTEMPT_HIT,
	RIG_ATTEMPT_REFUSED, /* the system had no process or memory */
	RIG_ATTEMPT_ERROR,   /* it is not the race that went wrong */
};

struct rig_attempt {
	enum rig_attempt_end end;
	const char *outcome; /* of a hit: the scenario's */
	const char *message; /* of an error; read before the next attempt */
};

/* What the threads do. */
struct rig_job {
	const struct rig_stress_options *options;
	unsigned threads;
	unsigned victims; /* the first so many make attempts that count */
	/* One attempt of thread index, from 0. Signals are blocked. */
	struct rig_attempt (*attempt)(void *ctx, unsigned index,
				      const struct rig_slice *slice);
	void *ctx;
};

/* Starts the threads. -EAGAIN: the system has no room for as many. */
int rig_crew_start(struct rig_crew **crew, const struct rig_job *job);
void rig_crew_stop(struct rig_crew *crew);

/*
 * See work of struct rig_hammer. After -ETIMEDOUT crew must not be used again,
 * not even to be stopped.
 */
int rig_crew_work(struct rig_crew *crew, const struct rig_slice *slice,
		  struct rig_tally *tally);

/* For an attempt that waits for another thread: is the slice over? */
bool rig_crew_over(struct rig_crew *crew);

#endif
