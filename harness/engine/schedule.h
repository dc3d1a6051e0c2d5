/* SPDX-License-Identifier: MIT */
/*
 * Schedules: which decisions of an execution differ from the default, "go on
 * with the current task" (engine.h, rig_default).
 *
 * A decision is named by what the current task is about to do ("a1 before its
 * second close") and not by a number of steps, so a schedule survives small
 * changes of the program. Three forms: this struct; text (.sched), for people
 * and files; bytes, for fuzzers, where any string is a schedule.
 */
#ifndef RIG_SCHEDULE_H
#define RIG_SCHEDULE_H

#include "engine/engine.h"

#include <sys/types.h>

enum {
	RIG_SCHEDULE_VERSION = 1,
	RIG_SCHEDULE_BYTES_MAX = 1 << 20, /* of a .sched file */
	RIG_SCHEDULE_LINE_MAX = 240,
	RIG_SCHEDULE_COMMENTS_MAX = 64,
	RIG_FIELD_MAX = 120, /* bytes of a header value, the NUL included */
};

struct rig_decision {
	rig_name at;    /* the current task, and what it is about to do, */
	uint16_t at_op; /* is blocked in, or RIG_OP_END */
	uint16_t at_nth;
	bool value;    /* a value was picked, not a task */
	bool fault;    /* which is how the call fails that it is about to do */
	bool preempts; /* the current task could have gone on */
	uint32_t run;  /* the name of the task picked, or the value */
	uint16_t run_op;
	uint16_t run_nth;
	unsigned line; /* in the file it was read from, else 0 */
};

/* What a schedule is a schedule of. Strings are the caller's vocabulary. */
struct rig_header {
	char scenario[RIG_FIELD_MAX];
	char fix[RIG_FIELD_MAX];
	char guard[RIG_FIELD_MAX]; /* these three: beside the fix, or "" */
	char waiter[RIG_FIELD_MAX];
	char closer[RIG_FIELD_MAX];
	char spawn[RIG_FIELD_MAX];
	char kernel[RIG_FIELD_MAX];
	char outcome[RIG_FIELD_MAX];
	unsigned actors;
	uint64_t starve_ns;
};

struct rig_comment {
	size_t before; /* stands before decision number before */
	char text[RIG_SCHEDULE_LINE_MAX];
};

struct rig_schedule {
	struct rig_header header;
	size_t ncomments;
	struct rig_comment comment[RIG_SCHEDULE_COMMENTS_MAX];
	size_t n;
	struct rig_decision decision[RIG_DECISIONS_MAX];
};

/* What is picked where the current task stands; named while counting. */
struct rig_decision rig_decision_of(const struct rig_engine *engine,
				    rig_set choices, unsigned pick);

/* Appends what was picked, unless it is the default. */
void rig_schedule_record(struct rig_schedule *schedule,
			 const struct rig_engine *engine, rig_set choices,
			 unsigned pick);

unsigned rig_schedule_preemptions(const struct rig_schedule *schedule);

/* ---- text: sched_text.c ---- */

/*
 * Reads the text form. -EINVAL: not a schedule; why says where and what, as
 * "LINE: reason". Operations are looked up in subject.
 */
int rig_schedule_parse(struct rig_schedule *schedule,
		       const struct rig_subject *subject, const char *text,
		       size_t len, char *why, size_t why_len);

/*
 * Writes the text form, NUL-terminated, to a buffer of size bytes. The length
 * it has or would have, as snprintf says it.
 */
size_t rig_schedule_print(const struct rig_schedule *schedule,
			  const struct rig_subject *subject, char *buf,
			  size_t size);

/* One decision as in the text form, without a newline. Returns buf. */
const char *rig_decision_print(const struct rig_decision *decision,
			       const struct rig_subject *subject, char *buf,
			       size_t size);

/* ---- following one: follow.c ---- */

struct rig_follow {
	const struct rig_schedule *schedule;
	bool loose; /* take what fits, else the default */
	size_t next;
};

/* A pick function (state: struct rig_follow). Needs engine->counting. */
unsigned rig_follow_pick(void *state, struct rig_engine *engine,
			 rig_set choices);

/*
 * One execution that follows schedule, strictly: -EINVAL at the first
 * mismatch, with the reason and the line in why. With loose set what does not
 * fit is passed over. record may be NULL; it receives what was really done.
 */
int rig_schedule_run(struct rig_engine *engine,
		     const struct rig_subject *subject,
		     const struct rig_schedule *schedule, bool loose,
		     struct rig_schedule *record, char *why, size_t why_len);

/*
 * Makes the last execution, which failed, once more and writes its decisions
 * to record. -EILSEQ: it does not fail again.
 */
int rig_again(struct rig_engine *engine, const struct rig_subject *subject,
	      struct rig_schedule *record);

/* ---- bytes: bytes.c ---- */

/*
 * Any string of bytes is a schedule. The first byte, modulo RIG_DECODERS,
 * chooses how the others are read; after the end everything is the default.
 * No decoder is the best one for every race, so a fuzzer has all of them.
 */
enum rig_decoder {
	/* A byte for each decision; 0: the default. */
	RIG_BYTES_EACH,
	/* Pairs: how many decisions are left at the default, and the choice
	 * (never the default) that is made after them. */
	RIG_BYTES_GAPS,
	/* A byte is the priority of what a task does next; the highest goes
	 * first, and draws again (as strategy pos does, but not by chance). */
	RIG_BYTES_PRIORITIES,
	RIG_DECODERS,
};

struct rig_bytes {
	const uint8_t *data;
	size_t len;
	size_t at;
	enum rig_decoder decoder;
	unsigned gap; /* GAPS: decisions until the next switch */
	/* PRIORITIES: of the first met tasks, and the clock's. */
	unsigned met;
	uint8_t of[RIG_CLOCK + 1];
};

void rig_bytes_begin(struct rig_bytes *bytes, const uint8_t *data, size_t len);

/* A pick function (state: struct rig_bytes). */
unsigned rig_bytes_pick(void *state, struct rig_engine *engine,
			rig_set choices);

/*
 * The bytes (RIG_BYTES_EACH) that make the picks of schedule again: runs it and
 * writes to buf. The length, or -EINVAL (does not fit the program), -ENOSPC.
 */
ssize_t rig_bytes_encode(struct rig_engine *engine,
			 const struct rig_subject *subject,
			 const struct rig_schedule *schedule, uint8_t *buf,
			 size_t size);

#endif
