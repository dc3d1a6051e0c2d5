/* SPDX-License-Identifier: MIT */
/* The policies beside the fix: who may choose them, and what that changes. */
#include "scenarios/scenario.h"

#include <errno.h>
#include <stdio.h>

static const struct {
	const char *name;
	const struct rig_family *family; /* whose fixes they are */
} policies[RIG_POLICIES] = {
	[RIG_GUARD] = { "guard", &rig_family_etxtbsy },
	[RIG_WAITER] = { "waiter", &rig_family_wait },
	[RIG_CLOSER] = { "closer", &rig_family_close },
};

const char *rig_policy_name(enum rig_policy policy)
{
	return policies[policy].name;
}

const struct rig_family *rig_policy_family(enum rig_policy policy)
{
	return policies[policy].family;
}

int rig_policy_check(const struct rig_scenario *scenario,
		     enum rig_policy policy, char *why, size_t why_len)
{
	if ((scenario->family->beside | scenario->beside) >> policy & 1)
		return 0;
	snprintf(why, why_len, "%s takes no %s%s", scenario->name,
		 policies[policy].name,
		 scenario->family == policies[policy].family ?
			 " beside its fix, which is one" :
			 "");
	return -EINVAL;
}

bool rig_beside_is_default(const struct rig_beside *beside)
{
	for (int i = 0; i < RIG_POLICIES; i++)
		if (beside->name[i])
			return false;
	return true;
}

static void put(struct rig_fix *fix, enum rig_policy policy,
		const struct rig_fix *other)
{
	switch (policy) {
	case RIG_GUARD:
		fix->guard = other->guard;
		fix->interpreted = other->interpreted;
		break;
	case RIG_WAITER:
		fix->waiter = other->waiter;
		fix->pidfds = other->pidfds;
		break;
	case RIG_CLOSER:
		fix->closer = other->closer;
		break;
	case RIG_POLICIES:
		break;
	}
	if (!fix->unavailable)
		fix->unavailable = other->unavailable;
}

void rig_fix_put_beside(struct rig_fix *fix, const struct rig_beside *beside,
			bool real)
{
	struct rig_fix other;

	for (int i = 0; i < RIG_POLICIES; i++) {
		const struct rig_family *family = policies[i].family;
		const char *name = beside->name[i];

		if (name && (real ? rig_real_fix_find(family, name, &other) :
				    rig_fix_find(family, name, &other)))
			put(fix, (enum rig_policy)i, &other);
	}
}
