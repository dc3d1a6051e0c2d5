/* SPDX-License-Identifier: MIT */
/* racerig matrix: every scenario with every fix, in all worlds. */
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/judge.h"
#include "cli/matrix_report.h"
#include "cli/options.h"
#include "cli/schedule_file.h"
#include "strategies/list.h"
#include "stress/price.h"
#include "stress/stress.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CELLS_MAX = 512,
	CONTROL_RUNS = 100, /* of one cell */
	QUICK_MS = 300,
	FULL_MS = 3000, /* of stress, of one cell with its controls */
	CONTROL_TEXT = 80,
	PRICE_LAPS = 300,
	PRICE_LAPS_QUICK = 40,
	THREADS = 8,   /* of stress */
	HOLD_US = 200, /* makes the unfixed variant fail in half of all */
};

struct cell {
	struct rig_plan plan;
	enum rig_claim claim;
	struct rig_judgement judgement;
	struct report_real real;
	char control[CONTROL_TEXT];
	char stress[CONTROL_TEXT];
	char path[PATH_MAX];  /* of the counter-example found now */
	char known[PATH_MAX]; /* of the one that was kept, or "" */
	const char *skipped;  /* why it is not in the model, or NULL */
	struct report_price price;
};

struct matrix {
	const struct rig_args *args;
	struct rig_case *model;   /* simulated alone */
	struct rig_case *control; /* both kernels; NULL: cannot run here */
	char no_control[RIG_MESSAGE_MAX];
	/* Each world has its own: both keep programs of the same names. */
	struct rig_workdir control_dir, stress_dir;
	struct rig_stress stress; /* of the cell at hand */
	const char *out;          /* directory of the reports */
	struct rig_schedule kept; /* of the cell at hand */
	struct rig_price_list prices;
	struct cell *cell[CELLS_MAX];
	unsigned n;
	bool progress;
};

static const char default_corpus[] = "corpus/regressions";

/* --on sim: nothing is executed; control: but not by force. */
static bool is_model_only(const struct rig_args *args)
{
	return args->given & RIG_OPT(ON) && !args->control;
}

/* ---- cells ---- */

static const char *const claim_name[] = {
	[RIG_CLAIM_RARER] = "rarer",
	[RIG_CLAIM_NEVER] = "never",
	[RIG_CLAIM_NOTHING] = "n/a",
};

static int add_cell(struct matrix *m, const struct rig_scenario *scenario,
		    const struct rig_fix *fix)
{
	struct cell *cell = calloc(1, sizeof(*cell));
	struct rig_plan same;

	if (!cell || m->n == CELLS_MAX) {
		free(cell);
		return rig_error("matrix: too many cells");
	}
	cell->plan = (struct rig_plan){ .scenario = scenario,
					.fix = *fix,
					.how = m->args->how,
					.actors = scenario->actors,
					.kernel = rig_case_kernel(scenario),
					.starve_ns = m->args->starve_ns };
	cell->claim = rig_claim(scenario, fix);
	cell->real.claim = claim_name[cell->claim];
	same = cell->plan;
	cell->skipped = rig_fix_find(scenario->family, fix->name, &same.fix) ?
				rig_case_unavailable(&same) :
				"the simulated kernel lacks what it calls";
	m->cell[m->n++] = cell;
	return 0;
}

static int add_scenario(struct matrix *m, const struct rig_scenario *scenario)
{
	struct rig_fix fix;
	int rc = 0;

	for (unsigned f = 0; !rc && rig_real_fix(scenario->family, f, &fix);
	     f++)
		rc = add_cell(m, scenario, &fix);
	return rc;
}

/* A scenario by its name; one that the real kernel has no part in is none. */
static int add_named(struct matrix *m, const char *name)
{
	const struct rig_scenario *scenario = rig_scenario_find(name);
	const char *names[64] = { NULL };
	unsigned n = 0;

	if (scenario && scenario->family->uses_spw)
		return add_scenario(m, scenario);
	for (unsigned i = 0; rig_scenarios[i] && n < 63; i++)
		if (rig_scenarios[i]->family->uses_spw)
			names[n++] = rig_scenarios[i]->name;
	return rig_unknown("scenario", name, names);
}

static int add_cells(struct matrix *m)
{
	const struct rig_args *args = m->args;
	int rc = 0;

	for (unsigned i = 0; !rc && i < args->nwords; i++)
		rc = add_named(m, args->word[i]);
	for (int i = 0; !rc && !args->nwords && rig_scenarios[i]; i++)
		if (rig_scenarios[i]->family->uses_spw)
			rc = add_scenario(m, rig_scenarios[i]);
	return rc;
}

/* ---- the model ---- */

/* "corpus/regressions/build-and-run.none.vfork.sched", or "" if there is none */
static void find_known(const struct matrix *m, struct cell *cell)
{
	const char *dir = m->args->corpus ? m->args->corpus : default_corpus;
	const char *name = strchr(cell->plan.scenario->name, '/') + 1;

	snprintf(cell->known, PATH_MAX, "%s/%s.%s.%s.sched", dir, name,
		 cell->plan.fix.name, cell->judgement.schedule.header.spawn);
	if (access(cell->known, R_OK))
		cell->known[0] = '\0';
}

/* What is kept of the cell fails as ever, or it would be no evidence. */
static int replay_known(struct matrix *m, struct cell *cell)
{
	struct report_result *r = &cell->judgement.result;
	const struct rig_header *header = &m->kept.header;
	struct rig_engine *e = m->model->engine;
	char why[RIG_MESSAGE_MAX];

	find_known(m, cell);
	if (!cell->known[0])
		return 0;
	if (rig_schedule_load(m->model, cell->known, &m->kept))
		return RIG_EXIT_ERROR;
	if (strcmp(header->scenario, r->scenario) != 0 ||
	    strcmp(header->fix, r->fix) != 0)
		return rig_error("%s: it is of %s with fix %s", cell->known,
				 header->scenario, header->fix);
	if (rig_schedule_run(e, m->model->subject, &m->kept, false, NULL, why,
			     sizeof(why)))
		return rig_schedule_error(cell->known, why);
	if (e->end != RIG_VIOLATED || strcmp(e->outcome, header->outcome) != 0)
		return rig_error("%s: it does not fail with %s any more",
				 cell->known, header->outcome);
	r->schedule = cell->known;
	r->known = true;
	return 0;
}

static void not_modelled(struct cell *cell)
{
	cell->judgement.result = (struct report_result){
		.scenario = cell->plan.scenario->name,
		.fix = cell->plan.fix.name,
		.world = "sim",
		.actors = cell->plan.actors,
		.verdict = REPORT_SKIP,
		.reason = cell->skipped,
	};
}

static int judge(struct matrix *m, struct cell *cell)
{
	const struct rig_judge_options options = {
		.strategy = rig_strategies[0],
		.search = { .seed = m->args->seed },
		.limits = { .time_ns = 60000000000, .stop = &rig_interrupted },
		.shrink = true,
	};
	struct rig_judgement *j = &cell->judgement;
	const char *name = cell->plan.scenario->name;
	int rc;

	if (cell->skipped) {
		not_modelled(cell);
		return 0;
	}
	if (rig_judge(m->model, &cell->plan, &options, j))
		return rig_error("%s %s: %s", name, cell->plan.fix.name,
				 m->model->engine->message);
	if (!j->result.outcome)
		return 0;
	rig_schedule_path(m->out, &cell->plan, cell->path);
	j->result.schedule = cell->path;
	rc = rig_schedule_save(m->model, cell->path, &j->schedule);
	return rc ? rc : replay_known(m, cell);
}

/* ---- control ---- */

/* The counter-example, over and over, on both kernels. */
static void confirm(struct matrix *m, struct cell *cell)
{
	const struct rig_judgement *j = &cell->judgement;
	struct rig_case *c = m->control;
	char why[RIG_MESSAGE_MAX];
	unsigned same = 0;

	rig_case_set(c, &j->plan);
	for (int i = 0; i < CONTROL_RUNS && !rig_interrupted; i++) {
		if (rig_schedule_run(c->engine, c->subject, &j->schedule, false,
				     NULL, why, sizeof(why)))
			break;
		same += c->engine->end == RIG_VIOLATED &&
			!strcmp(c->engine->outcome, j->result.outcome);
	}
	snprintf(cell->control, CONTROL_TEXT, "%u/%d reproduced", same,
		 CONTROL_RUNS);
	cell->real.control_differs = same < CONTROL_RUNS;
}

/* No counter-example: random schedules, which must not fail either. */
static int sample(struct matrix *m, struct cell *cell)
{
	const struct rig_strategy_options options = { .seed = m->args->seed };
	const struct rig_limits limits = { .executions = CONTROL_RUNS,
					   .stop = &rig_interrupted };
	static struct rig_schedule found;
	struct rig_search search;

	rig_case_set(m->control, &cell->plan);
	if (rig_explore(m->control->engine, m->control->subject,
			&rig_strategy_random, &options, &limits, &search,
			&found))
		return rig_error("%s", m->control->engine->message);
	snprintf(cell->control, CONTROL_TEXT, "%s %" PRIu64 " schedules",
		 search.violated ? search.outcome : "agrees on",
		 search.executions);
	cell->real.control_differs = search.violated;
	return 0;
}

static int go_by_call(struct matrix *m, struct cell *cell)
{
	const struct rig_judgement *j = &cell->judgement;
	char why[RIG_MESSAGE_MAX];

	if (is_model_only(m->args))
		return 0;
	cell->real.control = cell->control;
	if (cell->skipped)
		snprintf(cell->control, CONTROL_TEXT, "n/a (not in the model)");
	else if (!m->control)
		snprintf(cell->control, CONTROL_TEXT, "SKIP: %.60s",
			 m->no_control);
	else if (!rig_fix_runs_here(&cell->plan.fix))
		snprintf(cell->control, CONTROL_TEXT, "SKIP: kernel lacks it");
	else if (rig_control_may(&cell->plan.kernel, why, sizeof(why)))
		snprintf(cell->control, CONTROL_TEXT, "SKIP: %.70s", why);
	else if (!j->result.outcome)
		return sample(m, cell);
	else if (j->plan.kernel.inner_steps)
		snprintf(cell->control, CONTROL_TEXT, "n/a (inside a call)");
	else
		confirm(m, cell);
	return 0;
}

/* ---- stress ---- */

static void take_counts(struct report_real *real, const struct rig_stress *s)
{
	const struct rig_tally *positive = s->test_is_positive ? &s->test :
								 &s->positive;

	real->attempts = s->test.attempts;
	real->hits = s->test.hits;
	real->windows = s->test.windows;
	real->first_hit_ns = s->test.first_hit_ns;
	real->ns = s->test.ns;
	real->control_attempts = positive->attempts;
	real->control_hits = positive->hits;
	rig_wilson(real->hits, real->attempts, &real->low, &real->high);
}

static int go_by_force(struct matrix *m, struct cell *cell)
{
	const struct rig_stress_options options = {
		.scenario = cell->plan.scenario,
		.fix = cell->plan.fix,
		.threads = THREADS,
		.amplify = { .spawn = m->args->how == SPW_CLONE_FORK ?
					      RIG_SPAWN_FORK :
					      RIG_SPAWN_VFORK,
			     .hold_us = HOLD_US },
		.time_ns = (m->args->quick ? QUICK_MS : FULL_MS) * 1000000ull,
		.stop = &rig_interrupted,
	};
	const char *name = cell->plan.scenario->name;
	struct rig_stress *s = &m->stress;
	char why[RIG_MESSAGE_MAX];
	int rc;

	cell->real.stress_reason = cell->stress;
	if (m->args->given & RIG_OPT(ON)) {
		cell->real.stress_reason = "-";
		return 0;
	}
	if (m->control)
		rig_control_rest(m->control->control);
	rc = rig_stress_run(&options, &m->stress_dir, s);
	take_counts(&cell->real, s);
	if (rc == -ETIMEDOUT)
		return rig_error("%s %s: %s", name, cell->plan.fix.name,
				 s->why);
	if (rc) {
		snprintf(cell->stress, CONTROL_TEXT, "SKIP: %.70s", s->why);
		return 0;
	}
	switch (rig_stress_judge(s, why, sizeof(why))) {
	case RIG_STRESS_FAILED:
		return rig_error("%s %s: %s", name, cell->plan.fix.name, why);
	case RIG_STRESS_UNJUDGED:
		snprintf(cell->stress, CONTROL_TEXT, "UNJUDGED: %.68s", why);
		break;
	case RIG_STRESS_CLEAN:
	case RIG_STRESS_HIT:
		cell->real.stress_reason = NULL;
	}
	return 0;
}

/* ---- together ---- */

/*
 * What contradicts the claim: a sound fix that failed anywhere, one that claims
 * less and was proved, and a machine that does not do as the model does.
 * Nothing seen of an unsound fix by force contradicts nothing. A fix whose
 * condition the scenario breaks claims nothing, whatever happens.
 */
static bool agrees(const struct cell *cell)
{
	const struct report_result *r = &cell->judgement.result;
	bool failed = r->outcome || cell->real.hits;

	if (cell->real.control_differs)
		return false;
	if (cell->skipped)
		return !failed || cell->claim != RIG_CLAIM_NEVER;
	switch (cell->claim) {
	case RIG_CLAIM_NEVER:
		return !failed && !report_verdict_exit(r->verdict);
	case RIG_CLAIM_RARER:
		return failed;
	case RIG_CLAIM_NOTHING:
		break;
	}
	return true;
}

static int run_cell(struct matrix *m, unsigned i)
{
	struct cell *cell = m->cell[i];
	int rc;

	if (m->progress)
		fprintf(stderr, "\r%u/%u %s %s\033[K", i + 1, m->n,
			cell->plan.scenario->name, cell->plan.fix.name);
	rc = judge(m, cell);
	if (!rc)
		rc = go_by_call(m, cell);
	if (!rc)
		rc = go_by_force(m, cell);
	cell->real.agrees = agrees(cell);
	cell->judgement.result.real = &cell->real;
	return rc;
}

/* ---- prices ---- */

static void set_price(struct cell *cell, const struct rig_price *price)
{
	const struct rig_figure *f = &price->in[RIG_PARENT_SMALL];

	cell->price = (struct report_price){
		.median_ns = f->median_ns,
		.ratio = f->ratio,
		.skipped = f->laps ? NULL : f->skipped,
	};
	cell->judgement.result.price = &cell->price;
}

static bool has_guards(const struct matrix *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->cell[i]->plan.fix.guard)
			return true;
	return false;
}

static int measure(struct matrix *m)
{
	struct rig_price_options options = {
		.guards = spw_guards,
		.small_only = true,
		.laps = m->args->quick ? PRICE_LAPS_QUICK : PRICE_LAPS,
		.stop = &rig_interrupted,
	};
	char why[RIG_MESSAGE_MAX];

	if (m->args->given & RIG_OPT(ON) || !has_guards(m))
		return 0;
	while (spw_guards[options.nguards])
		options.nguards++;
	if (rig_price_run(&options, &m->stress_dir, &m->prices, why,
			  sizeof(why)))
		return rig_error("prices: %s", why);
	for (unsigned i = 0; i < m->n; i++) {
		const struct rig_price *price = rig_price_find(
			&m->prices, RIG_WORK_BUILD, m->cell[i]->plan.fix.name);

		if (price && m->cell[i]->plan.fix.guard)
			set_price(m->cell[i], price);
	}
	return 0;
}

/* ---- reports ---- */

static int report(const struct matrix *m)
{
	struct report_result results[CELLS_MAX];
	struct rig_environment environment;
	struct rig_matrix_report whole = { .args = m->args,
					   .out = m->out,
					   .environment = &environment.report,
					   .results = results,
					   .n = m->n,
					   .all_agree = true };
	int rc;

	rig_environment_fill(&environment, "racerig matrix");
	if (m->stress_dir.path[0])
		environment.report.file_system = m->stress_dir.fs;
	for (unsigned i = 0; i < m->n; i++) {
		results[i] = m->cell[i]->judgement.result;
		whole.all_agree &= m->cell[i]->real.agrees;
	}
	rc = rig_matrix_write(&whole);
	rig_matrix_print(&whole);
	if (rc)
		return rc;
	return whole.all_agree ? RIG_EXIT_OK : RIG_EXIT_VIOLATED;
}

/* ---- */

static int open_worlds(struct matrix *m)
{
	char why[RIG_MESSAGE_MAX];

	if (mkdir(m->out, 0777) && errno != EEXIST) {
		rig_error("%s: %s", m->out, strerror(errno));
		return RIG_EXIT_ERROR;
	}
	if (rig_case_open(&m->model) || rig_case_open(&m->control)) {
		rig_error("no memory");
		return RIG_EXIT_ERROR;
	}
	if (is_model_only(m->args))
		return 0;
	if (rig_workdir_open(&m->control_dir, m->args->dir, why, sizeof(why)) ||
	    rig_workdir_open(&m->stress_dir, m->args->dir, why, sizeof(why)))
		return rig_no_directory(m->args, why);
	if (!rig_case_control(m->control, m->control_dir.path, m->no_control,
			      sizeof(m->no_control)))
		return 0;
	rig_case_close(m->control);
	m->control = NULL;
	return 0;
}

static int matrix(struct matrix *m)
{
	struct stat st;
	int rc;

	if (m->args->corpus &&
	    (stat(m->args->corpus, &st) || !S_ISDIR(st.st_mode)))
		return rig_error("--corpus %s: expected a directory",
				 m->args->corpus);
	rig_interrupt_catch(); /* first: the directories must not stay */
	rc = add_cells(m);
	if (!rc)
		rc = open_worlds(m);
	for (unsigned i = 0; !rc && i < m->n; i++) {
		if (rig_interrupted) {
			m->n = i;
			break;
		}
		rc = run_cell(m, i);
	}
	if (!rc)
		rc = measure(m);
	if (m->progress)
		fputs("\r\033[K", stderr);
	return rc ? rc : report(m);
}

static int run(const struct rig_args *args)
{
	struct matrix *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return rig_error("no memory");
	m->args = args;
	m->out = args->output ? args->output : "reports/out";
	m->progress = !args->quiet && isatty(STDERR_FILENO);
	rc = matrix(m);
	rig_case_close(m->control);
	rig_case_close(m->model);
	if (m->control_dir.path[0])
		rig_workdir_close(&m->control_dir);
	if (m->stress_dir.path[0])
		rig_workdir_close(&m->stress_dir);
	for (unsigned i = 0; i < m->n; i++)
		free(m->cell[i]);
	free(m);
	return rc;
}

const struct rig_command rig_command_matrix = {
	.name = "matrix",
	.summary = "every scenario with every fix, model and machine together",
	.words = "[SCENARIO...]",
	.text = "Judges scenarios, all of them unless some are named, with every fix in the\n"
		"model, confirms it on this machine's kernel call by call (a counter-example 100\n"
		"times, else 100 random schedules), hammers it with free-running threads, and\n"
		"measures what the fixes cost. First a grid of verdicts, then a row of evidence\n"
		"a cell. What --corpus knows of a cell is replayed, and named as its schedule.\n"
		"Writes matrix.txt, .json, .ktap and .xml (JUnit), with the proof statements, and\n"
		"every counter-example to the directory -o. --on sim: the model alone; --on\n"
		"control: not by force. Exit status 0: every cell agrees with what the fix\n"
		"claims.",
	.examples = "  racerig matrix --quick -o out\n"
		    "  racerig matrix --on sim --format json -o out\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(QUICK) | RIG_OPT(OUTPUT) |
		   RIG_OPT(SPAWN) | RIG_OPT(STARVE) | RIG_OPT(SEED) |
		   RIG_OPT(DIR) | RIG_OPT(ON) | RIG_OPT(CORPUS),
	.words_max = RIG_ARGS_MAX,
	.judges = true,
	.run = run,
};
