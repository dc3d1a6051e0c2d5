/* SPDX-License-Identifier: MIT */
/*
 * Two ways, one after the other. Removal (delta debugging, Zeller 2002) takes
 * decisions out of the schedule at hand as long as it still fails: quick, but
 * it ends at a schedule from which nothing can be taken, not at the smallest.
 * Enumeration then tries every schedule of one decision, of two, and so on,
 * below what removal has reached: it finds the smallest, where the number of
 * executions allows.
 */
#include "engine/shrink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_EXECUTIONS = 300000 };

struct cost {
	unsigned preemptions;
	size_t decisions;
	unsigned tasks;
};

struct shrinker {
	struct rig_engine *engine;
	const struct rig_subject *subject;
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

/* ---- enumeration ---- */

struct node {
	rig_set left;
	uint8_t chosen;
	bool deviates; /* from the default */
};

/* All schedules of at most bound decisions, depth first. */
struct enumeration {
	unsigned bound;
	unsigned used; /* deviations on the path */
	unsigned n, at;
	struct node path[RIG_DECISIONS_MAX];
};

static bool enumeration_next(struct enumeration *en)
{
	struct node *node;

	en->at = 0;
	while (en->n && !en->path[en->n - 1].left)
		en->used -= en->path[--en->n].deviates;
	if (!en->n)
		return false;
	node = &en->path[en->n - 1];
	en->used += !node->deviates;
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
	*node = (struct node){ .chosen = (uint8_t)rig_default(e, choices) };
	if (en->used < en->bound)
		node->left = choices & ~rig_bit(node->chosen);
	en->n = en->at;
	return node->chosen;
}

/* Every schedule of at most this many decisions. -ENOSPC: none are left. */
static int enumerate_bound(struct shrinker *s, struct enumeration *en)
{
	struct rig_engine *e = s->engine;
	int rc;

	en->n = en->used = 0;
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
 * From one decision up. The first number of decisions that fails at all is the
 * smallest; fewer preemptions with more decisions may still exist above it.
 */
static int enumerate(struct shrinker *s)
{
	struct enumeration *en = calloc(1, sizeof(*en));
	int rc = 0;

	if (!en)
		return -ENOMEM;
	for (en->bound = 0; !rc && en->bound < s->best->n; en->bound++)
		rc = enumerate_bound(s, en);
	s->result->minimal = !rc;
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
	       struct rig_schedule *schedule, uint64_t executions,
	       struct rig_shrink *result, char *why, size_t why_len)
{
	struct rig_schedule *room = calloc(3, sizeof(*room));
	struct shrinker s = { .engine = engine,
			      .subject = subject,
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
		remove_decisions(&s);
		rc = enumerate(&s);
	}
	if (!rc)
		finish(&s, schedule);
	free(room);
	return rc;
}
