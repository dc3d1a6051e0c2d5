/* SPDX-License-Identifier: MIT */
#include "engine/schedule.h"

struct rig_decision rig_decision_of(const struct rig_engine *e, rig_set choices,
				    unsigned pick)
{
	const struct rig_task *at = e->current;
	struct rig_decision d = {
		.at = at->name,
		.at_op = at->op,
		.at_nth = at->nth,
		.value = e->value_op != 0,
		.fault = e->faulting,
		.run = pick,
	};

	if (d.value)
		return d;
	d.preempts = pick != at->index && rig_can_go_on(e, choices);
	if (pick == RIG_CLOCK) {
		d.run = RIG_NAME_CLOCK;
		d.run_op = RIG_OP_TICK;
	} else {
		d.run = e->task[pick].name;
		d.run_op = e->task[pick].op;
		d.run_nth = e->task[pick].nth;
	}
	return d;
}

void rig_schedule_record(struct rig_schedule *schedule,
			 const struct rig_engine *e, rig_set choices,
			 unsigned pick)
{
	if (pick == rig_default(e, choices))
		return;
	/* decide() allows no more than there is room for */
	schedule->decision[schedule->n++] = rig_decision_of(e, choices, pick);
}

unsigned rig_schedule_preemptions(const struct rig_schedule *schedule)
{
	unsigned n = 0;

	for (size_t i = 0; i < schedule->n; i++)
		n += schedule->decision[i].preempts;
	return n;
}
