/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>

#include "rt.h"
#include "waits.h"

const char *spw_stage_name(enum spw_stage stage)
{
	switch (stage) {
	case SPW_STAGE_NONE:
		return "none";
	case SPW_STAGE_PREPARE:
		return "prepare";
	case SPW_STAGE_CLONE:
		return "clone";
	case SPW_STAGE_SESSION:
		return "session";
	case SPW_STAGE_DIR:
		return "dir";
	case SPW_STAGE_FDS:
		return "fds";
	case SPW_STAGE_EXEC:
		return "exec";
	}
	return "unknown";
}

static int check_spec(const struct spw_rt *rt, const struct spw_spec *spec)
{
	if (spec->nfds > SPW_FDS_MAX)
		return -EINVAL;
	if (spec->nfds > 0 && rt->guard->no_fd_map)
		return -ENOTSUP;
	if (spec->flags & SPW_DIE_WITH_CREATOR && !rt->sys->die_with_parent)
		return -ENOTSUP;
	/* INT_MAX: the child computes a number above all of them. */
	for (size_t i = 0; i < spec->nfds; i++) {
		if (spec->fds[i].from < 0 || spec->fds[i].from == INT_MAX ||
		    spec->fds[i].to < 0 || spec->fds[i].to == INT_MAX)
			return -EBADF;
	}
	return 0;
}

static void clone_child(struct spw_rt *rt, struct spw_child *child, pid_t *pid,
			struct spw_report *report)
{
	struct spw_sys *sys = rt->sys;
	enum spw_clone how = rt->how;
	int error;

	if (child->shares_table)
		how = SPW_CLONE_FILES;
	/*
	 * No handler of the caller may run in the child, nor while the guard
	 * holds other forks back.
	 */
	sys->signals_block(sys, &child->mask);
	if (rt->guard->fork_begin)
		rt->guard->fork_begin(rt, rt->guard_state, child);
	error = sys->clone(sys, how, spw_child_main, child, sizeof(*child),
			   pid);
	spw_hook(rt, rt->guard->fork_end);
	sys->signals_set(sys, &child->mask);
	if (error < 0)
		*report = (struct spw_report){ SPW_STAGE_CLONE, error };
}

/*
 * Reads the child's record, or the end of the pipe: then the child's end was
 * closed, by exec, and so was every copy that another child had inherited.
 */
static void read_report(struct spw_sys *sys, int fd, struct spw_report *report)
{
	struct spw_report record;
	ssize_t n = sys->read(sys, fd, &record, sizeof(record));

	if (n == sizeof(record))
		*report = record;
	else if (n < 0)
		*report = (struct spw_report){ SPW_STAGE_CLONE, (int)n };
}

/* From clone to the report; a child that failed is reaped. */
static void start(struct spw_rt *rt, struct spw_child *child, int pipe_fd,
		  pid_t *pid, struct spw_report *report)
{
	struct spw_sys *sys = rt->sys;
	struct spw_status ignored;

	if (rt->guard->spawn)
		rt->guard->spawn(rt, rt->guard_state, child, pid, report);
	else
		clone_child(rt, child, pid, report);
	if (child->report_fd >= 0)
		sys->close(sys, child->report_fd);
	if (report->stage == SPW_STAGE_CLONE)
		return;
	if (pipe_fd >= 0)
		read_report(sys, pipe_fd, report);
	if (report->stage != SPW_STAGE_NONE)
		sys->wait(sys, *pid, 0, &ignored);
}

/* Whether the end of a child that fails is told through a pipe. */
static bool uses_pipe(const struct spw_rt *rt)
{
	return rt->how == SPW_CLONE_FORK && !rt->guard->spawn &&
	       !rt->guard->shares_table;
}

/* What the child needs beside its spec; 0 or -errno. */
static int prepare(struct spw_rt *rt, struct spw_child *child, int fd[2])
{
	int error = 0;

	if (rt->guard->program)
		error = rt->guard->program(rt, rt->guard_state, child->spec,
					   &child->program);
	if (error < 0 || !uses_pipe(rt))
		return error;
	error = rt->sys->pipe(rt->sys, fd);
	child->report_fd = fd[1];
	child->report = NULL;
	return error;
}

static void clean_up(struct spw_sys *sys, const struct spw_program *program,
		     int pipe_fd)
{
	if (pipe_fd >= 0)
		sys->close(sys, pipe_fd);
	if (program->fd >= 0)
		sys->close(sys, program->fd);
	sys->free(sys, program->memory);
}

/* One attempt; how it went is in *report. */
static void try_spawn(struct spw_rt *rt, const struct spw_spec *spec,
		      pid_t *pid, struct spw_report *report)
{
	char *argv[] = { (char *)spec->path, NULL };
	char *envp[] = { NULL };
	struct spw_sys *sys = rt->sys;
	struct spw_child child = {
		.sys = sys,
		.spec = spec,
		.program = { .path = spec->path,
			     .argv = spec->argv ? spec->argv : argv,
			     .fd = -1 },
		.envp = spec->envp ? spec->envp : envp,
		.report = report,
		.report_fd = -1,
		.shares_table = rt->guard->shares_table,
	};
	int fd[2] = { -1, -1 };
	int error = prepare(rt, &child, fd);

	if (error < 0) {
		*report = (struct spw_report){ SPW_STAGE_PREPARE, error };
	} else {
		*report = (struct spw_report){ SPW_STAGE_NONE, 0 };
		spw_hook(rt, rt->guard->spawn_begin);
		start(rt, &child, fd[0], pid, report);
		spw_hook(rt, rt->guard->spawn_end);
	}
	clean_up(sys, &child.program, fd[0]);
}

static bool try_again(struct spw_rt *rt, unsigned attempt,
		      const struct spw_report *report)
{
	return rt->guard->again &&
	       rt->guard->again(rt, rt->guard_state, attempt, report->stage,
				report->error);
}

void spw_start_child(struct spw_start *start)
{
	struct spw_report report = { SPW_STAGE_PREPARE, 0 };
	unsigned attempt = 0;

	do {
		try_spawn(start->rt, start->spec, &start->proc->pid, &report);
	} while (report.error < 0 && try_again(start->rt, attempt++, &report));
	start->stage = report.stage;
	start->error = report.error;
}

static const struct spw_waiter *waiter_of(const struct spw_rt *rt,
					  const struct spw_spec *spec)
{
	return spec->flags & SPW_DIE_WITH_CREATOR ? rt->tied : rt->waiter;
}

static int new_proc(struct spw_rt *rt, const struct spw_waiter *waiter,
		    struct spw_proc **out)
{
	struct spw_proc *proc = rt->sys->alloc(rt->sys, sizeof(*proc));
	int error = 0;

	if (!proc)
		return -ENOMEM;
	proc->sys = rt->sys;
	proc->waiter = waiter;
	if (rt->waits)
		proc->waits = proc->table = spw_waits_get(rt->waits);
	if (waiter->lock & SPW_LOCK_EACH)
		error = spw_waits_open(rt->sys, &proc->waits);
	if (error < 0) {
		proc->waits = NULL;
		spw_free_proc(proc);
	}
	*out = proc;
	return error;
}

static int spawn(struct spw_rt *rt, const struct spw_spec *spec,
		 struct spw_proc **out, enum spw_stage *stage)
{
	const struct spw_waiter *waiter = waiter_of(rt, spec);
	struct spw_start start = { .rt = rt, .spec = spec };
	int error = check_spec(rt, spec);

	*stage = SPW_STAGE_PREPARE;
	if (error < 0)
		return error;
	/* First: once the child runs there is no way back. */
	error = new_proc(rt, waiter, &start.proc);
	if (error < 0)
		return error;
	if (waiter->start)
		waiter->start(&start);
	else
		spw_start_child(&start);
	*stage = start.stage;
	if (start.error < 0) {
		spw_free_proc(start.proc);
		return start.error;
	}
	*out = start.proc;
	return 0;
}

int spw_spawn(struct spw_rt *rt, const struct spw_spec *spec,
	      struct spw_proc **proc, enum spw_stage *stage)
{
	enum spw_stage ignored;

	return spawn(rt, spec, proc, stage ? stage : &ignored);
}
