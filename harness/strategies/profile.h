/* SPDX-License-Identifier: MIT */
/*
 * A profile: how often each task comes to each object, as far as executions
 * have shown. Tasks are known by name and objects by key, both the same in
 * every execution. Tables have a fixed size: what does not fit is not counted.
 */
#ifndef RIG_PROFILE_H
#define RIG_PROFILE_H

#include "engine/engine.h"

enum {
	RIG_PROFILE_TASKS = 128,
	RIG_PROFILE_OBJECTS = 128,
	RIG_PROFILE_HASH = 256, /* at most half full */
	RIG_PROFILE_NONE = 255, /* no room for it */
};

struct rig_profile_object {
	uint32_t key;
	uint8_t first; /* the task that came to it first */
	bool shared;   /* another one came, too */
	bool written;
};

struct rig_profile {
	unsigned ntasks, nobjects;
	rig_name task[RIG_PROFILE_TASKS]; /* parents before their children */
	uint8_t parent[RIG_PROFILE_TASKS];
	struct rig_profile_object object[RIG_PROFILE_OBJECTS];
	unsigned nracy;
	uint8_t racy[RIG_PROFILE_OBJECTS]; /* objects that are raced for */
	uint8_t task_at[RIG_PROFILE_HASH]; /* number + 1, or 0 */
	uint8_t object_at[RIG_PROFILE_HASH];
	/* Of one execution: in the one at hand, and the most of any. */
	uint16_t now[RIG_PROFILE_TASKS][RIG_PROFILE_OBJECTS];
	uint16_t most[RIG_PROFILE_TASKS][RIG_PROFILE_OBJECTS];
};

/* The number of a task, -1 where it is not known. */
int rig_profile_find(const struct rig_profile *profile, rig_name name);

/* The same; a new task is added, with the number of its parent or NONE. */
uint8_t rig_profile_task(struct rig_profile *profile, rig_name name,
			 uint8_t parent);

/* A task does something about the object of that key. */
void rig_profile_note(struct rig_profile *profile, uint8_t task, uint32_t key,
		      bool writes);

/* The execution has ended: its counts become part of what is known. */
void rig_profile_learn(struct rig_profile *profile);

/*
 * Events of object that each task has before it when it begins, those of the
 * tasks that it will create included.
 */
void rig_profile_total(const struct rig_profile *profile, unsigned object,
		       uint32_t total[RIG_PROFILE_TASKS]);

#endif
