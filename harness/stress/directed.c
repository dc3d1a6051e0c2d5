/* SPDX-License-Identifier: MIT */
#include "stress/directed.h"

#include "stress/seam.h"
#include "stress/world.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How often is looked whether all is over. */
static const uint64_t look_ns = 10000000;
/* How many rounds the writer stays on a CPU. */
enum { TURN = 16 };
/* Of a file that takes long to write out; what follows a program is nothing. */
enum { PADDED = 1 << 20 };
/* After a process was refused. */
static const uint64_t refused_ns = 1000000;

struct holder {
	struct rig_directed *directed;
	pthread_t id;
	struct rig_site site;
	struct rig_run run;
	atomic_bool refused;
};

struct rig_directed {
	const struct rig_stress_options *options;
	struct rig_stage *stage;
	struct rig_executor *executor;
	uint64_t patience_ns;
	/* Constant while the writer works. */
	struct rig_slice slice;
	bool by_library;
	uint64_t begun_ns, before_ns;
	struct rig_tally *tally;
	/* The lead and the writer. */
	atomic_uint slices;   /* begun */
	atomic_uint finished; /* of these */
	atomic_bool over;     /* the slice is */
	atomic_bool quit;
	atomic_uint rounds; /* begun */
	int error;          /* of the writer: what it waited for did not come */
	pthread_t writer;
	bool has_writer;
	struct rig_site site;
	struct rig_run run;
	unsigned char *padded; /* with rewrite: the program in a large file */
	unsigned n;            /* holders */
	struct holder holder[];
};

static uint64_t now_ns(void)
{
	return spw_sys_linux()->now_ns(spw_sys_linux());
}

/* ---- a holder ---- */

/* A foreign child: what it copied it keeps until it ends. */
static int stay(void *arg)
{
	static const uint64_t life_ns = 20000000;
	struct rig_stage *stage = arg;

	rig_stage_add(&stage->copied);
	rig_stage_reach(&stage->answered, atomic_load(&stage->wanted), life_ns);
	return 0;
}

static void hold_for_ever(struct holder *h)
{
	struct rig_stage *stage = h->directed->stage;
	struct spw_sys *sys = spw_sys_linux();
	struct spw_status status;
	pid_t pid;

	rig_stage_add(&stage->forking);
	if (sys->clone(sys, SPW_CLONE_FORK, stay, stage, sizeof(*stage), &pid))
		atomic_store(&h->refused, true);
	else
		sys->wait(sys, pid, 0, &status);
}

static void hold(struct holder *h)
{
	struct rig_directed *d = h->directed;
	const struct spw_spec spec = { .path = h->site.other };
	struct spw_status status;
	struct spw_proc *proc;

	if (d->options->amplify.never_exec) {
		hold_for_ever(h);
		return;
	}
	if (spw_spawn(d->slice.rt, &spec, &proc, NULL)) {
		atomic_store(&h->refused, true);
		return;
	}
	rig_stage_add(&d->stage->returned);
	spw_wait(proc, &status);
	spw_release(proc);
}

/* What the spawn itself slept is in it, so it follows the shorter ones. */
static void learn_life(struct rig_stage *stage, uint64_t ns)
{
	static const uint64_t longest_ns = 100000000;
	uint64_t life = atomic_load(&stage->life_ns);

	if (!life || ns < life)
		life = ns;
	else
		life += life / 16;
	atomic_store(&stage->life_ns,
		     (unsigned)(life < longest_ns ? life : longest_ns));
}

static void *holder_main(void *arg)
{
	struct holder *h = arg;
	struct rig_directed *d = h->directed;
	unsigned asked = 1;
	uint64_t begun_ns;

	rig_seam_hold();
	/* What pipe-order=low sleeps is shorter than the usual slack. */
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	while (!atomic_load(&d->quit)) {
		if (!rig_stage_reach(&d->stage->asked, asked, look_ns))
			continue;
		asked++;
		/* A writer that is a process asks, too, and what this one sees
		 * of the slice is the thread's: it was set before the round. */
		atomic_load(&d->rounds);
		begun_ns = now_ns();
		hold(h);
		learn_life(d->stage, now_ns() - begun_ns);
		rig_stage_add(&d->stage->rested);
	}
	return NULL;
}

/* ---- the writer ---- */

static void count_hit(struct rig_directed *d)
{
	rig_tally_add(d->tally, "etxtbsy", 1);
	if (d->tally->hits == 1) {
		d->tally->outcome = "etxtbsy";
		d->tally->first_hit_ns = d->before_ns + now_ns() - d->begun_ns;
	}
	if (d->slice.until_hit)
		atomic_store(&d->over, true);
}

static void count_error(struct rig_directed *d, const char *what, int error)
{
	if (!d->tally->errors++)
		snprintf(d->tally->error, sizeof(d->tally->error), "%s: %s",
			 what, error ? strerror(-error) : "another program's");
	atomic_store(&d->over, true);
}

static bool was_refused(struct rig_directed *d)
{
	bool refused = rig_seam_refused();

	for (unsigned i = 0; i < d->n; i++)
		refused |= atomic_exchange(&d->holder[i].refused, false);
	return refused;
}

/* Returns how it went: as an error of execve, or what is wrong with the rig. */
static int execute(struct rig_directed *d, unsigned round, unsigned code,
		   const char **wrong)
{
	struct rig_stage *stage = d->stage;
	int rc;

	if (d->by_library) {
		d->site.outcome = NULL;
		rig_run_program(&d->run, d->site.path, code);
		if (!d->site.outcome)
			return 0;
		if (rig_site_hit(&d->site, d->options->scenario))
			return -ETXTBSY;
		*wrong = d->site.message;
		return -ECANCELED;
	}
	rc = rig_executor_go(d->executor, round, d->patience_ns);
	if (rc) {
		d->error = rc;
		*wrong = "the process that executes does not answer";
		return rc;
	}
	if (!stage->error && stage->status != (int)code)
		*wrong = "exit status";
	else if (stage->error && stage->error != -ETXTBSY)
		*wrong = "executing what was written";
	return stage->error;
}

/* After the program was written; windows: some child had copies of it. */
static void finish_round(struct rig_directed *d, unsigned round, unsigned code,
			 bool window)
{
	const char *wrong = NULL;
	int rc = execute(d, round, code, &wrong);

	if (was_refused(d)) {
		d->tally->refused++;
		spw_sys_linux()->sleep_ns(spw_sys_linux(), refused_ns);
		return;
	}
	if (wrong) {
		count_error(d, wrong, rc);
		return;
	}
	d->tally->attempts++;
	d->tally->windows += window;
	if (rc == -ETXTBSY)
		count_hit(d);
}

static int begin_round(struct rig_directed *d, unsigned round)
{
	bool beside = round / TURN % 2 != 0;
	const cpu_set_t *cpu = beside ? &d->executor->cpu : &d->executor->other;

	atomic_store(&d->stage->beside, beside);
	if (sched_setaffinity(0, sizeof(*cpu), cpu))
		return -errno;
	return d->by_library ?
		       0 :
		       rig_executor_ready(d->executor, round, d->patience_ns);
}

/* No child, no program of a round is there in the next one. */
static int end_round(struct rig_directed *d, unsigned round, unsigned rested)
{
	struct rig_stage *stage = d->stage;

	rig_seam_end_round();
	if (!atomic_exchange(&stage->armed, false) &&
	    !rig_stage_reach(&stage->rested, rested, d->patience_ns))
		return -ETIMEDOUT;
	if (d->by_library)
		return 0;
	/* Of a round that came to nothing it does not know yet. */
	rig_stage_set(&stage->go, round);
	return rig_stage_reach(&stage->answered, round, d->patience_ns) ?
		       0 :
		       -ETIMEDOUT;
}

static void play_round(struct rig_directed *d)
{
	struct rig_stage *stage = d->stage;
	unsigned round = atomic_fetch_add(&d->rounds, 1) + 1, code = 1;
	unsigned windows = atomic_load(&stage->windows);
	unsigned rested = atomic_load(&stage->rested);
	const void *program;
	size_t len;
	int rc;

	program = d->site.world.program(&d->site, code, &len);
	if (d->padded) {
		memcpy(d->padded, program, len);
		program = d->padded;
		len = PADDED;
	}
	d->error = begin_round(d, round);
	if (d->error)
		return;
	atomic_store(&stage->armed, true);
	rc = spw_write_executable(d->slice.rt, stage->path, program, len, 0755);
	if (rc)
		count_error(d, "writing a program", rc);
	else
		finish_round(d, round, code,
			     atomic_load(&stage->windows) != windows);
	if (!d->error)
		d->error = end_round(d, round, rested + d->n);
	if (!d->options->amplify.rewrite)
		unlink(stage->path);
}

static bool may_go_on(const struct rig_directed *d, uint64_t taken)
{
	return !d->error && !atomic_load(&d->over) &&
	       (!d->slice.attempts || taken < d->slice.attempts) &&
	       (!d->slice.ns || now_ns() - d->begun_ns < d->slice.ns);
}

static void *writer_main(void *arg)
{
	struct rig_directed *d = arg;
	unsigned slices = 1;

	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	while (!atomic_load(&d->quit)) {
		uint64_t before;

		if (!rig_stage_reach(&d->slices, slices, look_ns))
			continue;
		before = d->tally->attempts;
		do
			play_round(d);
		while (may_go_on(d, d->tally->attempts - before));
		rig_stage_set(&d->finished, slices++);
	}
	return NULL;
}

/* ---- the thread that leads ---- */

/* Until the writer has finished, which it must now and then be seen to near. */
static int wait_for_writer(struct rig_directed *d, unsigned slice)
{
	unsigned rounds = atomic_load(&d->rounds);
	uint64_t seen = now_ns();

	while (!rig_stage_reach(&d->finished, slice, look_ns)) {
		if (d->options->stop && *d->options->stop)
			atomic_store(&d->over, true);
		if (atomic_load(&d->rounds) != rounds) {
			rounds = atomic_load(&d->rounds);
			seen = now_ns();
		}
		if (now_ns() - seen > 2 * d->patience_ns)
			return -ETIMEDOUT;
	}
	return d->error;
}

int rig_directed_work(struct rig_directed *d, const struct rig_slice *slice,
		      bool by_library, struct rig_tally *tally)
{
	unsigned number = atomic_load(&d->slices) + 1;
	int rc;

	d->slice = *slice;
	d->by_library = by_library;
	d->tally = tally;
	d->run.rt = slice->rt;
	d->run.fix = *slice->fix;
	d->run.how = rig_seam_how(&d->options->amplify);
	d->begun_ns = now_ns();
	d->before_ns = tally->ns;
	atomic_store(&d->over, false);
	rig_stage_set(&d->slices, number);
	rc = wait_for_writer(d, number);
	if (!rc)
		tally->ns += now_ns() - d->begun_ns;
	return rc;
}

/* ---- start and stop ---- */

static int start_thread(pthread_t *id, void *(*main)(void *), void *arg)
{
	struct spw_sys *sys = spw_sys_linux();
	sigset_t old;
	int error;

	sys->signals_block(sys, &old);
	error = pthread_create(id, NULL, main, arg);
	sys->signals_set(sys, &old);
	return -error;
}

static int start_threads(struct rig_directed *d, unsigned holders,
			 const struct rig_workdir *dir)
{
	int rc = start_thread(&d->writer, writer_main, d);

	d->has_writer = !rc;
	while (!rc && d->n < holders) {
		struct holder *h = &d->holder[d->n];

		h->directed = d;
		rig_site_init(&h->site, dir, d->n + 1);
		rc = start_thread(&h->id, holder_main, h);
		d->n += !rc;
	}
	return rc;
}

int rig_directed_start(struct rig_directed **out,
		       const struct rig_stress_options *options,
		       const struct rig_workdir *dir, struct rig_stage *stage,
		       struct rig_executor *executor)
{
	static const uint64_t patience_ns = 30000000000;
	unsigned holders = options->threads - 1;
	struct rig_directed *d =
		calloc(1, sizeof(*d) + holders * sizeof(d->holder[0]));
	int rc;

	if (!d)
		return -ENOMEM;
	d->options = options;
	d->stage = stage;
	d->executor = executor;
	d->patience_ns = options->patience_ns ? options->patience_ns :
						patience_ns;
	rig_site_init(&d->site, dir, 0);
	d->run = (struct rig_run){ .scenario = options->scenario,
				   .world = &d->site.world,
				   .actors = options->threads };
	if (options->amplify.rewrite)
		d->padded = calloc(1, PADDED);
	rc = options->amplify.rewrite && !d->padded ?
		     -ENOMEM :
		     start_threads(d, holders, dir);
	if (rc)
		rig_directed_stop(d);
	else
		*out = d;
	return rc;
}

void rig_directed_stop(struct rig_directed *d)
{
	atomic_store(&d->quit, true);
	if (d->has_writer)
		pthread_join(d->writer, NULL);
	for (unsigned i = 0; i < d->n; i++)
		pthread_join(d->holder[i].id, NULL);
	free(d->padded);
	free(d);
}
