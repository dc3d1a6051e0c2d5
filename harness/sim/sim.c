/* SPDX-License-Identifier: MIT */
/* The simulated kernel as a whole: set-up, reset, options, points. */
#include "sim/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct sim_options sim_defaults = {
	.etxtbsy = true,
	.release_order = SIM_ORDER_ANY,
	.inner_steps = true,
};

_Static_assert((int)SIM_OP_END <= (int)RIG_OPS_MAX,
	       "operations fit the engine");

/* ---- operations ---- */

static const struct {
	const char *name;
	enum sim_class class;
} ops[] = {
#define X(id, text, kind) [SIM_##id] = { .name = (text), .class = SIM_##kind },
	SIM_OPS(X)
#undef X
};

static const char *op_name(unsigned op)
{
	return op < SIM_OP_END ? ops[op].name : NULL;
}

static bool op_inner(unsigned op)
{
	return op < SIM_OP_END && ops[op].class == SIM_INNER;
}

static bool op_minor(unsigned op)
{
	return op < SIM_OP_END && ops[op].class == SIM_MINOR;
}

/* ---- options ---- */

static const char *const order_name[] = {
	[SIM_ORDER_ANY] = "any",
	[SIM_ORDER_LIFO] = "lifo",
	[SIM_ORDER_FIFO] = "fifo",
};

int sim_option_parse(struct sim_options *o, const char *text,
		     const char **expected)
{
	const char *eq = strchr(text, '=');
	size_t len = eq ? (size_t)(eq - text) : strlen(text);
	const char *value = eq ? eq + 1 : "";

	*expected = "etxtbsy=on|off, release-order=any|lifo|fifo, "
		    "steps=kernel|call, wait-scope=process|thread or "
		    "pids=fresh|reused";
	if (len == 7 && !memcmp(text, "etxtbsy", 7)) {
		o->etxtbsy = !strcmp(value, "on");
		return o->etxtbsy || !strcmp(value, "off") ? 0 : -EINVAL;
	}
	if (len == 5 && !memcmp(text, "steps", 5)) {
		o->inner_steps = !strcmp(value, "kernel");
		return o->inner_steps || !strcmp(value, "call") ? 0 : -EINVAL;
	}
	if (len == 10 && !memcmp(text, "wait-scope", 10)) {
		o->thread_scope = !strcmp(value, "thread");
		return o->thread_scope || !strcmp(value, "process") ? 0 :
								      -EINVAL;
	}
	if (len == 4 && !memcmp(text, "pids", 4)) {
		o->pids_reused = !strcmp(value, "reused");
		return o->pids_reused || !strcmp(value, "fresh") ? 0 : -EINVAL;
	}
	if (len == 6 && !memcmp(text, "faults", 6)) {
		o->faults = (unsigned)(*value - '0');
		return o->faults > SIM_FAULTS_MAX || value[1] ? -EINVAL : 0;
	}
	if (len != 13 || memcmp(text, "release-order", 13) != 0)
		return -EINVAL;
	for (int i = SIM_ORDER_ANY; i <= SIM_ORDER_FIFO; i++)
		if (!strcmp(value, order_name[i])) {
			o->release_order = (enum sim_order)i;
			return 0;
		}
	return -EINVAL;
}

const char *sim_option_print(const struct sim_options *o, char *buf,
			     size_t size)
{
	char faults[] = " faults=0";

	faults[8] = (char)('0' + o->faults);
	snprintf(buf, size, "etxtbsy=%s release-order=%s steps=%s%s%s%s",
		 o->etxtbsy ? "on" : "off", order_name[o->release_order],
		 o->inner_steps ? "kernel" : "call",
		 o->thread_scope ? " wait-scope=thread" : "",
		 o->pids_reused ? " pids=reused" : "", o->faults ? faults : "");
	return buf;
}

/* ---- points ---- */

/* Both halves of the product. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * A child between clone and execve may share its parent's memory here even
 * under SPW_CLONE_FORK. So what it was given must not change while it looks.
 */
static uint64_t arg_sum(const struct sim_task *self)
{
	const unsigned char *bytes = self->arg;
	uint64_t sum = 0, word[2];
	size_t at = 0;

	/* Products of pairs (NH, RFC 4418), none of which waits for another:
	 * this is done at every call of a child. */
	for (; self->arg_len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(word, bytes + at, sizeof(word));
		sum += fold((word[0] ^ RIG_MIX) + at, word[1] ^ ~RIG_MIX);
	}
	for (; at < self->arg_len; at++)
		sum = rig_mix(sum, bytes[at]);
	return sum;
}

void sim_child_given(struct sim_task *child, const void *arg, size_t len)
{
	child->arg = arg;
	child->arg_len = len;
	child->arg_sum = arg_sum(child);
}

static void check_child(struct sim *sim)
{
	const struct sim_task *self = sim_self(sim);

	if (self->arg && self->arg_sum != arg_sum(self))
		sim_contract(sim, "the argument block of a child changed "
				  "before it had executed");
}

/*
 * A signal may meet a child before it has executed only where ids are used
 * again, for nobody knows it yet, or where it gets one from its maker's end.
 */
static void check_killed(struct sim *sim)
{
	const struct sim_proc *proc = sim_proc_self(sim);

	if (!proc->parent || (!sim->options.pids_reused && !proc->pdeath))
		return;
	sim_access(sim, proc->object + SIM_KILLED, RIG_READ);
	if (proc->killed)
		sim_die(sim);
}

void sim_point(struct sim *sim, unsigned op)
{
	struct sim_task *self = sim_self(sim);

	if (self->fused) {
		self->fused = false;
		rig_silent(sim->engine, op);
	} else {
		rig_point(sim->engine, op);
	}
	check_child(sim);
	check_killed(sim);
}

void sim_point_until(struct sim *sim, unsigned op, uint64_t deadline_ns)
{
	rig_set self = rig_self(sim->engine);

	if (deadline_ns != SPW_NO_DEADLINE && !(sim->engine->enabled & self))
		rig_until(sim->engine, deadline_ns);
	rig_point(sim->engine, op);
	rig_awaken(sim->engine, self);
}

void sim_table_point(struct sim *sim, unsigned op)
{
	if (sim_table_self(sim)->shared) {
		sim_point(sim, op);
	} else {
		rig_silent(sim->engine, op);
		check_child(sim);
	}
}

void sim_inner(struct sim *sim, unsigned op)
{
	if (sim->options.inner_steps)
		rig_point(sim->engine, op);
	else
		rig_silent(sim->engine, op);
}

int sim_result(struct sim *sim, int result)
{
	rig_note(sim->engine, (uint64_t)(int64_t)result);
	if (result < 0)
		rig_detail_result(sim->engine, " = %s",
				  sim_errno_name(-result));
	else if (result > 0)
		rig_detail_result(sim->engine, " = %d", result);
	return result;
}

/* ---- reset and start ---- */

static void wipe(void *table, unsigned n, size_t size)
{
	if (n)
		memset(table, 0, n * size);
}

/*
 * Forgets what the last execution used, and no more than that. Index 0 of the
 * kernel's tables is never written to.
 */
static void begin(void *ctx, struct rig_engine *engine)
{
	struct sim *s = ctx;

	s->engine = engine;
	s->thread_kind = RIG_KIND_THREAD;
	wipe(s->inode + 1, s->ninodes, sizeof(s->inode[0]));
	wipe(s->file + 1, s->nfiles, sizeof(s->file[0]));
	for (unsigned i = 1; i <= s->npipes; i++)
		memset(&s->pipe[i], 0, offsetof(struct sim_pipe, data));
	wipe(s->watch, s->nwatches, sizeof(s->watch[0]));
	wipe(s->epoll, s->nepolls, sizeof(s->epoll[0]));
	wipe(s->item, s->nitems, sizeof(s->item[0]));
	wipe(s->name, s->nnames, sizeof(s->name[0]));
	wipe(s->table + 1, s->ntables, sizeof(s->table[0]));
	wipe(s->proc + 1, s->nprocs, sizeof(s->proc[0]));
	wipe(s->mutex, s->nmutexes, sizeof(s->mutex[0]));
	wipe(s->rwlock, s->nrwlocks, sizeof(s->rwlock[0]));
	wipe(s->cond, s->nconds, sizeof(s->cond[0]));
	s->ntasks = s->ninodes = s->nfiles = s->npipes = 0;
	s->ntables = s->nprocs = s->nwatches = s->nnames = 0;
	s->nmutexes = s->nrwlocks = s->nconds = 0;
	s->born = s->faults = 0;
	s->any_waiters = s->sigchld_waiters = 0;
	s->nepolls = s->nitems = 0;
	s->pollers = 0;
	rig_objects(engine, SIM_OBJECTS_FIXED);
	sim_memory_reset(s);
	if (s->mirror)
		s->mirror->begin(s->mirror->ctx);
}

/* Process 1: descriptors 0, 1 and 2 are /dev/null. */
static void first_process(struct sim *s)
{
	unsigned null;

	s->nprocs = s->ntables = 1;
	s->proc[1] = (struct sim_proc){ .life = SIM_RUNNING,
					.pid = RIG_NAME_MAIN,
					.threads = 1 };
	s->table[1].refs = 1;
	s->table[1].object = sim_objects(s, SIM_TABLE_OBJECTS);
	s->engine->current->world = sim_task_new(s, 1, 1);
	sim_self(s)->task = s->engine->current;
	null = sim_file_new(s, SIM_NULL, 0);
	s->file[null].refs = 3;
	s->file[null].readable = s->file[null].writable = true;
	for (int fd = 0; fd < 3; fd++)
		sim_fd_set(s, fd, null, false);
}

static void run_main(void *ctx)
{
	struct sim *s = ctx;

	first_process(s);
	s->main(s->ctx);
	rig_access_all(s->engine); /* looks at everything */
	sim_leftovers(s);
	if (s->mirror)
		s->mirror->end(s->mirror->ctx);
}

static void snapshot(void *ctx, struct rig_words *out)
{
	sim_snapshot(ctx, out);
}

int sim_open(struct sim **sim)
{
	struct sim *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->options = sim_defaults;
	s->seam.sim = s->faulty.sim = s;
	s->subject = (struct rig_subject){
		.ctx = s,
		.begin = begin,
		.main = run_main,
		.snapshot = snapshot,
		.op_name = op_name,
		.op_inner = op_inner,
		.op_minor = op_minor,
		.fault_name = sim_fault_name,
		.look = sim_look,
	};
	sim_file_calls(&s->seam.sys);
	sim_name_calls(&s->seam.sys);
	sim_pipe_calls(&s->seam.sys);
	sim_socket_calls(&s->seam.sys);
	sim_poll_calls(&s->seam.sys);
	sim_epoll_calls(&s->seam.sys);
	sim_flock_calls(&s->seam.sys);
	sim_map_calls(&s->seam.sys);
	sim_watch_calls(&s->seam.sys);
	sim_scan_calls(&s->seam.sys);
	sim_memfd_calls(&s->seam.sys);
	sim_process_calls(&s->seam.sys);
	sim_exec_calls(&s->seam.sys);
	sim_wait_calls(&s->seam.sys);
	sim_pidfd_calls(&s->seam.sys);
	sim_thread_calls(&s->seam.sys);
	sim_lock_calls(&s->seam.sys);
	sim_clock_calls(&s->seam.sys);
	sim_memory_calls(&s->seam.sys);
	*sim = s;
	return 0;
}

void sim_close(struct sim *sim)
{
	free(sim);
}

void sim_configure(struct sim *sim, const struct sim_options *options)
{
	sim->options = *options;
	sim->faulty.sys = sim->seam.sys;
	sim_fault_calls(&sim->faulty.sys);
}

const struct sim_options *sim_configured(const struct sim *sim)
{
	return &sim->options;
}

struct spw_sys *sim_sys(struct sim *sim)
{
	return &sim->seam.sys;
}

struct spw_sys *sim_faulty_sys(struct sim *sim)
{
	return &sim->faulty.sys;
}

unsigned sim_faults(const struct sim *sim)
{
	return sim->faults;
}

void sim_set_mirror(struct sim *sim, const struct sim_mirror *mirror)
{
	sim->mirror = mirror;
}

const struct sim_mirror *sim_mirror(struct spw_sys *sys)
{
	return sim_of(sys)->mirror;
}

struct rig_engine *sim_engine(struct sim *sim)
{
	return sim->engine;
}

const struct rig_subject *sim_subject(struct sim *sim, void (*main)(void *ctx),
				      void *ctx)
{
	sim->main = main;
	sim->ctx = ctx;
	return &sim->subject;
}

void sim_threads_are_actors(struct sim *sim, bool actors)
{
	sim->thread_kind = actors ? RIG_KIND_ACTOR : RIG_KIND_THREAD;
}
