/* SPDX-License-Identifier: MIT */
/*
 * What a judging command found out, as plain data, and the writers of it.
 * Strings belong to whoever fills a result in and outlive the call; NULL means
 * "does not apply" unless said otherwise.
 */
#ifndef REPORTS_RESULT_H
#define REPORTS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum report_verdict {
	REPORT_PROVED,
	REPORT_HELD,
	REPORT_BROKEN,
	REPORT_BROKEN_MAYBE, /* "BROKEN?": the search of whole calls did not
				end or was bounded: it may be NARROWED */
	REPORT_NARROWED,
	REPORT_UNJUDGED,
	REPORT_SKIP,
};

const char *report_verdict_name(enum report_verdict verdict);
/* The beginning of an ANSI colour. */
const char *report_verdict_color(enum report_verdict verdict);
/* 0 PROVED HELD, 1 BROKEN BROKEN? NARROWED, 3 UNJUDGED, 4 SKIP. */
int report_verdict_exit(enum report_verdict verdict);

/*
 * What a sample that found nothing is worth: a bug that depth orderings of
 * events suffice for was missed by all executions with a probability of at
 * most miss, with tasks tasks and points scheduling points.
 */
struct report_promise {
	unsigned depth; /* 0: there is none */
	unsigned tasks;
	unsigned points;
	uint64_t executions; /* of all, those that count */
	double miss;
	unsigned longest; /* points of the longest execution */
	bool values;      /* values were drawn, of which it says nothing */
};

/* Of a search in the simulated kernel. */
struct report_search {
	uint64_t executions;
	uint64_t traces;   /* explored to the end; 0 where not counted */
	uint64_t blocked;  /* beside them: cut short, of a trace seen before */
	uint64_t states;   /* 0 where the strategy has none */
	uint64_t terminal; /* distinct states at the end */
	uint64_t merged;   /* executions that ended at a state seen before */
	unsigned depth;    /* decisions of the longest execution */
	unsigned points;   /* scheduling points of the longest execution */
	bool complete;     /* nothing is left to visit, within the bound */
	const char *stopped_by; /* the limit that ended it */
	const char *truncated;  /* what was left out */
	uint64_t ns;
	/* Guessed before the search, from random walks; 0 walks: it was not. */
	uint64_t walks;
	double traces_guess, traces_error, schedules_guess;
};

/* The same cell of the matrix on this machine's kernel. */
struct report_real {
	/* Control: the schedule, or random ones, call by call. */
	const char *control;  /* "100/100 reproduced", "n/a (inside a call)" */
	bool control_differs; /* from the model */
	/* Stress: free-running threads. */
	const char *stress_reason; /* why there is nothing to say, or NULL */
	uint64_t attempts, hits, windows;
	uint64_t control_attempts, control_hits; /* of the unfixed variant */
	double low, high;                        /* 95 % interval of the rate */
	uint64_t first_hit_ns;                   /* 0: none */
	uint64_t ns;
	/* What the fix claims: "never", "rarer", or "n/a", where the scenario
	 * breaks the condition of its claim; and model and machine together
	 * against that. */
	const char *claim;
	bool agrees;
};

/* What a fix costs, in a process with little memory. */
struct report_price {
	uint64_t median_ns;  /* of write, spawn and wait */
	double ratio;        /* to the same by posix_spawn, without a fix */
	const char *skipped; /* why there is none, or NULL */
};

struct report_result {
	const char *scenario;
	const char *fix;
	const char *guard, *waiter, *closer; /* beside it; NULL: the default */
	const char *world;                   /* "sim" */
	const char *strategy;
	const char *spawn; /* "vfork", "fork" */
	uint64_t seed;
	const char *kernel_options;
	uint64_t starve_ns;
	/* PROVED: identical actors begin in the order of their numbers. */
	bool in_order;
	bool bounded; /* only schedules of so many preemptions */
	bool known; /* schedule was kept before, and replayed: fails as ever */
	unsigned preemption_bound;
	unsigned actors;
	enum report_verdict verdict;
	/* Why this verdict and no better one, a sentence without a full stop;
	 * for NARROWED what the violation needs. */
	const char *reason;
	struct report_search search; /* all searches of the verdict together */
	struct report_promise promise; /* HELD only */
	/* PROVED only. */
	unsigned calls_per_actor;
	unsigned model_version;
	const char *assumptions;
	const char *conformance; /* "none" */
	const char *control;     /* how the unfixed variant failed */
	/* BROKEN, BROKEN?, NARROWED only. */
	const char *outcome;      /* identifier, "etxtbsy" */
	const char *outcome_text; /* a sentence */
	const char *message;      /* what happened, with numbers */
	uint64_t found_at;        /* executions until the first violation */
	unsigned decisions;       /* of the shrunk schedule */
	unsigned preemptions;
	/* "a2 open#1: before it some continuation passes, after it none does";
	 * or less than that, where less is known. */
	const char *critical;
	const char *schedule; /* path of the saved file, or NULL */
	/* Of the matrix, or NULL. */
	const struct report_real *real;
	const struct report_price *price; /* NULL: not measured */
};

/* Where and with what a run was made. */
struct report_environment {
	const char *version;
	const char *commit;
	const char *command; /* the command line */
	const char *kernel;  /* uname */
	const char *libc;
	const char *file_system; /* of programs; NULL: none were executed */
	unsigned cpus;
	const char *host;   /* NULL: not to be told */
	uint64_t unix_time; /* seconds */
};

/*
 * The table form: a heading, one row a result, then what belongs to single
 * results (the proof statement of a PROVED, what a NARROWED needs, why an
 * UNJUDGED). color: with ANSI colours.
 */
void report_table(FILE *out, const struct report_result *results, size_t n,
		  bool color);

/* The greppable line, with its newline. */
void report_verdict_line(FILE *out, const struct report_result *result);

/* One JSON document: { "environment": {...}, "results": [...] }. */
void report_json(FILE *out, const struct report_environment *environment,
		 const struct report_result *results, size_t n);

/* KTAP version 1: a test a scenario, a subtest a result; see suite.h. */
void report_ktap(FILE *out, const struct report_result *results, size_t n);

/* JUnit's XML, valid under reports/schema/junit.xsd. */
void report_junit(FILE *out, const struct report_environment *environment,
		  const struct report_result *results, size_t n);

/*
 * The matrix: a row per scenario and fix; the verdict in the model, what
 * control and stress saw on this machine, and whether that is what the fix
 * claims. Every result has .real.
 */
void report_matrix(FILE *out, const struct report_result *results, size_t n,
		   bool color);

/*
 * The same at a glance: the verdicts in the model alone, a row per fix, a column
 * per scenario, and what the fixes cost.
 */
void report_grid(FILE *out, const struct report_result *results, size_t n,
		 bool color);

/* ---- interleaving.c: one lane per task ---- */

enum { REPORT_LANES_MAX = 64 };

struct report_step {
	const char *call;   /* "open" */
	const char *detail; /* "(prog-a1, write) = 3" */
	uint64_t now_ns;    /* simulated time; where it moves a line says by
			       how much, so the clock needs no lane */
	unsigned lane;      /* index into lanes */
	bool inner;         /* a step inside a call of the same lane */
	bool switched;      /* the lane before was another */
	bool fatal;         /* the step that violates */
	bool critical;      /* after it everything fails */
	uint64_t holds;     /* lanes, by bits, that have what.held after it */
	unsigned file;      /* what.number means after it: 1 and an index into
			  what.files; 0: none */
};

struct report_interleaving {
	const char *const *lanes; /* "a1", "a2.c1": names of the tasks */
	unsigned nlanes;          /* up to REPORT_LANES_MAX */
	const struct report_step *steps;
	size_t nsteps;
	size_t lost;         /* steps that were not recorded */
	const char *verdict; /* the last line, e.g. "ETXTBSY: a1's program ..." */
	const char *critical; /* what is marked as such, or NULL */
	const char *held;     /* what '#' beside a lane says that it has, or
				 NULL: "prog-a1 open for writing" */
	/* A descriptor that has a column of its own, "fd 3", or NULL; and what
	 * it means there: A is the first of files. */
	const char *number;
	const char *const *files;
	unsigned nfiles;
};

/*
 * Prints the interleaving as text, one lane per task, in the order of lanes,
 * width columns wide (60 to 200). Lanes without a step are left out.
 */
void report_interleaving(FILE *out, const struct report_interleaving *what,
			 unsigned width, bool color);

/*
 * The same in the JSON of chrome://tracing and ui.perfetto.dev: a thread per
 * lane; time is the number of the step, in microseconds.
 */
void report_chrome_trace(FILE *out, const struct report_interleaving *what);

/* "1.50 s", "12.3 ms", "700 ms", "0 s": for people. Returns buf. */
const char *report_duration(uint64_t ns, char *buf, size_t size);

#endif
