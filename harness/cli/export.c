/* SPDX-License-Identifier: MIT */
/* racerig export: a counter-example as one C file without the rig. */
#include "cli/beside.h"
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/repro.h"
#include "cli/schedule_file.h"
#include "strategies/list.h"
#include "stress/workdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 10, MEASURED_MAX = 160 };

struct export
{
	const struct rig_args *args;
	struct rig_case *c;
	struct rig_schedule *schedule;
	struct rig_call_log *log;
	struct rig_workdir dir;
	struct rig_environment environment;
	unsigned hits; /* of RUNS */
	bool built;
	char measured[MEASURED_MAX];
};

/* ---- the calls ---- */

static int refuse_inner_steps(const struct export *x)
{
	const struct rig_plan *plan = &x->c->plan;

	if (!plan->scenario->family->uses_spw)
		return rig_error("%s: %s makes no system call",
				 x->args->word[0], plan->scenario->name);
	if (plan->kernel.inner_steps)
		return rig_error("%s: it rests on a step inside a call, whose "
				 "place no program can choose; see racerig "
				 "stress --directed",
				 x->args->word[0]);
	return 0;
}

/* Executes the schedule on this machine's kernel, and remembers all calls. */
static int record(struct export *x)
{
	const struct rig_plan plan = x->c->plan;
	const struct rig_engine *e = x->c->engine;
	char why[RIG_MESSAGE_MAX];

	if (rig_case_control(x->c, x->dir.path, why, sizeof(why)))
		return rig_error("%s", why);
	rig_case_set(x->c, &plan);
	rig_control_log(x->c->control, x->log);
	if (rig_schedule_run(x->c->engine, x->c->subject, x->schedule, false,
			     NULL, why, sizeof(why)))
		return rig_schedule_error(x->args->word[0], why);
	if (e->end != RIG_VIOLATED ||
	    strcmp(e->outcome, x->schedule->header.outcome) != 0)
		return rig_error("%s: on this kernel it ends with \"%s\" and "
				 "not with \"%s\" as it says",
				 x->args->word[0],
				 e->end == RIG_VIOLATED ? e->outcome :
							  "no violation",
				 x->schedule->header.outcome);
	if (x->log->lost)
		return rig_error("%s: more than %d calls", x->args->word[0],
				 RIG_CALLS_MAX);
	return 0;
}

/* ---- the file ---- */

static int write_file(const struct export *x)
{
	const struct rig_repro repro = {
		.log = x->log,
		.version = x->environment.report.version,
		.schedule = x->args->word[0],
		.header = &x->schedule->header,
		.beside = &x->c->plan.beside,
		.message = x->c->engine->message,
		.kernel = x->environment.report.kernel,
		.measured = *x->measured ? x->measured : NULL,
	};
	FILE *out = fopen(x->args->output, "w");
	int failed;

	if (!out)
		return rig_error("%s: %s", x->args->output, strerror(errno));
	rig_repro_write(out, &repro);
	failed = ferror(out);
	if (fclose(out) || failed)
		return rig_error("%s: cannot be written", x->args->output);
	return 0;
}

/* ---- how well it works ---- */

/* In dir, without output; the exit status, or -1. */
static int run_there(const char *dir, const char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (chdir(dir) || !freopen("/dev/null", "w", stdout))
			_exit(126);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int build(struct export *x)
{
	char source[PATH_MAX];
	const char *const argv[] = { "cc",   "-O1", "-static", "-pthread",
				     source, "-o",  "repro",   NULL };
	int status;

	if (!realpath(x->args->output, source))
		return rig_error("%s: %s", x->args->output, strerror(errno));
	status = run_there(x->dir.path, argv);
	x->built = !status;
	if (status == 127)
		snprintf(x->measured, sizeof(x->measured),
			 "not tried: there is no cc here");
	else if (status)
		return rig_error("%s: cc cannot build it", x->args->output);
	return 0;
}

static int measure(struct export *x)
{
	const char *const argv[] = { "./repro", "1", NULL };
	int rc = build(x);

	if (rc || !x->built)
		return rc;
	for (int i = 0; i < RUNS && !rig_interrupted; i++)
		x->hits += run_there(x->dir.path, argv) == 0;
	if (rig_interrupted)
		return rig_error("interrupted");
	snprintf(x->measured, sizeof(x->measured), "measured: %u of %d on %s",
		 x->hits, RUNS, x->environment.report.kernel);
	return 0;
}

static void print_result(const struct export *x)
{
	struct emit emit = { .out = stdout };

	if (x->args->format == RIG_FORMAT_TABLE) {
		printf("%zu calls written to %s; %s\nEXPORT %s %s %s %u/%d\n",
		       x->log->n, x->args->output, x->measured,
		       x->schedule->header.scenario, x->schedule->header.fix,
		       x->schedule->header.outcome, x->hits,
		       x->built ? RUNS : 0);
		return;
	}
	emit_object(&emit, NULL);
	emit_string(&emit, "scenario", x->schedule->header.scenario);
	emit_string(&emit, "fix", x->schedule->header.fix);
	rig_beside_emit(&emit, &x->c->plan.beside);
	emit_string(&emit, "outcome", x->schedule->header.outcome);
	emit_string(&emit, "schedule", x->args->word[0]);
	emit_string(&emit, "file", x->args->output);
	emit_integer(&emit, "calls", x->log->n);
	emit_integer(&emit, "runs", x->built ? RUNS : 0);
	emit_integer(&emit, "reproduced", x->hits);
	emit_object_end(&emit);
}

static int export(struct export *x)
{
	char why[RIG_MESSAGE_MAX];
	int rc = rig_schedule_load(x->c, x->args->word[0], x->schedule);

	if (!rc)
		rc = refuse_inner_steps(x);
	if (rc)
		return rc;
	if (rig_case_control_may(&x->c->plan, why, sizeof(why))) {
		printf("SKIP %s: %s\n", x->args->word[0], why);
		return RIG_EXIT_SKIP;
	}
	rig_interrupt_catch(); /* first: the directory must not stay */
	if (rig_workdir_open(&x->dir, x->args->dir, why, sizeof(why)))
		return rig_no_directory(x->args, why);
	rig_environment_fill(&x->environment, "racerig export");
	rc = record(x);
	if (!rc)
		rc = write_file(x);
	if (!rc)
		rc = measure(x);
	if (!rc)
		rc = write_file(x); /* with what was measured */
	rig_workdir_close(&x->dir);
	if (!rc)
		print_result(x);
	return rc ? rc : x->built && !x->hits ? RIG_EXIT_UNJUDGED : RIG_EXIT_OK;
}

static int run(const struct rig_args *args)
{
	struct export *x = calloc(1, sizeof(*x));
	int rc;

	if (!args->output) {
		free(x);
		return rig_error("export: -o FILE says where the result goes");
	}
	if (x) {
		x->args = args;
		x->schedule = calloc(1, sizeof(*x->schedule));
		x->log = calloc(1, sizeof(*x->log));
	}
	if (!x || !x->schedule || !x->log || rig_case_open(&x->c))
		rc = rig_error("no memory");
	else
		rc = export(x);
	if (x) {
		rig_case_close(x->c);
		free(x->schedule);
		free(x->log);
	}
	free(x);
	return rc;
}

const struct rig_command rig_command_export = {
	.name = "export",
	.summary = "a counter-example as one C file, without the rig",
	.words = "FILE",
	.text = "Executes the schedule in FILE on this machine's kernel, call by call, and writes\n"
		"a C program that makes the same calls in the same order: threads, children and\n"
		"executed programs take turns, and each result is compared with what it was.\n"
		"libc's headers alone; gcc -static -pthread. It repeats itself and says how often\n"
		"all went as recorded. Where there is a compiler, it is built and run ten times,\n"
		"and what came out stands in its head.\n\n"
		"Schedules that need a step inside a call have no such form: where that step\n"
		"falls no program can choose. What this kernel lacks is skipped (exit status 4).",
	.examples = "  racerig export race.sched -o repro.c\n"
		    "  gcc -static -pthread repro.c -o repro && ./repro 100\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(OUTPUT) | RIG_OPT(DIR),
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
