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
	return step->fault ||
	       (step->task != RIG_NAME_MAIN && step->task != RIG_NAME_CLOCK &&
		!(subject->op_minor && subject->op_minor(step->op)));
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

/* The step that went wrong: the last call that failed, else the last one; past
 * the end where nothing did. */
static size_t fatal_step(const struct rig_scene *scene)
{
	const struct rig_trace *trace = scene->trace;
	size_t last = trace->n;

	for (size_t i = scene->violated ? trace->n : 0; i--;) {
		if (!shown(&trace->step[i], scene->subject))
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

/* ---- who holds it ---- */

/* What the fatal step was about, "(prog-a1)..."; or NULL. */
static const struct rig_held *find_held(const struct rig_scene *scene)
{
	size_t at = fatal_step(scene);
	const struct rig_step *fatal = &scene->trace->step[at];

	if (at == scene->trace->n || *fatal->detail != '(')
		return NULL;
	for (unsigned i = 0; i < RIG_HELD_MAX && *fatal->held[i].what; i++) {
		size_t len = strlen(fatal->held[i].what);

		if (!strncmp(fatal->detail + 1, fatal->held[i].what, len) &&
		    strchr("),", fatal->detail[1 + len]))
			return &fatal->held[i];
	}
	return NULL;
}

/* How things are after step i, which is before the next one; NULL: unknown. */
static const struct rig_step *state_after(const struct rig_trace *trace,
					  size_t i)
{
	while (++i < trace->n)
		if (trace->step[i].task != RIG_NAME_CLOCK)
			return &trace->step[i];
	return NULL;
}

static rig_set holders(const struct rig_trace *trace, size_t i, unsigned id)
{
	const struct rig_step *after = state_after(trace, i);

	for (unsigned h = 0; after && h < RIG_HELD_MAX; h++)
		if (*after->held[h].what && after->held[h].id == id)
			return after->held[h].tasks;
	return 0;
}

static uint64_t lanes_of(const struct rig_trace *trace,
			 const struct lanes *lanes, rig_set tasks)
{
	uint64_t bits = 0;

	for (unsigned t = 0; t < RIG_TASKS_MAX; t++)
		for (unsigned i = 0; i < lanes->n; i++)
			if (tasks & rig_bit(t) &&
			    trace->name[t] == lanes->name[i])
				bits |= UINT64_C(1) << i;
	return bits;
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

/* ---- what a number means ---- */

/* As in a step of the trace. After the last one it is taken to be the same. */
static unsigned file_after(const struct rig_trace *trace, size_t i, int fd)
{
	const struct rig_step *after = state_after(trace, i);

	return (after ? after : &trace->step[i])->number[fd];
}

/*
 * The number that changes hands: the first that means another file, or none,
 * than it did when the actors began. -1: there is none.
 */
static int find_number(const struct rig_scene *scene)
{
	const struct rig_trace *trace = scene->trace;
	const struct rig_step *first = NULL;

	for (size_t i = 0; i < trace->n; i++) {
		if (!shown(&trace->step[i], scene->subject))
			continue;
		if (!first)
			first = &trace->step[i];
		for (int fd = 0; fd < RIG_NUMBERS_MAX; fd++)
			if (first->number[fd] &&
			    first->number[fd] != file_after(trace, i, fd))
				return fd;
	}
	return -1;
}

/* ---- the whole ---- */

enum { FILE_TEXT_MAX = RIG_HELD_NAME_MAX + RIG_NAME_MAX + 24 };

/* A descriptor, and what it means, in the order in which it does. */
struct number {
	int fd; /* -1: none */
	char text[16];
	unsigned nfiles;
	unsigned file[RIG_FILES_MAX]; /* as in a step of the trace */
	char file_text[RIG_FILES_MAX][FILE_TEXT_MAX];
	const char *pointer[RIG_FILES_MAX];
};

struct picture {
	const struct rig_held *of; /* what the race is about, or NULL */
	struct number number;
	struct lanes lanes;
	struct report_step *steps;
	char held[RIG_HELD_NAME_MAX + 24];
	char critical[RIG_CRITICAL_MAX];
	struct report_interleaving report; /* points into the rest */
};

/* Also of those that do nothing but hold it. */
static void add_lanes(struct picture *p, const struct rig_scene *scene)
{
	const struct rig_trace *trace = scene->trace;

	for (size_t i = 0; i < trace->n; i++) {
		rig_set tasks = p->of ? holders(trace, i, p->of->id) : 0;

		if (shown(&trace->step[i], scene->subject))
			add_lane(&p->lanes, trace->step[i].task);
		for (unsigned t = 0; tasks >> t; t++)
			if (tasks >> t & 1 && trace->name[t])
				add_lane(&p->lanes, trace->name[t]);
	}
}

/* Of the trace's file, in the picture: 1 and an index, or 0. */
static unsigned add_file(struct number *n, const struct rig_trace *trace,
			 unsigned file)
{
	char opener[RIG_NAME_MAX];
	unsigned i = 0;

	if (!file)
		return 0;
	while (i < n->nfiles && n->file[i] != file)
		i++;
	if (i == n->nfiles) {
		n->nfiles++;
		n->file[i] = file;
		snprintf(n->file_text[i], FILE_TEXT_MAX, "%s, opened by %s",
			 trace->file[file - 1].what,
			 rig_name_text(trace->file[file - 1].opener, opener));
		n->pointer[i] = n->file_text[i];
	}
	return i + 1;
}

static void add_number(struct picture *p, const struct rig_scene *scene)
{
	struct number *n = &p->number;

	n->fd = p->of ? -1 : find_number(scene);
	if (n->fd < 0)
		return;
	snprintf(n->text, sizeof(n->text), "fd %d", n->fd);
	p->report.number = n->text;
	p->report.files = n->pointer;
}

static void add_steps(struct picture *p, const struct rig_scene *scene)
{
	const struct rig_trace *trace = scene->trace;
	size_t fatal = fatal_step(scene);
	size_t n = 0;

	for (size_t i = 0; i < trace->n; i++) {
		struct report_step *step = &p->steps[n];

		if (!shown(&trace->step[i], scene->subject))
			continue;
		fill(step, &trace->step[i], scene->subject, &p->lanes);
		step->fatal = i == fatal;
		step->critical = is_critical(&trace->step[i], scene->critical);
		step->switched = n && step->lane != step[-1].lane;
		if (p->of)
			step->holds = lanes_of(trace, &p->lanes,
					       holders(trace, i, p->of->id));
		if (p->number.fd >= 0)
			step->file =
				add_file(&p->number, trace,
					 file_after(trace, i, p->number.fd));
		n++;
	}
	p->report.nsteps = n;
	p->report.nfiles = p->number.nfiles;
	if (!p->of)
		return;
	snprintf(p->held, sizeof(p->held), "has %s open for writing",
		 p->of->what);
	p->report.held = p->held;
}

/* NULL: no memory. */
static struct picture *compose(const struct rig_scene *scene)
{
	const struct rig_trace *trace = scene->trace;
	struct picture *p = calloc(1, sizeof(*p));

	if (p)
		p->steps = calloc(trace->n + 1, sizeof(*p->steps));
	if (!p || !p->steps) {
		free(p);
		return NULL;
	}
	p->of = find_held(scene);
	add_lanes(p, scene);
	for (unsigned i = 0; i < p->lanes.n; i++)
		p->lanes.pointer[i] = p->lanes.text[i];
	p->report = (struct report_interleaving){
		.lanes = p->lanes.pointer,
		.nlanes = p->lanes.n,
		.steps = p->steps,
		.lost = trace->lost,
		.verdict = scene->verdict,
	};
	if (scene->critical)
		p->report.critical = rig_critical_print(
			scene->critical, scene->subject, p->critical);
	add_number(p, scene);
	add_steps(p, scene);
	return p;
}

static void dismiss(struct picture *p)
{
	free(p->steps);
	free(p);
}

int rig_picture_print(FILE *out, const struct rig_scene *scene, bool color)
{
	struct picture *p = compose(scene);

	if (!p)
		return -ENOMEM;
	report_interleaving(out, &p->report, WIDTH, color);
	dismiss(p);
	return 0;
}

int rig_picture_chrome(FILE *out, const struct rig_scene *scene)
{
	struct picture *p = compose(scene);

	if (!p)
		return -ENOMEM;
	report_chrome_trace(out, &p->report);
	dismiss(p);
	return 0;
}
