/* SPDX-License-Identifier: MIT */
/* racerig price: what each guard costs, beside none and posix_spawn. */
#include "stress/price.h"
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "reports/json_emit.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAPS = 500, QUICK_LAPS = 60 };

/* What the project wants to reach, of the same by posix_spawn. */
static const double target_build = 1.10; /* guard auto */
static const double target_spawn = 0.90; /* libspw, unguarded */

struct till {
	const struct rig_args *args;
	const struct spw_guard *guard[RIG_PRICED_MAX];
	unsigned n;
	struct rig_workdir dir;
	struct rig_price_list list;
	bool progress;
};

/* ---- what is asked for ---- */

static int add_named(struct till *t, const char *name)
{
	const struct spw_guard *guard = spw_guard_find(name);

	if (!guard)
		return rig_unknown_fix(&rig_family_etxtbsy, name);
	for (unsigned i = 0; i < t->n; i++)
		if (t->guard[i] == guard)
			return 0;
	t->guard[t->n++] = guard;
	return 0;
}

/* none comes along: it tells what of a price is the guard's. */
static int choose(struct till *t)
{
	int rc = add_named(t, "none");

	for (unsigned i = 0; !t->args->nwords && spw_guards[i]; i++)
		add_named(t, spw_guard_info(spw_guards[i])->name);
	for (unsigned i = 0; !rc && i < t->args->nwords; i++)
		rc = add_named(t, t->args->word[i]);
	return rc;
}

static void show_progress(void *ctx, enum rig_parent parent, unsigned lap)
{
	fprintf(stderr, "\r%s: lap %u \033[K", rig_parent_name(parent),
		lap + 1);
}

/* ---- the table ---- */

static void print_figure(const struct rig_figure *f)
{
	if (f->laps)
		printf("  %10.1f %5.2fx", (double)f->median_ns / 1e3, f->ratio);
	else
		printf("  %10s %6s", "-", "");
}

static bool is_measured(const struct rig_price *p)
{
	for (int i = 0; i < RIG_PARENTS; i++)
		if (p->in[i].laps || p->in[i].skipped[0])
			return true;
	return false;
}

static void print_row(const struct rig_price *p)
{
	const char *skipped = NULL;

	if (!is_measured(p))
		return;
	printf("  %-17s", p->name);
	for (int i = 0; i < RIG_PARENTS; i++)
		if (p->in[i].skipped[0] && !skipped)
			skipped = p->in[i].skipped;
	for (int i = 0; i < RIG_PARENTS && !skipped; i++)
		print_figure(&p->in[i]);
	if (skipped)
		printf("  SKIP: %s", skipped);
	puts(p->script ? "  (a script)" : "");
}

static void print_heading(void)
{
	printf("%-19s", "median, ratio");
	for (int i = 0; i < RIG_PARENTS; i++)
		printf("  %17s", rig_parent_name((enum rig_parent)i));
	putchar('\n');
	printf("%-19s", "");
	for (int i = 0; i < RIG_PARENTS; i++)
		printf("  %10s %6s", "us", "");
	putchar('\n');
}

/* The greppable lines. */
static void print_target(const struct till *t, enum rig_work work,
			 const char *name, double target)
{
	const struct rig_price *p = rig_price_find(&t->list, work, name);

	/* Where every child copies 10,000 descriptors, that is the price. */
	for (int i = 0; p && i < RIG_PARENT_OPEN; i++)
		if (p->in[i].laps)
			printf("PRICE %s %s %.2fx of posix_spawn, %s, target "
			       "%.2fx\n",
			       rig_work_name(work), name, p->in[i].ratio,
			       rig_parent_name((enum rig_parent)i), target);
}

static void print_table(const struct till *t,
			const struct rig_environment *environment)
{
	const struct report_environment *e = &environment->report;

	print_heading();
	for (int work = 0; work < RIG_WORKS; work++) {
		puts(rig_work_name((enum rig_work)work));
		for (unsigned i = 0; i < t->list.n; i++)
			if (t->list.price[i].work == (enum rig_work)work)
				print_row(&t->list.price[i]);
	}
	for (int i = 0; i < RIG_PARENTS; i++)
		if (t->list.no_parent[i][0])
			printf("%s: SKIP: %s\n",
			       rig_parent_name((enum rig_parent)i),
			       t->list.no_parent[i]);
	printf("\n%s, %s, %s, %u CPUs\n\n", e->kernel, e->libc, e->file_system,
	       e->cpus);
	print_target(t, RIG_WORK_BUILD, "auto", target_build);
	print_target(t, RIG_WORK_SPAWN, "libspw", target_spawn);
}

/* ---- JSON ---- */

static void emit_figure(struct emit *e, enum rig_parent parent,
			const struct rig_figure *f)
{
	emit_object(e, NULL);
	emit_string(e, "parent", rig_parent_name(parent));
	emit_integer(e, "laps", f->laps);
	emit_string(e, "skipped", f->skipped[0] ? f->skipped : NULL);
	if (f->laps) {
		emit_integer(e, "median_ns", f->median_ns);
		emit_integer(e, "lower_quartile_ns", f->low_ns);
		emit_integer(e, "upper_quartile_ns", f->high_ns);
		emit_fraction(e, "ratio", f->ratio);
	}
	emit_object_end(e);
}

static void emit_price(struct emit *e, const struct rig_price *p)
{
	if (!is_measured(p))
		return;
	emit_object(e, NULL);
	emit_string(e, "work", rig_work_name(p->work));
	emit_string(e, "name", p->name);
	emit_bool(e, "claims_sound",
		  p->guard && spw_guard_info(p->guard)->claims_sound);
	emit_bool(e, "script", p->script);
	emit_array(e, "figures");
	for (int i = 0; i < RIG_PARENTS; i++)
		if (p->in[i].laps || p->in[i].skipped[0])
			emit_figure(e, (enum rig_parent)i, &p->in[i]);
	emit_array_end(e);
	emit_object_end(e);
}

static void print_json(const struct till *t,
		       const struct rig_environment *environment)
{
	struct emit e = { .out = stdout };

	emit_object(&e, NULL);
	emit_environment(&e, &environment->report);
	emit_string(&e, "base", "posix_spawn");
	emit_fraction(&e, "target_auto", target_build);
	emit_fraction(&e, "target_spawn", target_spawn);
	emit_bool(&e, "interrupted", t->list.interrupted);
	emit_array(&e, "parents");
	for (int i = 0; i < RIG_PARENTS; i++) {
		const char *why = t->list.no_parent[i];

		emit_object(&e, NULL);
		emit_string(&e, "name", rig_parent_name((enum rig_parent)i));
		emit_string(&e, "skipped", why[0] ? why : NULL);
		emit_object_end(&e);
	}
	emit_array_end(&e);
	emit_array(&e, "results");
	for (unsigned i = 0; i < t->list.n; i++)
		emit_price(&e, &t->list.price[i]);
	emit_array_end(&e);
	emit_object_end(&e);
}

/* ---- */

static int report(const struct till *t)
{
	struct rig_environment environment;

	rig_environment_fill(&environment, "racerig price");
	environment.report.file_system = t->dir.fs;
	if (t->args->format == RIG_FORMAT_JSON)
		print_json(t, &environment);
	else
		print_table(t, &environment);
	if (!t->list.interrupted)
		return RIG_EXIT_OK;
	rig_error("interrupted: not all laps were run");
	return RIG_EXIT_UNJUDGED;
}

static int price(struct till *t)
{
	const struct rig_price_options options = {
		.guards = t->guard,
		.nguards = t->n,
		.all_parents = t->args->nwords > 0,
		.laps = t->args->quick ? QUICK_LAPS : LAPS,
		.stop = &rig_interrupted,
		.progress = t->progress ? show_progress : NULL,
	};
	char why[RIG_MESSAGE_MAX];
	int rc;

	rig_interrupt_catch();
	/* Ignored by who started us, it would reap our children unseen. */
	signal(SIGCHLD, SIG_DFL);
	if (rig_workdir_open(&t->dir, t->args->dir, why, sizeof(why)))
		return rig_no_directory(t->args, why);
	rc = rig_price_run(&options, &t->dir, &t->list, why, sizeof(why));
	if (t->progress)
		fputs("\r\033[K", stderr);
	/* Before anything is written: a reader that has gone away ends us. */
	rig_workdir_close(&t->dir);
	return rc ? rig_error("%s", why) : report(t);
}

static int run(const struct rig_args *args)
{
	struct till *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return rig_error("no memory");
	t->args = args;
	t->progress = !args->quiet && isatty(STDERR_FILENO);
	rc = choose(t);
	if (!rc)
		rc = price(t);
	free(t);
	return rc;
}

const struct rig_command rig_command_price = {
	.name = "price",
	.summary = "what each guard costs, beside posix_spawn without any",
	.words = "[GUARD...]",
	.text = "Measures how long it takes one thread to write a small static program, start it\n"
		"and wait for it, with each guard, beside the same with open, write, close,\n"
		"posix_spawn and waitpid (the base of all ratios). All take turns, in random\n"
		"order; what is shown are medians. Guards that want a script get one, and the\n"
		"base with a script as theirs. auto and the three cheapest guards that claim\n"
		"\"never\", or those that are named, are measured in large parents as well: with\n"
		"1 GiB of memory touched, and with 10,000 descriptors open. So is what spw_spawn\n"
		"costs alone. Leave the machine alone meanwhile.",
	.examples = "  racerig price\n"
		    "  racerig price auto lease --quick\n"
		    "  racerig price --dir /dev/shm --format json\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(QUICK) | RIG_OPT(DIR),
	.words_max = RIG_ARGS_MAX,
	.run = run,
};
