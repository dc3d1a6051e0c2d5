/* SPDX-License-Identifier: MIT */
/*
 * Who a child is, whatever its id has come to mean: every one that is made
 * through this seam has a descriptor (pidfd) from then on, and says itself which
 * one it is. No policy knows of it, and none behaves otherwise.
 *
 * A child is known by a number that the caller gives to its program as the
 * first argument. Which thread makes it, when, and in how many attempts is the
 * library's business.
 */
#ifndef RIG_STRESS_IDENTITY_H
#define RIG_STRESS_IDENTITY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include <spw/sys.h>

/* Of one child. */
struct rig_note {
	bool used;
	unsigned long made; /* as the how-many-th */
	pid_t pid;
	int fd;              /* -1: it was reaped before that could be opened */
	volatile int number; /* written by the child; -1: not yet */
	bool stray; /* a signal for it was sent to whoever had its id by then */
};

struct rig_identities {
	struct spw_sys sys; /* first: calls find the rest behind it */
	pid_t self;
	/*
	 * Each child gets the lowest id that is free, from a few: ids are used
	 * again at once. Only where that is allowed: apart.h.
	 */
	bool chosen;
	atomic_ulong reused; /* an id was given again that a note still has */
	pthread_mutex_t lock;
	unsigned long made;
	unsigned n;
	struct rig_note *note; /* under lock; shared with children */
};

/* For up to children children at a time; 0 or -errno. */
int rig_identities_open(struct rig_identities *ids, unsigned children,
			bool chosen);
void rig_identities_close(struct rig_identities *ids);

/* The child that the program with this number is; NULL: nobody knows. */
struct rig_note *rig_note_of(struct rig_identities *ids, int number);
/* Forgets all that had that number; -1: all. Nobody uses their notes. */
void rig_notes_drop(struct rig_identities *ids, int number);

/* False: the process still lives, whatever was told of its end. */
bool rig_note_ended(const struct rig_note *note);

/* Signals that this thread sends by id from now on are meant for note; NULL: for
 * nobody in particular. */
void rig_note_mean(struct rig_note *note);

#endif
