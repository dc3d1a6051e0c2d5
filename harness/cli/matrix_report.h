/* SPDX-License-Identifier: MIT */
/* How what racerig matrix has found out is written down. */
#ifndef RIG_MATRIX_REPORT_H
#define RIG_MATRIX_REPORT_H

#include "cli/options.h"
#include "reports/result.h"

struct rig_matrix_report {
	const struct rig_args *args;
	const char *out; /* directory of the files */
	const struct report_environment *environment;
	const struct report_result *results;
	size_t n;
	bool all_agree; /* with what the fixes claim */
};

/* Writes all forms of it. RIG_EXIT_ERROR: it was said why one could not be. */
int rig_matrix_write(const struct rig_matrix_report *report);

/* To standard output, in the form that was asked for. */
void rig_matrix_print(const struct rig_matrix_report *report);

#endif
