/* SPDX-License-Identifier: MIT */
/*
 * Three ways, one after the other. Removal (delta debugging, Zeller 2002) takes
 * decisions out of the schedule at hand as long as it still fails: quick, but
 * it ends at a schedule from which nothing can be taken, not at the smallest.
 * A search through all states with no preemption, with one, and so on finds
 * out how many it takes (iterative context bounding, Musuvathi and Qadeer
 * 2007). Enumeration then tries every schedule of no decision, of one, and so
 * on that has no more preemptions than that: it finds the smallest. Each of the
 * two is as good as the number of executions allows, and it is said how far
 * that was.
 */
#include "engine/shrink.h"

#include "engine/hunt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_EXECUTIONS = 300000, MEMORY = 64 << 20 };

struct cost {
	unsigned preemptions;
	size_t decisions;
	unsigned tasks;
};

struct shrinker {
	struct rig_engine *engine;
	const struct rig_subject *subject;
	const struct rig_strategy *search;
	struct rig_schedule *best;
	struct rig_schedule *candidate;
	struct rig_schedule *done; /* what an execution of candidate did */
	struct cost cost;
	const char *outcome;
	uint64_t left; /* executions */
	struct rig_shrink *result;
};

static struct cost cost_of(const struct shrinker *s,
			   const struct rig_schedule *schedule)
{
	return (struct cost){ rig_schedule_preemptions(schedule), schedule->n,
			      s->engine->ntasks };
}

static bool less(struct cost a, struct cost b)
{
	if (a.preemptions != b.preemptions)
		return a.preemptions < b.preemptions;
	if (a.decisions != b.decisions)
		return a.decisions < b.decisions;
	return a.tasks < b.tasks;
}

static void copy_decisions(struct rig_schedule *to,
			   const struct rig_schedule *from)
{
	to->n = from->n;
	memcpy(to->decision, from->decision,
	       from->n * sizeof(from->decision[0]));
}

/* Did the execution just made fail as the first one did, and cheaper? */
static bool better(struct shrinker *s, const struct rig_schedule *done)
{
	const struct rig_engine *e = s->engine;
	struct cost cost;

	if (e->end != RIG_VIOLATED || strcmp(e->outcome, s->outcome) != 0)
		return false;
	cost = cost_of(s, done);
	if (!less(cost, s->cost))
		return false;
	s->cost = cost;
	copy_decisions(s->best, done);
	s->result->starved_ns = e->starved_ns;
	memcpy(s->result->message, e->message, sizeof(e->message));
	return true;
}

/* Executes the candidate as far as it fits. */
static bool try_candidate(struct shrinker *s)
{
	char why[RIG_MESSAGE_MAX];

	if (!s->left)
		return false;
	s->left--;
	s->result->executions++;
	if (rig_schedule_run(s->engine, s->subject, s->candidate, true, s->done,
			     why, sizeof(why)))
		return false;
	return better(s, s->done);
}

/* The best schedule without len decisions from at on. */
static bool try_without(struct shrinker *s, size_t at, size_t len)
{
	struct rig_schedule *c = s->candidate;

	c->n = 0;
	for (size_t i = 0; i < s->best->n; i++)
		if (i < at || i >= at + len)
			c->decision[c->n++] = s->best->decision[i];
	return try_candidate(s);
}

static void remove_decisions(struct shrinker *s)
{
	size_t len = s->best->n / 2;

	while (len && s->left) {
		bool progress = false;

		for (size_t at = 0; at < s->best->n;)
			if (try_without(s, at, len))
				progress = true;
			else
				at += len;
		if (!progress || len > s->best->n)
			len /= 2;
	}
}

/* ---- fewest preemptions ---- */

static bool fails_so(void *ctx, const struct rig_engine *e)
{
	const struct shrinker *s = ctx;

	return e->end == RIG_VIOLATED && !strcmp(e->outcome, s->outcome);
}

/* Makes the execution that was found once more, and keeps what it decides. */
static int keep_found(struct shrinker *s)
{
	int rc = rig_again(s->engine, s->subject, s->done);

	if (!rc)
		better(s, s->done);
	return rc;
}

/*
 * Whether one preemption less would do, and one less than that, is found out
 * by a search through all states under that bound: the number of decisions,
 * which may have to grow for it, does not matter there.
 */
static int fewer_preemptions(struct shrinker *s)
{
	/* The rest is for the decisions. */
	uint64_t given = s->left / 2, executions = given;
	struct rig_hunt hunt = {
		.subject = s->subject,
		.strategy = s->search,
		.options = { .memory = MEMORY, .bounded = true },
		.wanted = fails_so,
		.ctx = s,
	};
	enum rig_quarry quarry = RIG_ABSENT;
	int rc = 0;

	for (unsigned p = 0; !rc && quarry == RIG_ABSENT; p++) {
		if (p == s->cost.preemptions) {
			s->result->fewest_preemptions = true;
			break;
		}
		hunt.options.preemptions = p;
		hunt.executions = executions;
		rc = rig_hunt(s->engine, &hunt, &quarry);
		executions = hunt.executions;
	}
	s->left -= given - executions;
	s->result->executions += given - executions;
	if (rc || quarry != RIG_FOUND)
		return rc;
	s->result->fewest_preemptions = true;
	rc = keep_found(s);
	if (!rc)
		remove_decisions(s);
	return rc;
}

/* ---- fewest decisions, then tasks ---- */

struct node {
	rig_set left;
	uint8_t chosen;
	bool deviates; /* from the default */
	bool could_go_on;
};

/* All schedules of at most so many decisions and preemptions, depth first. */
struct enumeration {
	unsigned decisions, preemptions; /* at most */
	unsigned decided, preempted;     /* on the path */
	unsigned n, at;
	struct node path[RIG_DECISIONS_MAX];
};

/* To the last decision with a choice left, and that is taken. */
static bool enumeration_next(struct enumeration *en)
{
	struct node *node;

	en->at = 0;
	while (en->n && !en->path[en->n - 1].left) {
		node = &en->path[--en->n];
		en->decided -= node->deviates;
		en->preempted -= node->deviates && node->could_go_on;
	}
	if (!en->n)
		return false;
	node = &en->path[en->n - 1];
	en->decided += !node->deviates;
	en->preempted += !node->deviates && node->could_go_on;
	node->deviates = true;
	node->chosen = (uint8_t)rig_first(node->left);
	node->left = rig_rest(node->left);
	return true;
}

static unsigned enumeration_pick(void *state, struct rig_engine *e,
				 rig_set choices)
{
	struct enumeration *en = state;
	struct node *node = &en->path[en->at];

	if (en->at++ < en->n)
		return node->chosen;
	*node = (struct node){
		.chosen = (uint8_t)rig_default(e, choices),
		.could_go_on = rig_can_go_on(e, choices),
	};
	if (en->decided < en->decisions &&
	    (!node->could_go_on || en->preempted < en->preemptions))
		node->left = choices & ~rig_bit(node->chosen);
	en->n = en->at;
	return node->chosen;
}

/* Every schedule within the bounds. -ENOSPC: too many. */
static int enumerate_bound(struct shrinker *s, struct enumeration *en)
{
	struct rig_engine *e = s->engine;
	int rc;

	en->n = en->decided = en->preempted = 0;
	do {
		if (!s->left)
			return -ENOSPC;
		s->left--;
		s->result->executions++;
		s->done->n = 0;
		e->record = s->done;
		e->counting = true;
		rc = rig_engine_run(e, s->subject, enumeration_pick, en);
		if (rc)
			return rc;
		better(s, s->done);
	} while (enumeration_next(en));
	return 0;
}

/*
 * With no more preemptions than the best has: every schedule of no decision,
 * of one, and so on, up to and including as many as the best has. The first
 * number that fails at all is the smallest, and of those that fail with it one
 * with the fewest tasks is kept.
 */
static int enumerate(struct shrinker *s)
{
	struct enumeration *en = calloc(1, sizeof(*en));
	struct rig_shrink *result = s->result;
	int rc = 0;

	if (!en)
		return -ENOMEM;
	en->preemptions = s->cost.preemptions;
	while (en->decisions <= s->best->n) {
		rc = enumerate_bound(s, en);
		if (rc)
			break;
		en->decisions++;
	}
	/* Every schedule with fewer than en->decisions was tried. */
	result->fewest_decisions = result->fewest_preemptions &&
				   en->decisions >= s->best->n;
	result->minimal = result->fewest_decisions &&
			  en->decisions > s->best->n;
	s->engine->record = NULL;
	s->engine->counting = false;
	free(en);
	return rc == -ENOSPC ? 0 : rc;
}

/* ---- */

static int first_run(struct shrinker *s, const struct rig_schedule *schedule,
		     char *why, size_t why_len)
{
	int rc = rig_schedule_run(s->engine, s->subject, schedule, false,
				  s->done, why, why_len);

	if (rc)
		return rc;
	if (s->engine->end != RIG_VIOLATED) {
		snprintf(why, why_len, "0: it ends without a violation");
		return -EINVAL;
	}
	s->outcome = s->engine->outcome;
	s->cost = cost_of(s, s->done);
	copy_decisions(s->best, s->done);
	s->result->decisions_before = schedule->n;
	s->result->preemptions_before = s->cost.preemptions;
	s->result->starved_ns = s->engine->starved_ns;
	memcpy(s->result->message, s->engine->message,
	       sizeof(s->result->message));
	return 0;
}

/* What is handed out has failed in the same way once more, followed strictly. */
static int last_run(struct shrinker *s, char *why, size_t why_len)
{
	int rc = rig_schedule_run(s->engine, s->subject, s->best, false,
				  s->done, why, why_len);

	if (rc)
		return rc;
	if (fails_so(s, s->engine))
		return 0;
	snprintf(why, why_len,
		 "0: what was found does not fail again: the "
		 "rig is not deterministic");
	return -EILSEQ;
}

/* Keeps the comments whose decision, or whose place in the header, is left. */
static void finish(const struct shrinker *s, struct rig_schedule *schedule)
{
	size_t kept = 0;

	for (size_t i = 0; i < schedule->ncomments; i++)
		if (!schedule->comment[i].before)
			schedule->comment[kept++] = schedule->comment[i];
	schedule->ncomments = kept;
	copy_decisions(schedule, s->best);
	s->result->preemptions = s->cost.preemptions;
}

int rig_shrink(struct rig_engine *engine, const struct rig_subject *subject,
	       const struct rig_strategy *search, struct rig_schedule *schedule,
	       uint64_t executions, struct rig_shrink *result, char *why,
	       size_t why_len)
{
	struct rig_schedule *room = calloc(3, sizeof(*room));
	struct shrinker s = { .engine = engine,
			      .subject = subject,
			      .search = search,
			      .best = room,
			      .candidate = room + 1,
			      .done = room + 2,
			      .left = executions ? executions :
						   DEFAULT_EXECUTIONS,
			      .result = result };
	int rc;

	memset(result, 0, sizeof(*result));
	snprintf(why, why_len, "0: no memory");
	if (!room)
		return -ENOMEM;
	rc = first_run(&s, schedule, why, why_len);
	if (!rc) {
		snprintf(why, why_len, "0: the rig itself failed");
		remove_decisions(&s);
		rc = fewer_preemptions(&s);
	}
	if (!rc)
		rc = enumerate(&s);
	if (!rc)
		rc = last_run(&s, why, why_len);
	if (!rc)
		finish(&s, schedule);
	free(room);
	return rc;
}
