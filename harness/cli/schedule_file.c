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

/* At most size bytes from fd. -errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* The whole file, at most one byte more than a schedule may have. */
static int read_file(const char *path, char **text, size_t *len)
{
	size_t size = RIG_SCHEDULE_BYTES_MAX + 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	*text = malloc(size);
	n = *text ? read_all(fd, *text, size) : -ENOMEM;
	close(fd);
	if (n < 0) {
		free(*text);
		return (int)n;
	}
	*len = (size_t)n;
	return 0;
}

/* The line of text that begins with the first n bytes of word; 0: none. */
static unsigned line_of(const char *text, size_t len, const char *word,
			size_t n)
{
	const char *end = text + len;

	for (unsigned line = 1; text < end; line++) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		while (*text == ' ' || *text == '\t')
			text++;
		if ((size_t)(end - text) > n && !memcmp(text, word, n) &&
		    (text[n] == ' ' || text[n] == '\t'))
			return line;
		if (!eol)
			break;
		text = eol + 1;
	}
	return 0;
}

int rig_schedule_error(const char *path, const char *why)
{
	if (!strncmp(why, "0: ", 3))
		return rig_error("%s: %s", path, why + 3);
	return rig_error("%s:%s", path, why);
}

/* The plan that the header of the text describes. */
static int make_plan(const char *path, const char *text, size_t len,
		     const struct rig_header *header, struct rig_plan *plan)
{
	char why[RIG_MESSAGE_MAX];

	if (!rig_case_plan(header, plan, why, sizeof(why)))
		return 0;
	return rig_error("%s:%u: %s", path,
			 line_of(text, len, why, strcspn(why, ":")), why);
}

int rig_schedule_load(struct rig_case *c, const char *path,
		      struct rig_schedule *schedule)
{
	struct rig_plan plan = { 0 };
	char why[RIG_MESSAGE_MAX];
	char *text = NULL;
	size_t len = 0;
	int rc = read_file(path, &text, &len);

	if (rc)
		return rig_error("%s: %s", path, strerror(-rc));
	if (rig_schedule_parse(schedule, c->subject, text, len, why,
			       sizeof(why)))
		rc = rig_schedule_error(path, why);
	else
		rc = make_plan(path, text, len, &schedule->header, &plan);
	free(text);
	if (rc)
		return rc;
	if (plan.fix.unavailable)
		return rig_error("%s: fix %s cannot run here: %s", path,
				 plan.fix.name, plan.fix.unavailable);
	rig_case_set(c, &plan);
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

/*
 * Where the text is written first: beside path, to be renamed. A device or a
 * pipe is written itself, for a rename would put a file in its place.
 */
static int part_path(const char *path, char part[PATH_MAX])
{
	struct stat st;
	const char *suffix = ".part";

	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		if (!S_ISREG(st.st_mode))
			suffix = "";
	} else if (errno != ENOENT || !*path) {
		return -errno;
	}
	if (snprintf(part, PATH_MAX, "%s%s", path, suffix) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* Tried, not only asked: root may do anything, but not on a full disk. */
int rig_schedule_may_save(const char *path)
{
	char part[PATH_MAX];
	int rc = part_path(path, part);

	if (!rc && strcmp(part, path) != 0) {
		rc = write_text(part, "");
		if (!rc && unlink(part))
			rc = -errno;
	}
	return rc ? rig_error("%s: %s", path, strerror(-rc)) : 0;
}

int rig_schedule_save(const struct rig_case *c, const char *path,
		      const struct rig_schedule *schedule)
{
	size_t len = rig_schedule_print(schedule, c->subject, NULL, 0);
	char part[PATH_MAX];
	char *text = malloc(len + 1);
	int rc = text ? 0 : -ENOMEM;

	if (!rc)
		rc = part_path(path, part);
	if (!rc) {
		bool beside = strcmp(part, path) != 0;

		rig_schedule_print(schedule, c->subject, text, len + 1);
		rc = write_text(part, text);
		if (!rc && beside && rename(part, path))
			rc = -errno;
		if (rc && beside)
			unlink(part);
	}
	free(text);
	return rc ? rig_error("%s: %s", path, strerror(-rc)) : 0;
}

void rig_schedule_path(const char *dir, const struct rig_plan *plan,
		       char path[PATH_MAX])
{
	const char *name = plan->scenario->name;
	size_t family = strcspn(name, "/");

	snprintf(path, PATH_MAX, "%s/%.*s-%s.%s.sched", dir, (int)family, name,
		 name + family + 1, plan->fix.name);
}
