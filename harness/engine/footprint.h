/* SPDX-License-Identifier: MIT */
/*
 * Footprints: what a step of a task does to the objects that tasks share. Two
 * steps whose footprints do not conflict may be swapped, and neither notices.
 *
 * A footprint is recorded while the step runs, not declared before: so it is
 * as exact as what happened (an open that was refused touches no descriptor).
 * Objects are small numbers that the subject gives out. A number must mean the
 * same object wherever the execution goes on from one and the same point, so
 * numbers are given out in the order of creation (rig_objects).
 */
#ifndef RIG_FOOTPRINT_H
#define RIG_FOOTPRINT_H

#include <stdbool.h>
#include <stdint.h>

typedef uint16_t rig_object;

enum {
	RIG_OBJECT_SUBJECT = 128, /* below: memory cells, engine/cell.h */
	RIG_OBJECTS_MAX = 8192,
	RIG_ACCESS_MAX = 160, /* of one step; more: it touches everything */
};

enum rig_mode {
	RIG_READ,
	RIG_WRITE,
	/* Commutes with other updates: a counter nobody looks at meanwhile. */
	RIG_UPDATE,
	/*
	 * A reference is dropped that is not the last, and after it one is left
	 * (_NEAR) or more. They commute with each other and with updates, but
	 * where one is left the next drop is another kind of step, so a drop
	 * that was put off must be looked at anew.
	 */
	RIG_DROP,
	RIG_DROP_NEAR,
	/* Locks. What is given back orders, but cannot be raced with: nobody
	 * takes a lock before it has been given back. */
	RIG_ACQUIRE,
	RIG_RELEASE,
	RIG_ACQUIRE_SHARED,
	RIG_RELEASE_SHARED,
	/* Comes after all RIG_RELEASE of the object, which happen once and for
	 * ever: the end of a task, of a process. */
	RIG_JOIN,
	RIG_MODES,
};

enum rig_relation {
	RIG_COMMUTE,
	RIG_ORDER, /* the second needs the first */
	RIG_RACE,  /* either could come first */
};

struct rig_access {
	rig_object object;
	uint8_t mode;
};

struct rig_footprint {
	bool all; /* touches everything, in a way not known */
	uint16_t n;
	struct rig_access access[RIG_ACCESS_MAX];
};

/* Of two accesses to one object, made in this order by two tasks. */
enum rig_relation rig_relation(uint8_t first, uint8_t second);

/*
 * May a step that is put off because of its footprint (it was explored from
 * here) still be put off after the other was made? Stricter than commuting:
 * see RIG_DROP_NEAR.
 */
bool rig_wakes(uint8_t made, uint8_t put_off);

#endif
