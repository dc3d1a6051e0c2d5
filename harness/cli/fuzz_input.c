/* SPDX-License-Identifier: MIT */
#include "cli/fuzz_input.h"

#include <string.h>

enum { STARVE_MS = 1000 };

/* Can it run in the scenario's own kernel? */
static bool runs(const struct rig_input_scenario *s, const struct rig_fix *fix)
{
	const struct rig_plan plan = { .scenario = s->scenario,
				       .fix = *fix,
				       .kernel = rig_case_kernel(s->scenario) };

	return !rig_case_unavailable(&plan);
}

static void add_sound(struct rig_input_scenario *s)
{
	struct rig_fix fix;

	for (unsigned i = 0; s->scenario->family->fix(i, &fix); i++)
		if (rig_claim(s->scenario, &fix) == RIG_CLAIM_NEVER &&
		    runs(s, &fix) && s->nfixes < RIG_INPUT_FIXES_MAX)
			s->fix[s->nfixes++] = fix;
}

static void add_forced(struct rig_input_scenario *s, const char *forced)
{
	if (rig_fix_find(s->scenario->family, forced, &s->fix[0]) &&
	    runs(s, &s->fix[0]))
		s->nfixes = 1;
}

bool rig_inputs_of(struct rig_inputs *inputs, const struct rig_family *family,
		   const char *forced)
{
	inputs->forced = forced;
	inputs->n = 0;
	for (unsigned i = 0; rig_scenarios[i]; i++) {
		struct rig_input_scenario *s = &inputs->scenario[inputs->n];

		if (rig_scenarios[i]->family != family ||
		    inputs->n == RIG_INPUT_SCENARIOS_MAX)
			continue;
		s->scenario = rig_scenarios[i];
		s->nfixes = 0;
		if (forced)
			add_forced(s, forced);
		else
			add_sound(s);
		inputs->n += s->nfixes > 0;
	}
	return inputs->n;
}

void rig_input_plan(const struct rig_inputs *inputs, const uint8_t *data,
		    size_t len, struct rig_plan *plan)
{
	uint8_t h[RIG_INPUT_HEADER] = { 0 };
	const struct rig_input_scenario *s;
	uint8_t bits;
	bool more;

	memcpy(h, data, len < sizeof(h) ? len : sizeof(h));
	s = &inputs->scenario[h[RIG_INPUT_SCENARIO] % inputs->n];
	bits = h[RIG_INPUT_OPTIONS];
	more = bits & 2 && s->scenario->actors < s->scenario->actors_max;
	*plan = (struct rig_plan){
		.scenario = s->scenario,
		.fix = s->fix[h[RIG_INPUT_FIX] % s->nfixes],
		.how = bits & 1 ? SPW_CLONE_FORK : SPW_CLONE_VFORK,
		.actors = more ? s->scenario->actors + 1 : s->scenario->actors,
		.kernel = rig_case_kernel(s->scenario),
		.starve_ns = bits & 16 ? STARVE_MS * 1000000ull : 0,
	};
	plan->kernel.release_order = bits & 4 ? SIM_ORDER_LIFO : SIM_ORDER_ANY;
	plan->kernel.inner_steps = !(bits & 8);
	plan->kernel.faults = bits >> 5 & 3;
}

static bool same_kernel(const struct sim_options *a,
			const struct sim_options *b)
{
	char first[RIG_FIELD_MAX], second[RIG_FIELD_MAX];

	return !strcmp(sim_option_print(a, first, sizeof(first)),
		       sim_option_print(b, second, sizeof(second)));
}

static bool same_plan(const struct rig_inputs *inputs, const struct rig_plan *a,
		      const struct rig_plan *b)
{
	/* A fix that claims less is put in by its name, not by the input. */
	return a->scenario == b->scenario &&
	       rig_beside_is_default(&a->beside) &&
	       (inputs->forced ||
		rig_claim(a->scenario, &a->fix) != RIG_CLAIM_NEVER ||
		!strcmp(a->fix.name, b->fix.name)) &&
	       a->how == b->how && a->actors == b->actors &&
	       a->starve_ns == b->starve_ns &&
	       same_kernel(&a->kernel, &b->kernel);
}

/* There are few: try all, and no second table can go wrong. */
bool rig_input_header(const struct rig_inputs *inputs,
		      const struct rig_plan *plan,
		      uint8_t header[RIG_INPUT_HEADER])
{
	struct rig_plan other;

	for (unsigned i = 0; i < inputs->n * RIG_INPUT_OPTION_SETS; i++) {
		unsigned scenario = i / RIG_INPUT_OPTION_SETS;

		header[RIG_INPUT_SCENARIO] = (uint8_t)scenario;
		header[RIG_INPUT_OPTIONS] =
			(uint8_t)(i % RIG_INPUT_OPTION_SETS);
		for (unsigned k = 0; k < inputs->scenario[scenario].nfixes;
		     k++) {
			header[RIG_INPUT_FIX] = (uint8_t)k;
			rig_input_plan(inputs, header, RIG_INPUT_HEADER,
				       &other);
			if (same_plan(inputs, plan, &other))
				return true;
		}
	}
	return false;
}

int rig_input_run(struct rig_case *c, const uint8_t *data, size_t len)
{
	struct rig_bytes bytes;

	if (len > RIG_INPUT_MAX)
		len = RIG_INPUT_MAX;
	if (len > RIG_INPUT_HEADER)
		rig_bytes_begin(&bytes, data + RIG_INPUT_HEADER,
				len - RIG_INPUT_HEADER);
	else
		rig_bytes_begin(&bytes, NULL, 0);
	return rig_engine_run(c->engine, c->subject, rig_bytes_pick, &bytes);
}

int rig_input_decode(struct rig_case *c, const uint8_t *data, size_t len,
		     struct rig_schedule *schedule)
{
	struct rig_engine *e = c->engine;
	int rc;

	schedule->n = schedule->ncomments = 0;
	e->record = schedule;
	e->counting = true;
	rc = rig_input_run(c, data, len);
	e->record = NULL;
	e->counting = false;
	rig_case_header(c, e->end == RIG_VIOLATED ? e->outcome : "",
			&schedule->header);
	return rc;
}
