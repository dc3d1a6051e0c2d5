/* SPDX-License-Identifier: MIT */
/* A trace as the picture of an interleaving. */
#ifndef RIG_PICTURE_H
#define RIG_PICTURE_H

#include "engine/critical.h"
#include "engine/trace.h"

#include <stdio.h>

/* What there is to be seen of an execution. */
struct rig_scene {
	const struct rig_trace *trace;
	const struct rig_subject *subject;
	const char *verdict; /* the last line */
	bool violated;
	const struct rig_critical *critical; /* or NULL */
};

/*
 * As text, one lane per task. What the first thread does before and after the
 * actors run is left out, and so are calls that matter to nobody else. 0 or
 * -ENOMEM.
 */
int rig_picture_print(FILE *out, const struct rig_scene *scene, bool color);

/* The same for chrome://tracing and ui.perfetto.dev. */
int rig_picture_chrome(FILE *out, const struct rig_scene *scene);

#endif
