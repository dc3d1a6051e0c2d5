/* SPDX-License-Identifier: MIT */
/* What the tests of the fuzz targets share. */
#ifndef FUZZ_TEST_SUPPORT_H
#define FUZZ_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/fuzz_input.h"

#include <stdio.h>

static struct rig_case *the_case;
static struct rig_inputs inputs;

static inline int open_case(void **state)
{
	return rig_case_open(&the_case);
}

static inline int close_case(void **state)
{
	rig_case_close(the_case);
	return 0;
}

/* One execution of the input with fix put in; NULL: a sound one. */
static inline void run_input(const char *fix, const uint8_t *data, size_t size)
{
	struct rig_plan plan;

	assert_true(rig_inputs_of(&inputs, &rig_family_etxtbsy, fix));
	rig_input_plan(&inputs, data, size, &plan);
	rig_case_set(the_case, &plan);
	assert_int_equal(rig_input_run(the_case, data, size), 0);
}

#endif
