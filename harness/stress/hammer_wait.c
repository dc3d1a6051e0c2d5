/* SPDX-License-Identifier: MIT */
/*
 * Waiting by force: each thread starts short-lived children, and a partner of
 * it waits for them, or signals them, as the scenario has it. A child's exit
 * status is its thread's own and differs from one attempt to the next, so that
 * a status that was another child's shows; what no call of the library reaped
 * is looked for after each turn, and is a fault of it.
 *
 * Where the scenario is played under the rule of Plan 9, waits are made with
 * __WNOTHREAD and there are no pidfds.
 */
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
	CODES = 100,  /* exit statuses, from 1 */
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

/* A thread and its partner, under lock. */
struct pair {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct spw_proc *proc; /* for the partner, NULL: nothing is to do */
	bool done;             /* with it */
	int error;             /* what the partner was told */
	struct spw_status status;
	unsigned attempt;
	char message[RIG_MESSAGE_MAX];
};

struct hammer {
	const struct rig_stress_options *options;
	const struct rig_workdir *dir;
	struct rig_stress *result;
	struct spw_sys sys;
	enum part part;
	unsigned threads; /* with as many partners */
	struct rig_crew *crew;
	struct pair *pair;   /* of partners, too, for their messages */
	unsigned fds, tasks; /* before the first turn; 0: not yet counted */
};

/* ---- the rule of Plan 9 ---- */

static pid_t wait_own(struct spw_sys *sys, pid_t pid, unsigned flags,
		      struct spw_status *status)
{
	return spw_sys_linux()->wait(sys, pid, flags | SPW_WAIT_THREAD, status);
}

static void set_rule(struct hammer *h)
{
	const char *kernel = h->options->scenario->kernel;

	h->sys = *spw_sys_linux();
	if (!kernel || strcmp(kernel, "wait-scope=thread") != 0)
		return;
	h->sys.wait = wait_own;
	h->sys.pidfd_open = NULL;
}

/* ---- programs: one for each exit status ---- */

static void program_path(const struct hammer *h, unsigned code, char *path)
{
	snprintf(path, PATH_MAX, "%.*s/exit-%u", PATH_MAX - 16, h->dir->path,
		 code);
}

static int write_programs(const struct hammer *h)
{
	const struct spw_options options = { .guard = NULL };
	unsigned char image[RIG_PROGRAM_MAX];
	char path[PATH_MAX];
	struct spw_rt *rt;
	int rc = spw_open(&rt, &options);

	if (rc)
		return rc;
	for (unsigned code = 1; !rc && code <= CODES; code++) {
		int len = rig_program(image, code);

		program_path(h, code, path);
		rc = len < 0 ? len :
			       spw_write_executable(rt, path, image,
						    (size_t)len, 0755);
	}
	spw_shut(rt);
	return rc;
}

/* ---- attempts ---- */

/* A child that exits with code; NULL: *error says why there is none. */
static struct spw_proc *spawn(const struct hammer *h, struct spw_rt *rt,
			      unsigned code, int *error)
{
	char path[PATH_MAX];
	const struct spw_spec spec = { .path = path };
	struct spw_proc *proc = NULL;

	program_path(h, code, path);
	*error = spw_spawn(rt, &spec, &proc, NULL);
	return *error ? NULL : proc;
}

/* What a wait was told of the child with code; NULL: the truth. */
static const char *judge(const struct hammer *h, unsigned code, int error,
			 const struct spw_status *status)
{
	if (error == -ECHILD)
		return "lost-status";
	if (error == -ESRCH)
		return "not-found";
	if (error)
		return "failed";
	if (status->signaled)
		return h->part == PART_SIGNAL && status->code == SIGKILL ?
			       NULL :
			       "wrong-process";
	return status->code == (int)code ? NULL : "wrong-child";
}

static struct rig_attempt ended(struct pair *pair, const char *outcome,
				int error)
{
	if (!outcome)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_CLEAN };
	if (strcmp(outcome, "failed") != 0)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_HIT,
					     .outcome = outcome };
	snprintf(pair->message, sizeof(pair->message), "a wait: %s",
		 strerror(-error));
	return (struct rig_attempt){ .end = RIG_ATTEMPT_ERROR,
				     .message = pair->message };
}

static void hand_over(struct pair *pair, struct spw_proc *proc)
{
	pthread_mutex_lock(&pair->lock);
	pair->proc = proc;
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

/* False: the turn is over, and the partner did not come for proc any more. */
static bool take_back(const struct hammer *h, struct pair *pair)
{
	bool done;

	pthread_mutex_lock(&pair->lock);
	while (!pair->done && !(pair->proc && rig_crew_over(h->crew)))
		look(pair);
	done = pair->done;
	pair->proc = NULL;
	pthread_mutex_unlock(&pair->lock);
	return done;
}

static const char *both(const struct hammer *h, struct pair *pair,
			struct spw_proc *proc, unsigned code, int *error)
{
	bool has_partner = h->part != PART_NONE && h->part != PART_FOREIGN;
	struct spw_status status = { .code = 0 };
	const char *outcome = NULL;

	if (has_partner)
		hand_over(pair, proc);
	if (h->part != PART_WAIT) {
		*error = spw_wait(proc, &status);
		outcome = judge(h, code, *error, &status);
	}
	if (!has_partner || !take_back(h, pair) || outcome ||
	    h->part == PART_SIGNAL)
		return outcome;
	*error = pair->error;
	return judge(h, code, pair->error, &pair->status);
}

static struct rig_attempt maker(struct hammer *h, unsigned index,
				const struct rig_slice *slice)
{
	struct pair *pair = &h->pair[index];
	unsigned code = (index * 37 + pair->attempt++) % CODES + 1;
	const char *outcome;
	int error;
	struct spw_proc *proc = spawn(h, slice->rt, code, &error);

	if (!proc)
		return error == -EAGAIN || error == -ENOMEM ?
			       (struct rig_attempt){ .end = RIG_ATTEMPT_REFUSED,
						     .message = "no process" } :
			       ended(pair, "failed", error);
	outcome = both(h, pair, proc, code, &error);
	spw_release(proc);
	return ended(pair, outcome, error);
}

/* What the partner does with proc. */
static int play(const struct hammer *h, struct spw_proc *proc,
		struct spw_status *status)
{
	int error;

	if (h->part != PART_SIGNAL)
		return spw_wait(proc, status);
	error = spw_signal(proc, SIGKILL);
	return error == -ESRCH ? 0 : error;
}

static void partner(struct hammer *h, struct pair *pair)
{
	struct spw_status status = { .code = 0 };
	struct spw_proc *proc;
	int error;

	pthread_mutex_lock(&pair->lock);
	while (!pair->proc && !rig_crew_over(h->crew))
		look(pair);
	proc = pair->proc;
	pair->proc = NULL;
	pthread_mutex_unlock(&pair->lock);
	if (!proc)
		return;
	error = play(h, proc, &status);
	pthread_mutex_lock(&pair->lock);
	pair->error = error;
	pair->status = status;
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
	int rc = h->sys.clone(&h->sys, SPW_CLONE_VFORK, foreign_child,
			      (void *)&code, sizeof(code), &pid);

	if (rc)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_REFUSED,
					     .message = "no process" };
	rc = h->sys.wait(&h->sys, pid, 0, &status);
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
	if (h->part == PART_FOREIGN)
		return foreign(h, &h->pair[index]);
	partner(h, &h->pair[index - h->threads]);
	return (struct rig_attempt){ .end = RIG_ATTEMPT_CLEAN };
}

/* ---- the run ---- */

static void set_runtime(void *self, enum rig_variant variant,
			struct spw_options *options)
{
	struct hammer *h = self;

	options->sys = &h->sys;
	options->how = h->options->amplify.spawn == RIG_SPAWN_FORK ?
			       SPW_CLONE_FORK :
			       SPW_CLONE_VFORK;
}

static int try_alone(void *self, const struct rig_slice *slice)
{
	struct hammer *h = self;
	struct spw_status status = { .code = 0 };
	struct spw_proc *proc;
	const char *outcome;
	int error;

	if (!strcmp(slice->fix->name, "sigchld")) {
		snprintf(h->result->why, sizeof(h->result->why),
			 "sigchld: what it loses is waited for without end");
		return -ENOTSUP;
	}
	proc = spawn(h, slice->rt, 1, &error);
	if (!proc)
		return rig_stress_because(h->result, error, slice->fix->name);
	error = spw_wait(proc, &status);
	outcome = judge(h, 1, error, &status);
	spw_release(proc);
	if (!outcome)
		return 0;
	return rig_stress_not_alone(h->result, -ENOTSUP, slice, outcome);
}

static int start(void *self)
{
	struct hammer *h = self;
	const struct rig_job job = {
		.options = h->options,
		.threads = 2 * h->threads,
		.victims = h->part == PART_FOREIGN ? 2 * h->threads :
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

/* A sound waiter leaves nothing; what another leaves is cleared away. */
static void look_for_what_is_left(const struct hammer *h,
				  const struct rig_slice *slice,
				  struct rig_tally *tally)
{
	unsigned zombies = 0;

	/* All end by themselves, if they have not yet. */
	while (waitpid(-1, NULL, 0) > 0)
		zombies++;
	if (!slice->fix->claims_sound)
		return;
	count_left(tally, zombies, "children");
	count_left(tally, rig_count_entries("/proc/self/fd") - h->fds,
		   "descriptors");
	count_left(tally, rig_count_entries("/proc/self/task") - h->tasks,
		   "threads");
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
	rc = rig_crew_work(h->crew, slice, tally);
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

static enum part part_of(const char *scenario)
{
	static const struct {
		const char *scenario;
		enum part part;
	} parts[] = {
		{ "wait/any-child-thief", PART_NONE },
		{ "wait/double-wait", PART_BOTH },
		{ "wait/foreign-child", PART_FOREIGN },
		{ "wait/kill-after-reap", PART_SIGNAL },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(scenario, parts[i].scenario))
			return parts[i].part;
	return PART_WAIT;
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
	h->dir = dir;
	h->result = result;
	h->part = part_of(options->scenario->name);
	h->threads = options->threads;
	set_rule(h);
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
	rc = write_programs(h);
	return rc ? rig_stress_because(result, rc, "writing programs") : 0;
}

static void close_hammer(void *self)
{
	struct hammer *h = self;

	for (unsigned i = 0; h && h->pair && i < 2 * h->threads; i++) {
		pthread_cond_destroy(&h->pair[i].changed);
		pthread_mutex_destroy(&h->pair[i].lock);
	}
	if (h)
		free(h->pair);
	free(h);
}

const struct rig_hammer rig_hammer_wait = {
	.family = &rig_family_wait,
	.open = open_hammer,
	.runtime = set_runtime,
	.try_alone = try_alone,
	.start = start,
	.work = work,
	.stop = stop,
	.close = close_hammer,
};
