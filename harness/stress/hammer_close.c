/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that are closed under use: threads in pairs, each pair the two
 * actors of a scenario, over and over. All pairs share one process, so a number
 * that one of them closes is at once another's; what is written to a file is
 * that pair's own byte, and whoever reads another one has been had.
 *
 * The races are between a look at a number and the call that is made on it, so
 * before such calls the thread offers its CPU to the others. And what was broken
 * may hang: a reader that sleeps in the kernel, because its descriptor was made
 * blocking under it, is called back by a signal.
 */
#include "scenarios/close.h"
#include "stress/crew.h"
#include "stress/hammer.h"
#include "stress/world.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	STATE_MAX = 256,    /* bytes of a scenario's state */
	LOOK_NS = 1000000,  /* how often is looked whether a slice is over */
	CALL_NS = 10000000, /* between two calls to who sleeps */
	RECALL_SIGNAL = SIGUSR1,
};

/* Of a pair of threads: what is between them. */
enum phase {
	EMPTY,
	OFFERED, /* the scenario has begun, the second may join in */
	JOINED,
	LEFT, /* the second has done its part */
};

struct pair {
	struct rig_site site; /* first: its world's ctx finds the rest */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t first, second; /* under lock, while it is not EMPTY */
	enum phase phase;        /* under lock */
	atomic_bool called_back; /* give up what you wait for */
	struct rig_run run;
	bool own; /* the attempt's runtime is its own */
	_Alignas(16) unsigned char state[STATE_MAX];
};

struct hammer {
	struct spw_sys sys; /* first: the real kernel, with a read that gives
			       up; calls find the rest behind it */
	atomic_uint_fast64_t opened; /* descriptors, in this turn */
	const struct rig_stress_options *options;
	struct rig_stress *result;
	struct rig_crew *crew;
	struct pair *pair;
	unsigned npairs;
	atomic_uint_fast64_t joined; /* attempts that two threads made */
	bool signals_set;
	struct sigaction old_recall, old_pipe;
};

static _Thread_local struct pair *current; /* while it acts */

/* ---- the seam: calls that come late, a read that gives up ---- */

static void recalled(int sig)
{
}

static ssize_t read_or_give_up(struct spw_sys *sys, int fd, void *buf,
			       size_t len)
{
	long n;

	sched_yield();
	do {
		if (current && atomic_load(&current->called_back))
			return -ETIMEDOUT;
		n = syscall(SYS_read, fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int close_late(struct spw_sys *sys, int fd)
{
	sched_yield();
	return spw_sys_linux()->close(sys, fd);
}

/*
 * Not by libc: ThreadSanitizer follows numbers through it, and a poller that
 * takes a registration from a number that is another thread's by now, as broken
 * closers let it, would be a data race in its eyes.
 */
static int register_late(struct spw_sys *sys, int epoll, enum spw_epoll_op op,
			 int fd, unsigned events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	if (op != SPW_EPOLL_DEL)
		sched_yield();
	return syscall(SYS_epoll_ctl, epoll, (int)op, fd, &event) ? -errno : 0;
}

static void count_opened(struct spw_sys *sys, unsigned n, bool failed)
{
	struct hammer *h = (struct hammer *)(void *)sys;

	if (!failed)
		atomic_fetch_add(&h->opened, n);
}

static int counted_pipe(struct spw_sys *sys, int fd[2])
{
	int rc = spw_sys_linux()->pipe(sys, fd);

	count_opened(sys, 2, rc);
	return rc;
}

static int counted_dup(struct spw_sys *sys, int fd, int least)
{
	int copy = spw_sys_linux()->dup_above(sys, fd, least);

	count_opened(sys, 1, copy < 0);
	return copy;
}

/* SIGPIPE: what is fed to a closed descriptor is an error, as in the model. */
static void set_signals(struct hammer *h)
{
	struct sigaction recall = { .sa_handler = recalled };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(RECALL_SIGNAL, &recall, &h->old_recall);
	sigaction(SIGPIPE, &ignore, &h->old_pipe);
	h->signals_set = true;
}

/* ---- between the two of a pair ---- */

static uint64_t now_ns(void)
{
	return spw_sys_linux()->now_ns(spw_sys_linux());
}

/* Waits for a change, or a short while; pair->lock is held. */
static void wait_ns(struct pair *pair, uint64_t ns)
{
	uint64_t at = now_ns() + ns;
	const struct timespec until = { .tv_sec = (time_t)(at / 1000000000),
					.tv_nsec = (long)(at % 1000000000) };

	pthread_cond_timedwait(&pair->changed, &pair->lock, &until);
}

static void set_phase(struct pair *pair, enum phase phase)
{
	pthread_mutex_lock(&pair->lock);
	pair->phase = phase;
	pthread_cond_broadcast(&pair->changed);
	pthread_mutex_unlock(&pair->lock);
}

/* Until the second has joined; false: the slice is over, and it will not. */
static bool await_second(struct hammer *h, struct pair *pair)
{
	bool joined;

	pthread_mutex_lock(&pair->lock);
	while (pair->phase == OFFERED && !rig_crew_over(h->crew))
		wait_ns(pair, LOOK_NS);
	joined = pair->phase != OFFERED;
	if (!joined)
		pair->phase = EMPTY;
	pthread_mutex_unlock(&pair->lock);
	return joined;
}

/* Until there is something to join; false: the slice is over. */
static bool join_first(struct hammer *h, struct pair *pair)
{
	bool joined;

	pthread_mutex_lock(&pair->lock);
	while (pair->phase != OFFERED && !rig_crew_over(h->crew))
		wait_ns(pair, LOOK_NS);
	joined = pair->phase == OFFERED;
	if (joined) {
		pair->second = pthread_self();
		pair->phase = JOINED;
		pthread_cond_broadcast(&pair->changed);
	}
	pthread_mutex_unlock(&pair->lock);
	return joined;
}

/*
 * Until the other one has done its part, too, which ends the phase. (The next
 * attempt may have begun by then: what is waited for is an end.) It may sleep
 * where no deadline is heard: then it is called until it hears, for it may be
 * just about to fall asleep. What it read in vain is -ETIMEDOUT then.
 */
static void await_other(struct pair *pair, enum phase end_of, pthread_t *other)
{
	uint64_t end = now_ns() + 2 * RIG_PATIENCE_NS;

	pthread_mutex_lock(&pair->lock);
	while (pair->phase == end_of && now_ns() < end)
		wait_ns(pair, end - now_ns());
	while (pair->phase == end_of) {
		atomic_store(&pair->called_back, true);
		pthread_kill(*other, RECALL_SIGNAL);
		wait_ns(pair, CALL_NS);
	}
	pthread_mutex_unlock(&pair->lock);
}

/* ---- an attempt ---- */

static bool is_sound(const struct hammer *h, const struct rig_fix *fix)
{
	return rig_claim(h->options->scenario, fix) == RIG_CLAIM_NEVER;
}

/*
 * A closer that does not keep every rule may leave its runtime as no scenario
 * finds it. Where it is judged by a rule that it does claim, each attempt has a
 * runtime of its own, as in the model; what claims everything has one for all.
 */
static int open_runtime(struct hammer *h, struct pair *pair,
			const struct rig_slice *slice)
{
	struct spw_options options = rig_fix_options(slice->fix);

	options.sys = &h->sys;
	pair->own = is_sound(h, slice->fix) && !slice->fix->claims_sound;
	pair->run.rt = slice->rt;
	return pair->own ? spw_open(&pair->run.rt, &options) : 0;
}

/* As world.c has it, by either of two threads. */
static void fail(void *ctx, const char *outcome, const char *message)
{
	struct pair *pair = ctx;

	pthread_mutex_lock(&pair->lock);
	if (!pair->site.outcome) {
		pair->site.outcome = outcome;
		snprintf(pair->site.message, sizeof(pair->site.message), "%s",
			 message);
	}
	pthread_mutex_unlock(&pair->lock);
}

static void prepare(struct hammer *h, struct pair *pair,
		    const struct rig_slice *slice)
{
	struct rig_run *run = &pair->run;

	pair->site.outcome = NULL;
	pair->site.interpreted = slice->fix->interpreted;
	pair->first = pair->second = pthread_self();
	atomic_store(&pair->called_back, false);
	memset(pair->state, 0, sizeof(pair->state));
	run->fix = *slice->fix;
	run->sys = &h->sys;
	run->state = pair->state;
	if (open_runtime(h, pair, slice) ||
	    (run->scenario->begin && run->scenario->begin(run)))
		fail(pair, "failed", "the scenario could not begin");
}

static struct rig_attempt conclude(struct pair *pair)
{
	if (pair->run.scenario->finish)
		pair->run.scenario->finish(&pair->run);
	if (pair->own)
		spw_shut(pair->run.rt);
	unlink(pair->site.path); /* of scenarios that write a program */
	if (!pair->site.outcome)
		return (struct rig_attempt){ .end = RIG_ATTEMPT_CLEAN };
	if (rig_site_hit(&pair->site, pair->run.scenario))
		return (struct rig_attempt){ .end = RIG_ATTEMPT_HIT,
					     .outcome = pair->site.outcome };
	return (struct rig_attempt){ .end = RIG_ATTEMPT_ERROR,
				     .message = pair->site.message };
}

/* What no thread can spoil: the close, and who comes too late. */
static void act_alone(struct pair *pair)
{
	pair->run.scenario->actor(&pair->run, 1);
	pair->run.scenario->actor(&pair->run, 0);
}

static struct rig_attempt first(struct hammer *h, struct pair *pair,
				const struct rig_slice *slice)
{
	prepare(h, pair, slice);
	current = pair;
	if (pair->site.outcome)
		return conclude(pair);
	set_phase(pair, OFFERED);
	if (await_second(h, pair)) {
		atomic_fetch_add(&h->joined, 1);
		pair->run.scenario->actor(&pair->run, 0);
		await_other(pair, JOINED, &pair->second);
		set_phase(pair, EMPTY);
	} else {
		act_alone(pair);
	}
	current = NULL;
	return conclude(pair);
}

static void second(struct hammer *h, struct pair *pair)
{
	if (!join_first(h, pair))
		return;
	current = pair;
	pair->run.scenario->actor(&pair->run, 1);
	current = NULL;
	set_phase(pair, LEFT);
	await_other(pair, LEFT, &pair->first);
}

static void hear_calls(void)
{
	sigset_t recall;

	sigemptyset(&recall);
	sigaddset(&recall, RECALL_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &recall, NULL);
}

static struct rig_attempt attempt(void *ctx, unsigned index,
				  const struct rig_slice *slice)
{
	struct hammer *h = ctx;

	hear_calls();
	if (index < h->npairs)
		return first(h, &h->pair[index], slice);
	second(h, &h->pair[index - h->npairs]);
	return (struct rig_attempt){ .end = RIG_ATTEMPT_CLEAN };
}

/* ---- the run ---- */

static void set_runtime(void *self, enum rig_variant variant,
			struct spw_options *options)
{
	options->sys = &((struct hammer *)self)->sys;
}

static int try_alone(void *self, const struct rig_slice *slice)
{
	struct hammer *h = self;
	struct pair *pair = &h->pair[0];

	prepare(h, pair, slice);
	if (!pair->site.outcome)
		act_alone(pair);
	conclude(pair);
	if (!pair->site.outcome)
		return 0;
	return rig_stress_not_alone(h->result, -ENOTSUP, slice,
				    pair->site.message);
}

static int start(void *self)
{
	struct hammer *h = self;
	const struct rig_job job = { .options = h->options,
				     .threads = 2 * h->npairs,
				     .victims = h->npairs,
				     .attempt = attempt,
				     .ctx = h };

	return rig_crew_start(&h->crew, &job);
}

static int work(void *self, const struct rig_slice *slice,
		struct rig_tally *tally)
{
	struct hammer *h = self;
	unsigned before = rig_count_entries("/proc/self/fd"), after;
	int rc;

	atomic_store(&h->joined, 0);
	atomic_store(&h->opened, 0);
	rc = rig_crew_work(h->crew, slice, tally);
	if (rc)
		return rc;
	tally->windows += atomic_load(&h->joined);
	tally->opened += atomic_load(&h->opened);
	after = rig_count_entries("/proc/self/fd");
	tally->left += (int64_t)after - before;
	if (after != before && is_sound(h, slice->fix) && !tally->errors++)
		snprintf(tally->error, sizeof(tally->error),
			 "%s: %u descriptors were open before, %u after",
			 slice->fix->name, before, after);
	return 0;
}

static void stop(void *self)
{
	struct hammer *h = self;

	if (h->crew)
		rig_crew_stop(h->crew);
}

static int init_pair(struct hammer *h, struct pair *pair,
		     const struct rig_workdir *dir, unsigned number)
{
	pthread_condattr_t attr;
	int error;

	pair->run = (struct rig_run){ .scenario = h->options->scenario,
				      .world = &pair->site.world,
				      .number = number,
				      .actors = 2 };
	rig_site_init(&pair->site, dir, number);
	pair->site.world.fail = fail;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	error = pthread_cond_init(&pair->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (error)
		return -error;
	error = pthread_mutex_init(&pair->lock, NULL);
	if (error)
		pthread_cond_destroy(&pair->changed);
	return -error;
}

static int check(struct hammer *h)
{
	const struct rig_scenario *s = h->options->scenario;

	if (s->state_size <= STATE_MAX && s->actors_min == 2)
		return 0;
	snprintf(h->result->why, sizeof(h->result->why),
		 "%s exists in the simulated world only", s->name);
	return -ENOTSUP;
}

static int open_hammer(void **self, const struct rig_stress_options *options,
		       const struct rig_workdir *dir, struct rig_stress *result)
{
	struct hammer *h = calloc(1, sizeof(*h));
	unsigned pairs = options->threads / 2 ? options->threads / 2 : 1;
	int rc;

	*self = h;
	if (!h)
		return rig_stress_because(result, -ENOMEM, "set-up");
	h->options = options;
	h->result = result;
	h->sys = *spw_sys_linux();
	h->sys.read = read_or_give_up;
	h->sys.close = close_late;
	h->sys.pipe = counted_pipe;
	h->sys.dup_above = counted_dup;
	h->sys.epoll_ctl = register_late;
	rc = check(h);
	if (rc)
		return rc;
	h->pair = calloc(pairs, sizeof(*h->pair));
	if (!h->pair)
		return rig_stress_because(result, -ENOMEM, "set-up");
	for (; !rc && h->npairs < pairs; h->npairs += !rc)
		rc = init_pair(h, &h->pair[h->npairs], dir, h->npairs);
	if (!rc) {
		h->pair[0].site.interpreted = options->fix.interpreted;
		rc = rig_site_prepare(&h->pair[0].site);
	}
	if (rc)
		return rig_stress_because(result, rc, "set-up");
	set_signals(h);
	return 0;
}

static void close_hammer(void *self)
{
	struct hammer *h = self;

	if (!h)
		return;
	if (h->signals_set) {
		sigaction(RECALL_SIGNAL, &h->old_recall, NULL);
		sigaction(SIGPIPE, &h->old_pipe, NULL);
	}
	while (h->npairs) {
		struct pair *pair = &h->pair[--h->npairs];

		pthread_cond_destroy(&pair->changed);
		pthread_mutex_destroy(&pair->lock);
	}
	free(h->pair);
	free(h);
}

const struct rig_hammer rig_hammer_close = {
	.family = &rig_family_close,
	.open = open_hammer,
	.runtime = set_runtime,
	.try_alone = try_alone,
	.start = start,
	.work = work,
	.stop = stop,
	.close = close_hammer,
};
