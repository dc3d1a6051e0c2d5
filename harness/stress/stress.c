/* SPDX-License-Identifier: MIT */
#include "stress/stress.h"

#include "stress/apart.h"
#include "stress/hammer.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Of the families that have one. */
static const struct rig_hammer *const hammers[] = {
	&rig_hammer_close,
	&rig_hammer_etxtbsy,
	&rig_hammer_wait,
};

/*
 * Shares of the time in percent; a turn is short, so that a machine that
 * becomes busy slows all variants alike.
 */
static const unsigned shares[RIG_VARIANTS] = { 60, 30, 10 };
static const uint64_t turn_ns_per_share = 5000000;

struct variant {
	struct rig_fix fix;
	struct spw_rt *rt; /* NULL: not part of this run */
	unsigned share;
	struct rig_tally *tally;
};

struct stress {
	struct rig_stress_options own; /* the caller's, completed */
	const struct rig_stress_options *options;
	const struct rig_workdir *dir;
	struct rig_stress *result;
	struct variant variant[RIG_VARIANTS];
	const struct rig_hammer *hammer;
	void *hammering; /* its own */
	bool started;
};

int rig_stress_because(struct rig_stress *result, int error, const char *what)
{
	snprintf(result->why, sizeof(result->why), "%s: %s", what,
		 strerror(-error));
	return error;
}

int rig_stress_not_alone(struct rig_stress *result, int error,
			 const struct rig_slice *slice, const char *message)
{
	snprintf(result->why, sizeof(result->why),
		 "%.30s, one thread alone: %.180s", slice->fix->name, message);
	return error;
}

unsigned rig_count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static bool is_stopped(const struct stress *s)
{
	return s->options->stop && *s->options->stop;
}

/* ---- variants ---- */

static void close_variant(struct variant *v)
{
	if (v->rt)
		spw_shut(v->rt);
	v->rt = NULL;
}

static struct rig_slice slice_of(const struct stress *s, enum rig_variant id)
{
	const struct variant *v = &s->variant[id];

	return (struct rig_slice){ .variant = id, .fix = &v->fix, .rt = v->rt };
}

static int open_variant(struct stress *s, enum rig_variant id,
			const struct rig_fix *fix)
{
	struct variant *v = &s->variant[id];
	struct spw_options options;
	struct rig_slice slice;
	int rc;

	v->fix = *fix;
	rig_fix_put_beside(&v->fix, &s->options->beside, true);
	v->share = shares[id];
	options = rig_fix_options(&v->fix);
	s->hammer->runtime(s->hammering, id, &options);
	rc = spw_open(&v->rt, &options);
	if (rc) {
		v->rt = NULL;
		return rig_stress_because(s->result, rc, fix->name);
	}
	slice = slice_of(s, id);
	rc = s->hammer->try_alone(s->hammering, &slice);
	if (rc)
		close_variant(v);
	return rc;
}

static bool can_be_negative(const struct stress *s, const struct rig_fix *fix,
			    bool itself)
{
	return fix->claims_sound && !fix->unavailable &&
	       itself == !strcmp(fix->name, s->options->fix.name) &&
	       rig_claim(s->options->scenario, fix) == RIG_CLAIM_NEVER &&
	       (!s->hammer->can_be_negative ||
		s->hammer->can_be_negative(s->hammering, fix));
}

static int open_negative_of(struct stress *s, bool itself)
{
	const struct rig_family *family = s->options->scenario->family;
	struct rig_fix fix;
	int rc = -ENOTSUP;

	for (unsigned i = 0; rc && rig_real_fix(family, i, &fix); i++) {
		s->result->negative_fix = fix.name;
		if (can_be_negative(s, &fix, itself))
			rc = open_variant(s, RIG_NEGATIVE, &fix);
	}
	return rc;
}

/*
 * The first sound fix that works here and is not the one under test; where
 * there is but one, that.
 */
static int open_negative(struct stress *s)
{
	int rc = open_negative_of(s, false);

	return rc ? open_negative_of(s, true) : 0;
}

static int open_variants(struct stress *s)
{
	struct rig_fix none;
	int rc;

	s->variant[RIG_TEST].tally = &s->result->test;
	s->variant[RIG_POSITIVE].tally = &s->result->positive;
	s->variant[RIG_NEGATIVE].tally = &s->result->negative;
	rig_real_fix(s->options->scenario->family, 0, &none);
	s->result->positive_fix = none.name;
	s->result->test_is_positive = !strcmp(s->options->fix.name, none.name);
	/* First what is to fail, then what it is a control of: where the
	 * unfixed variant cannot run, it is not for want of a fix. */
	if (!s->result->test_is_positive) {
		rc = open_variant(s, RIG_POSITIVE, &none);
		if (rc)
			return rc == -ENOTSUP ? -EIO : rc;
	}
	rc = open_variant(s, RIG_TEST, &s->options->fix);
	if (rc)
		return rc == -ENOTSUP && s->result->test_is_positive ? -EIO :
								       rc;
	if (s->result->test_is_positive)
		s->variant[RIG_TEST].share += shares[RIG_POSITIVE];
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
static bool is_wanted(const struct stress *s, enum rig_variant id)
{
	const struct variant *v = &s->variant[id];
	bool first = !v->tally->ns;

	if (!v->rt)
		return false;
	if (id == RIG_TEST)
		return !test_is_done(s) && (first || time_left(s));
	if (!test_is_done(s))
		return first || time_left(s);
	if (id == RIG_NEGATIVE || s->result->test.hits)
		return id == RIG_NEGATIVE && first;
	return !v->tally->hits && (first || time_left(s));
}

/* Of those that have more to do, the one that is furthest behind its share. */
static enum rig_variant next_variant(const struct stress *s)
{
	enum rig_variant next = RIG_VARIANTS;
	uint64_t least = 0;

	for (enum rig_variant id = RIG_TEST; id < RIG_VARIANTS; id++) {
		const struct variant *v = &s->variant[id];

		if (!is_wanted(s, id))
			continue;
		if (next == RIG_VARIANTS || v->tally->ns / v->share < least) {
			next = id;
			least = v->tally->ns / v->share;
		}
	}
	return next;
}

static int take_turn(struct stress *s, enum rig_variant id)
{
	const struct rig_stress_options *options = s->options;
	struct variant *v = &s->variant[id];
	struct rig_slice slice = slice_of(s, id);
	uint64_t left = time_left(s);
	int rc;

	slice.ns = v->share * turn_ns_per_share;
	slice.until_hit = id == RIG_TEST     ? options->until_hit :
			  id == RIG_POSITIVE ? test_is_done(s) :
					       false;
	if (left && left < slice.ns)
		slice.ns = left;
	if (id == RIG_TEST && options->attempts)
		slice.attempts = options->attempts - v->tally->attempts;
	rc = s->hammer->work(s->hammering, &slice, v->tally);
	return rc ? rig_stress_because(s->result, rc,
				       "an attempt does not end") :
		    0;
}

static int take_turns(struct stress *s)
{
	enum rig_variant id;
	int rc = 0;

	while (!rc && !is_stopped(s) &&
	       (id = next_variant(s)) != RIG_VARIANTS) {
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

/* ---- the run ---- */

static int check(struct stress *s)
{
	const struct rig_scenario *scenario = s->options->scenario;
	char *why = s->result->why;
	size_t len = sizeof(s->result->why);

	for (size_t i = 0; i < sizeof(hammers) / sizeof(hammers[0]); i++)
		if (hammers[i]->family == scenario->family)
			s->hammer = hammers[i];
	if (!s->hammer) {
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

/* 0: it cannot be known. */
static unsigned count_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) ?
		       0 :
		       (unsigned)CPU_COUNT(&cpus);
}

static int set_up(struct stress *s)
{
	int rc;

	s->result->cpus = count_cpus();
	rc = s->hammer->open(&s->hammering, s->options, s->dir, s->result);
	if (!rc)
		rc = open_variants(s);
	if (rc)
		return rc;
	rc = s->hammer->start(s->hammering);
	s->started = true;
	return rc ? rig_stress_because(s->result, rc, "starting the threads") :
		    0;
}

static void take_down(struct stress *s)
{
	if (s->started)
		s->hammer->stop(s->hammering);
	for (int id = RIG_TEST; id < RIG_VARIANTS; id++)
		close_variant(&s->variant[id]);
	s->hammer->close(s->hammering);
}

void rig_stress_complete(struct rig_stress_options *options)
{
	if (!options->threads)
		options->threads = options->directed ? RIG_THREADS_DIRECTED :
						       RIG_THREADS_DEFAULT;
	if (options->directed && !options->amplify.extra_fds)
		options->amplify.extra_fds = RIG_EXTRA_FDS_DIRECTED;
}

static int run_here(struct stress *s)
{
	int rc = set_up(s);

	if (!rc)
		rc = take_turns(s);
	if (rc != -ETIMEDOUT)
		take_down(s);
	else if (s->hammer->abandon)
		s->hammer->abandon(s->hammering);
	return rc;
}

/* What a process of its own works on, and tells. */
struct apart {
	struct stress stress;
	struct rig_stress result;
	int rc;
};

static void run_there(void *arg)
{
	struct apart *apart = arg;

	apart->rc = run_here(&apart->stress);
}

static int run_apart(struct stress *s)
{
	struct apart *apart = mmap(NULL, sizeof(*apart), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (apart == MAP_FAILED)
		return rig_stress_because(s->result, -errno, "set-up");
	apart->stress = *s;
	apart->stress.result = &apart->result;
	rc = rig_run_apart(run_there, apart, s->options->stop);
	*s->result = apart->result;
	if (rc == -ENOTSUP)
		snprintf(s->result->why, sizeof(s->result->why),
			 "ids are not used again, for none can be chosen here "
			 "(clone3 with set_tid in a pid namespace)");
	else if (rc)
		rig_stress_because(s->result, rc, "the process of the run");
	else
		rc = apart->rc;
	munmap(apart, sizeof(*apart));
	return rc;
}

static int run(struct stress *s)
{
	int rc = check(s);

	if (rc)
		return rc;
	return s->hammer->apart && s->hammer->apart(s->options->scenario) ?
		       run_apart(s) :
		       run_here(s);
}

int rig_stress_run(const struct rig_stress_options *options,
		   const struct rig_workdir *dir, struct rig_stress *result)
{
	struct stress *s = calloc(1, sizeof(*s));
	int rc;

	memset(result, 0, sizeof(*result));
	if (!s)
		return rig_stress_because(result, -ENOMEM, "set-up");
	s->own = *options;
	rig_fix_put_beside(&s->own.fix, &s->own.beside, true);
	rig_stress_complete(&s->own);
	s->options = &s->own;
	s->dir = dir;
	s->result = result;
	rc = run(s);
	/* A thread that is stuck still uses all of this: it stays. */
	if (rc != -ETIMEDOUT)
		free(s);
	return rc;
}
