/* SPDX-License-Identifier: MIT */
/*
 * retry (M1): an exec that fails with ETXTBSY is tried again, three times, 100,
 * 200 and 400 ms later.
 *
 * Mirrors Go commit a4b2c5ef, the loop of builder.runOut in
 * src/cmd/go/build.go: "if err != nil && nbusy < 3 && text file busy", the
 * sleep of 100 ms << nbusy, and a new exec.Command for each try, so that the
 * whole spawn is done again. Others with other numbers: pantsbuild/pants#10577,
 * kolide/launcher#1454.
 *
 * Hole: the budget is 0.7 s, the time from fork to exec of a foreign child has
 * no bound. Each program that executes the file must do the same, and a file
 * that is busy for a reason is found out late. Trying again is harmless: an
 * exec that fails has no effect.
 */
#include <errno.h>

#include "rt.h"

#define TRIES         3
#define FIRST_WAIT_NS UINT64_C(100000000)

static bool retry_again(struct spw_rt *rt, void *state, unsigned attempt,
			enum spw_stage stage, int error)
{
	if (stage != SPW_STAGE_EXEC || error != -ETXTBSY || attempt >= TRIES)
		return false;
	rt->sys->sleep_ns(rt->sys, FIRST_WAIT_NS << attempt);
	return true;
}

const struct spw_guard spw_guard_retry = {
	.info = {
		.name = "retry",
		.summary = "try a busy exec again after 100, 200 and 400 ms",
		.claim = "ETXTBSY is rarer",
		.condition = "other children execute within 0.7 s of the fork",
		.reference = "Go commit a4b2c5ef, golang/go#3001",
		.at_spawn = true,
	},
	.again = retry_again,
};
