/* SPDX-License-Identifier: MIT */
#include "cli/case.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const program_path[RIG_PROGRAMS_MAX] = {
	"prog-a1", "prog-a2", "prog-a3", "prog-a4",
	"prog-a5", "prog-a6", "prog-a7", "prog-a8",
};

static const char *const script_path[RIG_PROGRAMS_MAX] = {
	"script-a1", "script-a2", "script-a3", "script-a4",
	"script-a5", "script-a6", "script-a7", "script-a8",
};

static const char other_path[] = "other";
static const char other_script[] = "other-script";
static const char interpreter[] = "interpreter";

/* ---- the world of a scenario, on the simulated kernel ---- */

static int install_scripts(struct rig_case *c)
{
	uint8_t image[SIM_PROGRAM_SIZE], script[SIM_SCRIPT_SIZE];
	int len = sim_script(script, interpreter, 0);
	int rc;

	sim_interpreter(image);
	rc = sim_install(c->sim, interpreter, image, sizeof(image));
	return rc ? rc : sim_install(c->sim, other_script, script, (size_t)len);
}

static int prepare(void *ctx)
{
	struct rig_case *c = ctx;
	uint8_t image[SIM_PROGRAM_SIZE];

	c->world.engine = sim_engine(c->sim);
	if (!c->plan.scenario->family->uses_spw)
		return 0;
	if (c->plan.fix.interpreted && install_scripts(c))
		return -ENOSPC;
	sim_program(image, 0);
	return sim_install(c->sim, other_path, image, sizeof(image));
}

static const void *program(void *ctx, unsigned code, size_t *len)
{
	struct rig_case *c = ctx;

	if (c->plan.fix.interpreted) {
		*len = c->script_len;
		return c->script[code - 1];
	}
	*len = SIM_PROGRAM_SIZE;
	return c->program[code - 1];
}

static const char *path(void *ctx, unsigned index)
{
	(void)ctx;
	return program_path[index];
}

static const char *script(void *ctx, unsigned index)
{
	(void)ctx;
	return script_path[index];
}

static const char *other_program(void *ctx)
{
	const struct rig_case *c = ctx;

	return c->plan.fix.interpreted ? other_script : other_path;
}

static void actors(void *ctx, bool on)
{
	struct rig_case *c = ctx;

	sim_threads_are_actors(c->sim, on);
}

static bool faulted(void *ctx)
{
	const struct rig_case *c = ctx;

	return sim_faults(c->sim) > 0;
}

/* The scenario's outcomes are static strings; the engine keeps the pointer. */
static void fail(void *ctx, const char *outcome, const char *message)
{
	struct rig_case *c = ctx;

	rig_fail(sim_engine(c->sim), outcome, "%s", message);
}

/* ---- opening ---- */

int rig_case_open(struct rig_case **out)
{
	struct rig_case *c = calloc(1, sizeof(*c));
	int rc = c ? rig_engine_open(&c->engine) : -ENOMEM;

	if (!rc)
		rc = sim_open(&c->sim);
	if (rc) {
		rig_case_close(c);
		return rc;
	}
	for (int i = 0; i < RIG_PROGRAMS_MAX; i++) {
		sim_program(c->program[i], i + 1);
		c->script_len =
			(size_t)sim_script(c->script[i], interpreter, i + 1);
	}
	c->world = (struct rig_world){
		.ctx = c,
		.sys = sim_sys(c->sim),
		.prepare = prepare,
		.program = program,
		.path = path,
		.script = script,
		.other_program = other_program,
		.actors = actors,
		.faulted = faulted,
		.fail = fail,
	};
	c->subject = sim_subject(c->sim, rig_run_main, &c->run);
	*out = c;
	return 0;
}

void rig_case_close(struct rig_case *c)
{
	if (!c)
		return;
	rig_control_close(c->control);
	sim_close(c->sim);
	rig_engine_close(c->engine);
	free(c);
}

int rig_case_control_may(const struct rig_plan *plan, char *why, size_t why_len)
{
	if (rig_fix_runs_here(&plan->fix))
		return rig_control_may(&plan->kernel, why, why_len);
	snprintf(why, why_len, "this kernel lacks what %s needs",
		 plan->fix.name);
	return -ENOTSUP;
}

int rig_case_control(struct rig_case *c, const char *dir, char *why,
		     size_t why_len)
{
	return rig_control_open(&c->control, c->sim, dir, why, why_len);
}

enum spw_clone rig_plan_how(const struct rig_plan *plan)
{
	return plan->fix.sets_how ? plan->fix.how : plan->how;
}

struct sim_options rig_case_kernel(const struct rig_scenario *scenario)
{
	struct sim_options kernel = sim_defaults;
	const char *expected;

	if (scenario && scenario->kernel)
		sim_option_parse(&kernel, scenario->kernel, &expected);
	return kernel;
}

const char *rig_case_unavailable(const struct rig_plan *plan)
{
	struct rig_fix fix = plan->fix;

	rig_fix_put_beside(&fix, &plan->beside, false);
	if (fix.pidfds && plan->kernel.thread_scope)
		return "there are no pidfds on Plan 9 (wait-scope=thread)";
	return fix.unavailable;
}

void rig_case_set(struct rig_case *c, const struct rig_plan *plan)
{
	c->plan = *plan;
	c->plan.how = rig_plan_how(plan);
	rig_fix_put_beside(&c->plan.fix, &plan->beside, false);
	if (c->control) {
		c->plan.kernel.inner_steps = false;
		c->plan.kernel.faults = 0;
		c->plan.kernel.release_order = SIM_ORDER_LIFO;
		rig_control_restart(c->control);
	}
	sim_configure(c->sim, &c->plan.kernel);
	c->world.spw_sys = c->plan.kernel.faults ? sim_faulty_sys(c->sim) :
						   NULL;
	c->engine->starve_ns = plan->starve_ns;
	c->engine->identical = plan->scenario->identical;
	c->run = (struct rig_run){
		.scenario = plan->scenario,
		.world = &c->world,
		.fix = c->plan.fix,
		.how = c->plan.how,
		.actors = plan->actors,
	};
}

/* ---- between plans and headers ---- */

static const char *const how_name[] = {
	[SPW_CLONE_FORK] = "fork",
	[SPW_CLONE_VFORK] = "vfork",
};

const char *rig_how_name(enum spw_clone how)
{
	return how_name[how];
}

bool rig_how_find(const char *name, enum spw_clone *how)
{
	for (int i = SPW_CLONE_FORK; i <= SPW_CLONE_VFORK; i++)
		if (!strcmp(name, how_name[i])) {
			*how = (enum spw_clone)i;
			return true;
		}
	return false;
}

static void header_beside(const struct rig_beside *beside, struct rig_header *h)
{
	char *field[RIG_POLICIES] = { [RIG_GUARD] = h->guard,
				      [RIG_WAITER] = h->waiter,
				      [RIG_CLOSER] = h->closer };

	for (int i = 0; i < RIG_POLICIES; i++)
		if (beside->name[i])
			snprintf(field[i], RIG_FIELD_MAX, "%s",
				 beside->name[i]);
}

void rig_case_header(const struct rig_case *c, const char *outcome,
		     struct rig_header *h)
{
	memset(h, 0, sizeof(*h));
	snprintf(h->scenario, sizeof(h->scenario), "%s",
		 c->plan.scenario->name);
	snprintf(h->fix, sizeof(h->fix), "%s", c->plan.fix.name);
	header_beside(&c->plan.beside, h);
	if (c->plan.scenario->family->uses_spw)
		snprintf(h->spawn, sizeof(h->spawn), "%s",
			 rig_how_name(c->plan.how));
	sim_option_print(&c->plan.kernel, h->kernel, sizeof(h->kernel));
	snprintf(h->outcome, sizeof(h->outcome), "%s", outcome);
	h->actors = c->plan.actors;
	h->starve_ns = c->plan.starve_ns;
}

static int parse_kernel(const char *text, struct sim_options *options,
			char *why, size_t why_len)
{
	char copy[RIG_FIELD_MAX];
	char *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		const char *expected;

		if (!sim_option_parse(options, word, &expected))
			continue;
		snprintf(why, why_len, "kernel: \"%s\", expected %s", word,
			 expected);
		return -EINVAL;
	}
	return 0;
}

/* The name that is kept is the list's: it stays. */
static int parse_policy(const char *given, enum rig_policy policy,
			struct rig_plan *plan, char *why, size_t why_len)
{
	int label = snprintf(why, why_len, "%s: ", rig_policy_name(policy));
	struct rig_fix other;

	why += label;
	why_len -= (size_t)label;
	if (rig_policy_check(plan->scenario, policy, why, why_len))
		return -EINVAL;
	if (!rig_fix_find(rig_policy_family(policy), given, &other)) {
		snprintf(why, why_len, "there is no \"%s\"", given);
		return -EINVAL;
	}
	plan->beside.name[policy] = other.name;
	return 0;
}

static int parse_beside(const struct rig_header *h, struct rig_plan *plan,
			char *why, size_t why_len)
{
	const char *field[RIG_POLICIES] = { [RIG_GUARD] = h->guard,
					    [RIG_WAITER] = h->waiter,
					    [RIG_CLOSER] = h->closer };
	int rc = 0;

	for (int i = 0; !rc && i < RIG_POLICIES; i++)
		if (field[i][0])
			rc = parse_policy(field[i], (enum rig_policy)i, plan,
					  why, why_len);
	return rc;
}

int rig_case_plan(const struct rig_header *h, struct rig_plan *plan, char *why,
		  size_t why_len)
{
	*plan = (struct rig_plan){ .kernel = sim_defaults,
				   .how = SPW_CLONE_VFORK,
				   .actors = h->actors,
				   .starve_ns = h->starve_ns };
	plan->scenario = rig_scenario_find(h->scenario);
	if (!plan->scenario) {
		snprintf(why, why_len, "scenario: there is no \"%s\"",
			 h->scenario);
		return -EINVAL;
	}
	if (!rig_fix_find(plan->scenario->family, h->fix, &plan->fix)) {
		snprintf(why, why_len, "fix: there is no \"%s\"", h->fix);
		return -EINVAL;
	}
	if (parse_beside(h, plan, why, why_len))
		return -EINVAL;
	if (h->spawn[0] && !rig_how_find(h->spawn, &plan->how)) {
		snprintf(why, why_len, "spawn: \"%s\", expected vfork or fork",
			 h->spawn);
		return -EINVAL;
	}
	if (h->actors < plan->scenario->actors_min ||
	    h->actors > plan->scenario->actors_max) {
		snprintf(why, why_len, "actors: %u, but %s takes %u to %u",
			 h->actors, h->scenario, plan->scenario->actors_min,
			 plan->scenario->actors_max);
		return -EINVAL;
	}
	if (!h->kernel[0])
		plan->kernel = rig_case_kernel(plan->scenario);
	return parse_kernel(h->kernel, &plan->kernel, why, why_len);
}
