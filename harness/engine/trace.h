/* SPDX-License-Identifier: MIT */
/*
 * A trace: what each task did, in order, for people to read. Written only
 * while engine->trace is set; bounded, the rest is counted.
 */
#ifndef RIG_TRACE_H
#define RIG_TRACE_H

#include "engine/engine.h"

enum {
	RIG_TRACE_MAX = 2000,
	RIG_DETAIL_MAX = 80,
	RIG_HELD_MAX = 4,
	RIG_HELD_NAME_MAX = 32,
	RIG_NUMBERS_MAX = 24,
	RIG_FILES_MAX = 60,
};

/* Something that tasks have in their hands while they do other things. */
struct rig_held {
	char what[RIG_HELD_NAME_MAX]; /* "" after the last one */
	unsigned id; /* the same also where its name has changed */
	rig_set tasks;
};

/* An open file description, while descriptors mean it. */
struct rig_file {
	uint32_t id; /* no other has it in the same execution */
	char what[RIG_HELD_NAME_MAX];
	rig_name opener;
};

struct rig_step {
	rig_name task;
	uint16_t op;
	uint16_t nth;
	bool inner;    /* a step inside a call */
	bool fault;    /* the schedule had it fail */
	bool switched; /* another task ran before */
	uint64_t now_ns;
	char detail[RIG_DETAIL_MAX];        /* arguments and result */
	struct rig_held held[RIG_HELD_MAX]; /* before it */
	/* Likewise, what each descriptor of the root task's table means: 1 and
	 * the index of a file of the trace. 0: it is free, or one too many. */
	uint8_t number[RIG_NUMBERS_MAX];
};

struct rig_trace {
	size_t n;
	size_t lost;                  /* steps beyond RIG_TRACE_MAX */
	rig_name name[RIG_TASKS_MAX]; /* of those that made a step */
	unsigned nfiles;
	struct rig_file file[RIG_FILES_MAX]; /* in the order of their opening */
	struct rig_step step[RIG_TRACE_MAX];
};

void rig_trace_step(struct rig_trace *trace, const struct rig_engine *engine,
		    const struct rig_task *task);
void rig_trace_tick(struct rig_trace *trace, uint64_t now_ns);

/*
 * Says more of the running task's last step, or of its last call (a step that
 * is not inner): its result. Cost one test when nothing is traced: use the
 * macros.
 */
void rig_trace_detail(struct rig_engine *engine, bool call, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));

/* Of the running task's last call: it failed, or did less, by a fault. */
void rig_trace_fault(struct rig_engine *engine);

#define rig_detail(engine, ...)                                         \
	do {                                                            \
		if ((engine)->trace)                                    \
			rig_trace_detail((engine), false, __VA_ARGS__); \
	} while (0)

#define rig_detail_result(engine, ...)                                 \
	do {                                                           \
		if ((engine)->trace)                                   \
			rig_trace_detail((engine), true, __VA_ARGS__); \
	} while (0)

#endif
