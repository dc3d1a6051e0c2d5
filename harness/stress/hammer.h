/* SPDX-License-Identifier: MIT */
/*
 * A hammer: how the scenarios of one family are run by free-running threads on
 * the real kernel. stress.c decides which variant has its turn and for how
 * long, and adds up; a hammer makes the attempts.
 */
#ifndef RIG_STRESS_HAMMER_H
#define RIG_STRESS_HAMMER_H

#include "stress/stress.h"

/* The variants of a run take turns. */
enum rig_variant { RIG_TEST, RIG_POSITIVE, RIG_NEGATIVE, RIG_VARIANTS };

/* One turn. */
struct rig_slice {
	enum rig_variant variant;
	const struct rig_fix *fix;
	struct spw_rt *rt;
	uint64_t ns;       /* how long; 0: until something else ends it */
	uint64_t attempts; /* how many at most; 0: no limit */
	bool until_hit;
};

/*
 * Called by one thread. Errors are -errno and put a reason into the result that
 * open was given; -ENOTSUP: it cannot be done here.
 */
struct rig_hammer {
	const struct rig_family *family;
	/* Whether a run is made where the ids of children can be chosen, by a
	 * process of its own. NULL: never. */
	bool (*apart)(const struct rig_scenario *scenario);
	/* What a run needs beside its threads; *self also after an error. */
	int (*open)(void **self, const struct rig_stress_options *options,
		    const struct rig_workdir *dir, struct rig_stress *result);
	/* How the runtime of a variant is opened, beside its policies: the seam
	 * and the way to make children. */
	void (*runtime)(void *self, enum rig_variant variant,
			struct spw_options *options);
	/* Does what was asked for leave this fix, which claims to be sound in
	 * the scenario, sound? NULL: nothing that can be asked for breaks it. */
	bool (*can_be_negative)(void *self, const struct rig_fix *fix);
	/*
	 * One attempt by one thread alone, which no race can spoil: what this
	 * kernel or file system cannot do is found out here. -EAGAIN: the
	 * system has no room.
	 */
	int (*try_alone)(void *self, const struct rig_slice *slice);
	int (*start)(void *self); /* the threads */
	/*
	 * Works for one slice and adds what was counted to tally. It ends early
	 * at an error and when *options->stop is set; then all attempts have
	 * ended, children included. -ETIMEDOUT: one has not, within
	 * options->patience_ns; then abandon is all that may be called.
	 */
	int (*work)(void *self, const struct rig_slice *slice,
		    struct rig_tally *tally);
	void (*stop)(void *self); /* the threads, where there are any */
	/* A thread is stuck and uses all of it: ends what is not this process.
	 * NULL: there is nothing else. */
	void (*abandon)(void *self);
	/* Runtimes are closed by now. */
	void (*close)(void *self);
};

extern const struct rig_hammer rig_hammer_close;
extern const struct rig_hammer rig_hammer_etxtbsy;
extern const struct rig_hammer rig_hammer_wait;

/* The run cannot be made because of that; returns error. */
int rig_stress_because(struct rig_stress *result, int error, const char *what);

/* The same of try_alone, where message says what went wrong. */
int rig_stress_not_alone(struct rig_stress *result, int error,
			 const struct rig_slice *slice, const char *message);

/* How many entries a directory has: descriptors or threads, in /proc/self. */
unsigned rig_count_entries(const char *path);

#endif
