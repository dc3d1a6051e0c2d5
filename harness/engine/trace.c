/* SPDX-License-Identifier: MIT */
#include "engine/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct rig_step *append(struct rig_trace *trace)
{
	if (!trace->n)
		trace->nfiles = 0;
	if (trace->n == RIG_TRACE_MAX) {
		trace->lost++;
		return NULL;
	}
	return &trace->step[trace->n++];
}

void rig_trace_step(struct rig_trace *trace, const struct rig_engine *e,
		    const struct rig_task *task)
{
	bool switched = !trace->n ||
			trace->step[trace->n - 1].task != task->name;
	struct rig_step *step = append(trace);

	if (!step)
		return;
	trace->name[task->index] = task->name;
	*step = (struct rig_step){
		.task = task->name,
		.op = task->op,
		.nth = task->nth,
		.inner = e->subject->op_inner && e->subject->op_inner(task->op),
		.switched = switched,
		.now_ns = e->now_ns,
	};
	if (e->subject->look)
		e->subject->look(e->subject->ctx, trace, step);
}

void rig_trace_tick(struct rig_trace *trace, uint64_t now_ns)
{
	struct rig_step *step = append(trace);

	if (step)
		*step = (struct rig_step){ .task = RIG_NAME_CLOCK,
					   .op = RIG_OP_TICK,
					   .switched = true,
					   .now_ns = now_ns };
}

/* The running task's last step, or its last call; NULL: it was lost. */
static struct rig_step *last_step(const struct rig_engine *e, bool call)
{
	struct rig_trace *trace = e->trace;

	for (size_t i = trace->n; i; i--)
		if (trace->step[i - 1].task == e->current->name &&
		    !(call && trace->step[i - 1].inner))
			return &trace->step[i - 1];
	return NULL;
}

void rig_trace_detail(struct rig_engine *e, bool call, const char *format, ...)
{
	struct rig_step *step = last_step(e, call);
	size_t used;
	va_list args;

	if (!step)
		return;
	used = strlen(step->detail);
	va_start(args, format);
	vsnprintf(step->detail + used, sizeof(step->detail) - used, format,
		  args);
	va_end(args);
}

void rig_trace_fault(struct rig_engine *e)
{
	struct rig_step *step = e->trace ? last_step(e, true) : NULL;

	if (!step)
		return;
	step->fault = true;
	rig_trace_detail(e, true, ", by a fault");
}
