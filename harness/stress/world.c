/* SPDX-License-Identifier: MIT */
#include "stress/world.h"

#include <stdio.h>

static int make_program(struct rig_site *site, unsigned code)
{
	if (!site->interpreted)
		return rig_program(site->program, code);
	return snprintf((char *)site->program, sizeof(site->program),
			"#!/bin/sh\nexit %u\n", code);
}

static const void *program(void *ctx, unsigned code, size_t *len)
{
	struct rig_site *site = ctx;

	*len = (size_t)make_program(site, code);
	return site->program;
}

static const char *path(void *ctx, unsigned index)
{
	return ((struct rig_site *)ctx)->path;
}

static const char *script(void *ctx, unsigned index)
{
	return ((struct rig_site *)ctx)->script;
}

static const char *other_program(void *ctx)
{
	return ((struct rig_site *)ctx)->other;
}

/* Outcomes are static strings; of several, the first is what happened. */
static void fail(void *ctx, const char *outcome, const char *message)
{
	struct rig_site *site = ctx;

	if (site->outcome)
		return;
	site->outcome = outcome;
	snprintf(site->message, sizeof(site->message), "%s", message);
}

void rig_site_init(struct rig_site *site, const struct rig_workdir *dir,
		   unsigned index)
{
	/* workdir.c leaves room for a name. */
	snprintf(site->path, PATH_MAX, "%.*s/program-%u", PATH_MAX - NAME_MAX,
		 dir->path, index + 1);
	snprintf(site->script, PATH_MAX, "%.*s/script-%u", PATH_MAX - NAME_MAX,
		 dir->path, index + 1);
	snprintf(site->other, PATH_MAX, "%.*s/other", PATH_MAX - NAME_MAX,
		 dir->path);
	site->outcome = NULL;
	site->interpreted = false;
	site->world = (struct rig_world){
		.ctx = site,
		.program = program,
		.path = path,
		.script = script,
		.other_program = other_program,
		.fail = fail,
	};
}

bool rig_site_hit(const struct rig_site *site,
		  const struct rig_scenario *scenario)
{
	const struct rig_outcome *outcome =
		site->outcome ? rig_outcome_find(scenario, site->outcome) :
				NULL;

	return outcome && outcome->race;
}

int rig_site_prepare(struct rig_site *site)
{
	const struct spw_options options = { .how = SPW_CLONE_VFORK };
	int len = make_program(site, 0);
	struct spw_rt *rt;
	int rc = len < 0 ? len : spw_open(&rt, &options);

	if (rc)
		return rc;
	rc = spw_write_executable(rt, site->other, site->program, (size_t)len,
				  0755);
	spw_shut(rt);
	return rc;
}
