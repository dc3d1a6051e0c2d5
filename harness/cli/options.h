/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table of options, of which each command takes some.
 * --help of a command is made from the same table.
 */
#ifndef RIG_OPTIONS_H
#define RIG_OPTIONS_H

#include "cli/case.h"
#include "engine/explore.h"
#include "stress/stress.h"

enum { RIG_ARGS_MAX = 16 };

/* Exit codes of the program; a judging command exits with its verdict's. */
enum {
	RIG_EXIT_OK = 0,
	RIG_EXIT_VIOLATED = 1,
	RIG_EXIT_ERROR = 2,
	RIG_EXIT_UNJUDGED = 3,
	RIG_EXIT_SKIP = 4,
};

enum rig_format {
	RIG_FORMAT_TABLE,
	RIG_FORMAT_JSON,
	RIG_FORMAT_KTAP, /* these two: commands that judge */
	RIG_FORMAT_JUNIT,
};

enum rig_option_id {
	RIG_OPT_FAMILY,
	RIG_OPT_FIX,
	RIG_OPT_GUARD, /* these three: in the order of enum rig_policy */
	RIG_OPT_WAITER,
	RIG_OPT_CLOSER,
	RIG_OPT_ACTORS,
	RIG_OPT_STRATEGY,
	RIG_OPT_PREEMPTIONS,
	RIG_OPT_MAX,
	RIG_OPT_TIME,
	RIG_OPT_STARVE,
	RIG_OPT_FAULTS,
	RIG_OPT_KERNEL,
	RIG_OPT_SPAWN,
	RIG_OPT_SEED,
	RIG_OPT_DEPTH,
	RIG_OPT_SAVE,
	RIG_OPT_LOOSE,
	RIG_OPT_TRACE,
	RIG_OPT_REPEAT,
	RIG_OPT_OUTPUT,
	RIG_OPT_FUZZER,
	RIG_OPT_ON,
	RIG_OPT_DIR,
	RIG_OPT_CORPUS,
	RIG_OPT_QUICK,
	RIG_OPT_THREADS,
	RIG_OPT_DIRECTED,
	RIG_OPT_AMPLIFY,
	RIG_OPT_UNTIL_HIT,
	RIG_OPT_BISECT,
	RIG_OPT_FORMAT,
	RIG_OPT_QUIET,
	RIG_OPT_COLOR,
	RIG_OPT_HELP,
	RIG_OPT_COUNT,
};

#define RIG_OPT(name) (UINT64_C(1) << RIG_OPT_##name)
#define RIG_OPTS_COMMON \
	(RIG_OPT(FORMAT) | RIG_OPT(QUIET) | RIG_OPT(COLOR) | RIG_OPT(HELP))
#define RIG_OPTS_BESIDE (RIG_OPT(GUARD) | RIG_OPT(WAITER) | RIG_OPT(CLOSER))

struct rig_command;

/* What was given. Strings point into argv. */
struct rig_args {
	const char *argv0;
	const struct rig_command *command;
	uint64_t given;                 /* RIG_OPT(...) of what was given */
	const char *word[RIG_ARGS_MAX]; /* positional */
	unsigned nwords;
	const char *family; /* or NULL */
	const char *fix[RIG_ARGS_MAX];
	unsigned nfixes;
	struct rig_beside beside;
	unsigned actors;
	const struct rig_strategy *strategy; /* the last one given */
	const struct rig_strategy *strategies[RIG_ARGS_MAX]; /* all given */
	unsigned nstrategies;
	unsigned preemptions; /* where RIG_OPT(PREEMPTIONS) is given */
	uint64_t max;
	uint64_t time_ns;
	uint64_t starve_ns;
	unsigned faults;
	const char *kernel[RIG_ARGS_MAX]; /* each can be parsed */
	unsigned nkernel;
	enum spw_clone how;
	uint64_t seed;
	unsigned depth; /* 0: the default */
	const char *save;
	const char *output;
	const char *fuzzer;
	const char *corpus;
	const char *dir; /* where programs are written and executed, or NULL */
	unsigned repeat;
	enum rig_format format;
	bool loose, trace, quiet, color;
	bool control; /* --on control */
	bool quick;
	unsigned threads; /* 0: the default */
	bool directed;
	struct rig_amplify amplify;
	bool until_hit, bisect;
};

struct rig_command {
	const char *name;
	const char *summary;
	const char *words;    /* "SCENARIO...", for the usage line */
	const char *text;     /* what it does, paragraphs */
	const char *examples; /* lines */
	uint64_t options;     /* RIG_OPT(...) it takes */
	unsigned words_min, words_max;
	bool judges; /* its results are verdicts: KTAP and JUnit, too */
	int (*run)(const struct rig_args *args);
};

extern const struct rig_command rig_command_list;
extern const struct rig_command rig_command_decode;
extern const struct rig_command rig_command_probe;
extern const struct rig_command rig_command_explore;
extern const struct rig_command rig_command_export;
extern const struct rig_command rig_command_replay;
extern const struct rig_command rig_command_shrink;
extern const struct rig_command rig_command_bench;
extern const struct rig_command rig_command_conform;
extern const struct rig_command rig_command_matrix;
extern const struct rig_command rig_command_mutants;
extern const struct rig_command rig_command_price;
extern const struct rig_command rig_command_samplers;
extern const struct rig_command rig_command_stress;

/*
 * Reads the arguments after the command's name. 0: run the command; 1: --help
 * was printed; -EINVAL: wrong use, which was said on standard error.
 */
int rig_args_parse(struct rig_args *args, const struct rig_command *command,
		   int argc, char **argv);

/* The rules of the simulated kernel for a scenario (NULL: any), with what was
 * given. */
struct sim_options rig_args_kernel(const struct rig_args *args,
				   const struct rig_scenario *scenario);

/* "racerig: ..." as one line on standard error. Returns RIG_EXIT_ERROR. */
int rig_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Says that there is no kind ("scenario") called given, and which of names
 * (ends with NULL) comes nearest. Returns RIG_EXIT_ERROR.
 */
int rig_unknown(const char *kind, const char *given, const char *const *names);

/* The same for the fixes of family. */
int rig_unknown_fix(const struct rig_family *family, const char *given);

/*
 * A machine where nothing can be run is skipped; a directory that was asked for
 * has to do. Says why and returns the exit status, RIG_EXIT_SKIP or _ERROR.
 */
int rig_no_directory(const struct rig_args *args, const char *why);

/* Of what was given beside the fix: it is used in scenario, and is there. Says
 * what is wrong and returns RIG_EXIT_ERROR, or 0. */
int rig_check_beside(const struct rig_args *args,
		     const struct rig_scenario *scenario);

/* ---- values.c: -EINVAL where text is none ---- */

/* A number up to max; base as for strtoull. */
int rig_parse_number(const char *text, int base, uint64_t max, uint64_t *value);
/* "250ms", "5s", "10m", "2h"; a bare number is seconds. */
int rig_parse_duration(const char *text, uint64_t *ns);

#endif
