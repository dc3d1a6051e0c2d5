/* SPDX-License-Identifier: MIT */
/*
 * racerig samplers: how soon each sampler finds the bugs of the classic
 * programs, beside what was published.
 */
#include "cli/case.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "engine/explore.h"
#include "reports/json_emit.h"
#include "strategies/list.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SEEDS = 20,
	SEEDS_MAX = 100,
	QUICK_SEEDS = 5,
	MOST = 10000, /* executions of one search */
	QUICK_MOST = 1000,
	SAMPLERS = 4,
	ROWS = 24,
};

static const struct rig_strategy *const samplers[SAMPLERS] = {
	&rig_strategy_surw,
	&rig_strategy_pos,
	&rig_strategy_pct,
	&rig_strategy_random,
};

/*
 * Published: executions to the first violation by SURW, mean and deviation of
 * twenty trials (Zhao et al., ASPLOS 2025, artifact stats/period/out.tex), for
 * the rows whose program is the same but for the language it is written in.
 */
static const struct program {
	const char *scenario;
	unsigned actors;
	unsigned mean, deviation; /* published; 0: nothing comparable */
	unsigned seeds;           /* 0: SEEDS; else median and most are shown */
} programs[ROWS] = {
	{ "classic/reorder", 3, 7, 7, 0 },
	{ "classic/reorder", 4, 7, 6, 0 },
	{ "classic/reorder", 5, 10, 9, 0 },
	{ "classic/reorder", 10, 17, 11, 0 },
	{ "classic/reorder", 20, 6, 4, 0 },
	{ "classic/reorder", 50, 13, 12, 0 },
	{ "classic/reorder", 100, 194, 214, 0 },
	{ "classic/twostage", 2, 8, 4, 0 },
	{ "classic/twostage", 20, 6, 3, 0 },
	{ "classic/twostage", 50, 20, 17, 0 },
	{ "classic/twostage", 100, 454, 444, 0 },
	{ "classic/aba-stack", 2, 0, 0, 0 },
	{ "classic/bluetooth", 2, 0, 0, 0 },
	{ "classic/bounded-buffer", 3, 0, 0, 0 },
	{ "classic/lock-order", 2, 0, 0, 0 },
	{ "classic/lock-order", 5, 0, 0, 0 },
	{ "classic/lock-sections-3", 3, 0, 0, 0 },
	{ "classic/racy-counter", 3, 0, 0, 0 },
	{ "classic/racy-counter-2", 3, 0, 0, 0 },
	{ "classic/work-steal", 2, 0, 0, 0 },
	{ "etxtbsy/build-and-run", 2, 0, 0, SEEDS_MAX },
	{ "etxtbsy/build-and-run", 3, 0, 0, SEEDS_MAX },
	{ "etxtbsy/build-beside-noise", 2, 0, 0, SEEDS_MAX },
	{ "etxtbsy/build-beside-noise", 3, 0, 0, SEEDS_MAX },
};

/* Of those searches of one sampler that found the violation. */
struct cell {
	unsigned found;
	double mean, deviation;
	uint64_t median, most;
};

struct bench {
	const struct rig_args *args;
	struct rig_case *c;
	unsigned seeds;
	uint64_t most;
	unsigned rows; /* measured so far */
	struct cell cell[ROWS][SAMPLERS];
	bool progress;
};

/* ---- measuring ---- */

/* Executions to the first violation; 0: none. -errno. */
static int search(struct bench *b, const struct rig_strategy *strategy,
		  uint64_t seed, uint64_t *at)
{
	const struct rig_strategy_options options = { .seed = seed,
						      .depth = b->args->depth };
	const struct rig_limits limits = { .executions = b->most,
					   .stop = &rig_interrupted };
	static struct rig_schedule found;
	struct rig_search s;
	int rc = rig_explore(b->c->engine, b->c->subject, strategy, &options,
			     &limits, &s, &found);

	*at = s.violated ? s.at : 0;
	return rc;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void summarize(struct cell *cell, uint64_t at[SEEDS_MAX])
{
	double squares = 0;

	if (!cell->found)
		return;
	qsort(at, cell->found, sizeof(at[0]), compare);
	cell->median = at[(cell->found - 1) / 2];
	cell->most = at[cell->found - 1];
	for (unsigned i = 0; i < cell->found; i++)
		cell->mean += (double)at[i] / cell->found;
	for (unsigned i = 0; i < cell->found; i++)
		squares += pow((double)at[i] - cell->mean, 2);
	if (cell->found > 1)
		cell->deviation = sqrt(squares / (cell->found - 1));
}

/* With how many seeds. */
static unsigned seeds_of(const struct bench *b, unsigned row)
{
	return programs[row].seeds && !b->args->quick ? programs[row].seeds :
							b->seeds;
}

static int measure(struct bench *b, const struct rig_strategy *strategy,
		   unsigned seeds, struct cell *cell)
{
	uint64_t at[SEEDS_MAX] = { 0 };
	int rc = 0;

	*cell = (struct cell){ .found = 0 };
	for (unsigned i = 0; !rc && i < seeds && !rig_interrupted; i++) {
		rc = search(b, strategy, b->args->seed + i, &at[cell->found]);
		cell->found += !rc && at[cell->found];
	}
	summarize(cell, at);
	return rc;
}

static int measure_row(struct bench *b, unsigned row)
{
	const struct program *p = &programs[row];
	struct rig_plan plan = { .scenario = rig_scenario_find(p->scenario),
				 .how = SPW_CLONE_VFORK,
				 .kernel = sim_defaults,
				 .actors = p->actors };
	int rc = 0;

	plan.scenario->family->fix(0, &plan.fix);
	rig_case_set(b->c, &plan);
	for (unsigned i = 0; !rc && i < SAMPLERS && !rig_interrupted; i++) {
		if (b->progress)
			fprintf(stderr, "\r%u/%d %s %u: %s \033[K", row + 1,
				ROWS, p->scenario, p->actors,
				samplers[i]->name);
		rc = measure(b, samplers[i], seeds_of(b, row),
			     &b->cell[row][i]);
	}
	return rc;
}

/* ---- what is shown ---- */

/* As good as published: not above the mean by more than its deviation. */
static bool within(const struct bench *b, unsigned row)
{
	const struct program *p = &programs[row];
	const struct cell *surw = &b->cell[row][0];

	return surw->found == b->seeds && surw->mean <= p->mean + p->deviation;
}

static const char *cell_text(const struct bench *b, unsigned row,
			     const struct cell *cell, char buf[40])
{
	unsigned seeds = seeds_of(b, row);
	int n;

	if (programs[row].seeds)
		n = snprintf(buf, 40, "%" PRIu64 ", %" PRIu64, cell->median,
			     cell->most);
	else
		n = snprintf(buf, 40, "%.0f+-%.0f", cell->mean,
			     cell->deviation);
	if (!cell->found)
		snprintf(buf, 40, "- (0/%u)", seeds);
	else if (cell->found < seeds)
		snprintf(buf + n, 40 - (size_t)n, " (%u/%u)", cell->found,
			 seeds);
	return buf;
}

static void print_row(const struct bench *b, unsigned row)
{
	const struct program *p = &programs[row];
	char text[40];

	printf("%-26s %6u", p->scenario, p->actors);
	for (unsigned i = 0; i < SAMPLERS; i++)
		printf("  %16s", cell_text(b, row, &b->cell[row][i], text));
	snprintf(text, sizeof(text), "%u+-%u", p->mean, p->deviation);
	printf("  %14s\n", p->mean ? text : "-");
}

static void print_table(const struct bench *b)
{
	unsigned comparable = 0, good = 0;

	printf("%-26s %6s", "scenario", "actors");
	for (unsigned i = 0; i < SAMPLERS; i++)
		printf("  %16s", samplers[i]->name);
	printf("  %14s\n", "surw published");
	for (unsigned row = 0; row < b->rows; row++) {
		print_row(b, row);
		comparable += programs[row].mean != 0;
		good += programs[row].mean && within(b, row);
	}
	printf("\nexecutions to the first violation, mean and standard "
	       "deviation of %u seeds from\n0x%" PRIx64 ", at most %" PRIu64
	       " each; (found/seeds) where not all found it. pct: depth %u\n",
	       b->seeds, b->args->seed, b->most,
	       b->args->depth ? b->args->depth : 3);
	printf("etxtbsy/...: median and most of %u seeds, in-kernel steps "
	       "exposed\n",
	       b->args->quick ? b->seeds : SEEDS_MAX);
	printf("surw is within the published spread or better in %u of %u "
	       "rows\n",
	       good, comparable);
}

static void emit_cell(struct emit *emit, const char *sampler,
		      const struct cell *cell)
{
	emit_object(emit, NULL);
	emit_string(emit, "strategy", sampler);
	emit_integer(emit, "found", cell->found);
	if (cell->found) {
		emit_fraction(emit, "mean", cell->mean);
		emit_fraction(emit, "deviation", cell->deviation);
		emit_integer(emit, "median", cell->median);
		emit_integer(emit, "most", cell->most);
	}
	emit_object_end(emit);
}

static void emit_row(struct emit *emit, const struct bench *b, unsigned row)
{
	const struct program *p = &programs[row];

	emit_object(emit, NULL);
	emit_string(emit, "scenario", p->scenario);
	emit_integer(emit, "actors", p->actors);
	emit_integer(emit, "seeds", seeds_of(b, row));
	if (p->mean) {
		emit_object(emit, "published");
		emit_integer(emit, "mean", p->mean);
		emit_integer(emit, "deviation", p->deviation);
		emit_bool(emit, "within", within(b, row));
		emit_object_end(emit);
	}
	emit_array(emit, "samplers");
	for (unsigned i = 0; i < SAMPLERS; i++)
		emit_cell(emit, samplers[i]->name, &b->cell[row][i]);
	emit_array_end(emit);
	emit_object_end(emit);
}

static void print_json(const struct bench *b)
{
	struct emit emit = { .out = stdout };

	emit_object(&emit, NULL);
	emit_integer(&emit, "seeds", b->seeds);
	emit_hex(&emit, "seed", b->args->seed);
	emit_integer(&emit, "max", b->most);
	emit_array(&emit, "rows");
	for (unsigned row = 0; row < b->rows; row++)
		emit_row(&emit, b, row);
	emit_array_end(&emit);
	emit_object_end(&emit);
}

/* ---- */

static int measure_all(struct bench *b)
{
	int rc = 0;

	while (!rc && b->rows < ROWS && !rig_interrupted) {
		rc = measure_row(b, b->rows);
		b->rows += !rc && !rig_interrupted;
	}
	if (b->progress)
		fputs("\r\033[K", stderr);
	return rc;
}

static int run(const struct rig_args *args)
{
	struct bench b = {
		.args = args,
		.seeds = args->quick ? QUICK_SEEDS : SEEDS,
		.most = args->given & RIG_OPT(MAX) ? args->max :
			args->quick                ? QUICK_MOST :
						     MOST,
		.progress = !args->quiet && isatty(STDERR_FILENO),
	};
	int rc;

	if (rig_case_open(&b.c))
		return rig_error("no memory");
	rig_interrupt_catch();
	rc = measure_all(&b);
	if (rc)
		rc = rig_error("%s: %s", programs[b.rows].scenario,
			       b.c->engine->message);
	rig_case_close(b.c);
	if (rc)
		return rc;
	if (args->format == RIG_FORMAT_JSON)
		print_json(&b);
	else
		print_table(&b);
	if (b.rows < ROWS)
		return rig_error("interrupted: %u of %d rows were not reached",
				 ROWS - b.rows, ROWS);
	return RIG_EXIT_OK;
}

const struct rig_command rig_command_samplers = {
	.name = "samplers",
	.summary = "how soon each sampler finds the classic bugs",
	.words = "",
	.text = "Searches the unfixed programs of family classic with each strategy that samples,\n"
		"with twenty seeds each, and prints how many executions it took to the first\n"
		"violation, beside the figures published for surw where the program is the same;\n"
		"then the same for the unfixed ETXTBSY scenarios.\n"
		"Takes about a minute.",
	.examples = "  racerig samplers\n"
		    "  racerig samplers --quick --max 100 --format json\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(MAX) | RIG_OPT(SEED) |
		   RIG_OPT(DEPTH) | RIG_OPT(QUICK),
	.run = run,
};
