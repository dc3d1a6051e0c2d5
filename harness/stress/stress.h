/* SPDX-License-Identifier: MIT */
/*
 * Stress: a scenario on the real kernel, its actors free-running threads, over
 * and over. How often the forbidden outcome is seen, with an interval, and
 * whether the run could have seen it at all.
 *
 * Evidence of a real kernel is never proof: zero hits are an upper bound, and
 * only that while a variant known to be broken fires in the same run.
 */
#ifndef RIG_STRESS_H
#define RIG_STRESS_H

#include "scenarios/scenario.h"
#include "stress/workdir.h"

#include <signal.h>

enum {
	RIG_THREADS_DEFAULT = 8,
	RIG_THREADS_DIRECTED = 2, /* the default, and the least */
	RIG_EXTRA_FDS_DIRECTED = 200,
	RIG_THREADS_MAX = 64,
	RIG_NOISE_MAX = 64,
	RIG_EXTRA_FDS_MAX = 100000,
	RIG_HOLD_US_MAX = 1000000,
	RIG_CPUS_MAX = 1024,
	RIG_HIT_KINDS_MAX = 12, /* outcomes of a scenario that are its race */
};

enum rig_spawn_api {
	RIG_SPAWN_VFORK,       /* libspw, vfork-style clone */
	RIG_SPAWN_FORK,        /* libspw, fork and a report pipe */
	RIG_SPAWN_POSIX_SPAWN, /* the libc's posix_spawn in libspw's hands */
};

const char *rig_spawn_api_name(enum rig_spawn_api api);

enum rig_pipe_order { RIG_PIPE_ANYWHERE, RIG_PIPE_LOW, RIG_PIPE_HIGH };

/* What makes the race more likely; RIG_AMPLIFIERS says why. */
struct rig_amplify {
	enum rig_spawn_api spawn;
	unsigned extra_fds; /* descriptors that every child inherits */
	unsigned noise;     /* further threads that only spawn */
	unsigned hold_us;   /* between the last write and the close */
	unsigned cpus;      /* 0: all that are allowed */
	bool rewrite;       /* the file exists and is truncated, not created */
	bool fsync;         /* before the close */
	bool mapped;        /* a mapping of the file outlives its descriptor */
	/* Of a directed run alone. */
	enum rig_pipe_order pipe_order;
	bool spawn_return; /* close the file only when the spawns returned */
	bool never_exec;   /* children are foreign and never execute */
	bool by_library;   /* no executor waits: the library spawns */
};

/* For a help text: what may be given, and why it matters. */
#define RIG_AMPLIFIERS(X)                                                     \
	X("spawn=HOW", "vfork (default), fork or posix_spawn: which copies "  \
		       "live how long")                                       \
	X("extra-fds=N", "N more descriptors for each child to copy and to "  \
			 "close")                                             \
	X("noise=N", "N more threads, which only spawn: more children with "  \
		     "copies")                                                \
	X("hold=US", "each file stays open US microseconds longer, as a "     \
		     "large one would")                                       \
	X("cpus=N", "run on N CPUs; on one, threads rarely meet")             \
	X("rewrite", "overwrite the last program; freeing its blocks delays " \
		     "the close")                                             \
	X("fsync", "write to the device before the close, as if that "        \
		   "helped: it is open for longer")                           \
	X("mapped", "a mapping of the file outlives its descriptor: forked "  \
		    "children copy that, too")

/* The same, of directed runs. */
#define RIG_DIRECTED_AMPLIFIERS(X)                                           \
	X("pipe-order=WHERE", "low or high: number of a pipe beside the "    \
			      "file's; exec closes in an order")             \
	X("spawn-return", "close only when the spawn has returned: is that " \
			  "a barrier?")                                      \
	X("never-exec", "children are foreign, never execute, and end "      \
			"20 ms later: holders that no exec frees")           \
	X("executor=HOW", "waiting (default), on another CPU, or spawn: by " \
			  "the library after the write, a little later")

/*
 * One of them, as "spawn=fork", "extra-fds=200" or "rewrite".
 * -EINVAL: *expected says what would have been right.
 */
int rig_amplify_parse(struct rig_amplify *amplify, const char *text,
		      const char **expected);

/*
 * Whether all of it means something in a run of that kind. -EINVAL: *why says
 * what does not.
 */
int rig_amplify_check(const struct rig_amplify *amplify, bool directed,
		      const char **why);

/* Of one variant. */
struct rig_tally {
	uint64_t attempts;   /* programs written, then executed or found busy */
	uint64_t hits;       /* attempts with an outcome that is the race */
	const char *outcome; /* that of the first; NULL: none */
	/* Hits by what they were; ends with .outcome == NULL, or is full. */
	struct rig_hits {
		const char *outcome;
		uint64_t n;
	} kind[RIG_HIT_KINDS_MAX];
	uint64_t errors;  /* other forbidden outcomes; not attempts */
	uint64_t refused; /* spawns for which there was no process or memory;
			      not attempts, the thread tries again */
	uint64_t windows; /* times that another thread was forking while a
			      program was open for writing; or that an id was
			      given again that a handle still had; or that two
			      threads made an attempt */
	uint64_t opened;  /* descriptors, where the scenario is about such */
	int64_t left;     /* of these, after the turns, and nobody's */
	uint64_t first_hit_ns; /* of the variant's time; 0: none */
	uint64_t ns;
	char error[RIG_MESSAGE_MAX]; /* the first of errors, or "" */
};

struct rig_stress {
	struct rig_tally test;     /* the fix under test */
	struct rig_tally positive; /* the unfixed variant: must fire */
	struct rig_tally negative; /* a sound guard: must not */
	const char *positive_fix, *negative_fix; /* their names */
	bool test_is_positive; /* the fix is none; positive is empty */
	bool interrupted;
	bool by_library; /* of a directed run: no executor, the library spawns */
	/* The scenario or an amplifier breaks that condition of the fix. */
	bool breaks_every_fork, breaks_no_mapping;
	unsigned cpus; /* that the threads could run on */
	/* Why nothing can be hit here, whatever is run; "": nothing says so. */
	char immune[RIG_MESSAGE_MAX];
	char why[RIG_MESSAGE_MAX]; /* why the run could not be made */
};

struct rig_stress_options {
	const struct rig_scenario *scenario;
	struct rig_fix fix;
	struct rig_beside beside; /* of the controls, too */
	unsigned threads; /* that call the scenario's actor; 0: the default */
	struct rig_amplify amplify;
	/*
	 * Not left to chance: one thread writes, the others each spawn when a
	 * file is open, and a process that waits on another CPU executes it
	 * when the write has returned.
	 */
	bool directed;
	uint64_t time_ns;  /* of all variants together; 0: no limit */
	uint64_t attempts; /* of the variant under test; 0: no limit */
	bool until_hit;    /* stop at its first hit */
	/* How long one attempt may take before the rig gives up; 0: 30 s. */
	uint64_t patience_ns;
	const volatile sig_atomic_t *stop; /* NULL: none */
	/* Called between slices. May be NULL. */
	void (*progress)(void *ctx, const struct rig_stress *so_far);
	void *progress_ctx;
};

/* Puts the defaults in the place of what is 0, as a run does. */
void rig_stress_complete(struct rig_stress_options *options);

/*
 * Runs the fix under test, the positive and the negative control in slices
 * that alternate, in directory dir; the first is the fix under test. 0, also
 * after *stop; -ENOTSUP: scenario or fix cannot run here; else -errno. Where it
 * is not 0, result->why says what is wrong. After -ETIMEDOUT a thread is still
 * in the kernel: the process should end.
 */
int rig_stress_run(const struct rig_stress_options *options,
		   const struct rig_workdir *dir, struct rig_stress *result);

/* What the counts of a run amount to. */
enum rig_stress_end {
	RIG_STRESS_CLEAN, /* no hit, while the unfixed variant was hit */
	RIG_STRESS_HIT,
	RIG_STRESS_UNJUDGED, /* the unfixed variant was not hit either */
	RIG_STRESS_FAILED,   /* what happened is not this race */
};

/* why becomes one line: the reason. */
enum rig_stress_end rig_stress_judge(const struct rig_stress *result, char *why,
				     size_t why_len);

/* So many hits more that were outcome. */
void rig_tally_add(struct rig_tally *tally, const char *outcome, uint64_t n);

/* The 95 % Wilson score interval of hits in attempts. */
void rig_wilson(uint64_t hits, uint64_t attempts, double *low, double *high);

#endif
