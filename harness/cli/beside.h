/* SPDX-License-Identifier: MIT */
/* What was chosen beside the fix, in what the commands print. */
#ifndef RIG_CLI_BESIDE_H
#define RIG_CLI_BESIDE_H

#include "reports/json_emit.h"
#include "scenarios/scenario.h"

/* ", guard lease, waiter pidfd"; nothing where all is as the scenario has it. */
void rig_beside_print(FILE *out, const struct rig_beside *beside);

/* "guard", "waiter" and "closer", or null. */
void rig_beside_emit(struct emit *e, const struct rig_beside *beside);

#endif
