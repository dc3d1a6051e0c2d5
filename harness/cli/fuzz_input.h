/* SPDX-License-Identifier: MIT */
/*
 * What the bytes of a fuzz input mean: a few bytes choose what is run, the
 * rest is the schedule (engine/schedule.h, rig_bytes_begin). Every input is
 * valid, and no value of a byte is wasted on an error.
 */
#ifndef RIG_FUZZ_INPUT_H
#define RIG_FUZZ_INPUT_H

#include "cli/case.h"

/* The bytes in front of the schedule, each modulo the number of its values. */
enum {
	RIG_INPUT_SCENARIO, /* of the family */
	RIG_INPUT_FIX,      /* of those that claim to be sound there */
	/* Bits: how, actors, the kernel's, starvation; two of them: faults. */
	RIG_INPUT_OPTIONS,
	RIG_INPUT_HEADER,
};

enum {
	RIG_INPUT_MAX = 4096, /* bytes; more is ignored */
	RIG_INPUT_SCENARIOS_MAX = 32,
	RIG_INPUT_FIXES_MAX = 32,
	RIG_INPUT_OPTION_SETS = 128, /* values of that byte that differ */
};

/* What the inputs of one family choose from. */
struct rig_inputs {
	bool forced; /* the fix is not theirs to choose */
	unsigned n;
	struct rig_input_scenario {
		const struct rig_scenario *scenario;
		unsigned nfixes; /* at least one */
		struct rig_fix fix[RIG_INPUT_FIXES_MAX];
	} scenario[RIG_INPUT_SCENARIOS_MAX];
};

/*
 * Each scenario of family with the fixes that claim to be sound there, or all
 * of them with the one that forced names. False where that leaves nothing.
 */
bool rig_inputs_of(struct rig_inputs *inputs, const struct rig_family *family,
		   const char *forced);

void rig_input_plan(const struct rig_inputs *inputs, const uint8_t *data,
		    size_t len, struct rig_plan *plan);

/*
 * The header bytes of plan; a fix that is not among those of inputs has to be
 * forced. False where no input describes the rest.
 */
bool rig_input_header(const struct rig_inputs *inputs,
		      const struct rig_plan *plan,
		      uint8_t header[RIG_INPUT_HEADER]);

/* One execution of c's plan with the schedule of data, as rig_engine_run. */
int rig_input_run(struct rig_case *c, const uint8_t *data, size_t len);

/* The same, and schedule is what it did, with a header. */
int rig_input_decode(struct rig_case *c, const uint8_t *data, size_t len,
		     struct rig_schedule *schedule);

#endif
