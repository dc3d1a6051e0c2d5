/* SPDX-License-Identifier: MIT */
#include "strategies/profile.h"

#include <string.h>

static unsigned hash(uint32_t key)
{
	return key * 0x9e3779b9u >> 24;
}

static unsigned next(unsigned at)
{
	return (at + 1) % RIG_PROFILE_HASH;
}

int rig_profile_find(const struct rig_profile *p, rig_name name)
{
	for (unsigned at = hash(name); p->task_at[at]; at = next(at))
		if (p->task[p->task_at[at] - 1] == name)
			return p->task_at[at] - 1;
	return -1;
}

uint8_t rig_profile_task(struct rig_profile *p, rig_name name, uint8_t parent)
{
	int found = rig_profile_find(p, name);
	unsigned at = hash(name);

	if (found >= 0)
		return (uint8_t)found;
	if (p->ntasks == RIG_PROFILE_TASKS)
		return RIG_PROFILE_NONE;
	while (p->task_at[at])
		at = next(at);
	p->task[p->ntasks] = name;
	p->parent[p->ntasks] = parent;
	p->task_at[at] = (uint8_t)++p->ntasks;
	return (uint8_t)(p->ntasks - 1);
}

static int object_of(struct rig_profile *p, uint32_t key, uint8_t task)
{
	unsigned at = hash(key);

	for (; p->object_at[at]; at = next(at))
		if (p->object[p->object_at[at] - 1].key == key)
			return p->object_at[at] - 1;
	if (p->nobjects == RIG_PROFILE_OBJECTS)
		return -1;
	p->object[p->nobjects] =
		(struct rig_profile_object){ .key = key, .first = task };
	p->object_at[at] = (uint8_t)++p->nobjects;
	return (int)p->nobjects - 1;
}

void rig_profile_note(struct rig_profile *p, uint8_t task, uint32_t key,
		      bool writes)
{
	int object = task == RIG_PROFILE_NONE ? -1 : object_of(p, key, task);

	if (object < 0)
		return;
	p->object[object].shared |= p->object[object].first != task;
	p->object[object].written |= writes;
	if (p->now[task][object] < UINT16_MAX)
		p->now[task][object]++;
}

/* What one task alone comes to, or all only look at, cannot race. */
static void list_racy(struct rig_profile *p)
{
	p->nracy = 0;
	for (unsigned o = 0; o < p->nobjects; o++)
		if (p->object[o].shared && p->object[o].written)
			p->racy[p->nracy++] = (uint8_t)o;
}

void rig_profile_learn(struct rig_profile *p)
{
	for (unsigned t = 0; t < p->ntasks; t++) {
		for (unsigned o = 0; o < p->nobjects; o++)
			if (p->now[t][o] > p->most[t][o])
				p->most[t][o] = p->now[t][o];
		memset(p->now[t], 0, p->nobjects * sizeof(p->now[t][0]));
	}
	list_racy(p);
}

void rig_profile_total(const struct rig_profile *p, unsigned object,
		       uint32_t total[RIG_PROFILE_TASKS])
{
	for (unsigned t = 0; t < p->ntasks; t++)
		total[t] = p->most[t][object];
	for (unsigned t = p->ntasks; t--;)
		if (p->parent[t] != RIG_PROFILE_NONE)
			total[p->parent[t]] += total[t];
}
