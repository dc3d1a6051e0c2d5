/* SPDX-License-Identifier: MIT */
/*
 * writer-process (M10): a child process writes the file and ends; the parent
 * reaps it. No descriptor of the file is ever in the parent's table, so no fork
 * of the parent can copy one.
 *
 * As a separate program: cp in golang/go#22315, bb_worker and bb_runner of
 * Buildbarn; as an idea in pantsbuild/pants#10507. Here it is a fork that never
 * executes anything. exit_files() and exit_task_work() come before
 * exit_notify() in do_exit(), so who has reaped the child knows that the write
 * count is given back.
 *
 * Hole: a mapping or a descriptor of io_uring would outlive the process for a
 * moment; there are none here. Price: a fork of the whole process for every
 * file, and for as long as the write takes the child holds a copy of whatever
 * else the parent has open.
 */
#include <errno.h>

#include "rt.h"

struct order {
	struct spw_sys *sys;
	struct spw_write job;
};

/* The result as an exit status: on Linux an errno fits into one. */
static SPW_CHILD int write_and_exit(void *arg)
{
	const struct order *order = arg;

	return -spw_write_file(order->sys, &order->job);
}

int spw_write_by_process(struct spw_sys *sys, const struct spw_write *job)
{
	struct order order = { sys, *job };
	struct spw_status status = { .signaled = true };
	sigset_t mask;
	pid_t pid;
	int error;

	/* Nor may a signal for the process end a write half-way. */
	sys->signals_block(sys, &mask);
	error = sys->clone(sys, SPW_CLONE_FORK, write_and_exit, &order,
			   sizeof(order), &pid);
	sys->signals_set(sys, &mask);
	if (error == 0)
		error = sys->wait(sys, pid, 0, &status);
	if (error < 0)
		return error;
	return status.signaled ? -EIO : -status.code;
}

static int writer_process_write(struct spw_rt *rt, void *state,
				const struct spw_write *job)
{
	return spw_write_by_process(rt->sys, job);
}

const struct spw_guard spw_guard_writer_process = {
	.info = {
		.name = "writer-process",
		.summary = "a child process writes the file and is reaped",
		.claim = "a program that was written is never busy",
		.condition = "nobody else writes or maps the file",
		.reference = "golang/go#22315, pantsbuild/pants#10507, "
			     "buildbarn/bb-remote-execution",
		.claims_sound = true,
		.no_mapping = true,
	},
	.write = writer_process_write,
};
