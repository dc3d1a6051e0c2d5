/* SPDX-License-Identifier: MIT */
#include "cli/environment.h"

#include <rig_version.h>

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

static const char *libc_name(void)
{
#ifdef __GLIBC__
	static char name[32];

	snprintf(name, sizeof(name), "glibc %s", gnu_get_libc_version());
	return name;
#else
	return "musl"; /* which tells nobody its version */
#endif
}

void rig_environment_fill(struct rig_environment *e, const char *command)
{
	struct utsname uts;

	snprintf(e->kernel, sizeof(e->kernel), "unknown");
	e->host[0] = '\0';
	if (!uname(&uts)) {
		snprintf(e->kernel, sizeof(e->kernel), "%s %s %s", uts.sysname,
			 uts.release, uts.machine);
		snprintf(e->host, sizeof(e->host), "%s", uts.nodename);
	}
	e->report = (struct report_environment){
		.version = RIG_VERSION,
		.commit = RIG_COMMIT,
		.command = command,
		.kernel = e->kernel,
		.libc = libc_name(),
		.cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
		.host = e->host[0] ? e->host : NULL,
		.unix_time = (uint64_t)time(NULL),
	};
}
