/* SPDX-License-Identifier: MIT */
/*
 * Scenarios: small programs of several actors around one race, each with the
 * outcomes it may have. The same object code runs on every world: a scenario
 * calls libspw and the seam, and what is left is behind struct rig_world.
 */
#ifndef RIG_SCENARIO_H
#define RIG_SCENARIO_H

#include "engine/engine.h"

#include <spw/spw.h>

enum rig_grade {
	RIG_FORBIDDEN, /* a bug: the verdict */
	RIG_ACCEPTABLE,
};

struct rig_outcome {
	const char *id;
	enum rig_grade grade;
	/* Forbidden, and what the scenario is about: on the real kernel, too,
	 * it is a hit. Anything else that is forbidden is a fault there. */
	bool race;
	bool error; /* what a fault may lead to: a call says that it failed */
	const char *text; /* a sentence: what this outcome means */
};

/* Those that mean the same wherever they are. */
#define RIG_OUTCOME_FAILED                                                    \
	{                                                                     \
		.id = "failed", .grade = RIG_FORBIDDEN, .error = true,        \
		.text = "a call failed in a way that has nothing to do with " \
			"the race"                                            \
	}
#define RIG_OUTCOME_WRONG_PROGRAM                                           \
	{                                                                   \
		.id = "wrong-program", .grade = RIG_FORBIDDEN,              \
		.text = "a program ended with a status that is not its own" \
	}
#define RIG_OUTCOME_ETXTBSY                                                   \
	{                                                                     \
		.id = "etxtbsy", .grade = RIG_FORBIDDEN, .race = true,        \
		.text = "a program that was written and closed could not be " \
			"executed: ETXTBSY, text file busy"                   \
	}

/* One way to fix the race of a family: what --fix names. */
struct rig_fix {
	const char *name;
	const char *summary;
	const char *unavailable; /* why this system cannot run it, or NULL */
	const struct spw_guard *guard;   /* of the runtime; NULL: the default */
	const struct spw_waiter *waiter; /* family wait: the fix */
	const struct spw_closer *closer; /* family close: the fix */
	unsigned rules; /* of several that may be claimed: which are */
	/* Children are made in that way, whatever was asked for: family spawn. */
	enum spw_clone how;
	bool sets_how;
	bool claims_sound;
	bool every_fork;  /* sound only while all forks go through libspw */
	bool no_mapping;  /* sound only while nobody maps the file */
	bool at_spawn;    /* it works for programs that spw_spawn starts only */
	bool interpreted; /* it works for programs with an interpreter only */
	bool locks_forks; /* see struct rig_run */
	bool pidfds;      /* the kernel has to have such */
};

/*
 * What a runtime has: one of these is what --fix names, by the family. Where a
 * scenario has use for another one it is chosen beside the fix: by an option and
 * a line of the schedule's header of that name.
 */
enum rig_policy { RIG_GUARD, RIG_WAITER, RIG_CLOSER, RIG_POLICIES };

struct rig_beside {
	const char *name[RIG_POLICIES]; /* NULL: as the scenario has it */
};

/* Fix number i of a list, false past the last. Number 0 fixes nothing. */
typedef bool rig_fix_fn(unsigned i, struct rig_fix *fix);

struct rig_family {
	const char *name;
	rig_fix_fn *fix;
	/*
	 * The same for the real kernel, which can run those, too, whose calls
	 * the simulated one lacks: there they are unavailable. NULL: the same.
	 */
	rig_fix_fn *real_fix;
	bool uses_spw;   /* a runtime is opened for the run */
	unsigned beside; /* 1u << enum rig_policy: to be chosen beside the fix */
};

struct rig_run;

struct rig_scenario {
	const char *name; /* "etxtbsy/build-and-run" */
	const char *summary;
	const struct rig_family *family;
	unsigned actors_min, actors_max, actors;
	unsigned victims; /* the first so many actors can meet the race; 0: all */
	/* All actors do the same, each with a program of its own: an exhaustive
	 * search lets them begin in one order only. */
	bool identical;
	unsigned rounds; /* how often an actor does it, where that differs */
	/* Rules of the simulated kernel that differ here, as for --kernel. */
	const char *kernel;
	/* The fixes that claim to be sound here, with spaces between, where
	 * those are not the ones that claim it everywhere. */
	const char *sound;
	/* What it does that the condition of a fix excludes: see rig_claim. */
	bool foreign_fork; /* it forks behind the back of libspw */
	bool mapping;      /* it has a mapping of the file that it writes */
	bool by_kernel;    /* a file is executed because another one names it */
	unsigned rules;    /* it tests these alone of those that fixes claim */
	unsigned beside;   /* as in the family, beyond those */
	const struct rig_outcome *outcomes; /* ends with .id == NULL */
	size_t state_size;                  /* of run->state, zeroed; 0: none */
	/* Before the actors exist; 0 or -errno. May be NULL. */
	int (*begin)(struct rig_run *run);
	void (*actor)(struct rig_run *run, unsigned index); /* from 0 */
	/* After all actors have ended, or begin has failed. May be NULL. */
	void (*finish)(struct rig_run *run);
};

/* What a scenario needs from the world beside the seam. */
struct rig_world {
	void *ctx;
	struct spw_sys *sys;
	struct spw_sys *spw_sys; /* libspw's, where that is another; or NULL */
	struct rig_engine *engine; /* NULL where there is none */
	/* Makes the files that exist before the race; 0 or -errno. */
	int (*prepare)(void *ctx);
	/* The content of a program that exits with code; *len bytes. */
	const void *(*program)(void *ctx, unsigned code, size_t *len);
	/* Where actor index writes its program. */
	const char *(*path)(void *ctx, unsigned index);
	/* Where actor index writes a script. */
	const char *(*script)(void *ctx, unsigned index);
	/* A program that exists and exits with 0. */
	const char *(*other_program)(void *ctx);
	/* Threads created from now on are actors, or are not. */
	void (*actors)(void *ctx, bool actors);
	/* A call of libspw's may have failed by a fault, and it for that. NULL:
	 * none does. */
	bool (*faulted)(void *ctx);
	/* A forbidden outcome. May return (or not). */
	void (*fail)(void *ctx, const char *outcome, const char *message);
};

enum { RIG_ACTORS_MAX = 101 };

struct rig_actor {
	struct rig_run *run;
	unsigned index;
};

/* One scenario bound to a world, a fix and a number of actors. */
struct rig_run {
	const struct rig_scenario *scenario;
	const struct rig_world *world;
	struct rig_fix fix;
	enum spw_clone how;
	unsigned actors;
	struct spw_sys *sys;
	struct spw_rt *rt; /* open while actors run */
	unsigned number;   /* of several runs of one process at a time */
	void *state;       /* the scenario's own */
	/* Held for writing by every fork, with a fix that locks_forks; or NULL. */
	struct spw_rwlock *forks;
	struct rig_actor actor[RIG_ACTORS_MAX];
};

/* The whole program: ctx is a struct rig_run. Runs in the first thread. */
void rig_run_main(void *ctx);

/*
 * A forbidden outcome of the running scenario. Returns where the world goes on
 * after it, and where a fault accounts for it.
 */
void rig_run_fail(struct rig_run *run, const char *outcome, const char *format,
		  ...) __attribute__((format(printf, 3, 4)));

const struct rig_outcome *rig_outcome_find(const struct rig_scenario *scenario,
					   const char *id);

/* ---- the families ---- */
extern const struct rig_family rig_family_classic;
extern const struct rig_family rig_family_close;
extern const struct rig_family rig_family_tiny;
extern const struct rig_family rig_family_etxtbsy;
extern const struct rig_family rig_family_fork;
extern const struct rig_family rig_family_spawn;
extern const struct rig_family rig_family_wait;

/* The name of the fix that fixes nothing. */
const char *rig_unfixed(const struct rig_family *family);

/* Fix number i of those for the real kernel. */
bool rig_real_fix(const struct rig_family *family, unsigned i,
		  struct rig_fix *fix);

/* The fix of that name; false where the family has none. */
bool rig_fix_find(const struct rig_family *family, const char *name,
		  struct rig_fix *fix);
bool rig_real_fix_find(const struct rig_family *family, const char *name,
		       struct rig_fix *fix);

/* What a fix promises about a scenario. */
enum rig_claim {
	RIG_CLAIM_RARER,
	RIG_CLAIM_NEVER,
	RIG_CLAIM_NOTHING, /* never, under a condition that is broken here */
};

enum rig_claim rig_claim(const struct rig_scenario *scenario,
			 const struct rig_fix *fix);

/* The policies of a runtime with that fix; the rest is for the caller. */
struct spw_options rig_fix_options(const struct rig_fix *fix);

/* False where this machine's kernel lacks what the fix needs (O_CLOFORK). */
bool rig_fix_runs_here(const struct rig_fix *fix);

/* ---- policies beside the fix: beside.c ---- */

/* "guard" */
const char *rig_policy_name(enum rig_policy policy);
/* The family that is about it: its fixes are what may be chosen. */
const struct rig_family *rig_policy_family(enum rig_policy policy);
/* 0; or -EINVAL, where scenario has no use for a choice: why says so. */
int rig_policy_check(const struct rig_scenario *scenario,
		     enum rig_policy policy, char *why, size_t why_len);
bool rig_beside_is_default(const struct rig_beside *beside);
/* Makes fix what runs: the fix, with what was chosen beside it; names that
 * exist. real: on this machine's kernel. */
void rig_fix_put_beside(struct rig_fix *fix, const struct rig_beside *beside,
			bool real);

/* ---- all scenarios, sorted by name ---- */

#define RIG_SCENARIOS(X)        \
	X(aba_stack)            \
	X(bluetooth)            \
	X(bounded_buffer)       \
	X(lock_order)           \
	X(lock_sections)        \
	X(lock_sections_2)      \
	X(lock_sections_3)      \
	X(racy_counter)         \
	X(racy_counter_2)       \
	X(reorder)              \
	X(twostage)             \
	X(work_steal)           \
	X(before_register)      \
	X(blocked_reader)       \
	X(double_close)         \
	X(dup_survivor)         \
	X(during_spawn)         \
	X(kept_by_fork)         \
	X(mixed_poll)           \
	X(number_reused)        \
	X(optimistic_read)      \
	X(stale_batch)          \
	X(build_and_run)        \
	X(build_beside_noise)   \
	X(foreign_fork)         \
	X(mapped_writer)        \
	X(never_execs)          \
	X(rewrite_in_place)     \
	X(script)               \
	X(flock_try)            \
	X(pipe_eof)             \
	X(report_pipe_held)     \
	X(lost_update)          \
	X(wait_any_child_thief) \
	X(wait_coalesced)       \
	X(wait_creator_dies)    \
	X(wait_cross_thread)    \
	X(wait_double_wait)     \
	X(wait_foreign_child)   \
	X(wait_kill_after_reap) \
	X(wait_owner_dies)      \
	X(wait_pid_reuse)       \
	X(wait_two_children)

#define X(name) extern const struct rig_scenario rig_scenario_##name;
RIG_SCENARIOS(X)
#undef X

/* Ends with NULL. */
extern const struct rig_scenario *const rig_scenarios[];

const struct rig_scenario *rig_scenario_find(const char *name);

/* ---- shared by the scenarios of a family: etxtbsy.c ---- */

/* Writes the program of actor index, executes it, waits, checks. */
void rig_build_and_run(struct rig_run *run, unsigned index);
/* The same in two parts: NULL where it could not be started, which is said. */
struct spw_proc *rig_start_program(struct rig_run *run, const char *path);
struct spw_proc *rig_build_and_start(struct rig_run *run, unsigned index);
void rig_end_program(struct rig_run *run, struct spw_proc *proc, unsigned code);
/* Runs the program at path, which must exit with code. */
void rig_run_program(struct rig_run *run, const char *path, unsigned code);

extern const struct rig_outcome rig_etxtbsy_outcomes[];

/* ---- what children inherit beside programs: fork.c ---- */

/* Long after any spawn and any starvation: who waited that long was held up. */
#define RIG_HOUR_NS UINT64_C(3600000000000)

/* Around a fork: no rig_fork_window is open. Nothing without such a fix. */
void rig_fork_begin(struct rig_run *run);
void rig_fork_end(struct rig_run *run);
/* From before a descriptor is opened until it is closed: nobody forks. */
void rig_fork_window(struct rig_run *run);
void rig_fork_window_end(struct rig_run *run);
/* A failed call; true where rc is one. */
bool rig_fork_failed(struct rig_run *run, const char *call, int rc);

/* ---- children that libspw knows nothing of: foreign.c ---- */

/* As system() does: forks, and the child executes path; waits for it. */
void rig_foreign_run(struct rig_run *run, const char *path);
/* The child never executes: it lives for so long, and ends. Waits for it. */
void rig_foreign_idle(struct rig_run *run, uint64_t life_ns);

#endif
