/* SPDX-License-Identifier: MIT */
/* racerig matrix: every scenario with every fix, in all worlds. */
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/judge.h"
#include "cli/options.h"
#include "cli/schedule_file.h"
#include "strategies/list.h"
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
	QUICK_MS = 700,
	FULL_MS = 3000, /* of stress, of one cell with its controls */
	CONTROL_TEXT = 80,
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
	char path[PATH_MAX];
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
	struct cell *cell[CELLS_MAX];
	unsigned n;
	bool progress;
};

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

	if (!cell || m->n == CELLS_MAX) {
		free(cell);
		return rig_error("matrix: too many cells");
	}
	cell->plan = (struct rig_plan){ .scenario = scenario,
					.fix = *fix,
					.how = m->args->how,
					.actors = scenario->actors,
					.kernel = sim_defaults,
					.starve_ns = m->args->starve_ns };
	cell->claim = rig_claim(scenario, fix);
	cell->real.claim = claim_name[cell->claim];
	m->cell[m->n++] = cell;
	return 0;
}

static int add_scenario(struct matrix *m, const struct rig_scenario *s)
{
	struct rig_fix fix;
	int rc = 0;

	for (unsigned f = 0; !rc && s->family->fix(f, &fix); f++)
		rc = add_cell(m, s, &fix);
	return rc;
}

/* Those that were asked for, or all that have a kernel. */
static int add_cells(struct matrix *m)
{
	int rc = 0;

	for (unsigned w = 0; !rc && w < m->args->nwords; w++) {
		const struct rig_scenario *s =
			rig_scenario_find(m->args->word[w]);

		if (!s || !s->family->uses_spw)
			return rig_error("matrix: %s: expected a scenario that "
					 "exists on this kernel, too",
					 m->args->word[w]);
		rc = add_scenario(m, s);
	}
	for (int i = 0; !rc && !m->args->nwords && rig_scenarios[i]; i++)
		if (rig_scenarios[i]->family->uses_spw)
			rc = add_scenario(m, rig_scenarios[i]);
	return rc;
}

/* ---- the model ---- */

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

	if (rig_judge(m->model, &cell->plan, &options, j))
		return rig_error("%s %s: %s", name, cell->plan.fix.name,
				 m->model->engine->message);
	if (!j->result.outcome)
		return 0;
	rig_schedule_path(m->out, &cell->plan, cell->path);
	j->result.schedule = cell->path;
	return rig_schedule_save(m->model, cell->path, &j->schedule);
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

	cell->real.control = cell->control;
	if (!m->control)
		snprintf(cell->control, CONTROL_TEXT, "SKIP: %.60s",
			 m->no_control);
	else if (!rig_fix_runs_here(&cell->plan.fix))
		snprintf(cell->control, CONTROL_TEXT, "SKIP: kernel lacks it");
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
	int rc = rig_stress_run(&options, &m->stress_dir, s);

	cell->real.stress_reason = cell->stress;
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

/* ---- reports ---- */

typedef void writer_fn(FILE *out, const struct report_environment *environment,
		       const struct report_result *results, size_t n);

static void write_text(FILE *out, const struct report_environment *environment,
		       const struct report_result *results, size_t n)
{
	fprintf(out, "racerig %s (%s) on %s, %u CPUs\n\n", environment->version,
		environment->commit, environment->kernel, environment->cpus);
	report_matrix(out, results, n, false);
	putc('\n', out);
	report_table(out, results, n, false);
}

static void write_ktap(FILE *out, const struct report_environment *environment,
		       const struct report_result *results, size_t n)
{
	report_ktap(out, results, n);
}

static int write_report(const struct matrix *m, const char *name,
			writer_fn *writer, const struct report_result *results)
{
	char path[PATH_MAX];
	struct rig_environment environment;
	FILE *file;
	bool bad;

	rig_environment_fill(&environment, "racerig matrix");
	snprintf(path, sizeof(path), "%s/%s", m->out, name);
	file = fopen(path, "we");
	if (!file)
		return rig_error("%s: %s", path, strerror(errno));
	writer(file, &environment.report, results, m->n);
	bad = ferror(file);
	if (fclose(file) || bad)
		return rig_error("%s: cannot be written", path);
	return 0;
}

static int write_reports(const struct matrix *m,
			 const struct report_result *results)
{
	int rc = write_report(m, "matrix.txt", write_text, results);

	if (!rc)
		rc = write_report(m, "matrix.json", report_json, results);
	if (!rc)
		rc = write_report(m, "matrix.ktap", write_ktap, results);
	if (!rc)
		rc = write_report(m, "matrix.xml", report_junit, results);
	return rc;
}

static int report(const struct matrix *m)
{
	struct report_result results[CELLS_MAX];
	bool all = true;
	int rc;

	for (unsigned i = 0; i < m->n; i++) {
		results[i] = m->cell[i]->judgement.result;
		all = all && m->cell[i]->real.agrees;
	}
	rc = write_reports(m, results);
	report_matrix(stdout, results, m->n, m->args->color);
	if (rc)
		return rc;
	printf("\nMATRIX %u cells, %s\nThe reports are %s/matrix.txt .json "
	       ".ktap .xml\n",
	       m->n,
	       all ? "all agree with what the fix claims" :
		     "NOT all agree with what the fix claims",
	       m->out);
	return all ? RIG_EXIT_OK : RIG_EXIT_VIOLATED;
}

/* ---- */

static int open_worlds(struct matrix *m)
{
	char why[RIG_MESSAGE_MAX];

	if (mkdir(m->out, 0777) && errno != EEXIST)
		return rig_error("%s: %s", m->out, strerror(errno));
	if (rig_case_open(&m->model) || rig_case_open(&m->control))
		return rig_error("no memory");
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
	int rc;

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
	.text = "Judges every scenario with every fix in the model, confirms it on this\n"
		"machine's kernel call by call (a counter-example 100 times, else 100 random\n"
		"schedules), and hammers it with free-running threads. Writes matrix.txt, .json,\n"
		".ktap and .xml (JUnit) and every counter-example to the directory -o. Exit\n"
		"status 0: every cell agrees with what the fix claims.",
	.examples = "  racerig matrix --quick -o out\n"
		    "  racerig matrix etxtbsy/foreign-fork\n",
	.options = RIG_OPT(QUICK) | RIG_OPT(OUTPUT) | RIG_OPT(SPAWN) |
		   RIG_OPT(STARVE) | RIG_OPT(SEED) | RIG_OPT(DIR) |
		   RIG_OPT(QUIET) | RIG_OPT(COLOR) | RIG_OPT(HELP),
	.words_max = RIG_ARGS_MAX,
	.run = run,
};
