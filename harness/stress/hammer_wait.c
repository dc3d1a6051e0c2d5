/* SPDX-License-Identifier: MIT */
/*
 * Waiting by force: each thread starts short-lived children, and a partner of
 * it waits for them, or signals them, as the scenario has it. A child's exit
 * status is its thread's own and differs from one attempt to the next, so that
 * a status that was another child's shows; brood.h has more of that. What no
 * call of the library reaped is looked for after each turn, and is a fault of
 * it.
 *
 * Where the scenario is played under the rule of Plan 9, waits are made with
 * __WNOTHREAD and there are no pidfds. Where ids are used again, the run is the
 * first process of a pid namespace and chooses them.
 */
#include "stress/brood.h"
#include "stress/crew.h"
#include "stress/hammer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum {
	CODES = RIG_BROOD_CODES,
	LOOK_MS = 20, /* how often who waits for a partner looks up */
};

/* What the partner of a thread does with its child. */
enum part {
	PART_WAIT,    /* waits, in its place */
	PART_BOTH,    /* waits, too */
	PART_SIGNAL,  /* kills it, while the thread waits */
	PART_FOREIGN, /* starts and awaits children of its own by hand */
	PART_NONE,
};

/* How a scenario is played. */
struct play {
	const char *scenario;
	enum part part;
	unsigned children; /* that a thread starts before it waits */
	bool creator_ends; /* each is made by a thread that ends then */
	unsigned flags;    /* of its spawn */
};

/* A thread and its partner, under lock. */
struct pair {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct rig_child *child; /* for the partner, NULL: nothing is to do */
	bool done;               /* with it */
	const char *outcome; /* as what the partner judged it; NULL: the truth */
	int error;
	unsigned attempt;
	char message[RIG_MESSAGE_MAX];
};

struct hammer {
	struct rig_brood brood;
	const struct rig_stress_options *options;
	struct rig_stress *result;
	const struct play *play;
	unsigned threads; /* with as many partners */
	struct rig_crew *crew;
	struct pair *pair;   /* of partners, too, for their messages */
	unsigned fds, tasks; /* before the first turn; 0: not yet counted */
};

/* ---- attempts ---- */

static struct rig_attempt ended(struct pair *pair, const char *outcome,
				int error)
{
	if (!outcome)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_CLEAN };
	if (strcmp(outcome, "failed") != 0)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_HIT,
					     .outcome = outcome };
	snprintf(pair->message, sizeof(pair->message), "a wait: %s",
		 error ? strerror(-error) : "of what was not executed");
	return (struct rig_attempt){ .end = RIG_ATTEMPT_ERROR,
				     .message = pair->message };
}

/* ---- a thread and its partner ---- */

static void hand_over(struct pair *pair, struct rig_child *child)
{
	pthread_mutex_lock(&pair->lock);
	pair->child = child;
	pair->done = false;
	pthread_cond_broadcast(&pair->changed);
	pthread_mutex_unlock(&pair->lock);
}

/* For a change, or LOOK_MS. */
static void look(struct pair *pair)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&pair->changed, &pair->lock, &until);
}

/* False: the turn is over, and the partner did not come for it any more. */
static bool take_back(const struct hammer *h, struct pair *pair)
{
	bool done;

	pthread_mutex_lock(&pair->lock);
	while (!pair->done && !(pair->child && rig_crew_over(h->crew)))
		look(pair);
	done = pair->done;
	pair->child = NULL;
	pthread_mutex_unlock(&pair->lock);
	return done;
}

static const char *both(struct hammer *h, struct pair *pair,
			struct rig_child *child, int *error)
{
	enum part part = h->play->part;
	bool has_partner = part != PART_NONE && part != PART_FOREIGN;
	const char *outcome = NULL;

	if (has_partner)
		hand_over(pair, child);
	if (part != PART_WAIT)
		outcome = rig_child_wait(&h->brood, child, error);
	if (!has_partner || !take_back(h, pair) || outcome)
		return outcome;
	*error = pair->error;
	return pair->outcome;
}

static int start_child(struct hammer *h, struct spw_rt *rt, unsigned index,
		       unsigned nth, struct rig_child *child)
{
	struct pair *pair = &h->pair[index];

	*child = (struct rig_child){
		.code = (index * 37 + pair->attempt++) % CODES + 1,
		.number = (int)(index * h->play->children + nth),
	};
	return rig_child_start(&h->brood, rt, child);
}

static struct rig_attempt maker(struct hammer *h, unsigned index,
				const struct rig_slice *slice)
{
	struct pair *pair = &h->pair[index];
	struct rig_child child[2];
	const char *outcome = NULL;
	int refused = 0, error = 0;
	unsigned n = 0;

	while (n < h->play->children && !refused) {
		refused = start_child(h, slice->rt, index, n, &child[n]);
		n += !refused;
	}
	for (unsigned i = 0; i < n; i++) {
		int told = 0;
		const char *other = both(h, pair, &child[i], &told);

		if (!outcome)
			error = told;
		outcome = outcome ? outcome : other;
	}
	while (n)
		rig_child_end(&h->brood, &child[--n]);
	if (outcome || !refused)
		return ended(pair, outcome, error);
	return refused == -EAGAIN || refused == -ENOMEM ?
		       (struct rig_attempt){ .end = RIG_ATTEMPT_REFUSED,
					     .message = "no process" } :
		       ended(pair, "failed", refused);
}

static void partner(struct hammer *h, struct pair *pair)
{
	struct rig_child *child;
	const char *outcome;
	int error;

	pthread_mutex_lock(&pair->lock);
	while (!pair->child && !rig_crew_over(h->crew))
		look(pair);
	child = pair->child;
	pair->child = NULL;
	pthread_mutex_unlock(&pair->lock);
	if (!child)
		return;
	outcome = h->play->part == PART_SIGNAL ?
			  rig_child_kill(child, &error) :
			  rig_child_wait(&h->brood, child, &error);
	pthread_mutex_lock(&pair->lock);
	pair->error = error;
	pair->outcome = outcome;
	pair->done = true;
	pthread_cond_broadcast(&pair->changed);
	pthread_mutex_unlock(&pair->lock);
}

static SPW_CHILD int foreign_child(void *arg)
{
	return *(const int *)arg;
}

/* Somebody else's code: its child is its own. */
static struct rig_attempt foreign(struct hammer *h, struct pair *pair)
{
	static const int code = CODES + 1;
	struct spw_status status;
	pid_t pid;
	struct spw_sys *kernel = spw_sys_linux();
	int rc = kernel->clone(kernel, SPW_CLONE_VFORK, foreign_child,
			       (void *)&code, sizeof(code), &pid);

	if (rc)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_REFUSED,
					     .message = "no process" };
	rc = h->brood.ids.sys.wait(&h->brood.ids.sys, pid, 0, &status);
	if (rc == -ECHILD)
		return ended(pair, "stolen", rc);
	return ended(pair, rc < 0 || status.code != code ? "failed" : NULL, rc);
}

static struct rig_attempt attempt(void *ctx, unsigned index,
				  const struct rig_slice *slice)
{
	struct hammer *h = ctx;

	if (index < h->threads)
		return maker(h, index, slice);
	if (h->play->part == PART_FOREIGN)
		return foreign(h, &h->pair[index]);
	partner(h, &h->pair[index - h->threads]);
	return (struct rig_attempt){ .end = RIG_ATTEMPT_CLEAN };
}

/* ---- the run ---- */

static void set_runtime(void *self, enum rig_variant variant,
			struct spw_options *options)
{
	struct hammer *h = self;

	options->sys = &h->brood.ids.sys;
	options->how = h->options->amplify.spawn == RIG_SPAWN_FORK ?
			       SPW_CLONE_FORK :
			       SPW_CLONE_VFORK;
}

/*
 * What it promises of one child at a time nobody holds against it where there
 * are many; and under the rule of Plan 9 a signal may be heard by a thread that
 * may not wait for the child, and nothing ends.
 */
static bool check_signals(const struct hammer *h, const struct rig_fix *fix)
{
	const char *why =
		rig_claim(h->options->scenario, fix) == RIG_CLAIM_NEVER &&
				h->threads > 1 ?
			"its claim is for one child at a time: --threads 1" :
		!h->brood.ids.sys.pidfd_open ?
			"under the rule of Plan 9 what it loses is waited "
			"for without end" :
			NULL;

	if (why)
		snprintf(h->result->why, sizeof(h->result->why), "sigchld: %s",
			 why);
	return !why;
}

static int try_alone(void *self, const struct rig_slice *slice)
{
	struct hammer *h = self;
	const char *outcome;
	struct rig_child child;
	int error;

	rig_brood_turn(&h->brood, slice->fix->waiter);
	if (h->brood.by_signal && !check_signals(h, slice->fix))
		return -ENOTSUP;
	error = start_child(h, slice->rt, 0, 0, &child);
	if (error)
		return rig_stress_because(h->result, error, slice->fix->name);
	outcome = rig_child_wait(&h->brood, &child, &error);
	rig_child_end(&h->brood, &child);
	if (!outcome || h->play->creator_ends)
		return 0;
	return rig_stress_not_alone(h->result, -ENOTSUP, slice, outcome);
}

static int start(void *self)
{
	struct hammer *h = self;
	const struct rig_job job = {
		.options = h->options,
		.threads = 2 * h->threads,
		.victims = h->play->part == PART_FOREIGN ? 2 * h->threads :
							   h->threads,
		.attempt = attempt,
		.ctx = h,
	};

	return rig_crew_start(&h->crew, &job);
}

static void count_left(struct rig_tally *tally, unsigned n, const char *what)
{
	if (!n)
		return;
	tally->errors += n;
	snprintf(tally->error, sizeof(tally->error), "%u %s left", n, what);
}

/* A thread that was joined may be there for a moment still (exit_notify). */
static unsigned count_tasks(const struct hammer *h)
{
	struct spw_sys *kernel = spw_sys_linux();
	unsigned n;

	for (int ms = 0; ms < LOOK_MS; ms++) {
		n = rig_count_entries("/proc/self/task");
		if (n == h->tasks)
			break;
		kernel->sleep_ns(kernel, 1000000);
	}
	return n;
}

/* A sound waiter leaves nothing; what another leaves is cleared away. */
static void look_for_what_is_left(struct hammer *h,
				  const struct rig_slice *slice,
				  struct rig_tally *tally)
{
	unsigned zombies = 0;

	/* All end by themselves, if they have not yet. */
	while (waitpid(-1, NULL, 0) > 0)
		zombies++;
	rig_notes_drop(&h->brood.ids, -1);
	if (!slice->fix->claims_sound)
		return;
	count_left(tally, zombies, "children");
	count_left(tally, rig_count_entries("/proc/self/fd") - h->fds,
		   "descriptors");
	count_left(tally, count_tasks(h) - h->tasks, "threads");
}

static int work(void *self, const struct rig_slice *slice,
		struct rig_tally *tally)
{
	struct hammer *h = self;
	int rc;

	if (!h->fds) {
		h->fds = rig_count_entries("/proc/self/fd");
		h->tasks = rig_count_entries("/proc/self/task");
	}
	rig_brood_turn(&h->brood, slice->fix->waiter);
	rc = rig_crew_work(h->crew, slice, tally);
	tally->windows += atomic_exchange(&h->brood.ids.reused, 0);
	if (rc != -ETIMEDOUT)
		look_for_what_is_left(h, slice, tally);
	return rc;
}

static void stop(void *self)
{
	struct hammer *h = self;

	if (h->crew)
		rig_crew_stop(h->crew);
}

static const struct play *play_of(const char *scenario)
{
	static const struct play plays[] = {
		{ "wait/any-child-thief", PART_NONE, 1, false, 0 },
		{ "wait/creator-dies", PART_WAIT, 1, true,
		  SPW_DIE_WITH_CREATOR },
		{ "wait/double-wait", PART_BOTH, 1, false, 0 },
		{ "wait/foreign-child", PART_FOREIGN, 1, false, 0 },
		{ "wait/kill-after-reap", PART_SIGNAL, 1, false, 0 },
		{ "wait/owner-dies", PART_WAIT, 1, true, 0 },
		{ "wait/pid-reuse", PART_NONE, 2, false, 0 },
	};
	static const struct play any = { "", PART_WAIT, 1, false, 0 };

	for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
		if (!strcmp(scenario, plays[i].scenario))
			return &plays[i];
	return &any;
}

static bool has_rule(const struct rig_scenario *scenario, const char *rule)
{
	return scenario->kernel && !strcmp(scenario->kernel, rule);
}

static bool chooses_ids(const struct rig_scenario *scenario)
{
	return has_rule(scenario, "pids=reused");
}

static int check(struct hammer *h)
{
	if (h->options->fix.interpreted) {
		snprintf(h->result->why, sizeof(h->result->why),
			 "the children have no interpreter, which the guard "
			 "needs");
		return -ENOTSUP;
	}
	if (!h->options->directed &&
	    h->options->amplify.spawn != RIG_SPAWN_POSIX_SPAWN)
		return 0;
	snprintf(h->result->why, sizeof(h->result->why),
		 "waiting has no directed run, and needs children of libspw");
	return -ENOTSUP;
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
	h->result = result;
	h->play = play_of(options->scenario->name);
	h->threads = options->threads;
	h->pair = calloc(2 * h->threads, sizeof(*h->pair));
	if (!h->pair)
		return rig_stress_because(result, -ENOMEM, "set-up");
	for (unsigned i = 0; i < 2 * h->threads; i++) {
		pthread_mutex_init(&h->pair[i].lock, NULL);
		pthread_cond_init(&h->pair[i].changed, NULL);
	}
	rc = check(h);
	if (rc)
		return rc;
	h->brood.dir = dir;
	h->brood.creator_ends = h->play->creator_ends;
	h->brood.flags = h->play->flags;
	h->brood.cancelled = h->play->part == PART_SIGNAL;
	/* Each thread's, and as many again that end or begin. */
	rc = rig_brood_open(&h->brood, 4 * h->threads + 4,
			    chooses_ids(options->scenario),
			    has_rule(options->scenario, "wait-scope=thread"));
	return rc ? rig_stress_because(result, rc, "writing programs") : 0;
}

static void close_hammer(void *self)
{
	struct hammer *h = self;

	for (unsigned i = 0; h && h->pair && i < 2 * h->threads; i++) {
		pthread_cond_destroy(&h->pair[i].changed);
		pthread_mutex_destroy(&h->pair[i].lock);
	}
	if (!h)
		return;
	rig_brood_close(&h->brood);
	free(h->pair);
	free(h);
}

const struct rig_hammer rig_hammer_wait = {
	.family = &rig_family_wait,
	.apart = chooses_ids,
	.open = open_hammer,
	.runtime = set_runtime,
	.try_alone = try_alone,
	.start = start,
	.work = work,
	.stop = stop,
	.close = close_hammer,
};
