/* SPDX-License-Identifier: MIT */
/* racerig mutants: which planted bugs are found, by whom, after how long */
#include "cli/interrupt.h"
#include "cli/mutants_report.h"
#include "cli/options.h"
#include "cli/trial.h"
#include "strategies/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	QUARRIES_MAX = 128,
	SAMPLE_MAX = 10000, /* executions of a sampler's seed */
};

static const uint64_t default_time_ns = 60000000000; /* for one hunt */

struct season {
	const struct rig_args *args;
	struct rig_case *c;
	struct rig_quarry *quarry;
	unsigned n;
	unsigned reached;
	const struct rig_strategy *hunter[RIG_HUNTERS_MAX];
	unsigned nhunters;
	const struct rig_strategy *judge; /* of what has no mutant */
	const char *running;              /* for the progress */
	bool progress;
};

/* ---- who hunts what ---- */

static void choose_hunters(struct season *s)
{
	const struct rig_args *a = s->args;

	for (unsigned i = 0; i < a->nstrategies; i++)
		s->hunter[s->nhunters++] = a->strategies[i];
	for (unsigned i = 0;
	     !a->nstrategies && rig_strategies[i] && i < RIG_HUNTERS_MAX; i++)
		s->hunter[s->nhunters++] = rig_strategies[i];
	for (unsigned i = 0; !s->judge && i < s->nhunters; i++)
		if (s->hunter[i]->exhaustive)
			s->judge = s->hunter[i];
	for (unsigned i = 0; !s->judge && rig_strategies[i]; i++)
		if (rig_strategies[i]->exhaustive)
			s->judge = rig_strategies[i];
}

static int unknown_mutant(const char *given)
{
	const char *names[QUARRIES_MAX] = { NULL };

	for (unsigned i = 0; rig_mutants[i] && i < QUARRIES_MAX - 1; i++)
		names[i] = rig_mutants[i]->name;
	return rig_unknown("mutant", given, names);
}

static void add(struct season *s, const struct rig_mutant *mutant)
{
	struct rig_quarry *q = &s->quarry[s->n];

	for (unsigned i = 0; i < s->n; i++)
		if (s->quarry[i].mutant == mutant)
			return; /* named twice */
	s->n++;
	q->mutant = mutant;
	q->without.strategy = s->judge;
	q->n = s->nhunters;
	for (unsigned i = 0; i < q->n; i++)
		q->hunt[i].strategy = s->hunter[i];
}

static int choose_quarries(struct season *s)
{
	const struct rig_args *a = s->args;

	for (unsigned i = 0; i < a->nwords; i++) {
		const struct rig_mutant *m = rig_mutant_find(a->word[i]);

		if (!m)
			return unknown_mutant(a->word[i]);
		add(s, m);
	}
	for (unsigned i = 0;
	     !a->nwords && rig_mutants[i] && s->n < QUARRIES_MAX; i++)
		add(s, rig_mutants[i]);
	return 0;
}

/* ---- hunting ---- */

static void show_progress(void *ctx, const struct rig_search *search)
{
	const struct season *s = ctx;

	fprintf(stderr, "\r%u/%u %s %s: %" PRIu64 " executions\033[K",
		s->reached + 1, s->n, s->quarry[s->reached].mutant->name,
		s->running, search->executions);
}

/* Executions of one search. Without a mutant it is to be a proof: no limit. */
static uint64_t max_of(const struct season *s, const struct rig_mutant *mutant,
		       const struct rig_strategy *strategy)
{
	if (!mutant)
		return 0;
	if (s->args->given & RIG_OPT(MAX))
		return s->args->max;
	return strategy->exhaustive ? 0 : SAMPLE_MAX;
}

static int hunt(struct season *s, const struct rig_quarry *q,
		const struct rig_mutant *mutant, struct rig_trial *h)
{
	const struct rig_args *a = s->args;
	const struct rig_trial_options options = {
		.seed = a->seed,
		.max = max_of(s, mutant, h->strategy),
		.limits = {
			.time_ns = a->given & RIG_OPT(TIME) ? a->time_ns :
							      default_time_ns,
			.stop = &rig_interrupted,
			.progress = s->progress ? show_progress : NULL,
			.progress_ctx = s,
		},
	};
	char why[RIG_MESSAGE_MAX];
	struct rig_plan plan;
	int rc;

	s->running = h->strategy->name;
	if (rig_trial_plan(q->mutant, &plan, why, sizeof(why)))
		return rig_error("%s: %s", q->mutant->name, why);
	plan.kernel = rig_args_kernel(a, plan.scenario);
	rc = rig_trial(s->c, &plan, mutant, h->strategy, &options, h);
	if (rc)
		return rig_error("%s %s: %s (%s)", q->mutant->name, s->running,
				 s->c->engine->message, strerror(-rc));
	return 0;
}

/* Mutants in the same scenario and fix have the same search without them. */
static const struct rig_quarry *same_without(const struct season *s,
					     const struct rig_quarry *q)
{
	const struct rig_mutant *m = q->mutant;

	for (const struct rig_quarry *o = s->quarry; o < q; o++)
		if (!strcmp(o->mutant->scenario, m->scenario) &&
		    !strcmp(o->mutant->fix, m->fix) &&
		    o->mutant->spawn == m->spawn &&
		    o->mutant->actors == m->actors)
			return o;
	return NULL;
}

static int reach(struct season *s, struct rig_quarry *q)
{
	const struct rig_quarry *same = same_without(s, q);
	int rc = 0;

	if (same)
		q->without = same->without;
	else
		rc = hunt(s, q, NULL, &q->without);
	for (unsigned i = 0; !rc && i < q->n; i++)
		rc = hunt(s, q, q->mutant, &q->hunt[i]);
	return rc;
}

/* ---- the end ---- */

/*
 * What the suite claims: every mutant is found by every exhaustive search, and
 * there is nothing to find without it. A search that did not end claims
 * nothing.
 */
static int exit_code(const struct season *s)
{
	bool open = false;

	for (unsigned i = 0; i < s->n; i++) {
		const struct rig_quarry *q = &s->quarry[i];

		if (q->without.end == RIG_TRIAL_FOUND)
			return RIG_EXIT_VIOLATED;
		open |= !rig_quarry_clean(q);
		for (unsigned k = 0; k < q->n; k++) {
			const struct rig_trial *h = &q->hunt[k];

			if (h->end == RIG_TRIAL_SURVIVED)
				return RIG_EXIT_VIOLATED;
			open |= h->end == RIG_TRIAL_NONE ||
				(h->strategy->exhaustive &&
				 h->end == RIG_TRIAL_UNFINISHED);
		}
	}
	return open ? RIG_EXIT_UNJUDGED : RIG_EXIT_OK;
}

static int go_out(struct season *s)
{
	int rc;

	choose_hunters(s);
	rc = choose_quarries(s);
	if (!rc && rig_case_open(&s->c))
		rc = rig_error("no memory");
	if (rc)
		return rc;
	rig_interrupt_catch();
	for (; !rc && s->reached < s->n && !rig_interrupted; s->reached++)
		rc = reach(s, &s->quarry[s->reached]);
	if (s->progress)
		fputs("\r\033[K", stderr);
	if (rc)
		return rc;
	if (s->reached < s->n)
		rig_error("interrupted: %u of %u mutants were not reached",
			  s->n - s->reached, s->n);
	rig_quarries_write(s->quarry, s->n, s->args);
	return exit_code(s);
}

static int run(const struct rig_args *args)
{
	struct season s = {
		.args = args,
		.quarry = calloc(QUARRIES_MAX, sizeof(struct rig_quarry)),
		.progress = !args->quiet && isatty(STDERR_FILENO),
	};
	int rc = s.quarry ? go_out(&s) : rig_error("no memory");

	rig_case_close(s.c);
	free(s.quarry);
	return rc;
}

const struct rig_command rig_command_mutants = {
	.name = "mutants",
	.summary = "plant bugs in what was proved; which search finds them",
	.words = "[NAME...]",
	.text = "Plants one bug at a time under the library, each of which breaks one rule of\n"
		"it, and shows after how many executions each strategy finds it. Without the\n"
		"bug the same search must find nothing. A bug that survives an exhaustive\n"
		"search is a rule that nothing tests.\n\n"
		"All mutants and all strategies unless named; --strategy may be given again.\n"
		"A strategy that samples tries 20 seeds, from --seed on, with at most --max\n"
		"executions each (default 10000). --time is for one mutant and one strategy\n"
		"(default 1m), and for the search without the mutant.\n\n"
		"exit status: 0 every exhaustive search found every mutant, 1 one survived or\n"
		"it fails without a mutant too, 3 a limit came first",
	.examples =
		"  racerig mutants\n"
		"  racerig mutants --strategy states\n"
		"  racerig mutants fork-lock-shared lease-spins --strategy random --seed 7\n"
		"  racerig mutants wake-up-lost --format json\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(STRATEGY) | RIG_OPT(MAX) |
		   RIG_OPT(TIME) | RIG_OPT(SEED) | RIG_OPT(KERNEL),
	.words_max = RIG_ARGS_MAX,
	.run = run,
};
