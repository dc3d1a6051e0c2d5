/* SPDX-License-Identifier: MIT */
/*
 * What the bytes of a fuzz input mean: three bytes choose what is run, the
 * rest is the schedule (engine/schedule.h, rig_bytes_begin). Every input is
 * valid, and no value of a byte is wasted on an error.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "cli/case.h"

enum {
	FUZZ_HEADER = 3,
	FUZZ_INPUT_MAX = 4096, /* more is ignored */
};

/*
 * The plan that data describes: a scenario of family, a fix that claims to be
 * sound (or the one that forced names), 2 or 3 actors. False where family has
 * no such fix.
 */
bool fuzz_plan(const struct rig_family *family, const char *forced,
	       const uint8_t *data, size_t len, struct rig_plan *plan);

/*
 * The header bytes of plan; a fix that does not claim to be sound has to be
 * forced. False where no input describes the rest.
 */
bool fuzz_header(const struct rig_plan *plan, uint8_t header[FUZZ_HEADER]);

#endif
