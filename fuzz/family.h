/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets of the families share. The bytes choose a scenario of
 * the family, one of the fixes that claim to be sound, the kernel's options,
 * and the schedule (cli/fuzz_input.h). Any violation is a bug: in the fix, in
 * core or in the simulated kernel. It prints the schedule and the interleaving,
 * and aborts.
 *
 * Deterministic, one thread, no files, no memory from execution to execution.
 *
 * Environment:
 *	RACERIG_FUZZ_FIX=none        this fix, which may be a broken one: then
 *	                             a violation must be found, or the target
 *	                             cannot find anything
 *	RACERIG_FUZZ_FEEDBACK=off    edges only, for comparison (feedback.h)
 *	RACERIG_FUZZ_MUTATOR=off     the engine's own mutations only (mutate.h)
 *	RACERIG_FUZZ_ABORT=off       a violation is passed over: to measure what
 *	                             a broken fix runs
 */
#ifndef FUZZ_FAMILY_H
#define FUZZ_FAMILY_H

#include "cli/case.h"

/* False: it cannot be done here, which was said. All inputs then pass. */
typedef bool fuzz_prepare_fn(struct rig_case *c);

/*
 * What LLVMFuzzerTestOneInput of the family does. prepare, which may be NULL,
 * is called once, before the first execution. Returns 0.
 */
int fuzz_family(const struct rig_family *family, fuzz_prepare_fn *prepare,
		const uint8_t *data, size_t size);

/* Aborts where rc, of a call for c, says that the rig itself has failed. */
void fuzz_must(const struct rig_case *c, int rc);

/* Prints the interleaving that ended in a violation, for a reader of the log. */
_Noreturn void fuzz_abort(const struct rig_case *c,
			  const struct rig_trace *trace);

#endif
