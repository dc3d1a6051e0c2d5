/* SPDX-License-Identifier: MIT */
#include "cli/picture.h"

#include "reports/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80 };

struct lanes {
	unsigned n;
	rig_name name[RIG_TASKS_MAX];
	char text[RIG_TASKS_MAX][RIG_NAME_MAX];
	const char *pointer[RIG_TASKS_MAX];
};

static bool shown(const struct rig_step *step,
		  const struct rig_subject *subject)
{
	return step->task != RIG_NAME_MAIN && step->task != RIG_NAME_CLOCK &&
	       !(subject->op_minor && subject->op_minor(step->op));
}

/* Parents stand left of their children: a1, a1.c1, a2, a2.c1. */
static bool before(const char *a, const char *b)
{
	return strcmp(a, b) < 0;
}

static void add_lane(struct lanes *l, rig_name name)
{
	char text[RIG_NAME_MAX];
	unsigned at = l->n;

	for (unsigned i = 0; i < l->n; i++)
		if (l->name[i] == name)
			return;
	rig_name_text(name, text);
	for (; at && before(text, l->text[at - 1]); at--) {
		l->name[at] = l->name[at - 1];
		memcpy(l->text[at], l->text[at - 1], RIG_NAME_MAX);
	}
	l->name[at] = name;
	memcpy(l->text[at], text, RIG_NAME_MAX);
	l->n++;
}

static unsigned lane_of(const struct lanes *l, rig_name name)
{
	unsigned i = 0;

	while (l->name[i] != name)
		i++;
	return i;
}

/* The step that went wrong: the last call that failed, else the last one. */
static size_t fatal_step(const struct rig_trace *trace,
			 const struct rig_subject *subject)
{
	size_t last = trace->n;

	for (size_t i = trace->n; i--;) {
		if (!shown(&trace->step[i], subject))
			continue;
		if (strstr(trace->step[i].detail, " = E"))
			return i;
		if (last == trace->n)
			last = i;
	}
	return last;
}

/* The step that the decision led to; picking a value or a time has none. */
static bool is_critical(const struct rig_step *step,
			const struct rig_critical *critical)
{
	const struct rig_decision *d;

	if (!critical || critical->kind == RIG_CRITICAL_NONE)
		return false;
	d = &critical->decision;
	return !d->value && step->task == d->run && step->op == d->run_op &&
	       step->nth == d->run_nth;
}

static void fill(struct report_step *out, const struct rig_step *step,
		 const struct rig_subject *subject, const struct lanes *lanes)
{
	*out = (struct report_step){
		.lane = lane_of(lanes, step->task),
		.call = rig_op_name(subject, step->op),
		.detail = step->detail,
		.inner = step->inner,
		.now_ns = step->now_ns,
	};
}

int rig_picture_print(FILE *out, const struct rig_trace *trace,
		      const struct rig_subject *subject, const char *verdict,
		      bool violated, const struct rig_critical *critical,
		      bool color)
{
	struct report_step *steps = calloc(trace->n + 1, sizeof(*steps));
	size_t fatal = violated ? fatal_step(trace, subject) : trace->n;
	struct lanes lanes = { .n = 0 };
	char text[RIG_CRITICAL_MAX];
	size_t n = 0;

	if (!steps)
		return -ENOMEM;
	for (size_t i = 0; i < trace->n; i++)
		if (shown(&trace->step[i], subject))
			add_lane(&lanes, trace->step[i].task);
	for (unsigned i = 0; i < lanes.n; i++)
		lanes.pointer[i] = lanes.text[i];
	for (size_t i = 0; i < trace->n; i++) {
		if (!shown(&trace->step[i], subject))
			continue;
		fill(&steps[n], &trace->step[i], subject, &lanes);
		steps[n].fatal = i == fatal;
		steps[n].critical = is_critical(&trace->step[i], critical);
		steps[n].switched = n && steps[n].lane != steps[n - 1].lane;
		n++;
	}
	report_interleaving(
		out,
		&(struct report_interleaving){
			.lanes = lanes.pointer,
			.nlanes = lanes.n,
			.steps = steps,
			.nsteps = n,
			.lost = trace->lost,
			.verdict = verdict,
			.critical = critical ?
					    rig_critical_print(critical,
							       subject, text) :
					    NULL,
		},
		WIDTH, color);
	free(steps);
	return 0;
}
