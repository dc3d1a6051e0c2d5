/* SPDX-License-Identifier: MIT */
/*
 * Two sums over random walks, each step of which is one of b equally likely
 * ones (Knuth, Estimating the efficiency of backtrack programs, 1975):
 *
 *   schedules   A walk has the probability 1 / (b1 b2 ..), so the mean of
 *               b1 b2 .. is the number of walks.
 *   traces      Of the steps of the walk that are left, let m be the number of
 *               those that nothing left happens before. Whoever goes through
 *               the steps of a trace in a random order, always taking one of
 *               those m, makes each order with the probability 1 / (m1 m2 ..);
 *               over all orders of one trace these add up to one. So the mean
 *               of (b1 b2 ..) / (m1 m2 ..) is the number of traces. Most of a
 *               b is in its m, too: the mean needs few walks.
 */
#include "strategies/estimate.h"

#include "strategies/events.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	struct rig_rng rng;
	struct rig_events events;
	unsigned steps;
	bool stepping;
	uint8_t task;    /* that makes the step */
	unsigned ntasks; /* before it */
	double choices[RIG_EVENTS_MAX];
	double values; /* product over picks of values */
};

/* The step that was being made is over. */
static void complete(struct walk *w, struct rig_engine *e)
{
	if (w->stepping)
		rig_events_step(&w->events, e, w->task, w->ntasks);
	w->stepping = false;
}

static unsigned walk_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct walk *w = state;
	unsigned pick = rig_draw(&w->rng, choices);

	if (e->value_op) {
		w->values *= rig_count(choices);
		return pick;
	}
	complete(w, e);
	if (!w->events.n)
		rig_events_begin(&w->events);
	w->choices[w->events.n] = rig_count(choices);
	w->task = (uint8_t)pick;
	w->ntasks = e->ntasks;
	w->stepping = true;
	rig_foot_clear(&e->foot);
	return pick;
}

/* Tasks whose next step from k on has nothing from k on before it. */
static unsigned ready(const struct rig_events *v, unsigned k)
{
	rig_set seen = 0;
	unsigned n = 0;

	for (unsigned j = k; j < v->n; j++) {
		unsigned last;

		if (rig_has(seen, v->event[j].task))
			continue;
		seen |= rig_bit(v->event[j].task);
		last = rig_event_below(&v->past[j], j);
		n += last == RIG_EVENT_NONE || last < k;
	}
	return n;
}

/* The weights of the walk made last. */
static void weigh(const struct walk *w, double *schedules, double *traces)
{
	*schedules = *traces = w->values;
	for (unsigned k = 0; k < w->events.n; k++) {
		*schedules *= w->choices[k];
		*traces *= w->choices[k] / ready(&w->events, k);
	}
}

static int one_walk(struct walk *w, struct rig_engine *e,
		    const struct rig_subject *subject)
{
	int rc;

	rig_events_clear(&w->events);
	w->stepping = false;
	w->values = 1;
	rc = rig_engine_run(e, subject, walk_pick, w);
	complete(w, e);
	return rc;
}

int rig_estimate(struct rig_engine *e, const struct rig_subject *subject,
		 uint64_t samples, uint64_t seed, struct rig_estimate *out)
{
	struct walk *w = calloc(1, sizeof(*w));
	double sum = 0, squares = 0, n = (double)samples;
	int rc = w ? 0 : -ENOMEM;

	*out = (struct rig_estimate){ .samples = samples };
	e->every = e->tracking = true;
	e->gating = e->identical;
	for (uint64_t i = 0; !rc && i < samples; i++) {
		double schedules, traces;

		rig_rng_seed(&w->rng, seed, i);
		rc = one_walk(w, e, subject);
		weigh(w, &schedules, &traces);
		out->schedules += schedules / n;
		sum += traces;
		squares += traces * traces;
	}
	e->every = e->tracking = e->gating = false;
	out->traces = sum / n;
	out->error = sqrt(fmax(0, squares / n - out->traces * out->traces) / n);
	free(w);
	return rc;
}
