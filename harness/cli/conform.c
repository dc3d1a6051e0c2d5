/* SPDX-License-Identifier: MIT */
/* racerig conform: is the simulated kernel like the real one? */
#include "cli/case.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "engine/explore.h"
#include "reports/json_emit.h"
#include "strategies/list.h"
#include "stress/workdir.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_MAX = 10000, PROGRAMS_MAX = 512 };

/* The programs that are run: every scenario that has a kernel, every fix. */
struct programs {
	unsigned n;
	struct rig_plan plan[PROGRAMS_MAX];
};

struct conform {
	const struct rig_args *args;
	struct rig_case *c;
	struct programs programs;
	uint64_t executions;
	uint64_t violations; /* of the scenario, on both kernels alike */
	uint64_t ns;
	bool progress;
	/* The first difference. */
	bool differs;
	struct rig_plan plan;
	char message[RIG_MESSAGE_MAX];
	const char *outcome;
};

static void add_programs(struct conform *f, const struct rig_scenario *s)
{
	struct programs *p = &f->programs;
	struct rig_plan plan = {
		.scenario = s,
		.actors = s->actors,
		.kernel = rig_args_kernel(f->args, s),
		.starve_ns = 1000000000,
	};
	char why[RIG_MESSAGE_MAX];

	if (rig_control_may(&plan.kernel, why, sizeof(why))) {
		fprintf(stderr, "racerig: %s is left out: %s\n", s->name, why);
		return;
	}
	for (unsigned i = 0; s->family->fix(i, &plan.fix); i++)
		for (int how = SPW_CLONE_FORK; how <= SPW_CLONE_VFORK; how++) {
			if (p->n == PROGRAMS_MAX ||
			    rig_case_unavailable(&plan) ||
			    !rig_fix_runs_here(&plan.fix))
				continue;
			plan.how = (enum spw_clone)how;
			p->plan[p->n++] = plan;
		}
}

/* Outcomes of control itself: the kernels differ, or a call did not return. */
static bool is_difference(const char *outcome)
{
	return !strcmp(outcome, "conformance") || !strcmp(outcome, "blocked");
}

static int run_schedule(struct conform *f, uint64_t index)
{
	const struct rig_strategy *random = &rig_strategy_random;
	const struct rig_strategy_options options = {
		.seed = f->args->seed + index,
	};
	const struct rig_limits limits = { .executions = 1 };
	static struct rig_schedule found;
	struct rig_search search;
	int rc = rig_explore(f->c->engine, f->c->subject, random, &options,
			     &limits, &search, &found);

	if (rc)
		return rig_error("conform: %s %s: %s (%s)",
				 f->c->plan.scenario->name, f->c->plan.fix.name,
				 search.message, strerror(-rc));
	f->executions++;
	f->violations += search.violated;
	if (!search.violated || !is_difference(search.outcome))
		return 0;
	f->differs = true;
	f->plan = f->c->plan;
	f->outcome = search.outcome;
	memcpy(f->message, search.message, sizeof(f->message));
	return 0;
}

static bool enough(struct conform *f, uint64_t max, uint64_t start)
{
	f->ns = rig_monotonic_ns() - start;
	return f->differs || rig_interrupted || (max && f->executions >= max) ||
	       (f->args->time_ns && f->ns >= f->args->time_ns);
}

/* The same number of schedules of each program, program after program. */
static int run_all(struct conform *f)
{
	uint64_t max = f->args->given & (RIG_OPT(MAX) | RIG_OPT(TIME)) ?
			       f->args->max :
			       DEFAULT_MAX;
	uint64_t each = max ? (max + f->programs.n - 1) / f->programs.n : 100;
	uint64_t start = rig_monotonic_ns();
	int rc = 0;

	while (!rc && !enough(f, max, start))
		for (unsigned p = 0; !rc && p < f->programs.n; p++) {
			rig_case_set(f->c, &f->programs.plan[p]);
			for (uint64_t i = 0;
			     !rc && i < each && !enough(f, max, start); i++)
				rc = run_schedule(f, f->executions);
			if (f->progress)
				fprintf(stderr, "\r%" PRIu64 " schedules\033[K",
					f->executions);
		}
	if (f->progress)
		fputs("\r\033[K", stderr);
	return rc;
}

/* ---- reporting ---- */

static double rate(const struct conform *f)
{
	return (double)f->executions * 1e9 / (double)(f->ns ? f->ns : 1);
}

static void print_table(const struct conform *f)
{
	printf("%" PRIu64 " random schedules of whole calls, %u programs "
	       "(scenario x fix x spawn)\n%" PRIu64 " calls made on both "
	       "kernels, %" PRIu64 " executions ended in the race alike\n"
	       "%.0f executions/s, fork and exec included; %u target "
	       "processes\n",
	       f->executions, f->programs.n, rig_control_calls(f->c->control),
	       f->violations - f->differs, rate(f),
	       rig_control_targets(f->c->control));
	if (f->differs)
		printf("\nDIFFERENCE in %s, fix %s, %s: %s\n",
		       f->plan.scenario->name, f->plan.fix.name,
		       rig_how_name(f->plan.how), f->message);
	printf("\nCONFORM model %d %s %" PRIu64 " executions %.2f s\n",
	       SIM_MODEL_VERSION, f->differs ? "DIFFERS" : "AGREES",
	       f->executions, (double)f->ns / 1e9);
}

static void print_json(const struct conform *f)
{
	struct emit emit = { .out = stdout };

	emit_object(&emit, NULL);
	emit_string(&emit, "world", "control");
	emit_integer(&emit, "model_version", SIM_MODEL_VERSION);
	emit_bool(&emit, "agrees", !f->differs);
	emit_integer(&emit, "programs", f->programs.n);
	emit_integer(&emit, "executions", f->executions);
	emit_integer(&emit, "calls", rig_control_calls(f->c->control));
	emit_integer(&emit, "violations", f->violations - f->differs);
	emit_seconds(&emit, "seconds", f->ns);
	emit_integer(&emit, "executions_per_second", (uint64_t)rate(f));
	emit_hex(&emit, "seed", f->args->seed);
	if (f->differs) {
		emit_string(&emit, "scenario", f->plan.scenario->name);
		emit_string(&emit, "fix", f->plan.fix.name);
		emit_string(&emit, "message", f->message);
	}
	emit_object_end(&emit);
	putchar('\n');
}

static int conform(struct conform *f)
{
	int rc;

	for (int i = 0; rig_scenarios[i]; i++)
		if (rig_scenarios[i]->family->uses_spw)
			add_programs(f, rig_scenarios[i]);
	rc = run_all(f);
	if (rc)
		return rc;
	if (f->args->format == RIG_FORMAT_JSON)
		print_json(f);
	else
		print_table(f);
	return f->differs ? RIG_EXIT_VIOLATED : RIG_EXIT_OK;
}

static int run_in(struct conform *f, const struct rig_workdir *dir)
{
	char why[RIG_MESSAGE_MAX];
	int rc;

	if (rig_case_open(&f->c))
		return rig_error("no memory");
	if (rig_case_control(f->c, dir->path, why, sizeof(why)))
		rc = rig_error("%s", why);
	else
		rc = conform(f);
	rig_case_close(f->c);
	return rc;
}

static int run(const struct rig_args *args)
{
	struct conform *f = calloc(1, sizeof(*f));
	struct rig_workdir dir;
	char why[RIG_MESSAGE_MAX];
	int rc;

	if (!f)
		return rig_error("no memory");
	f->args = args;
	f->progress = !args->quiet && isatty(STDERR_FILENO);
	rig_interrupt_catch(); /* first: the directory must not stay */
	if (rig_workdir_open(&dir, args->dir, why, sizeof(why))) {
		rc = rig_no_directory(args, why);
	} else {
		rc = run_in(f, &dir);
		rig_workdir_close(&dir);
	}
	free(f);
	return rc;
}

const struct rig_command rig_command_conform = {
	.name = "conform",
	.summary = "hold the simulated kernel against this machine's",
	.words = "",
	.text = "Runs every scenario with every fix under random schedules of whole calls, on\n"
		"the simulated kernel and, call by call, on this machine's: real threads, real\n"
		"children, real programs that are written and executed. Every result must be\n"
		"the same. The first difference ends the run with exit status 1.",
	.examples = "  racerig conform --max 1000\n"
		    "  racerig conform --time 2s --seed 7\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(MAX) | RIG_OPT(TIME) |
		   RIG_OPT(SEED) | RIG_OPT(DIR) | RIG_OPT(KERNEL),
	.run = run,
};
