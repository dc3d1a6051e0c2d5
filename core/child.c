/* SPDX-License-Identifier: MIT */
/*
 * The child's program between clone and execve.
 *
 * It may run on its parent's memory while other threads of the parent go on.
 * So it takes no lock, allocates nothing, and writes to its own stack and its
 * report only. Calls that a spec does not need are not made: on a provider that
 * schedules at calls, each has a price.
 */
#include "rt.h"

/* What a shell returns for a command that it could not execute. */
#define EXIT_NOT_EXECUTED 127

/* Whether fd is the target of one of the first n maps. */
static SPW_CHILD bool is_target(const struct spw_spec *spec, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++) {
		if (spec->fds[i].to == fd)
			return true;
	}
	return false;
}

/* The least number above every number in the map. */
static SPW_CHILD int number_above(const struct spw_spec *spec)
{
	int above = 0;

	for (size_t i = 0; i < spec->nfds; i++) {
		if (spec->fds[i].from >= above)
			above = spec->fds[i].from + 1;
		if (spec->fds[i].to >= above)
			above = spec->fds[i].to + 1;
	}
	return above;
}

/* The child's own descriptors, -1 where it has none. */
struct own_fds {
	int report;
	int program;
};

/* Where *fd is the target of a map: becomes a number that is none. */
static SPW_CHILD int move_away(struct spw_sys *sys, const struct spw_spec *spec,
			       int above, int *fd)
{
	int moved;

	if (!is_target(spec, spec->nfds, *fd))
		return 0;
	moved = sys->dup_above(sys, *fd, above);
	if (moved >= 0)
		*fd = moved;
	return moved;
}

/*
 * Gives the mapped descriptors their numbers. What stands where another one
 * goes first moves out of the way, above every number of the map: any closer,
 * and it could make a number valid that the caller gave without having it open.
 */
static SPW_CHILD int map_fds(struct spw_sys *sys, const struct spw_spec *spec,
			     struct own_fds *own)
{
	int above = number_above(spec);
	int from[SPW_FDS_MAX];
	int fd = move_away(sys, spec, above, &own->report);

	if (fd >= 0)
		fd = move_away(sys, spec, above, &own->program);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < spec->nfds; i++) {
		from[i] = spec->fds[i].from;
		if (!is_target(spec, i, from[i]))
			continue;
		from[i] = sys->dup_above(sys, from[i], above);
		if (from[i] < 0)
			return from[i];
	}
	for (size_t i = 0; i < spec->nfds; i++) {
		fd = sys->dup_onto(sys, from[i], spec->fds[i].to);
		if (fd < 0)
			return fd;
	}
	return 0;
}

static SPW_CHILD int place_fds(const struct spw_child *child,
			       struct own_fds *own)
{
	struct spw_sys *sys = child->sys;
	int error;

	if (child->shares_table)
		return 0;
	/* First: dup_onto makes its target survive exec again. */
	error = sys->cloexec_from(sys, 3);
	if (error < 0 || child->spec->nfds == 0)
		return error;
	return map_fds(sys, child->spec, own);
}

static SPW_CHILD int enter_session(struct spw_sys *sys, unsigned flags)
{
	if (flags & SPW_NEW_SESSION)
		return sys->setsid(sys);
	if (flags & SPW_NEW_GROUP)
		return sys->setpgid(sys, 0);
	return 0;
}

static SPW_CHILD int die_with_creator(struct spw_sys *sys, unsigned flags)
{
	return flags & SPW_DIE_WITH_CREATOR ?
		       sys->die_with_parent(sys, SIGKILL) :
		       0;
}

static SPW_CHILD int execute(const struct spw_child *child, int program_fd)
{
	const struct spw_program *program = &child->program;
	struct spw_sys *sys = child->sys;

	if (program_fd >= 0)
		return sys->exec_fd(sys, program_fd, program->argv,
				    child->envp);
	return sys->execve(sys, program->path, program->argv, child->envp);
}

/* Returns only on failure, with the step that failed in *stage. */
static SPW_CHILD int run(const struct spw_child *child, struct own_fds *own,
			 enum spw_stage *stage)
{
	const struct spw_spec *spec = child->spec;
	struct spw_sys *sys = child->sys;
	int error;

	for (unsigned i = 0; i < child->nclose_first; i++)
		sys->close(sys, child->close_first[i]);
	*stage = SPW_STAGE_SESSION;
	error = enter_session(sys, spec->flags);
	if (error >= 0)
		error = die_with_creator(sys, spec->flags);
	if (error < 0)
		return error;
	*stage = SPW_STAGE_DIR;
	if (spec->dir) {
		error = sys->chdir(sys, spec->dir);
		if (error < 0)
			return error;
	}
	*stage = SPW_STAGE_FDS;
	error = place_fds(child, own);
	if (error < 0)
		return error;
	*stage = SPW_STAGE_EXEC;
	sys->signals_set(sys, &child->mask);
	return execute(child, own->program);
}

SPW_CHILD int spw_child_main(void *arg)
{
	const struct spw_child *child = arg;
	struct spw_report report;
	struct own_fds own = { child->report_fd, child->program.fd };

	report.error = run(child, &own, &report.stage);
	if (child->report) {
		*child->report = report;
	} else {
		/* One write, smaller than PIPE_BUF: all of it or nothing. */
		child->sys->write(child->sys, own.report, &report,
				  sizeof(report));
	}
	return EXIT_NOT_EXECUTED;
}
