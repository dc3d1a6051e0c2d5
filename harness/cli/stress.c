/* SPDX-License-Identifier: MIT */
/* racerig stress: a scenario on this machine's kernel, free-running. */
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/stress_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t default_time_ns = 5000000000;

struct session {
	const struct rig_args *args;
	const struct rig_scenario *scenario;
	struct rig_workdir dir;
	struct rig_observation observation[RIG_OBSERVATIONS_MAX];
	unsigned n; /* fixes to observe */
	unsigned done;
	bool progress;
};

/* ---- what is asked for ---- */

static int find_scenario(struct session *s)
{
	const char *names[64] = { NULL };

	s->scenario = rig_scenario_find(s->args->word[0]);
	if (s->scenario)
		return 0;
	for (unsigned i = 0; rig_scenarios[i] && i < 63; i++)
		names[i] = rig_scenarios[i]->name;
	return rig_unknown("scenario", s->args->word[0], names);
}

static int add_fix(struct session *s, const struct rig_fix *fix)
{
	const struct rig_args *a = s->args;
	struct rig_stress_options *options;

	if (s->n == RIG_OBSERVATIONS_MAX)
		return rig_error("--fix: more than %d at once",
				 RIG_OBSERVATIONS_MAX);
	options = &s->observation[s->n++].options;
	*options = (struct rig_stress_options){
		.scenario = s->scenario,
		.fix = *fix,
		.beside = a->beside,
		.threads = a->threads,
		.amplify = a->amplify,
		.directed = a->directed,
		.time_ns = a->given & RIG_OPT(TIME) ? a->time_ns :
						      default_time_ns,
		.attempts = a->max,
		.until_hit = a->until_hit || a->bisect,
		.stop = &rig_interrupted,
	};
	rig_stress_complete(options);
	return 0;
}

static int add_fixes(struct session *s, const char *name)
{
	const struct rig_family *family = s->scenario->family;
	struct rig_fix fix;
	int rc = 0;

	if (strcmp(name, "all") != 0)
		return rig_real_fix_find(family, name, &fix) ?
			       add_fix(s, &fix) :
			       rig_unknown_fix(family, name);
	for (unsigned i = 0; !rc && rig_real_fix(family, i, &fix); i++)
		rc = add_fix(s, &fix);
	return rc;
}

/* What was given must go together. */
static int check(const struct rig_args *a)
{
	const char *why;

	if (rig_amplify_check(&a->amplify, a->directed, &why))
		return rig_error("--amplify %s", why);
	if (a->directed && a->threads && a->threads < RIG_THREADS_DIRECTED)
		return rig_error("--threads %u: --directed needs one that "
				 "writes and one that spawns",
				 a->threads);
	return 0;
}

static int choose(struct session *s)
{
	int rc = check(s->args);

	if (!rc)
		rc = find_scenario(s);
	if (!rc)
		rc = rig_check_beside(s->args, s->scenario);
	if (!rc && !s->args->nfixes)
		rc = add_fixes(s, rig_unfixed(s->scenario->family));
	for (unsigned i = 0; !rc && i < s->args->nfixes; i++)
		rc = add_fixes(s, s->args->fix[i]);
	return rc;
}

/* ---- one fix ---- */

static void show_progress(void *ctx, const struct rig_stress *so_far)
{
	const struct session *s = ctx;
	const struct rig_observation *o = &s->observation[s->done];
	uint64_t ns =
		so_far->test.ns + so_far->positive.ns + so_far->negative.ns;

	fprintf(stderr,
		"\r%u/%u %s: %" PRIu64 " hits in %" PRIu64
		" attempts, unfixed %" PRIu64 " in %" PRIu64 ", %.1f s \033[K",
		s->done + 1, s->n, o->options.fix.name, so_far->test.hits,
		so_far->test.attempts, so_far->positive.hits,
		so_far->positive.attempts, (double)ns / 1e9);
}

static enum report_verdict verdict_of(enum rig_stress_end end)
{
	switch (end) {
	case RIG_STRESS_CLEAN:
		return REPORT_HELD;
	case RIG_STRESS_HIT:
		/* Which steps it took cannot be seen from outside. */
		return REPORT_BROKEN_MAYBE;
	case RIG_STRESS_UNJUDGED:
	case RIG_STRESS_FAILED:
		break;
	}
	return REPORT_UNJUDGED;
}

static int observe(struct session *s)
{
	struct rig_observation *o = &s->observation[s->done];
	enum rig_stress_end end;
	int rc;

	o->options.progress = s->progress ? show_progress : NULL;
	o->options.progress_ctx = s;
	rc = rig_stress_run(&o->options, &s->dir, &o->stress);
	if (s->progress)
		fputs("\r\033[K", stderr);
	if (rc == -ENOTSUP) {
		o->verdict = REPORT_SKIP;
		memcpy(o->why, o->stress.why, sizeof(o->stress.why));
		return 0;
	}
	if (rc)
		return rig_error("%s %s: %s", s->scenario->name,
				 o->options.fix.name, o->stress.why);
	end = rig_stress_judge(&o->stress, o->why, sizeof(o->why));
	o->verdict = verdict_of(end);
	if (end == RIG_STRESS_FAILED)
		return rig_error("%s %s: %s", s->scenario->name,
				 o->options.fix.name, o->why);
	return 0;
}

/* ---- all of them ---- */

/* The worst of all: a hit, unjudged or not reached, skipped. */
static int exit_code(const struct session *s)
{
	bool seen[RIG_EXIT_SKIP + 1] = { false };

	seen[RIG_EXIT_UNJUDGED] = s->done < s->n;
	for (unsigned i = 0; i < s->done; i++)
		seen[report_verdict_exit(s->observation[i].verdict)] = true;
	return seen[RIG_EXIT_VIOLATED] ? RIG_EXIT_VIOLATED :
	       seen[RIG_EXIT_UNJUDGED] ? RIG_EXIT_UNJUDGED :
	       seen[RIG_EXIT_SKIP]     ? RIG_EXIT_SKIP :
					 RIG_EXIT_OK;
}

static void report(const struct session *s, const char *fs)
{
	const struct rig_setting setting = { .command = "racerig stress",
					     .fs = fs };

	rig_observations_write(s->observation, s->done, &setting,
			       s->args->format);
}

/* A directory that was asked for must be good; one that was not need not. */
static int no_directory(struct session *s, const char *why)
{
	if (s->args->dir)
		return rig_error("--dir %s", why);
	for (; s->done < s->n; s->done++) {
		struct rig_observation *o = &s->observation[s->done];

		o->verdict = REPORT_SKIP;
		snprintf(o->why, sizeof(o->why), "%s; see --dir", why);
	}
	report(s, NULL);
	return RIG_EXIT_SKIP;
}

static int stress(struct session *s)
{
	char why[RIG_MESSAGE_MAX];
	int rc = choose(s);

	if (rc)
		return rc;
	rig_interrupt_catch();
	/* Ignored by who started us, it would reap our children unseen. */
	signal(SIGCHLD, SIG_DFL);
	if (rig_workdir_open(&s->dir, s->args->dir, why, sizeof(why)))
		return no_directory(s, why);
	while (!rc && s->done < s->n && !rig_interrupted) {
		rc = observe(s);
		s->done += !rc;
	}
	/* Before anything is written: a reader that has gone away ends us. */
	rig_workdir_close(&s->dir);
	if (!rc && s->done < s->n)
		rig_error("interrupted: %u of %u fixes were not reached",
			  s->n - s->done, s->n);
	if (!rc || s->done)
		report(s, s->dir.fs);
	return rc ? rc : exit_code(s);
}

static int run(const struct rig_args *args)
{
	struct session *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return rig_error("no memory");
	s->args = args;
	s->progress = !args->quiet && isatty(STDERR_FILENO);
	rc = stress(s);
	free(s);
	return rc;
}

/* In the columns of the options. */
#define AMPLIFIER_LINE(given, reason) "\n      " given "\n            " reason

const struct rig_command rig_command_stress = {
	.name = "stress",
	.summary = "run a scenario on this kernel; how often the race is hit",
	.words = "SCENARIO",
	.text = "Runs a scenario on this machine's kernel with threads that "
		"nobody holds back, and\ncounts how often the race is hit. The "
		"unfixed variant and a fix that is sound\ntake turns with the "
		"fix in question: only while the one is hit and the other "
		"is\nnot do the counts mean anything.\n\n"
		"  BROKEN?   hit; whether whole calls suffice, racerig explore "
		"says\n"
		"  HELD      not hit, while the unfixed variant was; this is "
		"never a proof\n"
		"  UNJUDGED  the unfixed variant was not hit either\n\n"
		"Of --time the fix takes 60 percent, the controls 30 and 10. "
		"Windows are attempts\nduring which another thread was "
		"forking: there the race was possible; in wait/...\nchildren "
		"with an id that a handle still had; in close/... attempts of "
		"two threads.\n\n"
		"--directed does not wait for luck. While one thread has the "
		"file open, the others\nspawn; their children keep for long "
		"what they copied; and a process that exists\nalready, on a "
		"CPU of its own, executes the file when the write has "
		"returned. So\neach attempt asks whether what a fix waits for "
		"is enough. Windows are attempts in\nwhich a child had copied "
		"the writer's descriptors before the close; where forks\nare "
		"kept out there are none. What a fix does in the spawn counts "
		"as well: such\nare executed by the library. Barriers to ask "
		"about:\n"
		"  return of vfork        --fix quiesce\n"
		"  end of a report pipe   --fix quiesce, spawn=fork, "
		"pipe-order=high or low\n"
		"  return of posix_spawn  --fix none, spawn=posix_spawn, "
		"spawn-return\n"
		"  a pipe beside the file --fix canary-pipe, pipe-order=high "
		"or low\n"
		"  a lock, a close event  --fix flock, --fix close-event, "
		"rewrite\n\namplifiers:" //
	RIG_AMPLIFIERS(AMPLIFIER_LINE) "\n\nwith --directed (extra-fds is "
				       "200 there unless given; noise, hold, "
				       "cpus are not taken):" //
	RIG_DIRECTED_AMPLIFIERS(AMPLIFIER_LINE),
	.examples =
		"  racerig stress etxtbsy/build-and-run\n"
		"  racerig stress etxtbsy/build-and-run --until-hit\n"
		"  racerig stress etxtbsy/build-and-run --fix fork-lock "
		"--time 60s\n"
		"  racerig stress etxtbsy/build-and-run --fix quiesce "
		"--directed\n"
		"  racerig stress etxtbsy/build-and-run --directed --amplify "
		"spawn-return --amplify spawn=posix_spawn\n"
		"  racerig stress etxtbsy/build-and-run --fix quiesce "
		"--amplify hold=200 --amplify extra-fds=500\n"
		"  racerig stress etxtbsy/build-and-run --dir /dev/shm "
		"--format json\n"
		"  git bisect run racerig stress etxtbsy/build-and-run --fix "
		"lease --bisect\n",
	.options = RIG_OPTS_COMMON | RIG_OPTS_BESIDE | RIG_OPT(FIX) |
		   RIG_OPT(MAX) | RIG_OPT(TIME) | RIG_OPT(DIR) |
		   RIG_OPT(THREADS) | RIG_OPT(DIRECTED) | RIG_OPT(AMPLIFY) |
		   RIG_OPT(UNTIL_HIT) | RIG_OPT(BISECT),
	.words_min = 1,
	.words_max = 1,
	.judges = true,
	.run = run,
};
