/* SPDX-License-Identifier: MIT */
/* racerig: finds the sub-command and runs it. */
#include "cli/options.h"

#include <rig_version.h>

#include <stdio.h>
#include <string.h>

static const struct rig_command *const commands[] = {
	&rig_command_list,    &rig_command_probe,    &rig_command_explore,
	&rig_command_replay,  &rig_command_decode,   &rig_command_shrink,
	&rig_command_export,  &rig_command_stress,   &rig_command_matrix,
	&rig_command_mutants, &rig_command_conform,  &rig_command_price,
	&rig_command_bench,   &rig_command_samplers, NULL,
};

static void print_usage(FILE *out)
{
	fputs("usage: racerig COMMAND [arguments]\n\n"
	      "Reproduces, explores and proves fixes for races around spawned "
	      "processes and\ndescriptors.\n\ncommands:\n",
	      out);
	for (int i = 0; commands[i]; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\nracerig COMMAND --help says more, with examples. "
	      "racerig --version.\n\n"
	      "exit status: 0 proved or held, 1 broken or narrowed, 2 wrong "
	      "use or the rig\nitself failed, 3 unjudged, 4 skipped\n",
	      out);
}

static int unknown_command(const char *given)
{
	const char *names[sizeof(commands) / sizeof(commands[0])] = { NULL };

	for (int i = 0; commands[i]; i++)
		names[i] = commands[i]->name;
	return rig_unknown("command", given, names);
}

static int run_command(const struct rig_command *command, int argc, char **argv)
{
	struct rig_args args;
	int rc = rig_args_parse(&args, command, argc, argv);

	if (rc)
		return rc > 0 ? RIG_EXIT_OK : RIG_EXIT_ERROR;
	return command->run(&args);
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return RIG_EXIT_ERROR;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		print_usage(stdout);
		return RIG_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("racerig %s (%s)\n", RIG_VERSION, RIG_COMMIT);
		return RIG_EXIT_OK;
	}
	for (int i = 0; commands[i]; i++)
		if (!strcmp(argv[1], commands[i]->name))
			return run_command(commands[i], argc - 1, argv + 1);
	return unknown_command(argv[1]);
}

/* Written out or shortened, as getopt_long takes it. */
static bool is_for_bisect(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		size_t len = strlen(argv[i]);

		if (len > 2 && !strncmp(argv[i], "--bisect", len))
			return true;
	}
	return false;
}

/*
 * To git bisect run every status but 0 and 125 says that the commit is bad.
 * That must not be said for a misspelt option either, so it is decided here.
 */
static int bisect_code(int rc)
{
	enum { UNKNOWN = 125 };

	return rc == RIG_EXIT_OK || rc == RIG_EXIT_VIOLATED ? rc : UNKNOWN;
}

int main(int argc, char **argv)
{
	int rc = run(argc, argv);

	/* A full disk must not look like a verdict. */
	if (fflush(stdout) || ferror(stdout))
		rc = rig_error("standard output cannot be written");
	return is_for_bisect(argc, argv) ? bisect_code(rc) : rc;
}
