/* SPDX-License-Identifier: MIT */
/*
 * Mutant: tie-ignored
 *
 * Breaks core/waiters/auto.c: a child that is tied to its creator is made by a
 * thread that lives as long as it does. Here auto is what it is for any other
 * child, pidfd, and the thread of the spawn makes it.
 *
 *	a1      spawn(tied) = c1, ends
 *	c1                             signal 9
 */
#include "mutants/mutant.h"

static const struct spw_waiter *choose(struct spw_sys *sys, unsigned flags)
{
	return rig_waiter_below.choose(sys, 0);
}

static void alter(struct spw_waiter *waiter)
{
	waiter->choose = choose;
}

const struct rig_mutant rig_mutant_tie_ignored = {
	.name = "tie-ignored",
	.summary = "auto leaves a child tied to the thread that asked for it",
	.rule = "core/waiters/auto.c: who is tied to a thread gets one of its "
		"own",
	.scenario = "wait/creator-dies",
	.fix = "auto",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "killed",
	.alter_waiter = alter,
};
