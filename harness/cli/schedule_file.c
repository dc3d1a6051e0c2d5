/* SPDX-License-Identifier: MIT */
#include "cli/schedule_file.h"

#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole file, at most one byte more than a schedule may have. */
static int read_file(const char *path, char **text, size_t *len)
{
	size_t size = RIG_SCHEDULE_BYTES_MAX + 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	*len = 0;
	*text = fd < 0 ? NULL : malloc(size);
	if (fd < 0)
		return -errno;
	if (!*text)
		n = -1;
	while (n >= 0 && *len < size) {
		n = read(fd, *text + *len, size - *len);
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	if (n < 0) {
		n = errno ? -errno : -ENOMEM;
		free(*text);
	}
	close(fd);
	return n < 0 ? (int)n : 0;
}

int rig_schedule_load(struct rig_case *c, const char *path,
		      struct rig_schedule *schedule)
{
	struct rig_plan plan;
	char why[RIG_MESSAGE_MAX];
	char *text;
	size_t len;
	int rc = read_file(path, &text, &len);

	if (rc)
		return rig_error("%s: %s", path, strerror(-rc));
	rc = rig_schedule_parse(schedule, c->subject, text, len, why,
				sizeof(why));
	free(text);
	if (rc)
		return rig_error("%s:%s", path, why);
	rc = rig_case_plan(&schedule->header, &plan, why, sizeof(why));
	if (rc)
		return rig_error("%s: %s", path, why);
	if (plan.fix.unavailable)
		return rig_error("%s: fix %s cannot run here: %s", path,
				 plan.fix.name, plan.fix.unavailable);
	rig_case_set(c, &plan);
	return 0;
}

/* The directory that path is in. */
static void directory_of(const char *path, char dir[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(dir, ".");
	else
		snprintf(dir, PATH_MAX, "%.*s",
			 (int)(slash == path ? 1 : slash - path), path);
}

int rig_schedule_may_save(const char *path)
{
	char dir[PATH_MAX];
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return rig_error("%s: is a directory", path);
	directory_of(path, dir);
	if (access(dir, W_OK | X_OK))
		return rig_error("%s: %s", dir, strerror(errno));
	return 0;
}

static int write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	int rc = 0;

	if (!file)
		return -errno;
	if (fputs(text, file) < 0 || fflush(file))
		rc = -errno;
	if (fclose(file) && !rc)
		rc = -errno;
	return rc;
}

int rig_schedule_save(const struct rig_case *c, const char *path,
		      const struct rig_schedule *schedule)
{
	size_t len = rig_schedule_print(schedule, c->subject, NULL, 0);
	char part[PATH_MAX];
	char *text = malloc(len + 1);
	int rc = text ? 0 : -ENOMEM;

	if (snprintf(part, sizeof(part), "%s.part", path) >=
	    (int)sizeof(part))
		rc = -ENAMETOOLONG;
	if (!rc) {
		rig_schedule_print(schedule, c->subject, text, len + 1);
		rc = write_text(part, text);
		if (!rc && rename(part, path))
			rc = -errno;
		if (rc)
			unlink(part);
	}
	free(text);
	return rc ? rig_error("%s: %s", path, strerror(-rc)) : 0;
}
