/* SPDX-License-Identifier: MIT */
#include "cli/smallest.h"

#include "strategies/list.h"

#include <stdio.h>
#include <string.h>

int rig_smallest(struct rig_case *c, struct rig_schedule *schedule,
		 uint64_t max, uint64_t critical_max, struct rig_shrink *shrunk,
		 char critical[RIG_CRITICAL_MAX], char *why, size_t why_len)
{
	struct rig_critical found;
	int rc = rig_shrink(c->engine, c->subject, &rig_strategy_states,
			    schedule, max, shrunk, why, why_len);

	if (rc)
		return rc;
	rc = rig_critical_find(c->engine, c->subject, &rig_strategy_states,
			       critical_max, &found);
	if (rc) {
		snprintf(why, why_len, "0: %s", strerror(-rc));
		return rc;
	}
	rig_critical_print(&found, c->subject, critical);
	rig_critical_note(schedule, critical);
	return 0;
}
