/* SPDX-License-Identifier: MIT */
/* A trace as the picture of an interleaving. */
#ifndef RIG_PICTURE_H
#define RIG_PICTURE_H

#include "engine/critical.h"
#include "engine/trace.h"

#include <stdio.h>

/*
 * Prints trace, one lane per task. verdict is the last line. What the first
 * thread does before and after the actors run is left out, and so are calls
 * that matter to nobody else. critical may be NULL. 0 or -ENOMEM.
 */
int rig_picture_print(FILE *out, const struct rig_trace *trace,
		      const struct rig_subject *subject, const char *verdict,
		      bool violated, const struct rig_critical *critical,
		      bool color);

#endif
