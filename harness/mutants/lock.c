/* SPDX-License-Identifier: MIT */
#include "mutants/lock.h"

#include "mutants/mutant.h"

static struct spw_rwlock *lock;

static int create_noted(struct spw_sys *sys, struct spw_rwlock **created)
{
	int error = rig_below.rwlock_create(sys, created);

	if (error == 0)
		lock = *created;
	return error;
}

void rig_lock_watch(struct spw_sys *sys)
{
	sys->rwlock_create = create_noted;
}

struct spw_rwlock *rig_lock(void)
{
	return lock;
}
