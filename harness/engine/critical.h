/* SPDX-License-Identifier: MIT */
/*
 * The critical decision of a failing execution: before it some continuation
 * passes, after it every one fails. It is where the failure became certain,
 * which is often long before it showed.
 *
 * The idea is SimGrid's (Mc SimGrid, "critical transition"). What a
 * continuation can do shrinks along an execution, so the decision is found by
 * halving; where there is no choice nothing is decided, so only decisions can
 * be critical.
 */
#ifndef RIG_CRITICAL_H
#define RIG_CRITICAL_H

#include "engine/explore.h"
#include "engine/schedule.h"

enum rig_critical_kind {
	RIG_CRITICAL_EXACT,  /* as above */
	RIG_CRITICAL_LATEST, /* this or an earlier one: not all was searched */
	RIG_CRITICAL_NONE,   /* no execution of the program passes */
};

struct rig_critical {
	enum rig_critical_kind kind;
	unsigned pick; /* its number among the picks, from 1; 0: none */
	struct rig_decision decision; /* that one */
	uint64_t executions;
};

enum { RIG_CRITICAL_MAX = 240 }; /* bytes of one as text, the NUL included */

/*
 * Of the execution that engine has made last, of subject, which failed; it and
 * search, which is exhaustive, pick only where there is a choice. At most
 * executions are made (0: 50,000); then the failing one is made once more, so
 * that engine's fields are about it again. 0, or -errno when the rig itself
 * failed.
 */
int rig_critical_find(struct rig_engine *engine,
		      const struct rig_subject *subject,
		      const struct rig_strategy *search, uint64_t executions,
		      struct rig_critical *critical);

/* As a line of text. Returns buf, which has RIG_CRITICAL_MAX bytes. */
const char *rig_critical_print(const struct rig_critical *critical,
			       const struct rig_subject *subject, char *buf);

/* Puts the text into a comment of schedule, in place of an earlier one. */
void rig_critical_note(struct rig_schedule *schedule, const char *text);

#endif
