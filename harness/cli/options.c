/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "strategies/list.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reading values ---- */

static int bad_value(const char *option, const char *given,
		     const char *expected)
{
	rig_error("--%s %s: expected %s", option, given, expected);
	return -EINVAL;
}

static int set_family(struct rig_args *a, const char *value)
{
	a->family = value;
	return 0;
}

static int set_fix(struct rig_args *a, const char *value)
{
	if (a->nfixes == RIG_ARGS_MAX) {
		rig_error("--fix: at most %d may be given", RIG_ARGS_MAX);
		return -EINVAL;
	}
	a->fix[a->nfixes++] = value;
	return 0;
}

static int set_guard(struct rig_args *a, const char *value)
{
	a->beside.name[RIG_GUARD] = value;
	return 0;
}

static int set_waiter(struct rig_args *a, const char *value)
{
	a->beside.name[RIG_WAITER] = value;
	return 0;
}

static int set_closer(struct rig_args *a, const char *value)
{
	a->beside.name[RIG_CLOSER] = value;
	return 0;
}

static int set_count(const char *option, const char *value, unsigned min,
		     unsigned max, unsigned *count)
{
	char expected[40];
	uint64_t n;

	snprintf(expected, sizeof(expected), "a number from %u to %u", min,
		 max);
	if (rig_parse_number(value, 10, max, &n) || n < min)
		return bad_value(option, value, expected);
	*count = (unsigned)n;
	return 0;
}

static int set_actors(struct rig_args *a, const char *value)
{
	return set_count("actors", value, 1, RIG_ACTORS_MAX, &a->actors);
}

static int set_strategy(struct rig_args *a, const char *value)
{
	const char *names[RIG_ARGS_MAX] = { NULL };

	if (a->nstrategies == RIG_ARGS_MAX) {
		rig_error("--strategy: at most %d may be given", RIG_ARGS_MAX);
		return -EINVAL;
	}
	a->strategy = rig_strategy_find(value);
	if (a->strategy) {
		a->strategies[a->nstrategies++] = a->strategy;
		return 0;
	}
	for (unsigned i = 0; rig_strategies[i] && i < RIG_ARGS_MAX - 1; i++)
		names[i] = rig_strategies[i]->name;
	rig_unknown("strategy", value, names);
	return -EINVAL;
}

static int set_preemptions(struct rig_args *a, const char *value)
{
	return set_count("preemptions", value, 0, RIG_DECISIONS_MAX,
			 &a->preemptions);
}

static int set_faults(struct rig_args *a, const char *value)
{
	return set_count("faults", value, 0, SIM_FAULTS_MAX, &a->faults);
}

static int set_max(struct rig_args *a, const char *value)
{
	return rig_parse_number(value, 10, UINT64_MAX, &a->max) ?
		       bad_value("max", value, "a number of executions") :
		       0;
}

static int set_duration(const char *option, const char *value, uint64_t *ns)
{
	return rig_parse_duration(value, ns) ?
		       bad_value(option, value,
				 "a duration such as 250ms, 5s or 10m") :
		       0;
}

static int set_time(struct rig_args *a, const char *value)
{
	return set_duration("time", value, &a->time_ns);
}

static int set_starve(struct rig_args *a, const char *value)
{
	return set_duration("starve", value, &a->starve_ns);
}

static int set_kernel(struct rig_args *a, const char *value)
{
	struct sim_options ignored = sim_defaults;
	const char *expected;

	if (sim_option_parse(&ignored, value, &expected) || ignored.faults)
		return bad_value("kernel", value, expected);
	if (a->nkernel == RIG_ARGS_MAX) {
		rig_error("--kernel: at most %d may be given", RIG_ARGS_MAX);
		return -EINVAL;
	}
	a->kernel[a->nkernel++] = value;
	return 0;
}

struct sim_options rig_args_kernel(const struct rig_args *a,
				   const struct rig_scenario *scenario)
{
	struct sim_options kernel = rig_case_kernel(scenario);
	const char *expected;

	for (unsigned i = 0; i < a->nkernel; i++)
		sim_option_parse(&kernel, a->kernel[i], &expected);
	kernel.faults = a->faults;
	return kernel;
}

static int set_spawn(struct rig_args *a, const char *value)
{
	return rig_how_find(value, &a->how) ?
		       0 :
		       bad_value("spawn", value, "vfork or fork");
}

static int set_seed(struct rig_args *a, const char *value)
{
	return rig_parse_number(value, 0, UINT64_MAX, &a->seed) ?
		       bad_value("seed", value, "a 64-bit number") :
		       0;
}

static int set_depth(struct rig_args *a, const char *value)
{
	return set_count("depth", value, 1, RIG_DEPTH_MAX, &a->depth);
}

static int set_repeat(struct rig_args *a, const char *value)
{
	return set_count("repeat", value, 1, 1000000, &a->repeat);
}

static const char *formats_of(const struct rig_command *command)
{
	return command->judges ? "table, json, ktap or junit" : "table or json";
}

static int set_format(struct rig_args *a, const char *value)
{
	static const char *const names[] = {
		[RIG_FORMAT_TABLE] = "table",
		[RIG_FORMAT_JSON] = "json",
		[RIG_FORMAT_KTAP] = "ktap",
		[RIG_FORMAT_JUNIT] = "junit",
	};
	int n = a->command->judges ? RIG_FORMAT_JUNIT : RIG_FORMAT_JSON;

	for (int i = 0; i <= n; i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		a->format = (enum rig_format)i;
		return 0;
	}
	return bad_value("format", value, formats_of(a->command));
}

static int set_color(struct rig_args *a, const char *value)
{
	if (!strcmp(value, "always"))
		a->color = true;
	else if (!strcmp(value, "never"))
		a->color = false;
	else if (strcmp(value, "auto") != 0)
		return bad_value("color", value, "auto, always or never");
	return 0;
}

static int set_save(struct rig_args *a, const char *value)
{
	a->save = value;
	return 0;
}

static int set_output(struct rig_args *a, const char *value)
{
	a->output = value;
	return 0;
}

static int set_fuzzer(struct rig_args *a, const char *value)
{
	a->fuzzer = value;
	return 0;
}

static int set_on(struct rig_args *a, const char *value)
{
	a->control = !strcmp(value, "control");
	return a->control || !strcmp(value, "sim") ?
		       0 :
		       bad_value("on", value, "sim or control");
}

static int set_dir(struct rig_args *a, const char *value)
{
	a->dir = value;
	return 0;
}

static int set_corpus(struct rig_args *a, const char *value)
{
	a->corpus = value;
	return 0;
}

static int set_quick(struct rig_args *a, const char *value)
{
	a->quick = true;
	return 0;
}

static int set_threads(struct rig_args *a, const char *value)
{
	return set_count("threads", value, 1, RIG_THREADS_MAX, &a->threads);
}

static int set_directed(struct rig_args *a, const char *value)
{
	a->directed = true;
	return 0;
}

static int set_amplify(struct rig_args *a, const char *value)
{
	const char *expected;

	return rig_amplify_parse(&a->amplify, value, &expected) ?
		       bad_value("amplify", value, expected) :
		       0;
}

static int set_until_hit(struct rig_args *a, const char *value)
{
	a->until_hit = true;
	return 0;
}

static int set_bisect(struct rig_args *a, const char *value)
{
	a->bisect = true;
	return 0;
}

static int set_loose(struct rig_args *a, const char *value)
{
	a->loose = true;
	return 0;
}

static int set_trace(struct rig_args *a, const char *value)
{
	a->trace = true;
	return 0;
}

static int set_quiet(struct rig_args *a, const char *value)
{
	a->quiet = true;
	return 0;
}

/* ---- the table ---- */

static const struct {
	const char *name;
	char letter;
	const char *value; /* NULL: none */
	const char *help;
	int (*set)(struct rig_args *args, const char *value);
} table[RIG_OPT_COUNT] = {
	[RIG_OPT_FAMILY] = { "family", 0, "F",
			     "of scenarios, as racerig list names it (default "
			     "etxtbsy)",
			     set_family },
	[RIG_OPT_FIX] = { "fix", 0, "F",
			  "the fix to judge; may be given again; \"all\" for "
			  "every one (default none: unfixed)",
			  set_fix },
	[RIG_OPT_GUARD] = { "guard", 0, "G",
			    "the guard where --fix names something else: in "
			    "wait/... (default none), close/during-spawn (auto)",
			    set_guard },
	[RIG_OPT_WAITER] = { "waiter", 0, "W",
			     "likewise the waiter: in etxtbsy/..., "
			     "close/during-spawn (default by-pid)",
			     set_waiter },
	[RIG_OPT_CLOSER] = { "closer", 0, "C",
			     "likewise the closer; only close/... has use for "
			     "one, so far, and there it is the fix",
			     set_closer },
	[RIG_OPT_ACTORS] = { "actors", 0, "N", "number of actors", set_actors },
	[RIG_OPT_STRATEGY] = { "strategy", 0, "S",
			       "how schedules are chosen (racerig list)",
			       set_strategy },
	[RIG_OPT_PREEMPTIONS] = { "preemptions", 0, "K",
				  "only schedules with at most K switches away "
				  "from a task that could go on",
				  set_preemptions },
	[RIG_OPT_MAX] = { "max", 0, "N",
			  "executions of one search, attempts of one run; 0: no "
			  "limit",
			  set_max },
	[RIG_OPT_TIME] = { "time", 0, "T", "time for one verdict; 0: no limit",
			   set_time },
	[RIG_OPT_STARVE] = { "starve", 0, "T",
			     "how long the schedule may keep a task waiting "
			     "that could run (default 1s)",
			     set_starve },
	[RIG_OPT_FAULTS] = { "faults", 0, "K",
			     "let up to K calls of libspw fail, as calls fail "
			     "(default 0)",
			     set_faults },
	[RIG_OPT_KERNEL] = { "kernel", 0, "OPT=V",
			     "a rule of the simulated kernel: etxtbsy=on|off, "
			     "release-order=any|lifo|fifo, steps=kernel|call, "
			     "wait-scope=process|thread, pids=fresh|reused",
			     set_kernel },
	[RIG_OPT_SPAWN] = { "spawn", 0, "HOW",
			    "how children are made: vfork (report through "
			    "memory, default) or fork (report pipe)",
			    set_spawn },
	[RIG_OPT_SEED] = { "seed", 0, "N", "seed of random strategies",
			   set_seed },
	[RIG_OPT_DEPTH] = { "depth", 0, "D",
			    "orderings that a bug needs, for strategy pct, 1 "
			    "to 10 (default 3)",
			    set_depth },
	[RIG_OPT_SAVE] = { "save", 0, "FILE",
			   "write the shrunk schedule; a directory where "
			   "several may be found",
			   set_save },
	[RIG_OPT_LOOSE] = { "loose", 0, NULL,
			    "follow the schedule while it fits, then the "
			    "default",
			    set_loose },
	[RIG_OPT_TRACE] = { "trace", 0, NULL,
			    "print the interleaving, one lane per task",
			    set_trace },
	[RIG_OPT_REPEAT] = { "repeat", 0, "N",
			     "replay N times and compare every step",
			     set_repeat },
	[RIG_OPT_OUTPUT] = { "output", 'o', "FILE", "where the result goes",
			     set_output },
	[RIG_OPT_FUZZER] = { "fuzzer", 0, "PROGRAM",
			     "a libFuzzer build of fuzz_etxtbsy to measure",
			     set_fuzzer },
	[RIG_OPT_ON] = { "on", 0, "WORLD",
			 "sim, or control: on this machine's kernel too, call "
			 "by call",
			 set_on },
	[RIG_OPT_DIR] = { "dir", 0, "DIR",
			  "where programs are written and executed (default "
			  "$TMPDIR or /tmp)",
			  set_dir },
	[RIG_OPT_CORPUS] = { "corpus", 0, "DIR",
			     "counter-examples that were kept (default "
			     "corpus/regressions)",
			     set_corpus },
	[RIG_OPT_QUICK] = { "quick", 0, NULL, "less time, and less exact",
			    set_quick },
	[RIG_OPT_THREADS] = { "threads", 0, "N",
			      "threads that act, 1 to 64 (default 8; directed "
			      "2)",
			      set_threads },
	[RIG_OPT_DIRECTED] = { "directed", 0, NULL,
			       "decide: spawn while the file is open, execute "
			       "when the write returns",
			       set_directed },
	[RIG_OPT_AMPLIFY] = { "amplify", 0, "A",
			      "make the race more likely; may be given again",
			      set_amplify },
	[RIG_OPT_UNTIL_HIT] = { "until-hit", 0, NULL, "stop at the first hit",
				set_until_hit },
	[RIG_OPT_BISECT] = { "bisect", 0, NULL,
			     "exit status for git bisect run: 0 good, 1 hit, "
			     "125 neither is known",
			     set_bisect },
	[RIG_OPT_FORMAT] = { "format", 0, "FORM", NULL, set_format },
	[RIG_OPT_QUIET] = { "quiet", 'q', NULL, "no progress", set_quiet },
	[RIG_OPT_COLOR] = { "color", 0, "WHEN", "auto, always or never",
			    set_color },
	[RIG_OPT_HELP] = { "help", 'h', NULL, "this text", NULL },
};

static void print_option(const struct rig_command *command, unsigned id)
{
	char left[40];
	char letter[8] = "    ";

	if (table[id].letter)
		snprintf(letter, sizeof(letter), "-%c, ", table[id].letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, table[id].name,
		 table[id].value ? " " : "",
		 table[id].value ? table[id].value : "");
	printf("  %-24s %s\n", left,
	       id == RIG_OPT_FORMAT ? formats_of(command) : table[id].help);
}

static void print_help(const struct rig_command *command)
{
	printf("usage: racerig %s %s%s[options]\n\n%s\n\noptions:\n",
	       command->name, command->words, command->words[0] ? " " : "",
	       command->text);
	for (unsigned id = 0; id < RIG_OPT_COUNT; id++)
		if (command->options >> id & 1)
			print_option(command, id);
	printf("\nexamples:\n%s", command->examples);
}

/* ---- parsing ---- */

static void defaults(struct rig_args *a, const struct rig_command *command,
		     const char *argv0)
{
	*a = (struct rig_args){
		.argv0 = argv0,
		.command = command,
		.strategy = rig_strategies[0],
		.starve_ns = 1000000000,
		.how = SPW_CLONE_VFORK,
		.seed = 1,
		.repeat = 1,
		.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
	};
}

struct getopt_tables {
	struct option longs[RIG_OPT_COUNT + 1];
	char shorts[2 * RIG_OPT_COUNT + 2];
};

enum { LONG_BASE = 256 }; /* above every letter */

static void fill_tables(struct getopt_tables *t,
			const struct rig_command *command)
{
	unsigned n = 0, s = 0;

	memset(t, 0, sizeof(*t));
	t->shorts[s++] = ':'; /* getopt says nothing itself */
	for (unsigned id = 0; id < RIG_OPT_COUNT; id++) {
		if (!(command->options >> id & 1))
			continue;
		t->longs[n++] = (struct option){
			.name = table[id].name,
			.has_arg = table[id].value ? required_argument :
						     no_argument,
			.val = LONG_BASE + (int)id,
		};
		if (!table[id].letter)
			continue;
		t->shorts[s++] = table[id].letter;
		if (table[id].value)
			t->shorts[s++] = ':';
	}
}

/* getopt_long has said '?'; given is the argument that it read last. */
static int unknown_option(const struct rig_command *command, const char *given)
{
	const char *names[RIG_OPT_COUNT + 1] = { NULL };
	char bare[64];
	unsigned n = 0;

	if (optopt >= LONG_BASE) {
		rig_error("--%s takes no value",
			  table[optopt - LONG_BASE].name);
		return -EINVAL;
	}
	if (optopt) { /* a letter; getopt is not done with its argument */
		rig_error("unknown option \"-%c\"; see --help", optopt);
		return -EINVAL;
	}
	for (unsigned id = 0; id < RIG_OPT_COUNT; id++)
		if (command->options >> id & 1)
			names[n++] = table[id].name;
	given += strspn(given, "-");
	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(given, "="), given);
	rig_unknown("option", bare, names);
	return -EINVAL;
}

static int option_id(int got)
{
	for (int id = 0; id < RIG_OPT_COUNT; id++)
		if (got == LONG_BASE + id ||
		    (table[id].letter && got == table[id].letter))
			return id;
	return -EINVAL;
}

static int check_words(const struct rig_args *a,
		       const struct rig_command *command)
{
	if (a->nwords >= command->words_min && a->nwords <= command->words_max)
		return 0;
	rig_error("usage: racerig %s %s%s[options]; see racerig %s --help",
		  command->name, command->words, command->words[0] ? " " : "",
		  command->name);
	return -EINVAL;
}

int rig_args_parse(struct rig_args *a, const struct rig_command *command,
		   int argc, char **argv)
{
	struct getopt_tables t;
	int got;

	defaults(a, command, argv[0]);
	fill_tables(&t, command);
	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		int id = option_id(got);

		if (got == ':') {
			rig_error("%s needs a value", argv[optind - 1]);
			return -EINVAL;
		}
		if (id < 0)
			return unknown_option(command, argv[optind - 1]);
		if (id == RIG_OPT_HELP) {
			print_help(command);
			return 1;
		}
		if (table[id].set(a, optarg))
			return -EINVAL;
		a->given |= UINT64_C(1) << id;
	}
	for (; optind < argc && a->nwords < RIG_ARGS_MAX; optind++)
		a->word[a->nwords++] = argv[optind];
	if (optind < argc) {
		rig_error("at most %d arguments are taken", RIG_ARGS_MAX);
		return -EINVAL;
	}
	return check_words(a, command);
}
