/* SPDX-License-Identifier: MIT */
/* Schedules in files. What is wrong is said on standard error, in one line. */
#ifndef RIG_SCHEDULE_FILE_H
#define RIG_SCHEDULE_FILE_H

#include "cli/case.h"

#include <limits.h>

/*
 * Reads path into schedule and makes c run what it describes. 0, or
 * RIG_EXIT_ERROR after saying why.
 */
int rig_schedule_load(struct rig_case *c, const char *path,
		      struct rig_schedule *schedule);

/*
 * Writes schedule to path: complete, or not at all (a file of that name stays
 * as it was). 0, or RIG_EXIT_ERROR after saying why.
 */
int rig_schedule_save(const struct rig_case *c, const char *path,
		      const struct rig_schedule *schedule);

/*
 * Can a schedule be saved as path? Asked before long work. 0, or
 * RIG_EXIT_ERROR after saying why not.
 */
int rig_schedule_may_save(const char *path);

/*
 * Says why ("LINE: reason", 0 for no line) beside the name of the file.
 * Returns RIG_EXIT_ERROR.
 */
int rig_schedule_error(const char *path, const char *why);

/* The name in directory dir under which a counter-example of plan is kept. */
void rig_schedule_path(const char *dir, const struct rig_plan *plan,
		       char path[PATH_MAX]);

#endif
