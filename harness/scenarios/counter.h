/* SPDX-License-Identifier: MIT */
/*
 * A counter that every actor increments, run->scenario->rounds times: what the
 * scenarios share that differ in how often, and in what protects it. run->state
 * begins with its cell.
 */
#ifndef RIG_COUNTER_H
#define RIG_COUNTER_H

#include "scenarios/scenario.h"

extern const struct rig_outcome rig_counter_outcomes[];

int rig_counter_begin(struct rig_run *run);
/*
 * Actors: once, and rounds times. Unfixed by a load and a store, fixed by the
 * read-modify-write instruction.
 */
void rig_counter_once(struct rig_run *run, unsigned index);
void rig_counter_actor(struct rig_run *run, unsigned index);
void rig_counter_finish(struct rig_run *run);

#endif
