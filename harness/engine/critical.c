/* SPDX-License-Identifier: MIT */
#include "engine/critical.h"

#include "engine/hunt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	DEFAULT_EXECUTIONS = 50000,
	WALKS = 20, /* random continuations of a prefix */
	MEMORY = 64 << 20,
};

static const char mark[] = "# critical: ";

struct finder {
	struct rig_engine *engine;
	const struct rig_subject *subject;
	const struct rig_strategy *search;
	uint64_t left; /* executions */
	const char *outcome;
	unsigned n;
	uint8_t log[RIG_DECISIONS_MAX]; /* the failing execution */
};

/* ---- does some continuation of a prefix pass? ---- */

struct walk {
	const struct finder *finder;
	unsigned prefix;
	unsigned at;
	struct rig_rng rng;
};

static unsigned walk_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct walk *walk = state;

	if (walk->at < walk->prefix)
		return walk->finder->log[walk->at++];
	return rig_draw_value(e, &walk->rng, choices);
}

/* Most prefixes that can pass do so at once; a walk is cheaper than a search. */
static int try_walks(struct finder *f, unsigned prefix, uint64_t *executions,
		     bool *passes)
{
	*passes = false;
	for (uint64_t i = 0; i < WALKS && *executions && !*passes; i++) {
		struct walk walk = { .finder = f, .prefix = prefix };
		int rc;

		rig_rng_seed(&walk.rng, prefix, i);
		--*executions;
		rc = rig_engine_run(f->engine, f->subject, walk_pick, &walk);
		if (rc)
			return rc;
		*passes = f->engine->end == RIG_DONE;
	}
	return 0;
}

static bool has_passed(void *ctx, const struct rig_engine *e)
{
	(void)ctx;
	return e->end == RIG_DONE;
}

/*
 * RIG_FOUND: a continuation that passes. What this look leaves over is for
 * those after it: where something passes, that is seldom hard to find.
 */
static int look(struct finder *f, unsigned prefix, uint64_t executions,
		enum rig_quarry *quarry)
{
	struct rig_hunt hunt = {
		.subject = f->subject,
		.strategy = f->search,
		.options = { .memory = MEMORY },
		.prefix = f->log,
		.nprefix = prefix,
		.wanted = has_passed,
		.executions = executions,
	};
	bool passes;
	int rc = try_walks(f, prefix, &hunt.executions, &passes);

	*quarry = RIG_FOUND;
	if (!rc && !passes)
		rc = rig_hunt(f->engine, &hunt, quarry);
	f->left -= executions - hunt.executions;
	return rc;
}

/* What one look may take where n prefixes are still to be told apart. */
static uint64_t share(const struct finder *f, unsigned n)
{
	unsigned looks = 1;

	for (; n > 1; n /= 2)
		looks++;
	return f->left / looks;
}

/*
 * The least number of picks after which every continuation fails, as far as is
 * known: what could not be settled is taken as if something might still pass.
 * exact: one pick less, and something passes. 0: nothing ever does.
 */
static int halve(struct finder *f, unsigned *least, bool *exact)
{
	unsigned low = 0, high = f->n; /* may pass; fails, as it did */
	enum rig_quarry quarry;
	int rc = look(f, 0, share(f, f->n), &quarry);

	*exact = quarry == RIG_FOUND;
	if (!rc && quarry == RIG_ABSENT)
		high = 0;
	while (!rc && high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		rc = look(f, middle, share(f, high - low - 1), &quarry);
		if (quarry == RIG_ABSENT) {
			high = middle;
			continue;
		}
		low = middle;
		*exact = quarry == RIG_FOUND;
	}
	*least = high;
	return rc;
}

/* ---- the failing execution once more ---- */

struct namer {
	const struct finder *finder;
	unsigned at;
	unsigned wanted; /* the pick to be named, from 1 */
	struct rig_decision *decision;
};

static unsigned namer_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct namer *namer = state;
	unsigned pick;

	if (namer->at == namer->finder->n)
		return rig_default(e, choices); /* it is not deterministic */
	pick = namer->finder->log[namer->at++];
	if (namer->at == namer->wanted)
		*namer->decision = rig_decision_of(e, choices, pick);
	return pick;
}

static int name_pick(struct finder *f, unsigned wanted,
		     struct rig_decision *decision)
{
	struct rig_engine *e = f->engine;
	struct namer namer = { .finder = f,
			       .wanted = wanted,
			       .decision = decision };
	int rc;

	e->counting = true;
	rc = rig_engine_run(e, f->subject, namer_pick, &namer);
	e->counting = false;
	if (!rc && (e->end != RIG_VIOLATED || e->outcome != f->outcome))
		rc = -EILSEQ;
	return rc;
}

int rig_critical_find(struct rig_engine *e, const struct rig_subject *subject,
		      const struct rig_strategy *search, uint64_t executions,
		      struct rig_critical *critical)
{
	uint64_t given = executions ? executions : DEFAULT_EXECUTIONS;
	struct finder f = {
		.engine = e,
		.subject = subject,
		.search = search,
		.left = given,
		.outcome = e->outcome,
		.n = e->ndecisions,
	};
	unsigned least;
	bool exact;
	int rc;

	memset(critical, 0, sizeof(*critical));
	if (e->end != RIG_VIOLATED)
		return -EINVAL;
	memcpy(f.log, e->log, f.n);
	rc = halve(&f, &least, &exact);
	if (!rc)
		rc = name_pick(&f, least, &critical->decision);
	critical->kind = !least ? RIG_CRITICAL_NONE :
			 exact  ? RIG_CRITICAL_EXACT :
				  RIG_CRITICAL_LATEST;
	critical->pick = least;
	critical->executions = given - f.left;
	return rc;
}

/* ---- text ---- */

/* "a1.c1 execve#1", what it decides to do. */
static void print_choice(const struct rig_decision *d,
			 const struct rig_subject *subject, char *buf,
			 size_t size)
{
	char name[RIG_NAME_MAX];

	if (d->value)
		snprintf(buf, size, "%s %s#%u pick %u",
			 rig_name_text(d->at, name),
			 rig_op_name(subject, d->at_op), d->at_nth, d->run);
	else if (d->run == RIG_NAME_CLOCK)
		snprintf(buf, size, "the clock, with %s before %s#%u",
			 rig_name_text(d->at, name),
			 rig_op_name(subject, d->at_op), d->at_nth);
	else
		snprintf(buf, size, "%s %s#%u", rig_name_text(d->run, name),
			 rig_op_name(subject, d->run_op), d->run_nth);
}

const char *rig_critical_print(const struct rig_critical *critical,
			       const struct rig_subject *subject, char *buf)
{
	char choice[RIG_CRITICAL_MAX / 2];

	if (critical->kind != RIG_CRITICAL_NONE)
		print_choice(&critical->decision, subject, choice,
			     sizeof(choice));
	switch (critical->kind) {
	case RIG_CRITICAL_EXACT:
		snprintf(buf, RIG_CRITICAL_MAX,
			 "%s: before it some continuation passes, after it "
			 "none does",
			 choice);
		break;
	case RIG_CRITICAL_LATEST:
		snprintf(buf, RIG_CRITICAL_MAX,
			 "%s at the latest: after it no continuation passes; "
			 "before it not all were tried",
			 choice);
		break;
	case RIG_CRITICAL_NONE:
		snprintf(buf, RIG_CRITICAL_MAX,
			 "none: no schedule of the whole program passes");
		break;
	}
	return buf;
}

void rig_critical_note(struct rig_schedule *schedule, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < schedule->ncomments; i++)
		if (strncmp(schedule->comment[i].text, mark, strlen(mark)) != 0)
			schedule->comment[kept++] = schedule->comment[i];
	schedule->ncomments = kept;
	/* Comments of the user's are worth more than this one. */
	if (kept == RIG_SCHEDULE_COMMENTS_MAX)
		return;
	schedule->comment[kept].before = 0;
	snprintf(schedule->comment[kept].text, RIG_SCHEDULE_LINE_MAX, "%s%s",
		 mark, text);
	schedule->ncomments++;
}
