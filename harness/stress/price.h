/* SPDX-License-Identifier: MIT */
/*
 * What a guard costs where nothing else goes on: one thread writes a program,
 * starts it and waits for it, over and over, with each guard in turn, and right
 * beside them without libspw, by open, write, close, posix_spawn and waitpid.
 * The turns of one lap come in random order, so whatever makes the machine slow
 * for a while makes all of them slow; medians are compared.
 */
#ifndef RIG_PRICE_H
#define RIG_PRICE_H

#include "stress/parent.h"

#include <spw/spw.h>

#include <signal.h>
#include <stdint.h>

enum rig_work {
	RIG_WORK_BUILD, /* write, spawn, wait */
	RIG_WORK_SPAWN, /* spawn, wait: the program is there */
	RIG_WORKS,
};

/* "write+spawn+wait" */
const char *rig_work_name(enum rig_work work);

enum {
	RIG_PRICED_MAX = 36,
	RIG_PRICES_MAX = RIG_PRICED_MAX + 4,
	RIG_PRICE_TEXT = 120,
	RIG_PRICE_LAPS_MAX = 10000,
};

/* In one kind of parent. */
struct rig_figure {
	unsigned laps; /* 0: not measured */
	uint64_t median_ns;
	uint64_t low_ns, high_ns;     /* a quarter of all is below, above */
	double ratio;                 /* of the median to that of the base */
	char skipped[RIG_PRICE_TEXT]; /* why there is none, or "" */
};

struct rig_price {
	const char *name; /* of the guard; "posix_spawn"; "libspw" */
	enum rig_work work;
	const struct spw_guard *guard; /* NULL: of posix_spawn */
	bool script; /* what is written is a script: the guard wants one */
	bool is_base;
	struct rig_figure in[RIG_PARENTS];
};

struct rig_price_list {
	struct rig_price price[RIG_PRICES_MAX];
	unsigned n;
	char no_parent[RIG_PARENTS][RIG_PRICE_TEXT]; /* why not, or "" */
	bool interrupted;
};

struct rig_price_options {
	const struct spw_guard *const *guards;
	unsigned nguards; /* at most RIG_PRICED_MAX */
	/*
	 * In parents that are not small: all guards; else those that are worth
	 * it, auto and the three cheapest whose claim is "never".
	 */
	bool all_parents;
	bool small_only;
	unsigned laps;                     /* 1 to RIG_PRICE_LAPS_MAX */
	const volatile sig_atomic_t *stop; /* NULL: none */
	/* Called before each lap. May be NULL. */
	void (*progress)(void *ctx, enum rig_parent parent, unsigned lap);
	void *progress_ctx;
};

/*
 * Measures in directory dir. 0, also after *stop; -errno where the base itself
 * cannot be measured, and why says what failed.
 */
int rig_price_run(const struct rig_price_options *options,
		  const struct rig_workdir *dir, struct rig_price_list *list,
		  char *why, size_t why_len);

/* The price of guard for work; NULL: there is none in the list. */
const struct rig_price *rig_price_find(const struct rig_price_list *list,
				       enum rig_work work, const char *name);

#endif
