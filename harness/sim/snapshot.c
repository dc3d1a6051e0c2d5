/* SPDX-License-Identifier: MIT */
/*
 * A canonical picture of the kernel and of core's memory. Objects are numbered
 * in the order in which they are met walking from the tasks, and tasks stand
 * in the order of their names, so that two states that differ only in which
 * slot of a table was taken first have the same picture.
 */
#include "sim/kernel.h"

#include <string.h>

struct walk {
	struct sim *sim;
	struct rig_words *out;
	uint8_t file[SIM_FILES]; /* number given, 0: not met yet */
	uint8_t pipe[SIM_PIPES];
	uint8_t table[SIM_TABLES];
	uint8_t nfiles, npipes, ntables;
};

static void put_bytes(struct rig_words *out, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		rig_word(out, word);
	}
	word = 0;
	memcpy(&word, at, len);
	rig_word(out, word);
}

/* Tasks of a mask by name, whatever their order. */
static uint64_t names_of(const struct sim *sim, uint64_t mask)
{
	uint64_t sum = 0;

	for (; mask; mask &= mask - 1)
		sum += rig_mix(1, sim->engine->task[__builtin_ctzll(mask)].name);
	return sum;
}

static uint64_t name_of_id(const struct sim *sim, uint8_t id)
{
	return id ? sim->engine->task[id - 1].name : 0;
}

static void put_pipe(struct walk *w, unsigned i)
{
	const struct sim_pipe *p = &w->sim->pipe[i];

	if (w->pipe[i]) {
		rig_word(w->out, w->pipe[i]);
		return;
	}
	w->pipe[i] = ++w->npipes;
	rig_word(w->out, (uint64_t)p->len << 16 | (uint64_t)p->readers << 8 |
				 p->writers);
	put_bytes(w->out, p->data, p->len);
}

static void put_file(struct walk *w, unsigned i)
{
	const struct sim_file *f = &w->sim->file[i];

	if (w->file[i]) {
		rig_word(w->out, w->file[i]);
		return;
	}
	w->file[i] = ++w->nfiles;
	rig_word(w->out, (uint64_t)f->kind << 48 | (uint64_t)f->refs << 40 |
				 (uint64_t)f->pos << 16 |
				 (uint64_t)f->readable << 2 |
				 (uint64_t)f->writable << 1 | f->leased);
	if (f->kind == SIM_REGULAR)
		rig_word(w->out, w->sim->inode[f->object].key);
	else if (f->kind != SIM_NULL)
		put_pipe(w, f->object);
}

static void put_table(struct walk *w, unsigned t)
{
	const struct sim_table *table = &w->sim->table[t];

	if (w->table[t]) {
		rig_word(w->out, w->table[t]);
		return;
	}
	w->table[t] = ++w->ntables;
	for (unsigned fd = 0; fd < SIM_FDS; fd++) {
		if (!table->fd[fd].file)
			continue;
		rig_word(w->out, (uint64_t)fd << 1 | table->fd[fd].cloexec);
		put_file(w, table->fd[fd].file);
	}
	rig_word(w->out, UINT64_MAX);
}

static void put_task(struct walk *w, const struct sim_task *t)
{
	rig_word(w->out, (uint64_t)t->fused << 8 | t->ndrops);
	put_table(w, t->table);
	for (unsigned i = 0; i < t->ndrops; i++)
		put_file(w, t->drops[i]);
}

/* Tasks that live, in the order of their names. */
static void put_tasks(struct walk *w)
{
	const struct rig_engine *e = w->sim->engine;
	rig_name last = 0;

	for (;;) {
		const struct rig_task *next = NULL;

		for (unsigned i = 0; i < e->ntasks; i++) {
			const struct rig_task *t = &e->task[i];

			if (!t->ended && t->world && t->name > last &&
			    (!next || t->name < next->name))
				next = t;
		}
		if (!next)
			return;
		last = next->name;
		put_task(w, next->world);
	}
}

/* Processes keep the order of their ids, which are names. */
static void put_processes(struct walk *w)
{
	const struct sim *sim = w->sim;
	pid_t last = 0;

	for (;;) {
		const struct sim_proc *next = NULL;

		for (unsigned i = 1; i <= sim->nprocs; i++) {
			const struct sim_proc *p = &sim->proc[i];

			if (p->life && p->pid > last &&
			    (!next || p->pid < next->pid))
				next = p;
		}
		if (!next)
			return;
		last = next->pid;
		rig_word(w->out, (uint64_t)next->pid << 32 |
					 (uint64_t)next->life << 16 |
					 (uint64_t)next->status.code);
		rig_word(w->out, next->image ? sim->inode[next->image].key : 0);
	}
}

static void put_inodes(struct walk *w)
{
	const struct sim *sim = w->sim;
	uint64_t last = 0;

	for (;;) {
		const struct sim_inode *next = NULL;

		for (unsigned i = 1; i <= sim->ninodes; i++) {
			const struct sim_inode *n = &sim->inode[i];

			if (n->used && n->key > last &&
			    (!next || n->key < next->key))
				next = n;
		}
		if (!next)
			return;
		last = next->key;
		rig_word(w->out, next->key);
		rig_word(w->out, (uint64_t)(uint16_t)next->writers << 48 |
					 (uint64_t)next->mode << 32 |
					 (uint64_t)next->size << 16 |
					 (uint64_t)next->leases << 8 |
					 (uint64_t)next->linked);
		put_bytes(w->out, next->data, next->size);
	}
}

/* Locks are created before the race begins, in a fixed order. */
static void put_locks(struct walk *w)
{
	const struct sim *sim = w->sim;

	for (unsigned i = 0; i < sim->nmutexes; i++)
		rig_word(w->out, name_of_id(sim, sim->mutex[i].owner));
	for (unsigned i = 0; i < sim->nrwlocks; i++) {
		rig_word(w->out, name_of_id(sim, sim->rwlock[i].writer));
		rig_word(w->out, names_of(sim, sim->rwlock[i].readers));
	}
	for (unsigned i = 0; i < sim->nconds; i++)
		rig_word(w->out, names_of(sim, sim->cond[i].waiters));
}

void sim_snapshot(struct sim *sim, struct rig_words *out)
{
	struct walk w = { .sim = sim, .out = out };

	put_tasks(&w);
	put_processes(&w);
	put_inodes(&w);
	put_locks(&w);
	for (unsigned i = 0; i < sim->nheaps; i++)
		if (sim->heap[i].used)
			put_bytes(out, sim->heap[i].bytes, sim->heap[i].used);
}
