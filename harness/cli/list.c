/* SPDX-License-Identifier: MIT */
/* racerig list */
#include "cli/options.h"

#include "mutants/mutant.h"
#include "reports/json_emit.h"
#include "strategies/list.h"

#include <stdio.h>

static const struct rig_family *const families[] = {
	&rig_family_classic, &rig_family_close, &rig_family_etxtbsy,
	&rig_family_fork,    &rig_family_spawn, &rig_family_tiny,
	&rig_family_wait,
};

enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static void print_fix(const struct rig_fix *fix)
{
	printf("  %-26s %s%s", fix->name, fix->summary,
	       fix->claims_sound ? " [claims: never]" : "");
	if (fix->unavailable)
		printf(" [SKIP: %s]", fix->unavailable);
	putchar('\n');
}

static void print_table(void)
{
	struct rig_fix fix;

	puts("scenarios");
	for (int i = 0; rig_scenarios[i]; i++)
		printf("  %-26s %s (%u to %u actors)\n", rig_scenarios[i]->name,
		       rig_scenarios[i]->summary, rig_scenarios[i]->actors_min,
		       rig_scenarios[i]->actors_max);
	for (int f = 0; f < FAMILIES; f++) {
		printf("\nfixes of %s/...\n", families[f]->name);
		for (unsigned i = 0; families[f]->fix(i, &fix); i++)
			print_fix(&fix);
	}
	puts("\nstrategies");
	for (int i = 0; rig_strategies[i]; i++)
		printf("  %-26s %s\n", rig_strategies[i]->name,
		       rig_strategies[i]->summary);
	puts("\nmutants");
	for (int i = 0; rig_mutants[i]; i++)
		printf("  %-26s %s\n", rig_mutants[i]->name,
		       rig_mutants[i]->summary);
	puts("\nworlds\n"
	     "  sim                        the simulated kernel (explore)\n"
	     "  control                    this kernel, call by call (replay "
	     "--on control, conform)\n"
	     "  stress                     this kernel, by force (stress)");
}

static void emit_fixes(struct emit *emit, const struct rig_family *family)
{
	struct rig_fix fix;

	for (unsigned i = 0; family->fix(i, &fix); i++) {
		emit_object(emit, NULL);
		emit_string(emit, "family", family->name);
		emit_string(emit, "name", fix.name);
		emit_string(emit, "summary", fix.summary);
		emit_bool(emit, "claims_sound", fix.claims_sound);
		emit_string(emit, "unavailable", fix.unavailable);
		emit_object_end(emit);
	}
}

static void emit_scenario(struct emit *emit, const struct rig_scenario *s)
{
	emit_object(emit, NULL);
	emit_string(emit, "name", s->name);
	emit_string(emit, "summary", s->summary);
	emit_string(emit, "family", s->family->name);
	emit_integer(emit, "actors_min", s->actors_min);
	emit_integer(emit, "actors_max", s->actors_max);
	emit_array(emit, "outcomes");
	for (const struct rig_outcome *o = s->outcomes; o->id; o++) {
		emit_object(emit, NULL);
		emit_string(emit, "id", o->id);
		emit_bool(emit, "forbidden", o->grade == RIG_FORBIDDEN);
		emit_string(emit, "text", o->text);
		emit_object_end(emit);
	}
	emit_array_end(emit);
	emit_object_end(emit);
}

static void emit_mutant(struct emit *emit, const struct rig_mutant *mutant)
{
	emit_object(emit, NULL);
	emit_string(emit, "name", mutant->name);
	emit_string(emit, "summary", mutant->summary);
	emit_string(emit, "rule", mutant->rule);
	emit_string(emit, "scenario", mutant->scenario);
	emit_string(emit, "fix", mutant->fix);
	emit_string(emit, "outcome", mutant->outcome);
	emit_object_end(emit);
}

static void print_json(void)
{
	struct emit emit = { .out = stdout };

	emit_object(&emit, NULL);
	emit_array(&emit, "scenarios");
	for (int i = 0; rig_scenarios[i]; i++)
		emit_scenario(&emit, rig_scenarios[i]);
	emit_array_end(&emit);
	emit_array(&emit, "fixes");
	for (int f = 0; f < FAMILIES; f++)
		emit_fixes(&emit, families[f]);
	emit_array_end(&emit);
	emit_array(&emit, "strategies");
	for (int i = 0; rig_strategies[i]; i++) {
		emit_object(&emit, NULL);
		emit_string(&emit, "name", rig_strategies[i]->name);
		emit_string(&emit, "summary", rig_strategies[i]->summary);
		emit_bool(&emit, "exhaustive", rig_strategies[i]->exhaustive);
		emit_object_end(&emit);
	}
	emit_array_end(&emit);
	emit_array(&emit, "mutants");
	for (int i = 0; rig_mutants[i]; i++)
		emit_mutant(&emit, rig_mutants[i]);
	emit_array_end(&emit);
	emit_object_end(&emit);
}

static int run(const struct rig_args *args)
{
	if (args->format == RIG_FORMAT_JSON)
		print_json();
	else
		print_table();
	return RIG_EXIT_OK;
}

const struct rig_command rig_command_list = {
	.name = "list",
	.summary = "scenarios, fixes, strategies and mutants",
	.words = "",
	.text = "Lists what there is to explore: scenarios, the fixes that "
		"each family of\nscenarios knows, the ways to choose "
		"schedules, and the bugs that can be planted.",
	.examples = "  racerig list\n"
		    "  racerig list --format json\n",
	.options = RIG_OPTS_COMMON,
	.run = run,
};
