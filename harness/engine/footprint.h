/* SPDX-License-Identifier: MIT */
/*
 * Footprints: what a step of a task does to the objects that tasks share. Two
 * steps whose footprints do not conflict may be swapped, and neither notices.
 *
 * A footprint is recorded while the step runs, not declared before: so it is
 * as exact as what happened (an open that was refused touches no descriptor).
 * Two rules make a search that rests on footprints miss nothing:
 *
 *   stable    A step's footprint is not changed by steps that do not conflict
 *             with it. Whatever decides what the step goes on to do is read by
 *             it. In particular it is not enough that two steps commute where
 *             they were made: "a drop of a reference that is not the last one"
 *             is a matter of who else has dropped or copied one, so drops
 *             conflict with each other, always.
 *   numbers   Objects are small numbers that the subject gives out. A number
 *             means the same object wherever the execution goes on from one
 *             and the same point: they are given out in the order of creation
 *             (rig_objects).
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
	/* A reference is given up: commutes with updates, which take one more
	 * by way of one that is kept, but who gives up the last is a race. */
	RIG_DROP,
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

static inline void rig_foot_clear(struct rig_footprint *f)
{
	f->n = 0;
	f->all = false;
}

/* Of two accesses to one object, made in this order by two tasks. */
enum rig_relation rig_relation(uint8_t first, uint8_t second);

#endif
