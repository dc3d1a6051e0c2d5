/* SPDX-License-Identifier: MIT */
/* What is done with every counter-example before somebody sees it. */
#ifndef RIG_SMALLEST_H
#define RIG_SMALLEST_H

#include "cli/case.h"
#include "engine/critical.h"
#include "engine/shrink.h"

/*
 * Makes schedule, which fails under c's plan, as small as max executions allow
 * (rig_shrink), finds out with at most critical_max more where the failure
 * became certain (rig_critical_find), and notes that in a comment and, as
 * text, in critical. 0, or -errno; why says what failed, as "LINE: reason".
 */
int rig_smallest(struct rig_case *c, struct rig_schedule *schedule,
		 uint64_t max, uint64_t critical_max, struct rig_shrink *shrunk,
		 char critical[RIG_CRITICAL_MAX], char *why, size_t why_len);

#endif
