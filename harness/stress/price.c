/* SPDX-License-Identifier: MIT */
#include "stress/price.h"

#include "engine/rng.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WORTH_IT = 3, /* sound guards that are measured in every parent */
	SCRIPT_MAX = PATH_MAX + 4,
};

static const char base_name[] = "posix_spawn";

struct market {
	const struct rig_price_options *options;
	struct rig_price_list *list;
	const char *dir;
	char program[PATH_MAX]; /* written, executed, removed */
	char other[PATH_MAX];   /* is always there */
	unsigned char image[RIG_PROGRAM_MAX];
	size_t image_len;
	char script[SCRIPT_MAX]; /* one whose interpreter is other */
	enum rig_parent parent;
	/* Of each price, while it is measured. */
	struct spw_rt *rt[RIG_PRICES_MAX];
	bool taking_part[RIG_PRICES_MAX];
	uint64_t *sample[RIG_PRICES_MAX];
	unsigned laps;
};

/* ---- the work, once ---- */

static const void *content(const struct market *m, const struct rig_price *p,
			   size_t *len)
{
	*len = p->script ? strlen(m->script) : m->image_len;
	return p->script ? (const void *)m->script : m->image;
}

/* workdir.c leaves room for a name. */
static void set_path(const struct market *m, char path[PATH_MAX],
		     const char *name)
{
	snprintf(path, PATH_MAX, "%.*s/%s", PATH_MAX - NAME_MAX, m->dir, name);
}

/* As one does who has never heard of the matter. */
static int write_bare(const struct market *m, const struct rig_price *p,
		      const char *path)
{
	size_t len;
	const void *data = content(m, p, &len);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;
	int error;

	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	error = n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static int run_bare(const char *path, struct spw_status *status)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };
	char *envp[] = { NULL };
	pid_t pid;
	int error = posix_spawn(&pid, path, NULL, NULL, argv, envp);

	if (error)
		return -error;
	pid = spw_sys_linux()->wait(spw_sys_linux(), pid, 0, status);
	return pid < 0 ? pid : 0;
}

static int run_guarded(struct spw_rt *rt, const char *path,
		       struct spw_status *status, enum spw_stage *stage)
{
	const struct spw_spec spec = { .path = path };
	struct spw_proc *proc;
	int error = spw_spawn(rt, &spec, &proc, stage);

	if (error)
		return error;
	error = spw_wait(proc, status);
	spw_release(proc);
	return error;
}

/* path is written where that belongs to it; stage is where a spawn failed. */
static int do_work(const struct market *m, unsigned i, const char *path,
		   enum spw_stage *stage)
{
	const struct rig_price *p = &m->list->price[i];
	struct spw_status status = { .code = 0 };
	size_t len;
	const void *data = content(m, p, &len);
	int error = 0;

	*stage = SPW_STAGE_NONE;
	if (p->work == RIG_WORK_SPAWN)
		path = m->other;
	else
		error = p->guard ? spw_write_executable(m->rt[i], path, data,
							len, 0755) :
				   write_bare(m, p, path);
	if (!error)
		error = p->guard ? run_guarded(m->rt[i], path, &status, stage) :
				   run_bare(path, &status);
	if (!error && (status.signaled || status.code))
		error = -ENOEXEC;
	return error;
}

/* ---- who takes part ---- */

static void skip(struct market *m, unsigned i, const char *what, int error)
{
	snprintf(m->list->price[i].in[m->parent].skipped, RIG_PRICE_TEXT,
		 "%s: %s", what, strerror(-error));
}

/* What price i has written first. */
static void first_path(const struct market *m, unsigned i, char path[PATH_MAX])
{
	char name[24];

	snprintf(name, sizeof(name), "first-%u", i);
	set_path(m, path, name);
}

static void leave(struct market *m, unsigned i)
{
	char first[PATH_MAX];

	first_path(m, i, first);
	unlink(first);
	if (m->rt[i])
		spw_shut(m->rt[i]);
	m->rt[i] = NULL;
	m->taking_part[i] = false;
}

/*
 * Opens what price i needs, and does its work once: what cannot run here is
 * found out before anything is measured. The program stays until the end, since
 * there are guards that write no program twice. One that has no use for a
 * program without an interpreter gets a script.
 */
static int enter(struct market *m, unsigned i)
{
	struct rig_price *p = &m->list->price[i];
	const struct spw_options options = { .guard = p->guard,
					     .how = SPW_CLONE_VFORK };
	enum spw_stage stage;
	char first[PATH_MAX];
	int error = p->guard ? spw_open(&m->rt[i], &options) : 0;

	if (error) {
		skip(m, i, "it cannot be opened", error);
		return error;
	}
	m->taking_part[i] = true;
	first_path(m, i, first);
	error = do_work(m, i, first, &stage);
	if (error == -ENOEXEC && stage == SPW_STAGE_PREPARE && !p->script) {
		p->script = true;
		error = do_work(m, i, first, &stage);
	}
	if (error) {
		skip(m, i,
		     stage == SPW_STAGE_NONE ? "write" : spw_stage_name(stage),
		     error);
		leave(m, i);
	}
	return error;
}

/* That of a script has another base. */
static bool is_sound(const struct rig_price *p)
{
	return p->guard && spw_guard_info(p->guard)->claims_sound && !p->script;
}

/* How many sound guards were cheaper than price i in the small parent. */
static unsigned cheaper(const struct market *m, unsigned i)
{
	const struct rig_price *p = &m->list->price[i];
	unsigned n = 0;

	for (unsigned k = 0; k < m->list->n; k++) {
		const struct rig_price *q = &m->list->price[k];

		n += q->work == p->work && q->in[RIG_PARENT_SMALL].laps &&
		     is_sound(q) && strcmp(q->name, "auto") != 0 &&
		     q->in[RIG_PARENT_SMALL].ratio <
			     p->in[RIG_PARENT_SMALL].ratio;
	}
	return n;
}

static bool is_worth_it(const struct market *m, unsigned i)
{
	const struct rig_price *p = &m->list->price[i];

	if (m->parent == RIG_PARENT_SMALL || p->work == RIG_WORK_SPAWN ||
	    m->options->all_parents)
		return true;
	if (!p->in[RIG_PARENT_SMALL].laps)
		return false;
	return !p->guard || !strcmp(p->name, "none") ||
	       !strcmp(p->name, "auto") ||
	       (is_sound(p) && cheaper(m, i) < WORTH_IT);
}

/* The base of scripts is of use only where somebody else runs one. */
static bool has_user(const struct market *m, unsigned i)
{
	const struct rig_price *p = &m->list->price[i];

	if (!p->script || !p->is_base)
		return true;
	for (unsigned k = 0; k < m->list->n; k++)
		if (m->taking_part[k] && m->list->price[k].script)
			return true;
	return false;
}

/* A base that fails is a fault of the rig; anything else is skipped. */
static int enter_all(struct market *m, char *why, size_t why_len)
{
	/* Bases last: which are needed is known then. */
	for (unsigned i = m->list->n; i-- > 0;) {
		const struct rig_price *p = &m->list->price[i];

		if (!is_worth_it(m, i) || !has_user(m, i))
			continue;
		if (enter(m, i) && p->is_base) {
			snprintf(why, why_len, "%s: %s", p->name,
				 p->in[m->parent].skipped);
			return -EIO;
		}
	}
	return 0;
}

/* ---- laps ---- */

static int take_turn(struct market *m, unsigned i)
{
	struct spw_sys *sys = spw_sys_linux();
	enum spw_stage stage;
	uint64_t start = sys->now_ns(sys);
	int error = do_work(m, i, m->program, &stage);

	m->sample[i][m->laps] = sys->now_ns(sys) - start;
	/* Anew each time: to truncate a file is another matter (ext4). */
	if (m->list->price[i].work == RIG_WORK_BUILD)
		unlink(m->program);
	if (error)
		skip(m, i, "in the middle of it", error);
	return error;
}

static unsigned shuffle(const struct market *m, struct rig_rng *rng,
			unsigned order[RIG_PRICES_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->list->n; i++) {
		unsigned at;

		if (!m->taking_part[i])
			continue;
		at = rig_rng_below(rng, n + 1);
		order[n++] = order[at];
		order[at] = i;
	}
	return n;
}

static void run_laps(struct market *m)
{
	const struct rig_price_options *options = m->options;
	unsigned order[RIG_PRICES_MAX];
	struct rig_rng rng;

	rig_rng_seed(&rng, 1, m->parent);
	for (m->laps = 0; m->laps < options->laps; m->laps++) {
		unsigned n = shuffle(m, &rng, order);

		if (options->stop && *options->stop) {
			m->list->interrupted = true;
			return;
		}
		if (options->progress)
			options->progress(options->progress_ctx, m->parent,
					  m->laps);
		for (unsigned i = 0; i < n; i++)
			if (take_turn(m, order[i]))
				leave(m, order[i]);
	}
}

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void summarize(struct market *m, unsigned i)
{
	struct rig_figure *f = &m->list->price[i].in[m->parent];
	uint64_t *sample = m->sample[i];

	if (!m->taking_part[i] || !m->laps)
		return;
	qsort(sample, m->laps, sizeof(*sample), by_value);
	f->laps = m->laps;
	f->low_ns = sample[m->laps / 4];
	f->median_ns = sample[m->laps / 2];
	f->high_ns = sample[m->laps - 1 - m->laps / 4];
}

static const struct rig_figure *base_of(const struct market *m,
					const struct rig_price *p)
{
	for (unsigned i = 0; i < m->list->n; i++) {
		const struct rig_price *q = &m->list->price[i];

		if (q->is_base && q->work == p->work && q->script == p->script)
			return &q->in[m->parent];
	}
	return &p->in[m->parent];
}

static void compare(struct market *m)
{
	for (unsigned i = 0; i < m->list->n; i++)
		summarize(m, i);
	for (unsigned i = 0; i < m->list->n; i++) {
		struct rig_price *p = &m->list->price[i];
		struct rig_figure *f = &p->in[m->parent];

		if (f->laps)
			f->ratio = (double)f->median_ns /
				   (double)base_of(m, p)->median_ns;
	}
}

static int measure(struct market *m, char *why, size_t why_len)
{
	int rc = enter_all(m, why, why_len);

	if (!rc)
		run_laps(m);
	if (!rc)
		compare(m);
	for (unsigned i = 0; i < m->list->n; i++)
		leave(m, i);
	return rc;
}

/* ---- */

static void add(struct market *m, const char *name,
		const struct spw_guard *guard, enum rig_work work, bool script)
{
	m->list->price[m->list->n++] = (struct rig_price){
		.name = name,
		.work = work,
		.guard = guard,
		.script = script,
		.is_base = !guard,
	};
}

static void add_all(struct market *m)
{
	const struct rig_price_options *o = m->options;

	assert(o->nguards <= RIG_PRICED_MAX);
	add(m, base_name, NULL, RIG_WORK_BUILD, false);
	add(m, base_name, NULL, RIG_WORK_BUILD, true);
	for (unsigned i = 0; i < o->nguards; i++)
		add(m, spw_guard_info(o->guards[i])->name, o->guards[i],
		    RIG_WORK_BUILD, false);
	add(m, base_name, NULL, RIG_WORK_SPAWN, false);
	add(m, "libspw", spw_guard_find("none"), RIG_WORK_SPAWN, false);
}

/* The program that is always there, and what is written. */
static int prepare(struct market *m)
{
	const struct rig_price bare = { .work = RIG_WORK_BUILD };
	int len = rig_program(m->image, 0);

	if (len < 0)
		return len;
	m->image_len = (size_t)len;
	set_path(m, m->other, "other");
	set_path(m, m->program, "priced");
	snprintf(m->script, sizeof(m->script), "#!%s\n", m->other);
	return write_bare(m, &bare, m->other);
}

static int run_parents(struct market *m, const struct rig_workdir *dir,
		       char *why, size_t why_len)
{
	unsigned parents = m->options->small_only ? 1 : RIG_PARENTS;
	int rc = 0;

	for (unsigned i = 0; !rc && i < parents; i++) {
		struct rig_ballast ballast;

		if (m->list->interrupted)
			break;
		m->parent = (enum rig_parent)i;
		if (rig_ballast_take(&ballast, m->parent, dir,
				     m->list->no_parent[i], RIG_PRICE_TEXT))
			continue;
		rc = measure(m, why, why_len);
		rig_ballast_drop(&ballast);
	}
	return rc;
}

int rig_price_run(const struct rig_price_options *options,
		  const struct rig_workdir *dir, struct rig_price_list *list,
		  char *why, size_t why_len)
{
	struct market *m = calloc(1, sizeof(*m));
	uint64_t *samples = NULL;
	int rc = m ? 0 : -ENOMEM;

	memset(list, 0, sizeof(*list));
	if (m) {
		m->options = options;
		m->list = list;
		m->dir = dir->path;
		add_all(m);
		samples = calloc((size_t)list->n * options->laps,
				 sizeof(*samples));
		rc = samples ? prepare(m) : -ENOMEM;
	}
	if (rc) {
		snprintf(why, why_len, "set-up: %s", strerror(-rc));
	} else {
		for (unsigned i = 0; i < list->n; i++)
			m->sample[i] = samples + (size_t)i * options->laps;
		rc = run_parents(m, dir, why, why_len);
	}
	free(samples);
	free(m);
	return rc;
}

const struct rig_price *rig_price_find(const struct rig_price_list *list,
				       enum rig_work work, const char *name)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->price[i].work == work &&
		    !strcmp(list->price[i].name, name))
			return &list->price[i];
	return NULL;
}

const char *rig_work_name(enum rig_work work)
{
	static const char *const names[RIG_WORKS] = {
		[RIG_WORK_BUILD] = "write+spawn+wait",
		[RIG_WORK_SPAWN] = "spawn+wait",
	};

	return names[work];
}
