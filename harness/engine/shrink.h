/* SPDX-License-Identifier: MIT */
/*
 * Makes a failing schedule small: fewest preemptions, then fewest decisions,
 * then fewest tasks. Each candidate is executed and must fail in the same way
 * (the same outcome); what is kept is what that execution really did, and the
 * result is followed strictly once more.
 */
#ifndef RIG_SHRINK_H
#define RIG_SHRINK_H

#include "engine/explore.h"
#include "engine/schedule.h"

struct rig_shrink {
	uint64_t executions;
	size_t decisions_before;
	unsigned preemptions_before;
	unsigned preemptions;
	/*
	 * What was shown of the result: no schedule of the program that fails
	 * in this way has fewer preemptions; nor, with as many, fewer
	 * decisions; nor, with as many of both, fewer tasks.
	 */
	bool fewest_preemptions;
	bool fewest_decisions;
	bool minimal;
	uint64_t starved_ns;
	char message[RIG_MESSAGE_MAX];
};

/*
 * Shrinks schedule, which is followed strictly once to begin with. search is
 * exhaustive and keeps to a bound of preemptions. At most executions are made
 * (0: 300,000). -EINVAL: it cannot be followed, or it does not fail; why says
 * which. *schedule is then unchanged. After success the result is what engine
 * has executed last.
 */
int rig_shrink(struct rig_engine *engine, const struct rig_subject *subject,
	       const struct rig_strategy *search, struct rig_schedule *schedule,
	       uint64_t executions, struct rig_shrink *result, char *why,
	       size_t why_len);

#endif
