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
	uint8_t inode[SIM_INODES];
	uint8_t table[SIM_TABLES];
	uint8_t nfiles, npipes, ninodes, ntables;
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
static uint64_t names_of(const struct sim *sim, rig_set mask)
{
	uint64_t sum = 0;

	for (; mask; mask = rig_rest(mask))
		sum += rig_mix(1, sim->engine->task[rig_first(mask)].name);
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
				 (uint64_t)p->reset << 1 | p->writers);
	put_bytes(w->out, p->data, p->len);
}

static void put_file(struct walk *w, unsigned i);

static void put_inode(struct walk *w, unsigned i)
{
	const struct sim_inode *n = &w->sim->inode[i];

	if (w->inode[i]) {
		rig_word(w->out, w->inode[i]);
		return;
	}
	w->inode[i] = ++w->ninodes;
	rig_word(w->out, n->key);
	rig_word(w->out,
		 (uint64_t)(uint16_t)n->writers << 48 |
			 (uint64_t)n->memory << 47 | (uint64_t)n->sealed << 46 |
			 (uint64_t)n->mode << 32 | (uint64_t)n->size << 16 |
			 (uint64_t)n->leases << 8 | (uint64_t)n->links);
	if (n->locker)
		put_file(w, n->locker);
	put_bytes(w->out, n->data, n->size);
}

/* One file description each: met once. */
static void put_watch(struct walk *w, const struct sim_watch *watch)
{
	rig_word(w->out, watch->events);
	put_inode(w, watch->inode);
}

/* The process that it means, or that this was reaped. */
static void put_pidfd(struct walk *w, const struct sim_file *f)
{
	const struct sim_proc *proc = &w->sim->proc[f->object];

	rig_word(w->out, proc->object == f->target ? (uint64_t)proc->pid : 0);
}

/* The place of an item in the list of ready ones, from 1; 0: not in it. */
static unsigned ready_place(const struct sim_epoll *ep, unsigned item)
{
	unsigned place = 0;

	for (unsigned i = 0; i < ep->nready; i++)
		if (ep->ready[i] == item)
			place = i + 1;
	return place;
}

static uint64_t item_key(const struct sim_item *item)
{
	return rig_mix(item->number + 1u, item->data);
}

/* The item of an epoll that comes after last; SIM_ITEMS: there is none. */
static unsigned next_item(const struct sim *sim, unsigned epoll, unsigned last)
{
	unsigned next = SIM_ITEMS;

	for (unsigned i = 0; i < sim->nitems; i++) {
		const struct sim_item *item = &sim->item[i];
		uint64_t key = item_key(item);

		if (!item->used || item->epoll != epoll)
			continue;
		if (last < SIM_ITEMS &&
		    (key < item_key(&sim->item[last]) ||
		     (key == item_key(&sim->item[last]) && i <= last)))
			continue;
		if (next == SIM_ITEMS || key < item_key(&sim->item[next]))
			next = i;
	}
	return next;
}

/* Items by the number and the data that they carry. */
static void put_epoll(struct walk *w, unsigned epoll)
{
	const struct sim *sim = w->sim;
	unsigned i = SIM_ITEMS;

	while ((i = next_item(sim, epoll, i)) < SIM_ITEMS) {
		const struct sim_item *item = &sim->item[i];

		rig_word(w->out, item->data);
		rig_word(w->out, (uint64_t)item->events << 32 |
					 (uint64_t)item->number << 8 |
					 ready_place(&sim->epoll[epoll], i));
		put_file(w, item->file);
	}
	rig_word(w->out, UINT64_MAX);
}

static void put_file(struct walk *w, unsigned i)
{
	const struct sim_file *f = &w->sim->file[i];

	if (w->file[i]) {
		rig_word(w->out, w->file[i]);
		return;
	}
	w->file[i] = ++w->nfiles;
	rig_word(w->out,
		 (uint64_t)f->kind << 48 | (uint64_t)f->refs << 40 |
			 (uint64_t)f->pos << 16 | (uint64_t)f->nonblock << 5 |
			 (uint64_t)f->writer << 4 | (uint64_t)f->locked << 3 |
			 (uint64_t)f->readable << 2 |
			 (uint64_t)f->writable << 1 | f->leased);
	if (f->kind == SIM_REGULAR)
		put_inode(w, f->object);
	else if (f->kind == SIM_EVENTS)
		put_watch(w, &w->sim->watch[f->object]);
	else if (f->kind == SIM_PIDFD)
		put_pidfd(w, f);
	else if (f->kind == SIM_EPOLL)
		put_epoll(w, f->object);
	else if (f->kind != SIM_NULL)
		put_pipe(w, f->object);
	if (f->kind == SIM_SOCKET)
		put_pipe(w, f->tx);
}

static void put_table(struct walk *w, unsigned t)
{
	const struct sim_table *table = &w->sim->table[t];

	if (w->table[t]) {
		rig_word(w->out, w->table[t]);
		return;
	}
	w->table[t] = ++w->ntables;
	for (unsigned fd = 0; fd < table->end; fd++) {
		if (!table->fd[fd].file)
			continue;
		rig_word(w->out, (uint64_t)fd << 2 |
					 (uint64_t)table->fd[fd].clofork << 1 |
					 table->fd[fd].cloexec);
		put_file(w, table->fd[fd].file);
	}
	rig_word(w->out, UINT64_MAX);
}

static void put_task(struct walk *w, const struct sim_task *t)
{
	rig_word(w->out, (uint64_t)t->scans << 18 |
				 (uint64_t)(t->watch != 0) << 17 |
				 (uint64_t)(t->uses != 0) << 16 |
				 (uint64_t)t->fused << 8 | t->ndrops);
	put_table(w, t->table);
	for (unsigned i = 0; i < t->ndrops; i++)
		put_file(w, t->drops[i]);
	if (t->uses)
		put_file(w, t->uses);
	if (t->watch) {
		put_inode(w, t->watch);
		rig_word(w->out,
			 sim_watch_version(w->sim, t) == t->watch_version);
	}
}

/* What a thread has done is its joiner's to know: it stays until then. */
static bool awaits_join(const struct rig_task *t)
{
	const struct sim_task *world = t->world;

	return t->ended && world->threw && !world->joined;
}

static void put_ended(struct walk *w, const struct rig_task *t)
{
	rig_word(w->out, t->name);
	rig_word(w->out, t->chain[0]);
	rig_word(w->out, t->chain[1]);
}

/* Tasks that live or are still to be joined, in the order of their names. */
static void put_tasks(struct walk *w)
{
	const struct rig_engine *e = w->sim->engine;
	rig_name last = 0;

	for (;;) {
		const struct rig_task *next = NULL;

		for (unsigned i = 0; i < e->ntasks; i++) {
			const struct rig_task *t = &e->task[i];

			if (t->world && (!t->ended || awaits_join(t)) &&
			    t->name > last && (!next || t->name < next->name))
				next = t;
		}
		if (!next)
			return;
		last = next->name;
		if (next->ended)
			put_ended(w, next);
		else
			put_task(w, next->world);
	}
}

/* How many children of its maker are older: a wait for any finds those first. */
static unsigned elder(const struct sim *sim, const struct sim_proc *proc)
{
	unsigned n = 0;

	for (unsigned i = 1; i <= sim->nprocs; i++)
		n += sim->proc[i].life && sim->proc[i].maker == proc->maker &&
		     sim->proc[i].born < proc->born;
	return n;
}

/* Processes keep the order of their ids. */
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
					 (uint64_t)next->status.signaled << 8 |
					 (uint64_t)next->status.code);
		rig_word(w->out, (uint64_t)sim->proc[next->parent].pid);
		rig_word(w->out, (uint64_t)next->pdeath << 32 |
					 (uint64_t)elder(sim, next) << 16 |
					 (uint64_t)next->sigchld << 8 |
					 next->killed);
		rig_word(w->out, name_of_id(sim, next->maker));
		if (next->image)
			put_inode(w, next->image);
		else
			rig_word(w->out, 0);
		for (unsigned i = 0; i < SIM_MAPS; i++)
			if (next->map[i])
				put_file(w, next->map[i]);
			else
				rig_word(w->out, 0);
	}
}

/* By name; those that have none were met on the way, if they matter. */
static void put_names(struct walk *w)
{
	const struct sim *sim = w->sim;
	uint64_t last = 0;

	for (;;) {
		const struct sim_dentry *next = NULL;

		for (unsigned i = 0; i < sim->nnames; i++) {
			const struct sim_dentry *n = &sim->name[i];

			if (n->inode && n->key > last &&
			    (!next || n->key < next->key))
				next = n;
		}
		if (!next)
			return;
		last = next->key;
		rig_word(w->out, next->key);
		put_inode(w, next->inode);
	}
}

/* By the tasks that created them, and those in the order of their creation. */
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
	put_names(&w);
	put_locks(&w);
	if (sim->options.faults)
		rig_word(out, sim->faults);
	sim_memory_picture(sim, out);
}
