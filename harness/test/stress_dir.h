/* SPDX-License-Identifier: MIT */
/* What tests of stress share: a directory for programs, and a run's result. */
#ifndef HARNESS_TEST_STRESS_DIR_H
#define HARNESS_TEST_STRESS_DIR_H

/* After cmocka.h and what it wants before it. */
#include "stress/stress.h"

static struct rig_workdir dir;
static struct rig_stress result;

/* Fixtures of a group. */
static int open_dir(void **state)
{
	char why[256];

	if (!rig_workdir_open(&dir, NULL, why, sizeof(why)))
		return 0;
	print_message("%s\n", why);
	return -1;
}

static int close_dir(void **state)
{
	rig_workdir_close(&dir);
	return 0;
}

#endif
