/* SPDX-License-Identifier: MIT */
/*
 * The target process: its threads and children make the real calls, each when
 * its slot of the page tells it to. It is forked from the rig, single-threaded
 * at that moment, with descriptors 0, 1 and 2 only.
 */
#ifndef RIG_CONTROL_TARGET_H
#define RIG_CONTROL_TARGET_H

#include "control/page.h"

/* The body of the target; its main thread serves slot 0. */
_Noreturn void ctl_target_main(struct ctl_page *page,
			       const struct ctl_programs *programs);

/* 0, or -errno: a process of this pid namespace cannot choose an id. */
int ctl_can_choose_ids(void);

/* ---- turns, for both sides ---- */

/* Gives the slot to the other side. */
void ctl_give(struct ctl_slot *slot, enum ctl_turn turn);
/* Waits until it is turn's turn; at most ms milliseconds (0: for ever). */
int ctl_await(struct ctl_slot *slot, enum ctl_turn turn, unsigned ms);

#endif
