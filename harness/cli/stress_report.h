/* SPDX-License-Identifier: MIT */
/* How what racerig stress has seen is written down. */
#ifndef RIG_STRESS_REPORT_H
#define RIG_STRESS_REPORT_H

#include "cli/options.h"
#include "reports/result.h"
#include "stress/stress.h"

enum { RIG_OBSERVATIONS_MAX = 32 };

/* One fix on this machine's kernel. */
struct rig_observation {
	struct rig_stress_options options;
	struct rig_stress stress; /* empty where it was skipped */
	enum report_verdict verdict;
	char why[RIG_MESSAGE_MAX + 40]; /* the reason for the verdict */
};

/* Where they were made. */
struct rig_setting {
	const char *command;
	const char *fs; /* type of the file system; NULL: there was none */
};

void rig_observations_write(const struct rig_observation *observations,
			    unsigned n, const struct rig_setting *setting,
			    enum rig_format format);

#endif
