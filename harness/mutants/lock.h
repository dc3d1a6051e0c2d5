/* SPDX-License-Identifier: MIT */
/* The guard's lock, for mutants that give it back at the wrong moment. */
#ifndef RIG_LOCK_H
#define RIG_LOCK_H

#include <spw/sys.h>

/* To be called while planting. */
void rig_lock_watch(struct spw_sys *sys);

/* The read-write lock that was created last; guards have one. */
struct spw_rwlock *rig_lock(void);

#endif
