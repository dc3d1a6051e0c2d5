/* SPDX-License-Identifier: MIT */
#include "cli/mutants_report.h"

#include "cli/environment.h"
#include "reports/json_emit.h"

#include <inttypes.h>
#include <stdio.h>

enum { CELL_MAX = 64, COLUMN = 14 };

static const char *const end_name[] = {
	[RIG_TRIAL_NONE] = "not-reached",      [RIG_TRIAL_FOUND] = "found",
	[RIG_TRIAL_SURVIVED] = "survived",     [RIG_TRIAL_MISSED] = "missed",
	[RIG_TRIAL_UNFINISHED] = "unfinished",
};

bool rig_quarry_clean(const struct rig_quarry *q)
{
	return q->without.end == RIG_TRIAL_SURVIVED;
}

/* ---- the table ---- */

/* "85"; of a sampler "12 (20/20)", ">10000 (3/20)", "- (0/20)". */
static const char *cell(const struct rig_trial *h, char buf[CELL_MAX])
{
	char seeds[24] = "";

	if (!h->strategy->exhaustive && h->seeds)
		snprintf(seeds, sizeof(seeds), " (%u/%u)", h->hits, h->seeds);
	if (h->end == RIG_TRIAL_FOUND)
		snprintf(buf, CELL_MAX, "%s%" PRIu64 "%s",
			 h->at_least ? ">" : "", h->executions, seeds);
	else if (h->end == RIG_TRIAL_UNFINISHED)
		snprintf(buf, CELL_MAX, "- %s", h->why);
	else if (h->end == RIG_TRIAL_SURVIVED)
		snprintf(buf, CELL_MAX, "survived");
	else
		snprintf(buf, CELL_MAX, "-%s", seeds);
	return buf;
}

/* As what it was found, by whoever found it first. */
static const char *outcome_of(const struct rig_quarry *q)
{
	for (unsigned i = 0; i < q->n; i++)
		if (q->hunt[i].outcome)
			return q->hunt[i].outcome;
	return "-";
}

static const char *without_text(const struct rig_quarry *q)
{
	return rig_quarry_clean(q)               ? "clean" :
	       q->without.end == RIG_TRIAL_FOUND ? "fails too" :
						   "not known";
}

static void print_row(const struct rig_quarry *q)
{
	char text[CELL_MAX];

	printf("%-22s", q->mutant->name);
	for (unsigned i = 0; i < q->n; i++)
		printf(" %*s", COLUMN, cell(&q->hunt[i], text));
	printf("  %-13s %s\n", outcome_of(q), without_text(q));
}

/* The greppable line. */
static void print_line(const char *word, const struct rig_mutant *mutant,
		       const struct rig_trial *h, const char *end)
{
	printf("%s %s %s %" PRIu64 " executions %.2f s %s", word, mutant->name,
	       h->strategy->name, h->executions, (double)h->ns / 1e9, end);
	if (h->outcome)
		printf(" (%s)", h->outcome);
	else if (h->end == RIG_TRIAL_UNFINISHED)
		printf(" (%s)", h->why);
	if (!h->strategy->exhaustive)
		printf(" %u of %u seeds", h->hits, h->seeds);
	putchar('\n');
}

static void print_lines(const struct rig_quarry *q)
{
	if (q->without.end != RIG_TRIAL_NONE)
		print_line("WITHOUT", q->mutant, &q->without, without_text(q));
	for (unsigned i = 0; i < q->n; i++)
		if (q->hunt[i].end != RIG_TRIAL_NONE)
			print_line("MUTANT", q->mutant, &q->hunt[i],
				   end_name[q->hunt[i].end]);
}

static void print_legend(void)
{
	printf("\nexecutions until found; of a sampler the median of %d seeds, "
	       "and how many found it\n"
	       "without: the same search without the mutant\n\n",
	       RIG_TRIAL_SEEDS);
}

static void print_table(const struct rig_quarry *quarries, unsigned n)
{
	printf("%-22s", "mutant");
	for (unsigned i = 0; i < quarries[0].n; i++)
		printf(" %*s", COLUMN, quarries[0].hunt[i].strategy->name);
	printf("  %-13s %s\n", "as", "without");
	for (unsigned i = 0; i < n; i++)
		print_row(&quarries[i]);
	print_legend();
	for (unsigned i = 0; i < n; i++)
		print_lines(&quarries[i]);
}

/* ---- JSON ---- */

static void emit_hunt(struct emit *e, const struct rig_trial *h,
		      const char *result)
{
	emit_string(e, "strategy", h->strategy->name);
	emit_bool(e, "exhaustive", h->strategy->exhaustive);
	emit_string(e, "result", result);
	emit_integer(e, "executions", h->executions);
	emit_bool(e, "executions_at_least", h->at_least);
	emit_integer(e, "seeds", h->seeds);
	emit_integer(e, "hits", h->hits);
	emit_seconds(e, "seconds", h->ns);
	emit_string(e, "outcome", h->outcome);
	emit_string(e, "message", h->outcome ? h->message : NULL);
	emit_string(e, "stopped_by", h->why);
}

static void emit_quarry(struct emit *e, const struct rig_quarry *q)
{
	const struct rig_mutant *m = q->mutant;

	emit_object(e, NULL);
	emit_string(e, "mutant", m->name);
	emit_string(e, "summary", m->summary);
	emit_string(e, "rule", m->rule);
	emit_string(e, "scenario", m->scenario);
	emit_string(e, "fix", m->fix);
	emit_string(e, "spawn", rig_how_name(m->spawn));
	emit_integer(e, "actors", m->actors);
	emit_string(e, "expected", m->outcome);
	emit_object(e, "without");
	emit_hunt(e, &q->without, without_text(q));
	emit_object_end(e);
	emit_array(e, "hunts");
	for (unsigned i = 0; i < q->n; i++) {
		emit_object(e, NULL);
		emit_hunt(e, &q->hunt[i], end_name[q->hunt[i].end]);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_object_end(e);
}

static void print_json(const struct rig_quarry *quarries, unsigned n,
		       const struct rig_args *args)
{
	struct emit e = { .out = stdout };
	struct rig_environment environment;
	const struct sim_options kernel = rig_args_kernel(args, NULL);
	char text[RIG_FIELD_MAX];

	rig_environment_fill(&environment, "racerig mutants");
	emit_object(&e, NULL);
	emit_environment(&e, &environment.report);
	emit_string(&e, "world", "sim");
	emit_string(&e, "kernel_options",
		    sim_option_print(&kernel, text, sizeof(text)));
	emit_integer(&e, "model_version", SIM_MODEL_VERSION);
	emit_hex(&e, "seed", args->seed);
	emit_array(&e, "results");
	for (unsigned i = 0; i < n; i++)
		emit_quarry(&e, &quarries[i]);
	emit_array_end(&e);
	emit_object_end(&e);
}

void rig_quarries_write(const struct rig_quarry *quarries, unsigned n,
			const struct rig_args *args)
{
	if (args->format == RIG_FORMAT_JSON)
		print_json(quarries, n, args);
	else
		print_table(quarries, n);
}
