/* SPDX-License-Identifier: MIT */
/*
 * Write-then-exec: each thread is an actor of the scenario, in a crew or, with
 * options->directed, around an executor that waits.
 */
#include "stress/crew.h"
#include "stress/directed.h"
#include "stress/hammer.h"
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

/* What a thread of the crew has for itself. */
struct hand {
	bool victim; /* else it is there for the others */
	bool actor;  /* calls the scenario's actor; else noise */
	struct rig_site site;
	struct rig_run run;
};

struct hammer {
	const struct rig_stress_options *options;
	const struct rig_workdir *dir;
	struct rig_stress *result;
	struct rig_seam seam[RIG_VARIANTS];
	struct rig_crew *crew;
	struct hand *hand;
	/* Instead of crew, with options->directed. */
	struct rig_stage *stage;
	struct rig_executor executor;
	struct rig_directed *directed;
	cpu_set_t cpus; /* that the caller may use */
	bool pinned;
	int *extra; /* the descriptors of extra-fds */
	unsigned nextra;
};

static int because(struct hammer *h, int error, const char *what)
{
	return rig_stress_because(h->result, error, what);
}

/* ---- amplifiers ---- */

/* The first n CPUs that may be used, or, from the last on, the last n. */
static void some_cpus(const struct hammer *h, unsigned n, bool last,
		      cpu_set_t *few)
{
	unsigned skip = last ? (unsigned)CPU_COUNT(&h->cpus) - n : 0;

	CPU_ZERO(few);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && n; cpu++) {
		if (!CPU_ISSET(cpu, &h->cpus))
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
static int restrict_cpus(struct hammer *h, unsigned wanted)
{
	cpu_set_t few;

	if (!wanted)
		return 0;
	if (wanted > h->result->cpus) {
		snprintf(h->result->why, sizeof(h->result->why),
			 "cpus=%u: only %u may be used", wanted,
			 h->result->cpus);
		return -EINVAL;
	}
	some_cpus(h, wanted, false, &few);
	if (sched_setaffinity(0, sizeof(few), &few))
		return because(h, -errno, "restricting the CPUs");
	h->result->cpus = wanted;
	h->pinned = true;
	return 0;
}

static int count_cpus(struct hammer *h)
{
	if (sched_getaffinity(0, sizeof(h->cpus), &h->cpus)) {
		if (h->options->amplify.cpus || h->options->directed)
			return because(h, -errno, "which CPUs there are");
		return 0;
	}
	h->result->cpus = (unsigned)CPU_COUNT(&h->cpus);
	return 0;
}

static int open_extra(struct hammer *h)
{
	unsigned wanted = h->options->amplify.extra_fds;

	if (!wanted)
		return 0;
	h->extra = calloc(wanted, sizeof(*h->extra));
	if (!h->extra)
		return because(h, -ENOMEM, "extra-fds");
	for (; h->nextra < wanted; h->nextra++) {
		int fd = open(h->dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return because(h, -errno, "extra-fds (see ulimit -n)");
		h->extra[h->nextra] = fd;
	}
	return 0;
}

static void undo_amplifiers(struct hammer *h)
{
	while (h->nextra)
		close(h->extra[--h->nextra]);
	free(h->extra);
	if (h->pinned)
		sched_setaffinity(0, sizeof(h->cpus), &h->cpus);
}

/* ---- a directed run ---- */

enum { USED = 64 }; /* numbers, by the rig itself, generously */

/* Or descriptors could not be where the run wants them, and it would be vain. */
static int check_numbers(struct hammer *h)
{
	unsigned most = 3 * USED + 2 * h->options->amplify.extra_fds +
			2 * h->options->threads;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= most)
		return 0;
	snprintf(h->result->why, sizeof(h->result->why),
		 "extra-fds=%u: a directed run needs %u descriptors (see "
		 "ulimit -n): %s",
		 h->options->amplify.extra_fds, most, strerror(EMFILE));
	return -EMFILE;
}

/*
 * Numbers from low to high: what the rig has open, the extra descriptors, the
 * file; room for those that children open themselves; pipes, with
 * pipe-order=high. A child closes them in that order. What its close is the
 * last of is only queued, and drops last queued first (task_work_add): so the
 * child's own ones lie between the drop of the pipe and that of the file.
 */
static int set_stage(struct hammer *h)
{
	const struct rig_amplify *a = &h->options->amplify;
	struct rig_site site;

	h->stage = rig_stage_open();
	if (!h->stage)
		return because(h, -ENOMEM, "a directed run");
	rig_site_init(&site, h->dir, 0);
	snprintf(h->stage->path, PATH_MAX, "%s", site.path);
	snprintf(h->stage->directory, PATH_MAX, "%s", h->dir->path);
	h->stage->amplify = a;
	h->stage->holders = h->options->threads - 1;
	h->stage->file_number = (int)(USED + a->extra_fds);
	if (a->pipe_order == RIG_PIPE_HIGH)
		h->stage->pipe_number =
			h->stage->file_number + USED + (int)a->extra_fds;
	if (a->pipe_order != RIG_PIPE_LOW)
		h->stage->own_fds = a->extra_fds;
	some_cpus(h, 1, false, &h->executor.other);
	some_cpus(h, 1, true, &h->executor.cpu);
	/* Now: it must be there before any thread, runtime or file. */
	return rig_executor_start(&h->executor, h->stage) ?
		       because(h, -EAGAIN, "a process that executes") :
		       0;
}

/*
 * Found out by trying, not from the name of the file system: the amplifier that
 * a directed run was asked for must amplify, or its zero would say nothing.
 */
static int check_rewrite(struct hammer *h)
{
	uint64_t created_ns, rewritten_ns;
	int rc = rig_truncation_close(h->dir, &created_ns, &rewritten_ns);

	if (rc)
		return because(h, rc, "rewrite");
	if (rewritten_ns > 4 * created_ns)
		return 0;
	snprintf(h->result->why, sizeof(h->result->why),
		 "rewrite: on %s to close a file that was truncated takes as "
		 "long as to close a new one (%" PRIu64 " and %" PRIu64 " ns)",
		 h->dir->fs, rewritten_ns, created_ns);
	return -ENOTSUP;
}

static int prepare_directed(struct hammer *h)
{
	int rc;

	if (!h->options->directed)
		return 0;
	if (h->result->cpus < 2) {
		snprintf(h->result->why, sizeof(h->result->why),
			 "a directed run needs two CPUs that it may use");
		return -ENOTSUP;
	}
	rc = h->options->amplify.rewrite ? check_rewrite(h) : 0;
	if (!rc)
		rc = check_numbers(h);
	return rc ? rc : set_stage(h);
}

/* ---- runtimes ---- */

static void set_runtime(void *self, enum rig_variant variant,
			struct spw_options *options)
{
	struct hammer *h = self;

	options->sys = &h->seam[variant].sys;
	options->how = rig_seam_how(&h->options->amplify);
}

/*
 * An amplifier may break the condition on which a fix is sound: then its hits
 * say nothing about the rig.
 */
static bool can_be_negative(void *self, const struct rig_fix *fix)
{
	const struct hammer *h = self;
	const struct rig_amplify *a = &h->options->amplify;

	return !(a->never_exec && fix->every_fork) &&
	       !(a->mapped && fix->no_mapping) &&
	       !(h->options->directed && fix->at_spawn &&
		 !h->result->by_library);
}

static void remove_files(const struct rig_site *site)
{
	unlink(site->path);
	unlink(site->script);
}

/* Signals are blocked as in the threads of the run. */
static int try_alone(void *self, const struct rig_slice *slice)
{
	struct hammer *h = self;
	struct rig_site *site = malloc(sizeof(*site));
	struct rig_run run = { .scenario = h->options->scenario,
			       .fix = *slice->fix,
			       .actors = 1,
			       .sys = &h->seam[slice->variant].sys,
			       .rt = slice->rt,
			       .how = rig_seam_how(&h->options->amplify) };
	bool refused;
	sigset_t old;
	int rc = 0;

	if (!site)
		return because(h, -ENOMEM, slice->fix->name);
	rig_site_init(site, h->dir, 0);
	site->interpreted = slice->fix->interpreted;
	run.world = &site->world;
	spw_sys_linux()->signals_block(spw_sys_linux(), &old);
	run.scenario->actor(&run, 0);
	spw_sys_linux()->signals_set(spw_sys_linux(), &old);
	remove_files(site);
	refused = rig_seam_refused();
	if (site->outcome)
		rc = rig_stress_not_alone(h->result,
					  refused ? -EAGAIN : -ENOTSUP, slice,
					  site->message);
	free(site);
	atomic_store(&h->seam[slice->variant].windows, 0);
	return rc;
}

/* ---- threads ---- */

static struct rig_attempt attempt(void *ctx, unsigned index,
				  const struct rig_slice *slice)
{
	struct hammer *h = ctx;
	struct hand *hand = &h->hand[index];
	const struct rig_site *site = &hand->site;
	bool refused;

	hand->site.outcome = NULL;
	hand->site.interpreted = slice->fix->interpreted;
	hand->run.fix = *slice->fix;
	hand->run.how = rig_seam_how(&h->options->amplify);
	hand->run.sys = &h->seam[slice->variant].sys;
	hand->run.rt = slice->rt;
	if (hand->actor)
		hand->run.scenario->actor(&hand->run, index);
	else
		rig_run_program(&hand->run, site->other, 0);
	if (hand->victim && !h->options->amplify.rewrite)
		remove_files(site);
	refused = rig_seam_refused();
	if (!site->outcome)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_CLEAN };
	if (hand->victim && rig_site_hit(site, hand->run.scenario))
		return (struct rig_attempt){ .end = RIG_ATTEMPT_HIT,
					     .outcome = site->outcome };
	return (struct rig_attempt){ .end = refused ? RIG_ATTEMPT_REFUSED :
						      RIG_ATTEMPT_ERROR,
				     .message = site->message };
}

static int start_crew(struct hammer *h)
{
	const struct rig_stress_options *o = h->options;
	unsigned victims = o->scenario->victims;
	const struct rig_job job = {
		.options = o,
		.threads = o->threads + o->amplify.noise,
		.victims = victims && victims < o->threads ? victims :
							     o->threads,
		.attempt = attempt,
		.ctx = h,
	};

	h->hand = calloc(job.threads, sizeof(*h->hand));
	if (!h->hand)
		return -ENOMEM;
	for (unsigned i = 0; i < job.threads; i++) {
		struct hand *hand = &h->hand[i];

		hand->victim = i < job.victims;
		hand->actor = i < o->threads;
		rig_site_init(&hand->site, h->dir, i);
		hand->run = (struct rig_run){ .scenario = o->scenario,
					      .world = &hand->site.world,
					      .actors = o->threads };
	}
	return rig_crew_start(&h->crew, &job);
}

static int start(void *self)
{
	struct hammer *h = self;

	for (int i = RIG_TEST; i < RIG_VARIANTS; i++)
		h->seam[i].stage = h->stage;
	if (!h->options->directed)
		return start_crew(h);
	h->result->cpus = 2; /* the executor's too */
	return rig_directed_start(&h->directed, h->options, h->dir, h->stage,
				  &h->executor);
}

static int work(void *self, const struct rig_slice *slice,
		struct rig_tally *tally)
{
	struct hammer *h = self;
	int rc;

	if (h->directed)
		return rig_directed_work(h->directed, slice,
					 h->result->by_library, tally);
	rc = rig_crew_work(h->crew, slice, tally);
	tally->windows = atomic_load(&h->seam[slice->variant].windows);
	return rc;
}

static void stop(void *self)
{
	struct hammer *h = self;

	if (h->crew)
		rig_crew_stop(h->crew);
	if (h->directed)
		rig_directed_stop(h->directed);
	free(h->hand);
}

static void abandon(void *self)
{
	struct hammer *h = self;

	if (h->stage)
		rig_executor_stop(&h->executor);
}

/* ---- the run ---- */

static int check(struct hammer *h)
{
	const struct rig_scenario *scenario = h->options->scenario;

	if (!scenario->state_size && !scenario->finish)
		return 0;
	snprintf(h->result->why, sizeof(h->result->why),
		 "%s prepares one run, which free-running threads cannot "
		 "repeat%s",
		 scenario->name,
		 scenario->mapping ? "; the amplifier mapped can" : "");
	return -ENOTSUP;
}

/* Writes the program that is always there. */
static int prepare_site(struct hammer *h)
{
	struct rig_site *site = malloc(sizeof(*site));
	int rc;

	if (!site)
		return because(h, -ENOMEM, "set-up");
	rig_site_init(site, h->dir, 0);
	site->interpreted = h->options->fix.interpreted;
	rc = rig_site_prepare(site);
	free(site);
	return rc ? because(h, rc, "writing a program") : 0;
}

static void describe(struct hammer *h)
{
	const struct rig_stress_options *o = h->options;
	struct rig_stress *r = h->result;

	r->by_library = o->amplify.by_library || o->fix.at_spawn;
	r->breaks_every_fork =
		(o->amplify.never_exec || o->scenario->foreign_fork) &&
		o->fix.every_fork;
	r->breaks_no_mapping = (o->amplify.mapped || o->scenario->mapping) &&
			       o->fix.no_mapping;
	if (!h->dir->busy_refused)
		snprintf(r->immune, sizeof(r->immune),
			 "this kernel executes a file on %s while it is open "
			 "for writing",
			 h->dir->fs);
}

static int open_hammer(void **self, const struct rig_stress_options *options,
		       const struct rig_workdir *dir, struct rig_stress *result)
{
	struct hammer *h = calloc(1, sizeof(*h));
	int rc;

	*self = h;
	if (!h)
		return rig_stress_because(result, -ENOMEM, "set-up");
	h->options = options;
	h->dir = dir;
	h->result = result;
	for (int i = RIG_TEST; i < RIG_VARIANTS; i++)
		rig_seam_init(&h->seam[i], &options->amplify);
	describe(h);
	rc = check(h);
	if (!rc)
		rc = prepare_site(h);
	if (!rc)
		rc = count_cpus(h);
	if (!rc)
		rc = prepare_directed(h);
	if (!rc)
		rc = restrict_cpus(
			h, options->directed ? 1 : options->amplify.cpus);
	return rc ? rc : open_extra(h);
}

static void close_hammer(void *self)
{
	struct hammer *h = self;

	if (!h)
		return;
	if (h->stage) {
		rig_executor_stop(&h->executor);
		rig_stage_close(h->stage);
	}
	undo_amplifiers(h);
	free(h);
}

const struct rig_hammer rig_hammer_etxtbsy = {
	.family = &rig_family_etxtbsy,
	.open = open_hammer,
	.runtime = set_runtime,
	.can_be_negative = can_be_negative,
	.try_alone = try_alone,
	.start = start,
	.work = work,
	.stop = stop,
	.abandon = abandon,
	.close = close_hammer,
};
