/* SPDX-License-Identifier: MIT */
/*
 * seed_bytes IN.sched OUT: a readable schedule as an input of the fuzz target
 * of its family. Where OUT is a directory: one input in it for each fix that
 * claims to be sound in that scenario, which is its name. Run by the build over
 * corpus/seeds, and by the tests over corpus/regressions.
 */
#include "cli/fuzz_input.h"
#include "cli/schedule_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

int main(int argc, char **argv)
{
	struct rig_case *c;
	int rc;

	if (argc != 3) {
		fputs("usage: seed_bytes IN.sched OUT\n", stderr);
		return 2;
	}
	if (rig_case_open(&c))
		return fail(argv[0], "no memory");
	rc = convert(c, argv[1], argv[2]);
	rig_case_close(c);
	return rc;
}
