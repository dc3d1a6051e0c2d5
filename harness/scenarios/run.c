/* SPDX-License-Identifier: MIT */
#include "scenarios/scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct rig_scenario *const rig_scenarios[] = {
#define X(name) &rig_scenario_##name,
	RIG_SCENARIOS(X)
#undef X
		NULL,
};

const struct rig_scenario *rig_scenario_find(const char *name)
{
	for (size_t i = 0; rig_scenarios[i]; i++)
		if (!strcmp(rig_scenarios[i]->name, name))
			return rig_scenarios[i];
	return NULL;
}

const struct rig_outcome *rig_outcome_find(const struct rig_scenario *scenario,
					   const char *id)
{
	for (const struct rig_outcome *o = scenario->outcomes; o->id; o++)
		if (!strcmp(o->id, id))
			return o;
	return NULL;
}

static bool find_fix(rig_fix_fn *list, const char *name, struct rig_fix *fix)
{
	for (unsigned i = 0; list(i, fix); i++)
		if (!strcmp(fix->name, name))
			return true;
	return false;
}

const char *rig_unfixed(const struct rig_family *family)
{
	struct rig_fix fix = { .name = NULL };

	family->fix(0, &fix);
	return fix.name;
}

bool rig_fix_find(const struct rig_family *family, const char *name,
		  struct rig_fix *fix)
{
	return find_fix(family->fix, name, fix);
}

/* Is word one of words, which have spaces between? */
static bool is_among(const char *word, const char *words)
{
	size_t len = strlen(word);

	for (; *words; words += strspn(words, " ")) {
		size_t n = strcspn(words, " ");

		if (n == len && !memcmp(words, word, n))
			return true;
		words += n;
	}
	return false;
}

enum rig_claim rig_claim(const struct rig_scenario *scenario,
			 const struct rig_fix *fix)
{
	if (scenario->sound && is_among(fix->name, scenario->sound))
		return RIG_CLAIM_NEVER;
	if (scenario->rules)
		return (fix->rules & scenario->rules) == scenario->rules ?
			       RIG_CLAIM_NEVER :
			       RIG_CLAIM_RARER;
	if (!fix->claims_sound)
		return RIG_CLAIM_RARER;
	return scenario->sound || (scenario->foreign_fork && fix->every_fork) ||
			       (scenario->mapping && fix->no_mapping) ||
			       (scenario->by_kernel && fix->at_spawn) ?
		       RIG_CLAIM_NOTHING :
		       RIG_CLAIM_NEVER;
}

struct spw_options rig_fix_options(const struct rig_fix *fix)
{
	/* Where nothing is about waiting: one without calls of its own. */
	return (struct spw_options){
		.guard = fix->guard,
		.waiter = fix->waiter ? fix->waiter : spw_waiter_find("by-pid"),
		.closer = fix->closer,
	};
}

bool rig_fix_runs_here(const struct rig_fix *fix)
{
	const struct spw_options options = rig_fix_options(fix);
	struct spw_rt *rt;
	int rc = spw_open(&rt, &options);

	if (!rc)
		spw_shut(rt);
	return rc != -ENOTSUP; /* what else may be wrong is not its kernel */
}

static rig_fix_fn *real_fixes(const struct rig_family *family)
{
	return family->real_fix ? family->real_fix : family->fix;
}

bool rig_real_fix(const struct rig_family *family, unsigned i,
		  struct rig_fix *fix)
{
	return real_fixes(family)(i, fix);
}

bool rig_real_fix_find(const struct rig_family *family, const char *name,
		       struct rig_fix *fix)
{
	return find_fix(real_fixes(family), name, fix);
}

/* A call that said why it failed, after a fault; setting up is no outcome. */
static bool is_excused(const struct rig_run *run, const char *id)
{
	const struct rig_world *world = run->world;
	const struct rig_outcome *outcome = rig_outcome_find(run->scenario, id);

	return (!outcome || outcome->error) && world->faulted &&
	       world->faulted(world->ctx);
}

void rig_run_fail(struct rig_run *run, const char *outcome, const char *format,
		  ...)
{
	char message[RIG_MESSAGE_MAX];
	va_list args;

	if (is_excused(run, outcome))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	run->world->fail(run->world->ctx, outcome, message);
}

static int open_runtime(struct rig_run *run)
{
	struct spw_sys *own = run->world->spw_sys;
	struct spw_options options;

	run->rt = NULL;
	if (!run->scenario->family->uses_spw)
		return 0;
	options = rig_fix_options(&run->fix);
	options.sys = own ? own : run->sys;
	options.how = run->how;
	return spw_open(&run->rt, &options);
}

static void actor_main(void *arg)
{
	struct rig_actor *actor = arg;

	actor->run->scenario->actor(actor->run, actor->index);
}

/* Creates the actors' threads and waits for all of them. */
static int run_actors(struct rig_run *run)
{
	struct spw_thread *thread[RIG_ACTORS_MAX];
	unsigned n = 0;
	int rc = 0;

	run->world->actors(run->world->ctx, true);
	for (; n < run->actors && !rc; n++) {
		run->actor[n] = (struct rig_actor){ .run = run, .index = n };
		rc = run->sys->thread_create(run->sys, &thread[n], actor_main,
					     &run->actor[n]);
	}
	if (rc)
		n--;
	run->world->actors(run->world->ctx, false);
	while (n--)
		run->sys->thread_join(run->sys, thread[n]);
	return rc;
}

/* Also where it could not begin: what there is by then, finish takes back. */
static int run_begun(struct rig_run *run)
{
	const struct rig_scenario *scenario = run->scenario;
	int rc = scenario->begin ? scenario->begin(run) : 0;

	if (!rc)
		rc = run_actors(run);
	if (scenario->finish)
		scenario->finish(run);
	return rc;
}

static int run_prepared(struct rig_run *run)
{
	size_t size = run->scenario->state_size;
	int rc = open_runtime(run);

	if (rc)
		return rc;
	run->state = size ? run->sys->alloc(run->sys, size) : NULL;
	run->forks = NULL;
	if (run->fix.locks_forks)
		rc = run->sys->rwlock_create(run->sys, &run->forks);
	if (!rc)
		rc = run_begun(run);
	if (run->forks)
		run->sys->rwlock_destroy(run->sys, run->forks);
	run->sys->free(run->sys, run->state);
	if (run->rt)
		spw_shut(run->rt);
	return rc;
}

void rig_run_main(void *ctx)
{
	struct rig_run *run = ctx;
	int rc;

	run->sys = run->world->sys;
	rc = run->world->prepare(run->world->ctx);
	if (!rc)
		rc = run_prepared(run);
	if (rc)
		rig_run_fail(run, "set-up",
			     "the scenario could not be run: error %d", -rc);
}
