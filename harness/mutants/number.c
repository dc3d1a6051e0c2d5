/* SPDX-License-Identifier: MIT */
#include "mutants/number.h"

#include "mutants/mutant.h"

#include <fcntl.h>

enum { NUMBERS = 64 };

static enum rig_number meaning[NUMBERS];

static void set(int fd, enum rig_number what)
{
	if (fd >= 0 && fd < NUMBERS)
		meaning[fd] = what;
}

static int open_noted(struct spw_sys *sys, const char *path, int flags,
		      mode_t mode)
{
	int fd = rig_below.open(sys, path, flags, mode);

	set(fd, (flags & O_ACCMODE) == O_RDONLY ? RIG_NUMBER_OTHER :
						  RIG_NUMBER_WRITTEN);
	return fd;
}

static int pipe_noted(struct spw_sys *sys, int fd[2])
{
	int error = rig_below.pipe(sys, fd);

	if (error < 0)
		return error;
	set(fd[0], RIG_NUMBER_REPORT_READER);
	set(fd[1], RIG_NUMBER_REPORT_WRITER);
	return error;
}

void rig_number_watch(struct spw_sys *sys)
{
	sys->open = open_noted;
	sys->pipe = pipe_noted;
}

enum rig_number rig_number_of(int fd)
{
	return fd >= 0 && fd < NUMBERS ? meaning[fd] : RIG_NUMBER_OTHER;
}
