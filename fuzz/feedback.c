/* SPDX-License-Identifier: MIT */
#include "fuzz/feedback.h"

/*
 * libFuzzer clears these before each execution and counts what is not 0 after
 * it. Whoever links no libFuzzer has the bytes and no reader.
 */
__attribute__((section("__libfuzzer_extra_counters"),
	       aligned(8))) static uint8_t features[FUZZ_FEATURES];

/* Runs are numbered, so that nothing has to be cleared between them. */
static uint64_t run;

static struct last {
	uint64_t run;
	uint32_t who; /* task and operation; see signature() */
	uint8_t mode;
} last[RIG_OBJECTS_MAX];

/* ---- AFL++: its runtime has these, and is not always there ---- */

void __afl_coverage_interesting(uint8_t value, uint32_t id)
	__attribute__((weak));
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
	__attribute__((weak));

/*
 * The ids of the features in AFL++'s map. They are allotted as those of edges
 * are, or features would overwrite edges (the map is as large as it has to be,
 * and __afl_coverage_interesting takes the id modulo its size).
 */
static uint32_t id[FUZZ_FEATURES];

__attribute__((constructor)) static void allot_ids(void)
{
	if (__afl_coverage_interesting)
		__sanitizer_cov_trace_pc_guard_init(id, id + FUZZ_FEATURES);
}

/* ---- */

static uint32_t signature(const struct rig_task *task)
{
	return task->name << 7 ^ task->op;
}

static void add_feature(uint32_t before, uint32_t now, enum rig_mode mode)
{
	uint64_t hash = rig_mix(rig_mix(before, now), mode);
	unsigned k = (unsigned)(hash % FUZZ_FEATURES);

	features[k] = 1;
	if (__afl_coverage_interesting)
		__afl_coverage_interesting(1, id[k]);
}

static bool changes(enum rig_mode mode)
{
	return mode != RIG_READ && mode != RIG_ACQUIRE_SHARED &&
	       mode != RIG_JOIN;
}

static void on_access(void *state, const struct rig_engine *e,
		      rig_object object, enum rig_mode mode)
{
	uint32_t who = signature(e->current);
	struct last *l;

	if (object >= RIG_OBJECTS_MAX)
		return;
	l = &last[object];
	if (l->run != run)
		*l = (struct last){ .run = run, .mode = RIG_WRITE };
	/* What commutes says nothing by its order. */
	if (rig_relation(l->mode, (uint8_t)mode) != RIG_COMMUTE)
		add_feature(l->who, who, mode);
	if (!changes(mode))
		return;
	l->who = who;
	l->mode = (uint8_t)mode;
}

void fuzz_feedback(struct rig_engine *engine, bool on)
{
	engine->tracking = on;
	engine->on_access = on ? on_access : NULL;
}

void fuzz_feedback_begin(void)
{
	run++;
}

const uint8_t *fuzz_features(void)
{
	return features;
}
