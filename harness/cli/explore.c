/* SPDX-License-Identifier: MIT */
/* racerig explore: the verdict on scenarios and fixes in the simulated world */
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/judge.h"
#include "cli/options.h"
#include "cli/schedule_file.h"
#include "strategies/list.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DEFAULT_MAX = 100000, /* executions of a strategy without an end */
	CELLS_MAX = 128,
};

static const uint64_t default_time_ns = 600000000000; /* ten minutes */

struct exploration {
	const struct rig_args *args;
	struct rig_case *c;
	struct rig_plan plan[CELLS_MAX];
	char path[CELLS_MAX][PATH_MAX];
	struct rig_judgement *judgement[CELLS_MAX];
	unsigned n; /* cells to judge */
	unsigned judged;
	bool progress;
};

/* ---- which cells ---- */

static int add_cell(struct exploration *x, const struct rig_scenario *scenario,
		    const struct rig_fix *fix)
{
	const struct rig_args *a = x->args;
	struct rig_plan *plan = &x->plan[x->n];

	if (x->n == CELLS_MAX)
		return rig_error("more than %d verdicts at once", CELLS_MAX);
	*plan = (struct rig_plan){
		.scenario = scenario,
		.fix = *fix,
		.beside = a->beside,
		.how = a->how,
		.actors = a->actors ? a->actors : scenario->actors,
		.kernel = rig_args_kernel(a, scenario),
		.starve_ns = a->starve_ns,
	};
	if (plan->actors < scenario->actors_min ||
	    plan->actors > scenario->actors_max)
		return rig_error("--actors %u: %s takes %u to %u", plan->actors,
				 scenario->name, scenario->actors_min,
				 scenario->actors_max);
	x->n++;
	return 0;
}

static int add_fix(struct exploration *x, const struct rig_scenario *scenario,
		   const char *name)
{
	struct rig_fix fix;
	int rc = 0;

	if (strcmp(name, "all") != 0)
		return rig_fix_find(scenario->family, name, &fix) ?
			       add_cell(x, scenario, &fix) :
			       rig_unknown_fix(scenario->family, name);
	for (unsigned i = 0; !rc && scenario->family->fix(i, &fix); i++)
		rc = add_cell(x, scenario, &fix);
	return rc;
}

static int unknown_scenario(const char *given)
{
	const char *names[64] = { NULL };

	for (unsigned i = 0; rig_scenarios[i] && i < 63; i++)
		names[i] = rig_scenarios[i]->name;
	return rig_unknown("scenario", given, names);
}

static int add_cells(struct exploration *x)
{
	const struct rig_args *a = x->args;
	struct rig_fix none;
	int rc = 0;

	for (unsigned w = 0; !rc && w < a->nwords; w++) {
		const struct rig_scenario *s = rig_scenario_find(a->word[w]);

		if (!s)
			return unknown_scenario(a->word[w]);
		rc = rig_check_beside(a, s);
		if (rc)
			return rc;
		if (!a->nfixes) {
			s->family->fix(0, &none);
			rc = add_cell(x, s, &none);
		}
		for (unsigned f = 0; !rc && f < a->nfixes; f++)
			rc = add_fix(x, s, a->fix[f]);
	}
	return rc;
}

/* ---- where counter-examples go ---- */

/* One verdict: --save names the file. Several: the directory of files. */
static int choose_paths(struct exploration *x)
{
	const char *save = x->args->save;
	struct stat st;
	bool dir;
	int rc = 0;

	if (!save)
		return 0;
	if (!*save || strlen(save) >= PATH_MAX - 2 * RIG_FIELD_MAX)
		return rig_error("--save %s: expected the name of a file or a "
				 "directory",
				 save);
	dir = !stat(save, &st) && S_ISDIR(st.st_mode);
	if (!dir && x->n > 1)
		return rig_error("--save %s: several verdicts need a directory",
				 save);
	for (unsigned i = 0; i < x->n; i++)
		if (dir)
			rig_schedule_path(save, &x->plan[i], x->path[i]);
		else
			snprintf(x->path[i], PATH_MAX, "%s", save);
	for (unsigned i = 0; !rc && i < x->n; i++)
		rc = rig_schedule_may_save(x->path[i]);
	return rc;
}

/* ---- judging ---- */

static void show_progress(void *ctx, const struct rig_search *s)
{
	const struct exploration *x = ctx;
	const struct rig_plan *plan = &x->plan[x->judged];
	const struct rig_judgement *j = x->judgement[x->judged];

	fprintf(stderr, "\r%u/%u %s %s: %" PRIu64 " executions", x->judged + 1,
		x->n, plan->scenario->name, plan->fix.name, s->executions);
	if (j->result.search.walks)
		fprintf(stderr, " of about %.2g traces",
			j->result.search.traces_guess);
	if (s->share > 0)
		fprintf(stderr, ", %.3g %% done", s->share * 100);
	fprintf(stderr, ", %.0f/s, %.0f s \033[K",
		(double)s->executions * 1e9 / (double)(s->ns ? s->ns : 1),
		(double)s->ns / 1e9);
}

/* The default, and where that cannot what is wanted the one that can. */
static const struct rig_strategy *strategy(const struct rig_args *a)
{
	if ((a->given & RIG_OPT(PREEMPTIONS) || a->faults) &&
	    !(a->given & RIG_OPT(STRATEGY)))
		return &rig_strategy_states;
	return a->strategy;
}

static struct rig_judge_options judge_options(struct exploration *x)
{
	const struct rig_args *a = x->args;
	bool endless = !strategy(a)->exhaustive;

	return (struct rig_judge_options){
		.strategy = strategy(a),
		.search = {
			.seed = a->seed,
			.bounded = a->given & RIG_OPT(PREEMPTIONS),
			.preemptions = a->preemptions,
			.depth = a->depth,
		},
		.limits = {
			.executions = a->given & RIG_OPT(MAX) ? a->max :
				      endless		      ? DEFAULT_MAX : 0,
			.time_ns = a->given & RIG_OPT(TIME) ? a->time_ns :
							      default_time_ns,
			.stop = &rig_interrupted,
			.progress = x->progress ? show_progress : NULL,
			.progress_ctx = x,
		},
		.shrink = true,
	};
}

static int judge_cell(struct exploration *x, unsigned i)
{
	const struct rig_judge_options options = judge_options(x);
	struct rig_judgement *j = calloc(1, sizeof(*j));
	int rc;

	x->judgement[i] = j;
	if (!j)
		return rig_error("no memory");
	rc = rig_judge(x->c, &x->plan[i], &options, j);
	if (rc)
		return rig_error("%s %s: %s (%s)", x->plan[i].scenario->name,
				 x->plan[i].fix.name, x->c->engine->message,
				 strerror(-rc));
	if (!j->result.outcome || !x->path[i][0])
		return 0;
	rc = rig_schedule_save(x->c, x->path[i], &j->schedule);
	j->result.schedule = rc ? NULL : x->path[i];
	return rc;
}

/* ---- reporting ---- */

/* The worst of all: a violation, unjudged or not reached, skipped. */
static int exit_code(const struct exploration *x,
		     const struct report_result *results)
{
	bool seen[RIG_EXIT_SKIP + 1] = { false };

	seen[RIG_EXIT_UNJUDGED] = x->judged < x->n;
	for (unsigned i = 0; i < x->judged; i++)
		seen[report_verdict_exit(results[i].verdict)] = true;
	return seen[RIG_EXIT_VIOLATED] ? RIG_EXIT_VIOLATED :
	       seen[RIG_EXIT_UNJUDGED] ? RIG_EXIT_UNJUDGED :
	       seen[RIG_EXIT_SKIP]     ? RIG_EXIT_SKIP :
					 RIG_EXIT_OK;
}

/*
 * Who reads KTAP or JUnit often sees nothing else: what was asked for and not
 * reached must not be missing there.
 */
static void add_unreached(const struct exploration *x,
			  struct report_result *results)
{
	for (unsigned i = x->judged; i < x->n; i++)
		results[i] = (struct report_result){
			.scenario = x->plan[i].scenario->name,
			.fix = x->plan[i].fix.name,
			.guard = x->plan[i].beside.name[RIG_GUARD],
			.waiter = x->plan[i].beside.name[RIG_WAITER],
			.closer = x->plan[i].beside.name[RIG_CLOSER],
			.world = "sim",
			.actors = x->plan[i].actors,
			.verdict = REPORT_UNJUDGED,
			.reason = "the run ended before it was reached",
		};
}

static void print_table(const struct exploration *x,
			const struct report_result *results)
{
	report_table(stdout, results, x->judged, x->args->color);
	putchar('\n');
	for (unsigned i = 0; i < x->judged; i++)
		report_verdict_line(stdout, &results[i]);
}

static int report(const struct exploration *x)
{
	struct report_result results[CELLS_MAX];
	struct rig_environment environment;

	for (unsigned i = 0; i < x->judged; i++)
		results[i] = x->judgement[i]->result;
	add_unreached(x, results);
	rig_environment_fill(&environment, "racerig explore");
	switch (x->args->format) {
	case RIG_FORMAT_TABLE:
		print_table(x, results);
		break;
	case RIG_FORMAT_JSON:
		report_json(stdout, &environment.report, results, x->judged);
		break;
	case RIG_FORMAT_KTAP:
		report_ktap(stdout, results, x->n);
		break;
	case RIG_FORMAT_JUNIT:
		report_junit(stdout, &environment.report, results, x->n);
		break;
	}
	return exit_code(x, results);
}

static int explore(struct exploration *x)
{
	int rc = add_cells(x);

	if (!rc)
		rc = choose_paths(x);
	if (!rc && rig_case_open(&x->c))
		rc = rig_error("no memory");
	if (rc)
		return rc;
	rig_interrupt_catch();
	for (; !rc && x->judged < x->n && !rig_interrupted; x->judged++)
		rc = judge_cell(x, x->judged);
	if (x->progress)
		fputs("\r\033[K", stderr);
	if (rc) { /* what was judged before is not lost */
		x->judged--;
		if (x->judged)
			report(x);
		return rc;
	}
	if (x->judged < x->n)
		rig_error("interrupted: %u of %u verdicts were not reached",
			  x->n - x->judged, x->n);
	return report(x);
}

static int no_bound(const struct rig_strategy *strategy)
{
	const char *can = "";

	for (size_t i = 0; rig_strategies[i] && !*can; i++)
		if (rig_strategies[i]->bounds)
			can = rig_strategies[i]->name;
	return rig_error("--preemptions: strategy %s cannot keep to a bound; "
			 "--strategy %s can",
			 strategy->name, can);
}

/*
 * Which task may still have a fault is no object of the kernel: footprints do
 * not say that two tasks have to do with each other because of it.
 */
static int no_faults(const struct rig_strategy *strategy)
{
	return rig_error("--faults: strategy %s would miss some; --strategy %s "
			 "and the samplers do not",
			 strategy->name, rig_strategy_states.name);
}

static int run(const struct rig_args *args)
{
	struct exploration *x = calloc(1, sizeof(*x));
	int rc;

	if (!x)
		return rig_error("no memory");
	x->args = args;
	if (args->given & RIG_OPT(PREEMPTIONS) && !strategy(args)->bounds) {
		free(x);
		return no_bound(args->strategy);
	}
	if (args->faults && strategy(args)->no_faults) {
		free(x);
		return no_faults(args->strategy);
	}
	x->progress = !args->quiet && isatty(STDERR_FILENO);
	rc = explore(x);
	for (unsigned i = 0; i < x->n; i++)
		free(x->judgement[i]);
	rig_case_close(x->c);
	free(x);
	return rc;
}

const struct rig_command rig_command_explore = {
	.name = "explore",
	.summary = "search the schedules of a scenario; the verdict on a fix",
	.words = "SCENARIO...",
	.text = "Runs a scenario on the simulated kernel, schedule after schedule, and says\n"
		"what that proves:\n\n"
		"  PROVED    every trace of the model explored (or every state visited), none\n"
		"            violated\n"
		"  HELD      a sample, or less than everything, and none violated\n"
		"  BROKEN    violated by a schedule of whole calls\n"
		"  NARROWED  violated, but only with a step inside the kernel or with a task\n"
		"            kept waiting; the verdict names which\n"
		"  BROKEN?   violated; whether whole calls suffice was not settled\n"
		"  UNJUDGED  the unfixed variant does not fail either, so nothing is shown\n\n"
		"Each verdict takes up to three searches: whole calls without starvation, the\n"
		"full search, and the unfixed variant as a control. --preemptions K leaves out\n"
		"schedules with more than K preemptions: a complete search is then HELD, for\n"
		"at most so many. --faults K lets calls of libspw fail: an operation may then\n"
		"say so, and everything else is a violation as before. A counter-example is shrunk, and the decision is named before\n"
		"which some continuation passes and after which none does; --save keeps it for\n"
		"racerig replay.",
	.examples =
		"  racerig explore etxtbsy/build-and-run\n"
		"  racerig explore etxtbsy/build-and-run --fix fork-lock --fix lease\n"
		"  racerig explore etxtbsy/build-and-run --fix quiesce --spawn fork\n"
		"  racerig explore etxtbsy/build-and-run --strategy random --seed 7 --max 1000\n"
		"  racerig explore etxtbsy/build-and-run --fix lease --preemptions 2\n"
		"  racerig explore wait/double-wait --fix pidfd --faults 1\n"
		"  racerig explore classic/reorder --actors 20 --strategy surw\n"
		"  racerig explore classic/reorder --fix fixed --strategy pct --depth 2\n"
		"  racerig explore etxtbsy/build-and-run --save race.sched\n"
		"  racerig explore etxtbsy/build-and-run --kernel etxtbsy=off\n"
		"  racerig explore close/during-spawn --fix refcount --guard quiesce\n"
		"  racerig explore etxtbsy/build-and-run --fix all --format ktap\n",
	.options = RIG_OPTS_COMMON | RIG_OPTS_BESIDE | RIG_OPT(FIX) |
		   RIG_OPT(ACTORS) | RIG_OPT(STRATEGY) | RIG_OPT(PREEMPTIONS) |
		   RIG_OPT(MAX) | RIG_OPT(TIME) | RIG_OPT(STARVE) |
		   RIG_OPT(FAULTS) | RIG_OPT(KERNEL) | RIG_OPT(SPAWN) |
		   RIG_OPT(SEED) | RIG_OPT(DEPTH) | RIG_OPT(SAVE),
	.words_min = 1,
	.words_max = RIG_ARGS_MAX,
	.judges = true,
	.run = run,
};
