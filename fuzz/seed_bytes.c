/* SPDX-License-Identifier: MIT */
/*
 * seed_bytes IN.sched OUT: a readable schedule as an input of the fuzz target
 * of its family. Run by the build over corpus/seeds.
 */
#include "cli/schedule_file.h"
#include "fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>

static int convert(struct rig_case *c, const char *in, const char *out)
{
	static struct rig_schedule schedule;
	uint8_t bytes[FUZZ_INPUT_MAX];
	FILE *file;
	ssize_t n;

	if (rig_schedule_load(c, in, &schedule))
		return 2;
	n = fuzz_header(&c->plan, bytes) ?
		    rig_bytes_encode(c->engine, c->subject, &schedule,
				     bytes + FUZZ_HEADER,
				     sizeof(bytes) - FUZZ_HEADER) :
		    -1;
	if (n < 0) {
		fprintf(stderr, "%s: no input of the fuzz target does this\n",
			in);
		return 2;
	}
	file = fopen(out, "wbe");
	if (!file ||
	    fwrite(bytes, 1, (size_t)n + FUZZ_HEADER, file) !=
		    (size_t)n + FUZZ_HEADER ||
	    fclose(file)) {
		perror(out);
		return 2;
	}
	return 0;
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
		return 2;
	rc = convert(c, argv[1], argv[2]);
	rig_case_close(c);
	return rc;
}
