/* SPDX-License-Identifier: MIT */
#include "engine/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool stands_at(const struct rig_decision *d, const struct rig_engine *e)
{
	const struct rig_task *t = e->current;

	return d->at == t->name && d->at_op == t->op && d->at_nth == t->nth &&
	       d->value == (e->value_op != 0) && d->fault == e->faulting;
}

/* The choice that decision names; RIG_PRUNE where it is not to be had. */
static unsigned choice_of(const struct rig_decision *d,
			  const struct rig_engine *e, rig_set choices,
			  bool loose)
{
	if (d->value)
		return d->run < RIG_CLOCK && rig_has(choices, d->run) ?
			       d->run :
			       RIG_PRUNE;
	if (d->run == RIG_NAME_CLOCK)
		return rig_has(choices, RIG_CLOCK) ? RIG_CLOCK : RIG_PRUNE;
	for (unsigned i = 0; i < e->ntasks; i++) {
		const struct rig_task *t = &e->task[i];

		if (t->name != d->run || !rig_has(choices, i))
			continue;
		if (loose || (t->op == d->run_op && t->nth == d->run_nth))
			return i;
	}
	return RIG_PRUNE;
}

/*
 * A point is met more than once only where the clock has moved there: then
 * what comes next is behind the decision that moved it.
 */
static size_t first_left(const struct rig_follow *follow,
			 const struct rig_engine *e)
{
	size_t next = follow->next;

	return next && stands_at(&follow->schedule->decision[next - 1], e) ?
		       next :
		       0;
}

unsigned rig_follow_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct rig_follow *follow = state;
	const struct rig_schedule *s = follow->schedule;
	unsigned pick;

	if (!follow->loose) {
		if (follow->next == s->n ||
		    !stands_at(&s->decision[follow->next], e))
			return rig_default(e, choices);
		pick = choice_of(&s->decision[follow->next], e, choices, false);
		if (pick != RIG_PRUNE)
			follow->next++;
		return pick;
	}
	for (size_t i = first_left(follow, e); i < s->n; i++) {
		if (!stands_at(&s->decision[i], e))
			continue;
		pick = choice_of(&s->decision[i], e, choices, true);
		if (pick == RIG_PRUNE)
			continue;
		follow->next = i + 1;
		return pick;
	}
	return rig_default(e, choices);
}

/* Says why a schedule was not followed to its end. */
static int mismatch(const struct rig_engine *e, const struct rig_follow *follow,
		    char *why, size_t len)
{
	const struct rig_decision *d =
		&follow->schedule->decision[follow->next];
	char text[RIG_SCHEDULE_LINE_MAX];

	rig_decision_print(d, e->subject, text, sizeof(text));
	if (e->end == RIG_PRUNED)
		snprintf(why, len, "%u: \"%s\" cannot be done there: %s",
			 d->line, text,
			 d->fault ? "that call cannot fail so" :
				    "what it wants to run is not enabled");
	else
		snprintf(why, len,
			 "%u: \"%s\" was never reached: the lines "
			 "before it lead elsewhere",
			 d->line, text);
	return -EINVAL;
}

int rig_schedule_run(struct rig_engine *e, const struct rig_subject *subject,
		     const struct rig_schedule *schedule, bool loose,
		     struct rig_schedule *record, char *why, size_t why_len)
{
	struct rig_follow follow = { .schedule = schedule, .loose = loose };
	int rc;

	if (record) {
		record->header = schedule->header;
		record->n = record->ncomments = 0;
	}
	e->record = record;
	e->counting = true;
	rc = rig_engine_run(e, subject, rig_follow_pick, &follow);
	e->record = NULL;
	e->counting = false;
	if (rc) {
		snprintf(why, why_len, "0: %.200s", e->message);
		return rc;
	}
	if (!loose && follow.next < schedule->n)
		return mismatch(e, &follow, why, why_len);
	return 0;
}

/* ---- an execution once more ---- */

struct again {
	const uint8_t *log;
	unsigned n;
	unsigned at;
};

static unsigned again_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct again *again = state;

	if (again->at == again->n)
		return rig_default(e, choices);
	return again->log[again->at++];
}

int rig_again(struct rig_engine *e, const struct rig_subject *subject,
	      struct rig_schedule *record)
{
	uint8_t log[RIG_DECISIONS_MAX];
	struct again again = { .log = log, .n = e->ndecisions };
	const char *outcome = e->outcome;
	bool hashing = e->hashing;
	int rc;

	memcpy(log, e->log, e->ndecisions);
	record->n = 0;
	e->record = record;
	e->counting = true;
	e->hashing = false;
	rc = rig_engine_run(e, subject, again_pick, &again);
	e->record = NULL;
	e->counting = false;
	e->hashing = hashing;
	if (!rc && (e->end != RIG_VIOLATED || e->outcome != outcome))
		rc = -EILSEQ; /* the subject is not deterministic */
	return rc;
}
