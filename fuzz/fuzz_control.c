/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target for nights, not for OSS-Fuzz: the inputs of fuzz_etxtbsy, each
 * call made on this machine's kernel as well, by real children and programs
 * (control/control.h). What is found is a fix that fails on Linux, or a rule of
 * the simulated kernel that Linux does not have.
 *
 * Slow (a thousand executions a second) and not all the target's own: it wants
 * a directory where programs can be executed. Where there is none it says so
 * once, and all inputs pass.
 */
#include "cli/case.h"
#include "fuzz/family.h"
#include "stress/workdir.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig_workdir dir;

static void remove_dir(void)
{
	rig_workdir_close(&dir);
}

static bool on_control(struct rig_case *c)
{
	char why[RIG_MESSAGE_MAX];

	if (rig_workdir_open(&dir, NULL, why, sizeof(why))) {
		fprintf(stderr, "fuzz_control: SKIP: %s\n", why);
		return false;
	}
	atexit(remove_dir);
	if (rig_case_control(c, dir.path, why, sizeof(why))) {
		fprintf(stderr, "fuzz_control: SKIP: %s\n", why);
		return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_family(&rig_family_etxtbsy, on_control, data, size);
}
