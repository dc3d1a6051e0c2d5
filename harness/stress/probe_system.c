/* SPDX-License-Identifier: MIT */
/*
 * What belongs into every report of a run: the directory and the machine.
 * Shown, and never used to decide anything.
 */
#include "stress/probe_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- the work directory ---- */

static enum rig_answer file_system_probe(struct rig_probing *p)
{
	if (!p->place->dir)
		return probe_no_dir(p);
	return probe_say(p, RIG_VALUE, "%s", p->place->dir->fs);
}

static enum rig_answer is_on(struct rig_probing *p, const char *fs)
{
	if (!p->place->dir)
		return probe_no_dir(p);
	return strcmp(p->place->dir->fs, fs) ? RIG_NO : RIG_YES;
}

static enum rig_answer overlay_probe(struct rig_probing *p)
{
	return is_on(p, "overlay");
}

static enum rig_answer tmpfs_probe(struct rig_probing *p)
{
	return is_on(p, "tmpfs");
}

static enum rig_answer execute_probe(struct rig_probing *p)
{
	char path[PROBE_PATH];
	int rc;

	if (!p->place->dir)
		return probe_no_dir(p);
	rc = probe_path(p, "program", path);
	if (!rc)
		rc = probe_write_program(path);
	if (rc)
		return probe_cannot(p, "writing a program", rc);
	rc = probe_execute(path, -1);
	unlink(path);
	return probe_feature(p, rc);
}

static enum rig_answer tmpfile_probe(struct rig_probing *p)
{
	int fd;

	if (!p->place->dir)
		return probe_no_dir(p);
	fd = open(p->place->dir->path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	return probe_feature(p, probe_rc(fd));
}

static const struct rig_probe directory_probes[] = {
	{ "file-system", "its type", "statfs(2)", file_system_probe },
	{ "overlay", "an overlay: writers below it are not seen",
	  "Linux Documentation/filesystems/overlayfs.rst", overlay_probe },
	{ "tmpfs", "a tmpfs: nothing is written at close", "tmpfs(5)",
	  tmpfs_probe },
	{ "execute", "programs can be written and executed there",
	  "mount(8) noexec", execute_probe },
	{ "tmpfile", "O_TMPFILE", "open(2) O_TMPFILE", tmpfile_probe },
};

const struct rig_probe_subject rig_probe_subject_directory = {
	.name = "directory",
	.title = "the work directory",
	PROBES(directory_probes),
};

/* ---- the machine ---- */

static enum rig_answer kernel_probe(struct rig_probing *p)
{
	struct utsname uts;

	if (uname(&uts))
		return probe_cannot(p, "uname", errno);
	return probe_say(p, RIG_VALUE, "%.20s %.80s %.40s", uts.sysname,
			 uts.release, uts.machine);
}

/* glibc has a name for it and says its version; musl tells nobody. */
static enum rig_answer libc_probe(struct rig_probing *p)
{
#ifdef _CS_GNU_LIBC_VERSION
	char name[RIG_PROBE_TEXT] = "";

	if (confstr(_CS_GNU_LIBC_VERSION, name, sizeof(name)) && name[0])
		return probe_say(p, RIG_VALUE, "%.80s", name);
#endif
#ifdef __GLIBC__
	return probe_cannot(p, "confstr", EINVAL);
#else
	return probe_say(p, RIG_VALUE, "musl, no version to be had");
#endif
}

static enum rig_answer cpus_probe(struct rig_probing *p)
{
	cpu_set_t allowed;

	/* Larger machines than cpu_set_t has bits for: EINVAL. */
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return probe_cannot(p, "sched_getaffinity", errno);
	return probe_say(p, RIG_VALUE, "%d of %ld", CPU_COUNT(&allowed),
			 sysconf(_SC_NPROCESSORS_CONF));
}

static enum rig_answer rnd_bits_probe(struct rig_probing *p)
{
	static const char path[] = "/proc/sys/vm/mmap_rnd_bits";
	char text[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return probe_cannot(p, path, errno);
	text[n] = '\0';
	return probe_say(p, RIG_VALUE, "%.*s", (int)strcspn(text, "\n"), text);
}

static const char *limit_text(rlim_t limit, char buf[32])
{
	if (limit == RLIM_INFINITY)
		return "unlimited";
	snprintf(buf, 32, "%llu", (unsigned long long)limit);
	return buf;
}

/* rc of getrlimit, which filled limit in. */
static enum rig_answer limit_answer(struct rig_probing *p, int rc,
				    const struct rlimit *limit)
{
	char soft[32], hard[32];

	if (rc)
		return probe_cannot(p, "getrlimit", rc);
	return probe_say(p, RIG_VALUE, "%s, at most %s",
			 limit_text(limit->rlim_cur, soft),
			 limit_text(limit->rlim_max, hard));
}

static enum rig_answer files_probe(struct rig_probing *p)
{
	struct rlimit limit;
	int rc = probe_rc(getrlimit(RLIMIT_NOFILE, &limit));

	return limit_answer(p, rc, &limit);
}

static enum rig_answer processes_probe(struct rig_probing *p)
{
	struct rlimit limit;
	int rc = probe_rc(getrlimit(RLIMIT_NPROC, &limit));

	return limit_answer(p, rc, &limit);
}

static const struct rig_probe system_probes[] = {
	{ "kernel", "name, release, machine", "uname(2)", kernel_probe },
	{ "libc", "name and version", "confstr(3)", libc_probe },
	{ "cpus", "CPUs allowed to this process", "sched_getaffinity(2)",
	  cpus_probe },
	{ "mmap-rnd-bits", "random bits of addresses; sanitizers want 28",
	  "Linux Documentation/admin-guide/sysctl/vm.rst", rnd_bits_probe },
	{ "files", "descriptors of a process", "getrlimit(2) RLIMIT_NOFILE",
	  files_probe },
	{ "processes", "processes of this user", "getrlimit(2) RLIMIT_NPROC",
	  processes_probe },
};

const struct rig_probe_subject rig_probe_subject_system = {
	.name = "system",
	.title = "this machine (shown, never used to decide)",
	PROBES(system_probes),
};
