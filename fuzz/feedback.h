/* SPDX-License-Identifier: MIT */
/*
 * What tells a fuzzer that a schedule was new: edges of code do not, for most
 * orders run the same code. The feature is a pair over an object of the kernel:
 * who changed it last, and who then read or changed it ("the execve of a1's
 * child found the write count as a2's child's close left it"). It is what rf
 * greybox fuzzers found to work (Wolff et al., Greybox Fuzzing for Concurrency
 * Testing, ASPLOS 2024).
 *
 * A feature is made of names of tasks, kinds of calls and modes of access, and
 * of no number that depends on the machine or on who came first: the same
 * schedule has the same features in every process.
 */
#ifndef FUZZ_FEEDBACK_H
#define FUZZ_FEEDBACK_H

#include "engine/engine.h"

enum { FUZZ_FEATURES = 1 << 12 };

/* From now on the executions of engine are told to the fuzzer, if on. */
void fuzz_feedback(struct rig_engine *engine, bool on);

/* Before each execution: what came before it is not part of it. */
void fuzz_feedback_begin(void);

/* Whether each feature was seen since the fuzzer cleared them. */
const uint8_t *fuzz_features(void);

#endif
