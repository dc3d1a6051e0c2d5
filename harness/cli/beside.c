/* SPDX-License-Identifier: MIT */
#include "cli/beside.h"

void rig_beside_print(FILE *out, const struct rig_beside *beside)
{
	for (int i = 0; i < RIG_POLICIES; i++)
		if (beside->name[i])
			fprintf(out, ", %s %s",
				rig_policy_name((enum rig_policy)i),
				beside->name[i]);
}

void rig_beside_emit(struct emit *e, const struct rig_beside *beside)
{
	for (int i = 0; i < RIG_POLICIES; i++)
		emit_string(e, rig_policy_name((enum rig_policy)i),
			    beside->name[i]);
}
