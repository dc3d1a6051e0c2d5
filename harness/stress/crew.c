/* SPDX-License-Identifier: MIT */
#include "stress/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often *stop is looked at: a signal may reach any thread. */
static const uint64_t look_ns = 10000000;
/* Before a thread tries again to get a process that it was refused. */
static const uint64_t refused_ns = 1000000;

struct worker {
	struct rig_crew *crew;
	pthread_t id;
	unsigned index;
	bool victim;            /* its attempts are counted */
	struct rig_tally count; /* of this slice; the main thread reads it
				   once the worker is idle */
};

struct rig_crew {
	struct rig_job job;
	pthread_mutex_t lock;
	pthread_cond_t start; /* slices or quit has changed */
	pthread_cond_t ended; /* over is set, or nobody works */
	unsigned slices;      /* begun so far */
	unsigned working;
	bool quit;
	struct rig_slice slice; /* constant while anybody works */
	uint64_t begun_ns;      /* when the slice began */
	uint64_t before_ns;     /* what the variant had had before */
	atomic_bool over;
	atomic_uint_fast64_t taken; /* of slice.attempts */
	unsigned n;
	struct worker worker[];
};

static uint64_t now_ns(void)
{
	return spw_sys_linux()->now_ns(spw_sys_linux());
}

static bool is_stopped(const struct rig_crew *crew)
{
	return crew->job.options->stop && *crew->job.options->stop;
}

/* ---- a worker ---- */

static void end_slice(struct rig_crew *crew)
{
	atomic_store(&crew->over, true);
	pthread_mutex_lock(&crew->lock);
	pthread_cond_signal(&crew->ended);
	pthread_mutex_unlock(&crew->lock);
}

/* A victim takes each attempt from those allowed; false: none is left. */
static bool take_attempt(struct rig_crew *crew)
{
	return !crew->slice.attempts ||
	       atomic_fetch_add(&crew->taken, 1) < crew->slice.attempts;
}

static void give_attempt_back(struct worker *w)
{
	if (w->victim)
		atomic_fetch_sub(&w->crew->taken, 1);
}

static void count_hit(struct worker *w, const struct rig_attempt *attempt)
{
	struct rig_crew *crew = w->crew;

	rig_tally_add(&w->count, attempt->outcome, 1);
	if (w->count.hits == 1) {
		w->count.outcome = attempt->outcome;
		w->count.first_hit_ns =
			crew->before_ns + now_ns() - crew->begun_ns;
	}
	if (crew->slice.until_hit)
		end_slice(crew);
}

static void count_error(struct worker *w, const struct rig_attempt *attempt)
{
	if (!w->count.errors++)
		snprintf(w->count.error, sizeof(w->count.error), "%s",
			 attempt->message);
	give_attempt_back(w);
	end_slice(w->crew);
}

static void count_attempt(struct worker *w, const struct rig_attempt *attempt)
{
	switch (attempt->end) {
	case RIG_ATTEMPT_CLEAN:
		w->count.attempts += w->victim;
		break;
	case RIG_ATTEMPT_HIT:
		w->count.attempts++;
		count_hit(w, attempt);
		break;
	case RIG_ATTEMPT_REFUSED:
		w->count.refused++;
		give_attempt_back(w);
		spw_sys_linux()->sleep_ns(spw_sys_linux(), refused_ns);
		break;
	case RIG_ATTEMPT_ERROR:
		count_error(w, attempt);
		break;
	}
}

static void work(struct worker *w)
{
	struct rig_crew *crew = w->crew;

	memset(&w->count, 0, sizeof(w->count));
	while (!atomic_load(&crew->over)) {
		struct rig_attempt attempt;

		if (w->victim && !take_attempt(crew)) {
			end_slice(crew);
			return;
		}
		attempt = crew->job.attempt(crew->job.ctx, w->index,
					    &crew->slice);
		count_attempt(w, &attempt);
	}
}

bool rig_crew_over(struct rig_crew *crew)
{
	return atomic_load(&crew->over);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct rig_crew *crew = w->crew;
	unsigned slices = 0;

	pthread_mutex_lock(&crew->lock);
	for (;;) {
		while (crew->slices == slices && !crew->quit)
			pthread_cond_wait(&crew->start, &crew->lock);
		if (crew->quit)
			break;
		slices = crew->slices;
		pthread_mutex_unlock(&crew->lock);
		work(w);
		pthread_mutex_lock(&crew->lock);
		if (!--crew->working)
			pthread_cond_signal(&crew->ended);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* ---- the thread that leads ---- */

/* Waits on ended until the time at; crew->lock is held. */
static void wait_until(struct rig_crew *crew, uint64_t at)
{
	const struct timespec until = { .tv_sec = (time_t)(at / 1000000000),
					.tv_nsec = (long)(at % 1000000000) };

	pthread_cond_timedwait(&crew->ended, &crew->lock, &until);
}

/* Until the slice is over; crew->lock is held. */
static void wait_for_end(struct rig_crew *crew)
{
	uint64_t end = crew->slice.ns ? crew->begun_ns + crew->slice.ns :
					UINT64_MAX;
	uint64_t now = crew->begun_ns;

	for (; !atomic_load(&crew->over) && now < end && !is_stopped(crew);
	     now = now_ns())
		wait_until(crew, now + look_ns < end ? now + look_ns : end);
	atomic_store(&crew->over, true);
}

/* Until every worker is idle; crew->lock is held. */
static int wait_for_workers(struct rig_crew *crew)
{
	static const uint64_t patience_ns = 30000000000;
	uint64_t end = now_ns() + (crew->job.options->patience_ns ?
					   crew->job.options->patience_ns :
					   patience_ns);

	while (crew->working && now_ns() < end)
		wait_until(crew, end);
	return crew->working ? -ETIMEDOUT : 0;
}

static void add_count(struct rig_tally *sum, const struct rig_tally *count)
{
	if (!sum->errors && count->errors)
		memcpy(sum->error, count->error, sizeof(sum->error));
	if (count->hits &&
	    (!sum->hits || count->first_hit_ns < sum->first_hit_ns)) {
		sum->first_hit_ns = count->first_hit_ns;
		sum->outcome = count->outcome;
	}
	sum->attempts += count->attempts;
	for (int i = 0; i < RIG_HIT_KINDS_MAX && count->kind[i].outcome; i++)
		rig_tally_add(sum, count->kind[i].outcome, count->kind[i].n);
	sum->errors += count->errors;
	sum->refused += count->refused;
}

int rig_crew_work(struct rig_crew *crew, const struct rig_slice *slice,
		  struct rig_tally *tally)
{
	int rc;

	pthread_mutex_lock(&crew->lock);
	crew->slice = *slice;
	crew->begun_ns = now_ns();
	crew->before_ns = tally->ns;
	crew->working = crew->n;
	crew->slices++;
	atomic_store(&crew->over, false);
	atomic_store(&crew->taken, 0);
	pthread_cond_broadcast(&crew->start);
	wait_for_end(crew);
	rc = wait_for_workers(crew);
	pthread_mutex_unlock(&crew->lock);
	if (rc)
		return rc;
	for (unsigned i = 0; i < crew->n; i++)
		add_count(tally, &crew->worker[i].count);
	tally->ns += now_ns() - crew->begun_ns;
	return 0;
}

/* ---- start and stop ---- */

static int init_locks(struct rig_crew *crew)
{
	pthread_condattr_t attr;
	int error = pthread_mutex_init(&crew->lock, NULL);

	if (error)
		return -error;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	error = pthread_cond_init(&crew->ended, &attr);
	pthread_condattr_destroy(&attr);
	if (error)
		goto no_ended;
	error = pthread_cond_init(&crew->start, NULL);
	if (!error)
		return 0;
	pthread_cond_destroy(&crew->ended);
no_ended:
	pthread_mutex_destroy(&crew->lock);
	return -error;
}

/*
 * Programs inherit the mask of the thread that spawns them. So Ctrl-C, which
 * goes to every process of the terminal, reaches none of them, and none ends
 * with a status that is not its own.
 */
static int create_threads(struct rig_crew *crew, unsigned n)
{
	sigset_t all, old;
	int error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (crew->n < n && !error) {
		error = pthread_create(&crew->worker[crew->n].id, NULL,
				       worker_main, &crew->worker[crew->n]);
		if (!error)
			crew->n++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

int rig_crew_start(struct rig_crew **out, const struct rig_job *job)
{
	unsigned n = job->threads;
	struct rig_crew *crew =
		calloc(1, sizeof(*crew) + n * sizeof(crew->worker[0]));
	int rc;

	if (!crew)
		return -ENOMEM;
	crew->job = *job;
	for (unsigned i = 0; i < n; i++)
		crew->worker[i] = (struct worker){ .crew = crew,
						   .index = i,
						   .victim = i < job->victims };
	rc = init_locks(crew);
	if (rc) {
		free(crew);
		return rc;
	}
	rc = create_threads(crew, n);
	if (rc)
		rig_crew_stop(crew);
	else
		*out = crew;
	return rc;
}

void rig_crew_stop(struct rig_crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->quit = true;
	pthread_cond_broadcast(&crew->start);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned i = 0; i < crew->n; i++)
		pthread_join(crew->worker[i].id, NULL);
	pthread_cond_destroy(&crew->start);
	pthread_cond_destroy(&crew->ended);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}
