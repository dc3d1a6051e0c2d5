/* SPDX-License-Identifier: MIT */
/*
 * Mutant: registration-kept
 *
 * Breaks core/closers/refcount.c: the registration is removed before the number
 * is closed. Here that is left to the close, which removes it only where no
 * copy of the file is left.
 *
 *	a2      close(a)  dup(copy) = a's number  adopt => EEXIST
 */
#include "mutants/mutant.h"

static int keep(struct spw_sys *sys, int epoll, enum spw_epoll_op op, int fd,
		unsigned events, uint64_t data)
{
	return op == SPW_EPOLL_DEL ?
		       0 :
		       rig_below.epoll_ctl(sys, epoll, op, fd, events, data);
}

static void plant(struct spw_sys *sys)
{
	sys->epoll_ctl = keep;
}

const struct rig_mutant rig_mutant_registration_kept = {
	.name = "registration-kept",
	.summary = "a close leaves its registration to the kernel",
	.rule = "core/closers/refcount.c: the registration goes before the "
		"number",
	.scenario = "close/dup-survivor",
	.fix = "refcount",
	.spawn = SPW_CLONE_VFORK,
	.actors = 2,
	.outcome = "register-failed",
	.plant = plant,
};
