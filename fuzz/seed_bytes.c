/* SPDX-License-Identifier: MIT */
/*
 * seed_bytes IN.sched OUT: a readable schedule as an input of the fuzz target
 * of its family. Where OUT is a directory: one input in it for each fix that
 * claims to be sound in that scenario, which is its name. Run by the build over
 * corpus/seeds, and by the tests over them and corpus/regressions.
 *
 * seed_bytes --or-empty IN.sched OUT: an empty input where the schedule does not
 * happen. So the fuzz targets can also be built, and say so, when what is under
 * test was broken.
 *
 * seed_bytes FAMILY DIR: every scenario of the family with every fix that claims
 * to be sound there, both ways of making children, and nothing else: where the
 * search for the others begins.
 */
#include "cli/fuzz_input.h"
#include "cli/schedule_file.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct rig_inputs inputs;

static int fail(const char *path, const char *reason)
{
	fprintf(stderr, "%s: %s\n", path, reason);
	return 2;
}

static int write_input(const char *path, const uint8_t *bytes, size_t n)
{
	FILE *file = fopen(path, "wbe");
	bool written = file && fwrite(bytes, 1, n, file) == n;

	if (file && fclose(file))
		written = false;
	return written ? 0 : fail(path, "cannot be written");
}

/* The same bytes, once for each sound fix of the scenario. */
static int write_all(const struct rig_plan *plan, const char *dir,
		     uint8_t *bytes, size_t n)
{
	unsigned i = 0;
	int rc = 0;

	while (inputs.scenario[i].scenario != plan->scenario)
		i++;
	for (unsigned k = 0; !rc && k < inputs.scenario[i].nfixes; k++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", dir,
			 inputs.scenario[i].fix[k].name);
		bytes[RIG_INPUT_FIX] = (uint8_t)k;
		rc = write_input(path, bytes, n);
	}
	return rc;
}

static int convert(struct rig_case *c, const char *in, const char *out)
{
	static struct rig_schedule schedule;
	uint8_t bytes[RIG_INPUT_MAX];
	struct stat st;
	ssize_t n;

	if (rig_schedule_load(c, in, &schedule))
		return 2;
	n = rig_inputs_of(&inputs, c->plan.scenario->family, NULL) &&
			    rig_input_header(&inputs, &c->plan, bytes) ?
		    rig_bytes_encode(c->engine, c->subject, &schedule,
				     bytes + RIG_INPUT_HEADER,
				     sizeof(bytes) - RIG_INPUT_HEADER) :
		    -1;
	if (n < 0)
		return fail(in, "no input of the fuzz target does this");
	n += RIG_INPUT_HEADER;
	if (!stat(out, &st) && S_ISDIR(st.st_mode))
		return write_all(&c->plan, out, bytes, (size_t)n);
	return write_input(out, bytes, (size_t)n);
}

/* As headers alone: all decisions are the default. */
static int write_plain(const struct rig_family *family, const char *dir)
{
	int rc = 0;

	if (!rig_inputs_of(&inputs, family, NULL))
		return fail(family->name, "no inputs");
	for (unsigned i = 0; i < inputs.n; i++)
		for (unsigned k = 0; !rc && k < 2 * inputs.scenario[i].nfixes;
		     k++) {
			const struct rig_input_scenario *s =
				&inputs.scenario[i];
			const uint8_t header[RIG_INPUT_HEADER] = {
				[RIG_INPUT_SCENARIO] = (uint8_t)i,
				[RIG_INPUT_FIX] = (uint8_t)(k / 2),
				[RIG_INPUT_OPTIONS] = k % 2,
			};
			char path[PATH_MAX];

			snprintf(path, sizeof(path), "%s/plain-%s-%s-%s", dir,
				 strchr(s->scenario->name, '/') + 1,
				 s->fix[k / 2].name,
				 rig_how_name((enum spw_clone)(k % 2)));
			rc = write_input(path, header, sizeof(header));
		}
	return rc;
}

/* NULL: it is the name of a file. */
static const struct rig_family *find_family(const char *name)
{
	for (unsigned i = 0; rig_scenarios[i]; i++)
		if (!strcmp(rig_scenarios[i]->family->name, name))
			return rig_scenarios[i]->family;
	return NULL;
}

int main(int argc, char **argv)
{
	bool or_empty = argc > 1 && !strcmp(argv[1], "--or-empty");
	struct rig_case *c;
	int rc;

	argc -= or_empty;
	argv += or_empty;
	if (argc != 3) {
		fputs("usage: seed_bytes [--or-empty] IN.sched OUT | FAMILY "
		      "DIR\n",
		      stderr);
		return 2;
	}
	if (find_family(argv[1]))
		return write_plain(find_family(argv[1]), argv[2]);
	if (rig_case_open(&c))
		return fail(argv[0], "no memory");
	rc = convert(c, argv[1], argv[2]);
	rig_case_close(c);
	return rc && or_empty ? write_input(argv[2], (const uint8_t *)"", 0) :
				rc;
}
