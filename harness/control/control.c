/* SPDX-License-Identifier: MIT */
#include "control/control.h"

#include "control/agree.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned char program_image[] = {
#include "control_program.inc"
};

_Static_assert(sizeof(program_image) <= CTL_PROGRAM_MAX, "it fits");

/* ---- the target process ---- */

/* Ends the target and all that it started: one process group. */
static void stop_target(struct rig_control *c)
{
	if (c->target <= 0)
		return;
	kill(-c->target, SIGKILL);
	/* Its orphans come to us: we are the reaper (PR_SET_CHILD_SUBREAPER). */
	while (waitpid(-c->target, NULL, 0) > 0 || errno == EINTR)
		;
	c->target = 0;
}

/* In the new process: nothing of the rig but the page and the directory. */
static _Noreturn void become_target(const struct rig_control *c)
{
	int null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	null = open("/dev/null", O_RDWR);
	if (null < 0) /* an empty chroot has none; any file will do */
		null = memfd_create("null", 0);
	if (null < 0 || fchdir(c->dir) < 0)
		_exit(120);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (spw_sys_linux()->cloexec_from(spw_sys_linux(), 3))
		_exit(120);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN); /* the model has the error alone */
	ctl_target_main(c->page, c->programs);
}

/*
 * The target as the first process of a pid namespace, where it may choose ids.
 * clone and not unshare, which would put later children there instead.
 */
static pid_t fork_apart(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD,
			      0, 0, 0, 0);
}

/* Whether the child of a child has the id 201, which is asked for. */
static int choose_an_id(void)
{
	pid_t pid = fork_apart();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-ctl_can_choose_ids());
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int rig_control_may(const struct sim_options *options, char *why,
		    size_t why_len)
{
	int rc = options->pids_reused ? choose_an_id() : 0;

	if (options->faults) {
		snprintf(why, why_len, "this kernel does not fail on demand");
		return -ENOTSUP;
	}
	if (rc)
		snprintf(why, why_len,
			 "no ids can be chosen here (clone3 with set_tid in a "
			 "pid namespace): %s",
			 strerror(-rc));
	return rc;
}

static int start_target(struct rig_control *c)
{
	/* Mapped by set_up, or there is no target to start.
	 * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	memset(c->page, 0, sizeof(*c->page));
	memset(c->slot, 0, sizeof(c->slot));
	c->target = sim_configured(c->sim)->pids_reused ? fork_apart() : fork();
	if (c->target < 0)
		return -errno;
	if (c->target == 0)
		become_target(c);
	setpgid(c->target, c->target);
	c->targets++;
	return 0;
}

/* ---- opening ---- */

/* One image per exit code, patched behind the mark. */
static int make_programs(struct ctl_programs *programs)
{
	const unsigned char *mark = memmem(program_image, sizeof(program_image),
					   CTL_CODE_MARK,
					   sizeof(CTL_CODE_MARK) - 1);

	size_t at;

	if (!mark)
		return -ENOEXEC;
	at = (size_t)(mark - program_image) + sizeof(CTL_CODE_MARK) - 1;
	programs->len = sizeof(program_image);
	for (unsigned i = 0; i < CTL_PROGRAMS; i++) {
		unsigned char *image = programs->image[i];

		memcpy(image, program_image, sizeof(program_image));
		image[at] = (unsigned char)i;
	}
	return 0;
}

static int map_page(struct rig_control *c)
{
	int fd = openat(c->dir, CTL_PAGE_NAME,
			O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *page = MAP_FAILED;

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, sizeof(*c->page)))
		page = mmap(NULL, sizeof(*c->page), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return -errno;
	c->page = page;
	return 0;
}

static int install(const struct rig_control *c, const char *name,
		   const void *data, size_t len)
{
	int fd = openat(c->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0755);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	if (close(fd) < 0 || n != (ssize_t)len)
		return -ENOSPC;
	return 0;
}

/* What exists before a scenario begins, as sim has it (cli/case.c). */
static int install_others(const struct rig_control *c)
{
	const struct ctl_programs *p = c->programs;
	uint8_t script[SIM_SCRIPT_SIZE];
	int len = sim_script(script, "interpreter", 0);
	int rc = install(c, "other", p->image[0], p->len);

	if (!rc)
		rc = install(c, "interpreter", p->image[0], p->len);
	return rc ? rc : install(c, "other-script", script, (size_t)len);
}

/* All on the CPU that this runs on: a hand-over across costs 13 times more. */
static void pin(struct rig_control *c)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	c->pinned = !sched_getaffinity(0, sizeof(c->cpus), &c->cpus) &&
		    cpu >= 0;
	if (!c->pinned)
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	c->pinned = !sched_setaffinity(0, sizeof(one), &one);
}

static int set_up(struct rig_control *c, const char *dir)
{
	int rc;

	c->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0)
		return -errno;
	c->programs = calloc(1, sizeof(*c->programs));
	if (!c->programs)
		return -ENOMEM;
	rc = make_programs(c->programs);
	if (!rc)
		rc = map_page(c);
	if (!rc)
		rc = install_others(c);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pin(c);
	return rc;
}

int rig_control_open(struct rig_control **out, struct sim *sim, const char *dir,
		     char *why, size_t why_len)
{
	struct rig_control *c = calloc(1, sizeof(*c));
	int rc = -ENOMEM;

	if (c) {
		c->sim = sim;
		c->dir = -1;
		rc = set_up(c, dir);
	}
	if (!rc)
		rc = start_target(c);
	if (rc) {
		snprintf(why, why_len, "control cannot work in %s: %s", dir,
			 strerror(-rc));
		rig_control_close(c);
		return rc;
	}
	ctl_join(c);
	*out = c;
	return 0;
}

void rig_control_close(struct rig_control *c)
{
	if (!c)
		return;
	ctl_part(c);
	stop_target(c);
	if (c->pinned)
		sched_setaffinity(0, sizeof(c->cpus), &c->cpus);
	if (c->page)
		munmap(c->page, sizeof(*c->page));
	if (c->dir >= 0) {
		unlinkat(c->dir, CTL_PAGE_NAME, 0);
		unlinkat(c->dir, "other", 0);
		unlinkat(c->dir, "interpreter", 0);
		unlinkat(c->dir, "other-script", 0);
		close(c->dir);
	}
	free(c->programs);
	free(c);
}

void rig_control_restart(struct rig_control *c)
{
	c->clean = false;
}

uint64_t rig_control_calls(const struct rig_control *c)
{
	return c->calls;
}

unsigned rig_control_targets(const struct rig_control *c)
{
	return c->targets;
}

void rig_control_log(struct rig_control *c, struct rig_call_log *log)
{
	c->log = log;
}

/* ---- between executions ---- */

void rig_control_rest(struct rig_control *c)
{
	stop_target(c);
	c->clean = false;
}

/*
 * An execution that ended as programs end has left nothing behind, which is
 * checked; one that was cut short has left everything: then a new target is
 * cheaper than mending the old one.
 */
int ctl_fresh(struct rig_control *c)
{
	bool tidy = c->clean && !c->disorder;
	int rc = tidy ? ctl_service(c, CTL_CLEAN, 0) : -EAGAIN;

	c->clean = c->disorder = false;
	for (unsigned i = 0; i < CTL_SLOTS; i++)
		if (c->slot[i].pid) /* a child of the last execution */
			c->slot[i] = (struct ctl_real){ .served = false };
	if (rc == 0)
		return 0;
	stop_target(c);
	rc = start_target(c);
	return rc ? rc : ctl_service(c, CTL_CLEAN, 0);
}
