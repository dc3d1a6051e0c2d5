/* SPDX-License-Identifier: MIT */
/* Where and with what a run was made: part of every report. */
#ifndef RIG_ENVIRONMENT_H
#define RIG_ENVIRONMENT_H

#include "reports/result.h"

#include <sys/utsname.h>

struct rig_environment {
	struct report_environment report; /* points into the rest */
	char kernel[sizeof(struct utsname)];
	char host[sizeof(((struct utsname *)NULL)->nodename)];
};

/* command is kept, not copied. */
void rig_environment_fill(struct rig_environment *environment,
			  const char *command);

#endif
