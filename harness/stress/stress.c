/* SPDX-License-Identifier: MIT */
#include "stress/stress.h"

#include "stress/crew.h"
#include "stress/directed.h"
#include "stress/seam.h"
#include "stress/truncation.h"
#include "stress/world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * The three variants of a run take turns. Shares of the time in percent; a turn
 * is short, so that a machine that becomes busy slows all of them alike.
 */
enum variant_id { TEST, POSITIVE, NEGATIVE, VARIANTS };

static const unsigned shares[VARIANTS] = { 60, 30, 10 };
static const uint64_t turn_ns_per_share = 5000000;

struct variant {
	struct rig_fix fix;
	struct rig_seam seam;
	struct spw_rt *rt; /* NULL: not part of this run */
	unsigned share;
	struct rig_tally *tally;
};

struct stress {
	struct rig_stress_options own; /* the caller's, completed */
	const struct rig_stress_options *options;
	const struct rig_workdir *dir;
	struct rig_stress *result;
	struct variant variant[VARIANTS];
	struct rig_crew *crew;
	/* Instead of crew, with options->directed. */
	struct rig_stage *stage;
	struct rig_executor executor;
	struct rig_directed *directed;
	bool by_library; /* who executes, then */
	cpu_set_t cpus;  /* that the caller may use */
	bool pinned;
	int *extra; /* the descriptors of extra-fds */
	unsigned nextra;
};

static int because(struct stress *s, int error, const char *what)
{
	snprintf(s->result->why, sizeof(s->result->why), "%s: %s", what,
		 strerror(-error));
	return error;
}

static bool is_stopped(const struct stress *s)
{
	return s->options->stop && *s->options->stop;
}

/* ---- amplifiers ---- */

/* The first n CPUs that may be used, or, from the last on, the last n. */
static void some_cpus(const struct stress *s, unsigned n, bool last,
		      cpu_set_t *few)
{
	unsigned skip = last ? (unsigned)CPU_COUNT(&s->cpus) - n : 0;

	CPU_ZERO(few);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && n; cpu++) {
		if (!CPU_ISSET(cpu, &s->cpus))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		CPU_SET(cpu, few);
		n--;
	}
}

/* The threads inherit it. */
static int restrict_cpus(struct stress *s, unsigned wanted)
{
	cpu_set_t few;

	if (!wanted)
		return 0;
	if (wanted > s->result->cpus) {
		snprintf(s->result->why, sizeof(s->result->why),
			 "cpus=%u: only %u may be used", wanted,
			 s->result->cpus);
		return -EINVAL;
	}
	some_cpus(s, wanted, false, &few);
	if (sched_setaffinity(0, sizeof(few), &few))
		return because(s, -errno, "restricting the CPUs");
	s->result->cpus = wanted;
	s->pinned = true;
	return 0;
}

static int count_cpus(struct stress *s)
{
	if (sched_getaffinity(0, sizeof(s->cpus), &s->cpus)) {
		if (s->options->amplify.cpus || s->options->directed)
			return because(s, -errno, "which CPUs there are");
		return 0;
	}
	s->result->cpus = (unsigned)CPU_COUNT(&s->cpus);
	return 0;
}

static int open_extra(struct stress *s)
{
	unsigned wanted = s->options->amplify.extra_fds;

	if (!wanted)
		return 0;
	s->extra = calloc(wanted, sizeof(*s->extra));
	if (!s->extra)
		return because(s, -ENOMEM, "extra-fds");
	for (; s->nextra < wanted; s->nextra++) {
		int fd = open(s->dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return because(s, -errno, "extra-fds (see ulimit -n)");
		s->extra[s->nextra] = fd;
	}
	return 0;
}

static void undo_amplifiers(struct stress *s)
{
	while (s->nextra)
		close(s->extra[--s->nextra]);
	free(s->extra);
	if (s->pinned)
		sched_setaffinity(0, sizeof(s->cpus), &s->cpus);
}

/* ---- a directed run ---- */

enum { USED = 64 }; /* numbers, by the rig itself, generously */

/* Or descriptors could not be where the run wants them, and it would be vain. */
static int check_numbers(struct stress *s)
{
	unsigned most = 3 * USED + 2 * s->options->amplify.extra_fds +
			2 * s->options->threads;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= most)
		return 0;
	snprintf(s->result->why, sizeof(s->result->why),
		 "extra-fds=%u: a directed run needs %u descriptors (see "
		 "ulimit -n): %s",
		 s->options->amplify.extra_fds, most, strerror(EMFILE));
	return -EMFILE;
}

/*
 * Numbers from low to high: what the rig has open, the extra descriptors, the
 * file; room for those that children open themselves; pipes, with
 * pipe-order=high. A child closes them in that order. What its close is the
 * last of is only queued, and drops last queued first (task_work_add): so the
 * child's own ones lie between the drop of the pipe and that of the file.
 */
static int set_stage(struct stress *s)
{
	const struct rig_amplify *a = &s->options->amplify;
	struct rig_site site;

	s->stage = rig_stage_open();
	if (!s->stage)
		return because(s, -ENOMEM, "a directed run");
	rig_site_init(&site, s->dir, 0);
	snprintf(s->stage->path, PATH_MAX, "%s", site.path);
	snprintf(s->stage->directory, PATH_MAX, "%s", s->dir->path);
	s->stage->amplify = a;
	s->stage->holders = s->options->threads - 1;
	s->stage->file_number = (int)(USED + a->extra_fds);
	if (a->pipe_order == RIG_PIPE_HIGH)
		s->stage->pipe_number =
			s->stage->file_number + USED + (int)a->extra_fds;
	if (a->pipe_order != RIG_PIPE_LOW)
		s->stage->own_fds = a->extra_fds;
	some_cpus(s, 1, false, &s->executor.other);
	some_cpus(s, 1, true, &s->executor.cpu);
	/* Now: it must be there before any thread, runtime or file. */
	return rig_executor_start(&s->executor, s->stage) ?
		       because(s, -EAGAIN, "a process that executes") :
		       0;
}

/*
 * Found out by trying, not from the name of the file system: the amplifier that
 * a directed run was asked for must amplify, or its zero would say nothing.
 */
static int check_rewrite(struct stress *s)
{
	uint64_t created_ns, rewritten_ns;
	int rc = rig_truncation_close(s->dir, &created_ns, &rewritten_ns);

	if (rc)
		return because(s, rc, "rewrite");
	if (rewritten_ns > 4 * created_ns)
		return 0;
	snprintf(s->result->why, sizeof(s->result->why),
		 "rewrite: on %s to close a file that was truncated takes as "
		 "long as to close a new one (%" PRIu64 " and %" PRIu64 " ns)",
		 s->dir->fs, rewritten_ns, created_ns);
	return -ENOTSUP;
}

static int prepare_directed(struct stress *s)
{
	int rc;

	if (!s->options->directed)
		return 0;
	if (s->result->cpus < 2) {
		snprintf(s->result->why, sizeof(s->result->why),
			 "a directed run needs two CPUs that it may use");
		return -ENOTSUP;
	}
	rc = s->options->amplify.rewrite ? check_rewrite(s) : 0;
	if (!rc)
		rc = check_numbers(s);
	return rc ? rc : set_stage(s);
}

static void end_directed(struct stress *s)
{
	if (s->directed)
		rig_directed_stop(s->directed);
	if (!s->stage)
		return;
	rig_executor_stop(&s->executor);
	rig_stage_close(s->stage);
}

/* ---- variants ---- */

/*
 * One attempt by one thread alone, which no race can spoil: a guard that this
 * file system or kernel cannot do is found out here. Signals are blocked as in
 * the threads of the run.
 */
static int try_alone(struct stress *s, struct variant *v)
{
	struct rig_site *site = malloc(sizeof(*site));
	struct rig_run run = { .scenario = s->options->scenario,
			       .fix = v->fix,
			       .actors = 1,
			       .rt = v->rt,
			       .how = rig_seam_how(&s->options->amplify) };
	bool refused;
	sigset_t old;
	int rc = 0;

	if (!site)
		return because(s, -ENOMEM, v->fix.name);
	rig_site_init(site, s->dir, 0);
	run.world = &site->world;
	spw_sys_linux()->signals_block(spw_sys_linux(), &old);
	run.scenario->actor(&run, 0);
	spw_sys_linux()->signals_set(spw_sys_linux(), &old);
	unlink(site->path);
	refused = rig_seam_refused();
	if (site->outcome) {
		rc = refused ? -EAGAIN : -ENOTSUP;
		snprintf(s->result->why, sizeof(s->result->why),
			 "%.30s, one thread alone: %.180s", v->fix.name,
			 site->message);
	}
	free(site);
	atomic_store(&v->seam.windows, 0);
	return rc;
}

static void close_variant(struct variant *v)
{
	if (v->rt)
		spw_shut(v->rt);
	v->rt = NULL;
}

static int open_variant(struct stress *s, enum variant_id id,
			const struct rig_fix *fix)
{
	struct variant *v = &s->variant[id];
	struct spw_options options = {
		.sys = &v->seam.sys,
		.guard = fix->guard,
		.how = rig_seam_how(&s->options->amplify),
	};
	int rc;

	v->fix = *fix;
	v->share = shares[id];
	rig_seam_init(&v->seam, &s->options->amplify);
	rc = spw_open(&v->rt, &options);
	if (rc) {
		v->rt = NULL;
		return because(s, rc, fix->name);
	}
	rc = try_alone(s, v);
	if (rc)
		close_variant(v);
	v->seam.stage = s->stage;
	return rc;
}

/*
 * An amplifier may break the condition on which a fix is sound: then its hits
 * say nothing about the rig.
 */
static bool can_be_negative(const struct stress *s, const struct rig_fix *fix)
{
	const struct rig_amplify *a = &s->options->amplify;

	return fix->claims_sound && !fix->unavailable &&
	       strcmp(fix->name, s->options->fix.name) != 0 &&
	       !(a->never_exec && fix->every_fork) &&
	       !(a->mapped && fix->no_mapping) &&
	       !(s->options->directed && fix->at_spawn && !s->by_library);
}

/* The first sound fix that is not the one under test and that works here. */
static int open_negative(struct stress *s)
{
	const struct rig_family *family = s->options->scenario->family;
	struct rig_fix fix;
	int rc = -ENOTSUP;

	for (unsigned i = 0; rc && rig_real_fix(family, i, &fix); i++) {
		s->result->negative_fix = fix.name;
		if (can_be_negative(s, &fix))
			rc = open_variant(s, NEGATIVE, &fix);
	}
	return rc;
}

static int open_variants(struct stress *s)
{
	struct rig_fix none;
	int rc;

	s->variant[TEST].tally = &s->result->test;
	s->variant[POSITIVE].tally = &s->result->positive;
	s->variant[NEGATIVE].tally = &s->result->negative;
	rig_real_fix(s->options->scenario->family, 0, &none);
	s->result->test_is_positive = !strcmp(s->options->fix.name, none.name);
	/* First what is to fail, then what it is a control of: where the
	 * unfixed variant cannot run, it is not for want of a fix. */
	if (!s->result->test_is_positive) {
		rc = open_variant(s, POSITIVE, &none);
		if (rc)
			return rc == -ENOTSUP ? -EIO : rc;
	}
	rc = open_variant(s, TEST, &s->options->fix);
	if (rc)
		return rc == -ENOTSUP && s->result->test_is_positive ? -EIO :
								       rc;
	if (s->result->test_is_positive)
		s->variant[TEST].share += shares[POSITIVE];
	rc = open_negative(s);
	return rc == -ENOTSUP ? -EIO : rc;
}

/* ---- turns ---- */

static bool test_is_done(const struct stress *s)
{
	const struct rig_tally *test = &s->result->test;

	return (s->options->until_hit && test->hits) ||
	       (s->options->attempts && test->attempts >= s->options->attempts);
}

static uint64_t time_left(const struct stress *s)
{
	uint64_t used = s->result->test.ns + s->result->positive.ns +
			s->result->negative.ns;

	if (!s->options->time_ns)
		return UINT64_MAX;
	return used < s->options->time_ns ? s->options->time_ns - used : 0;
}

/*
 * Whether variant id has more to do. Once the fix under test is done, the
 * positive control matters only while nothing was hit; and a control that has
 * had no turn at all gets one, even when the time is over.
 */
static bool is_wanted(const struct stress *s, enum variant_id id)
{
	const struct variant *v = &s->variant[id];
	bool first = !v->tally->ns;

	if (!v->rt)
		return false;
	if (id == TEST)
		return !test_is_done(s) && (first || time_left(s));
	if (!test_is_done(s))
		return first || time_left(s);
	if (id == NEGATIVE || s->result->test.hits)
		return id == NEGATIVE && first;
	return !v->tally->hits && (first || time_left(s));
}

/* Of those that have more to do, the one that is furthest behind its share. */
static enum variant_id next_variant(const struct stress *s)
{
	enum variant_id next = VARIANTS;
	uint64_t least = 0;

	for (enum variant_id id = TEST; id < VARIANTS; id++) {
		const struct variant *v = &s->variant[id];

		if (!is_wanted(s, id))
			continue;
		if (next == VARIANTS || v->tally->ns / v->share < least) {
			next = id;
			least = v->tally->ns / v->share;
		}
	}
	return next;
}

static int take_turn(struct stress *s, enum variant_id id)
{
	const struct rig_stress_options *options = s->options;
	struct variant *v = &s->variant[id];
	struct rig_slice slice = {
		.fix = &v->fix,
		.rt = v->rt,
		.how = rig_seam_how(&options->amplify),
		.ns = v->share * turn_ns_per_share,
		.until_hit = id == TEST     ? options->until_hit :
			     id == POSITIVE ? test_is_done(s) :
					      false,
	};
	uint64_t left = time_left(s);
	int rc;

	if (left && left < slice.ns)
		slice.ns = left;
	if (id == TEST && options->attempts)
		slice.attempts = options->attempts - v->tally->attempts;
	if (s->directed) {
		rc = rig_directed_work(s->directed, &slice, s->by_library,
				       v->tally);
	} else {
		rc = rig_crew_work(s->crew, &slice, v->tally);
		v->tally->windows = atomic_load(&v->seam.windows);
	}
	return rc ? because(s, rc, "an attempt does not end") : 0;
}

static int take_turns(struct stress *s)
{
	enum variant_id id;
	int rc = 0;

	while (!rc && !is_stopped(s) && (id = next_variant(s)) != VARIANTS) {
		rc = take_turn(s, id);
		if (!rc && s->options->progress)
			s->options->progress(s->options->progress_ctx,
					     s->result);
		if (s->variant[id].tally->errors)
			break;
	}
	s->result->interrupted = is_stopped(s);
	return rc;
}

/* ---- */

static int check(struct stress *s)
{
	const struct rig_scenario *scenario = s->options->scenario;
	char *why = s->result->why;
	size_t len = sizeof(s->result->why);

	if (!scenario->family->race || scenario->state_size ||
	    scenario->finish) {
		snprintf(why, len, "%s exists in the simulated world only",
			 scenario->name);
		return -ENOTSUP;
	}
	if (s->options->fix.unavailable) {
		snprintf(why, len, "%s", s->options->fix.unavailable);
		return -ENOTSUP;
	}
	return 0;
}

static int set_up(struct stress *s)
{
	struct rig_site *site;
	int rc = check(s);

	if (rc)
		return rc;
	site = malloc(sizeof(*site));
	if (!site)
		return because(s, -ENOMEM, "set-up");
	rig_site_init(site, s->dir, 0);
	rc = rig_site_prepare(site);
	free(site);
	if (rc)
		return because(s, rc, "writing a program");
	rc = count_cpus(s);
	if (!rc)
		rc = prepare_directed(s);
	if (!rc)
		rc = restrict_cpus(
			s, s->options->directed ? 1 : s->options->amplify.cpus);
	if (!rc)
		rc = open_extra(s);
	if (!rc)
		rc = open_variants(s);
	if (rc)
		return rc;
	if (s->options->directed)
		s->result->cpus = 2; /* the executor's too */
	rc = s->options->directed ?
		     rig_directed_start(&s->directed, s->options, s->dir,
					s->stage, &s->executor) :
		     rig_crew_start(&s->crew, s->options, s->dir);
	return rc ? because(s, rc, "starting the threads") : 0;
}

static void complete(struct rig_stress_options *options)
{
	if (!options->threads)
		options->threads = options->directed ? RIG_THREADS_DIRECTED :
						       RIG_THREADS_DEFAULT;
	if (options->directed && !options->amplify.extra_fds)
		options->amplify.extra_fds = RIG_EXTRA_FDS_DIRECTED;
}

int rig_stress_run(const struct rig_stress_options *options,
		   const struct rig_workdir *dir, struct rig_stress *result)
{
	struct stress *s = calloc(1, sizeof(*s));
	int rc;

	memset(result, 0, sizeof(*result));
	if (!s)
		return -ENOMEM;
	s->own = *options;
	complete(&s->own);
	s->by_library = s->own.amplify.by_library || s->own.fix.at_spawn;
	s->options = &s->own;
	s->dir = dir;
	s->result = result;
	result->by_library = s->by_library;
	result->breaks_every_fork = s->own.amplify.never_exec &&
				    s->own.fix.every_fork;
	result->breaks_no_mapping = s->own.amplify.mapped &&
				    s->own.fix.no_mapping;
	rc = set_up(s);
	if (!rc)
		rc = take_turns(s);
	/* A thread that is stuck still uses all of this: it stays. */
	if (rc == -ETIMEDOUT) {
		if (s->stage)
			rig_executor_stop(&s->executor);
		return rc;
	}
	if (s->crew)
		rig_crew_stop(s->crew);
	end_directed(s);
	for (int id = TEST; id < VARIANTS; id++)
		close_variant(&s->variant[id]);
	undo_amplifiers(s);
	free(s);
	return rc;
}
