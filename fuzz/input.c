/* SPDX-License-Identifier: MIT */
#include "fuzz/input.h"

#include <string.h>

enum {
	STARVE_MS = 1000,
	OPTIONS = 32, /* values of the third byte that differ */
};

static unsigned count_scenarios(const struct rig_family *family)
{
	unsigned n = 0;

	for (unsigned i = 0; rig_scenarios[i]; i++)
		n += rig_scenarios[i]->family == family;
	return n;
}

static const struct rig_scenario *scenario_number(
	const struct rig_family *family, unsigned number)
{
	for (unsigned i = 0; rig_scenarios[i]; i++)
		if (rig_scenarios[i]->family == family && !number--)
			return rig_scenarios[i];
	return NULL;
}

/* Fix number number of those that a target must find nothing with. */
static bool sound_fix(const struct rig_scenario *scenario, unsigned number,
		      struct rig_fix *fix)
{
	for (unsigned i = 0; scenario->family->fix(i, fix); i++)
		if (rig_claim(scenario, fix) == RIG_CLAIM_NEVER &&
		    !fix->unavailable && !number--)
			return true;
	return false;
}

static unsigned count_sound(const struct rig_scenario *scenario)
{
	struct rig_fix fix;
	unsigned n = 0;

	while (sound_fix(scenario, n, &fix))
		n++;
	return n;
}

bool fuzz_plan(const struct rig_family *family, const char *forced,
	       const uint8_t *data, size_t len, struct rig_plan *plan)
{
	uint8_t h[FUZZ_HEADER] = { 0 };
	unsigned scenarios = count_scenarios(family);
	unsigned sound;

	if (!scenarios)
		return false;
	memcpy(h, data, len < FUZZ_HEADER ? len : FUZZ_HEADER);
	*plan = (struct rig_plan){
		.scenario = scenario_number(
			family, h[0] % scenarios),
		.how = h[2] & 1 ? SPW_CLONE_FORK : SPW_CLONE_VFORK,
		.actors = h[2] & 2 ? 3 : 2,
		.kernel = {
			.etxtbsy = true,
			.release_order = h[2] & 4 ? SIM_ORDER_LIFO :
						    SIM_ORDER_ANY,
			.inner_steps = !(h[2] & 8),
		},
		.starve_ns = h[2] & 16 ? STARVE_MS * 1000000ull : 0,
	};
	if (forced)
		return rig_fix_find(family, forced, &plan->fix);
	sound = count_sound(plan->scenario);
	return sound && sound_fix(plan->scenario, h[1] % sound, &plan->fix);
}

static bool same_kernel(const struct sim_options *a,
			const struct sim_options *b)
{
	return a->etxtbsy == b->etxtbsy &&
	       a->release_order == b->release_order &&
	       a->inner_steps == b->inner_steps;
}

static bool same_plan(const struct rig_plan *a, const struct rig_plan *b)
{
	/* A fix that claims less is put in by its name, not by the input. */
	return a->scenario == b->scenario &&
	       (a->fix.guard == b->fix.guard ||
		rig_claim(a->scenario, &a->fix) != RIG_CLAIM_NEVER) &&
	       a->how == b->how && a->actors == b->actors &&
	       a->starve_ns == b->starve_ns &&
	       same_kernel(&a->kernel, &b->kernel);
}

bool fuzz_header(const struct rig_plan *plan, uint8_t header[FUZZ_HEADER])
{
	const struct rig_family *family = plan->scenario->family;
	unsigned fixes = count_sound(plan->scenario);
	unsigned all = count_scenarios(family) * fixes * OPTIONS;
	struct rig_plan other;

	/* There are few: try all, and no second table can go wrong. */
	for (unsigned i = 0; i < all; i++) {
		header[2] = (uint8_t)(i % OPTIONS);
		header[1] = (uint8_t)(i / OPTIONS % fixes);
		header[0] = (uint8_t)(i / OPTIONS / fixes);
		if (fuzz_plan(family, NULL, header, FUZZ_HEADER, &other) &&
		    same_plan(plan, &other))
			return true;
	}
	return false;
}
