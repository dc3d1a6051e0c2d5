/* SPDX-License-Identifier: MIT */
/*
 * The other direction: what cannot be done to the file of a program that runs.
 * deny_write_access keeps inode->i_writecount below zero meanwhile; then
 * get_write_access fails with ETXTBSY. After its end all must be possible.
 */
#include "stress/probe_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* 0: done; -errno */
typedef int change_fn(const char *path);

struct runner {
	char program[PROBE_PATH];
	char script[PROBE_PATH];
};

static int prepare(struct rig_probing *p, struct runner *r)
{
	unsigned char program[RIG_PROGRAM_MAX];
	int len = rig_program_waiting(program);
	int rc = len < 0 ? len : probe_path(p, "waiting", r->program);

	if (!rc)
		rc = probe_path(p, "script", r->script);
	if (!rc)
		rc = probe_write(r->program, program, (size_t)len);
	return rc ? rc : probe_write_script(r->script, r->program);
}

static enum rig_answer look(struct rig_probing *p, const char *file,
			    change_fn *change)
{
	pid_t pid = probe_start(file);
	int meanwhile, rc;

	if (pid < 0)
		return probe_cannot(p, "starting a program", pid);
	meanwhile = change(file);
	probe_kill(pid);
	if (meanwhile && meanwhile != -ETXTBSY)
		return probe_cannot(p, "the file of a running program",
				    meanwhile);
	rc = change(file);
	if (rc)
		return probe_cannot(p, "the file of an ended program", rc);
	return meanwhile ? RIG_YES : RIG_NO;
}

/* yes: it is refused. script: a script runs, and its file is changed. */
static enum rig_answer refused(struct rig_probing *p, change_fn *change,
			       bool script)
{
	enum rig_answer answer;
	struct runner r;
	int rc;

	if (!p->place->dir)
		return probe_no_dir(p);
	rc = prepare(p, &r);
	answer = rc ? probe_cannot(p, "writing a program", rc) :
		      look(p, script ? r.script : r.program, change);
	unlink(r.program);
	unlink(r.script);
	return answer;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_write(const char *path)
{
	return try_open(path, O_WRONLY);
}

static int open_read_write(const char *path)
{
	return try_open(path, O_RDWR);
}

/* O_TRUNC needs no write access mode, but handle_truncate write access. */
static int open_truncate(const char *path)
{
	return try_open(path, O_RDONLY | O_TRUNC);
}

static int cut(const char *path)
{
	return probe_rc(truncate(path, 0));
}

static enum rig_answer running_write(struct rig_probing *p)
{
	return refused(p, open_write, false);
}

static enum rig_answer running_read_write(struct rig_probing *p)
{
	return refused(p, open_read_write, false);
}

static enum rig_answer running_open_truncate(struct rig_probing *p)
{
	return refused(p, open_truncate, false);
}

static enum rig_answer running_truncate(struct rig_probing *p)
{
	return refused(p, cut, false);
}

static enum rig_answer running_script(struct rig_probing *p)
{
	return refused(p, open_write, true);
}

static const struct rig_probe probes[] = {
	{ "open-write", "opening a running program O_WRONLY",
	  "open(2) ETXTBSY; Linux get_write_access", running_write },
	{ "open-read-write", "opening it O_RDWR",
	  "open(2) ETXTBSY; Linux get_write_access", running_read_write },
	{ "open-truncate", "opening it O_RDONLY | O_TRUNC",
	  "open(2) O_TRUNC; Linux handle_truncate", running_open_truncate },
	{ "truncate", "truncating it by name",
	  "truncate(2) ETXTBSY; Linux vfs_truncate", running_truncate },
	{ "script", "opening a running #! script O_WRONLY",
	  "execve(2): what runs is the interpreter", running_script },
};

const struct rig_probe_subject rig_probe_subject_running = {
	.name = "running",
	.title = "ETXTBSY in the other direction: what fails is",
	PROBES(probes),
};
