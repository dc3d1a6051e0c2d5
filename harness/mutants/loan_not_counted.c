/* SPDX-License-Identifier: MIT */
/*
 * Mutant: loan-not-counted
 *
 * Breaks core/closers/refcount.c: who is lent the number is a user until it is
 * given back. Here a close does not wait for that.
 *
 *	a1      lent 3  poll(3): sleeps on a               woken, tests b
 *	a2                                   close  open(b) = 3
 */
#include "mutants/mutant.h"

static int enter(struct spw_fd *fd, struct spw_use *use)
{
	int error = rig_closer_below.enter(fd, use);

	if (error == 0 && use->lent)
		rig_closer_below.leave(fd, use);
	return error;
}

static void leave(struct spw_fd *fd, struct spw_use *use)
{
	if (!use->lent)
		rig_closer_below.leave(fd, use);
}

static void alter(struct spw_closer *closer)
{
	closer->enter = enter;
	closer->leave = leave;
}

const struct rig_mutant rig_mutant_loan_not_counted = {
	.name = "loan-not-counted",
	.summary = "a descriptor is closed while its number is lent",
	.rule = "core/closers/refcount.c: a loan is a use until it is given "
		"back",
	.scenario = "close/mixed-poll",
	.fix = "refcount",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "wrong-owner",
	.alter = alter,
};
