/* SPDX-License-Identifier: MIT */
/*
 * Mutants: planted bugs. Each breaks one rule of core, by replacing calls of
 * the seam below it, or hooks of a policy, so that core itself carries no
 * marks. A rule whose mutant no search finds is a rule that nothing here tests.
 *
 * A replacement is called with the same sys as the call it stands for and goes
 * on to rig_below. Searches do not see what it remembers between calls: one
 * that merges equal states would merge too many, one that knows what calls
 * have to do with each other would miss an order. So that is little: what the
 * calling task itself has done, or what only the holder of a lock of the seam
 * changes, and set anew in each execution before it is looked at.
 *
 * One mutant at a time is planted in a process.
 */
#ifndef RIG_MUTANT_H
#define RIG_MUTANT_H

#include <spw/sys.h>

#include "closer.h"
#include "waiter.h"

struct rig_mutant {
	const char *name; /* as its file, with dashes */
	const char *summary;
	const char *rule; /* "FILE: the rule of core that it breaks" */
	/* Where it shows. Without the mutant the fix is sound there. */
	const char *scenario;
	const char *fix;
	enum spw_clone spawn;
	unsigned actors;
	const char *outcome; /* as what an exhaustive search finds it */
	/* Replaces entries of the table, in place. NULL: none. */
	void (*plant)(struct spw_sys *sys);
	/* Replaces hooks of the fix, where that is a closer. NULL: none. */
	void (*alter)(struct spw_closer *closer);
	void (*alter_waiter)(struct spw_waiter *waiter); /* where it is one */
};

/* Sorted by name. Each is a file of this folder. */
#define RIG_MUTANTS(X)             \
	X(box_unlocked)            \
	X(broadcast_dropped)       \
	X(close_retried)           \
	X(close_wakes_nobody)      \
	X(count_not_kept)          \
	X(descriptor_kept)         \
	X(fork_lock_close_late)    \
	X(fork_lock_fork_late)     \
	X(fork_lock_kept)          \
	X(fork_lock_open_early)    \
	X(fork_lock_shared)        \
	X(generation_not_compared) \
	X(interpreter_left_out)    \
	X(join_dropped)            \
	X(lease_given_up)          \
	X(lease_refusal_ignored)   \
	X(lease_spins)             \
	X(lease_writes)            \
	X(loan_not_counted)        \
	X(lock_kept)               \
	X(memory_kept)             \
	X(memory_not_copied)       \
	X(memory_on_disk)          \
	X(memory_unsealed)         \
	X(mode_not_set)            \
	X(peek_reaps)              \
	X(poll_early)              \
	X(registration_kept)       \
	X(report_reader_kept)      \
	X(report_writer_kept)      \
	X(request_unlocked)        \
	X(second_close_closes)     \
	X(sibling_kept)            \
	X(table_shared)            \
	X(tie_ignored)             \
	X(wait_skipped)            \
	X(wake_up_lost)            \
	X(write_cut_short)

#define X(name) extern const struct rig_mutant rig_mutant_##name;
RIG_MUTANTS(X)
#undef X

/* Ends with NULL. */
extern const struct rig_mutant *const rig_mutants[];

/* The mutant of that name, or NULL. */
const struct rig_mutant *rig_mutant_find(const char *name);

/* From now on calls through sys have the bug. */
void rig_mutant_plant(const struct rig_mutant *mutant, struct spw_sys *sys);

/* The policy with the bug, until another one is altered; NULL remains NULL. */
const struct spw_closer *rig_mutant_alter(const struct rig_mutant *mutant,
					  const struct spw_closer *closer);
const struct spw_waiter *rig_mutant_alter_waiter(
	const struct rig_mutant *mutant, const struct spw_waiter *waiter);

/* sys is again what it was. */
void rig_mutant_restore(struct spw_sys *sys);

/* The table that the mutant was planted in, as it was before. */
extern struct spw_sys rig_below;
/* The policy that was altered, as it was before. */
extern struct spw_closer rig_closer_below;
extern struct spw_waiter rig_waiter_below;

#endif
