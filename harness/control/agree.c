/* SPDX-License-Identifier: MIT */
/*
 * Calls made twice: simulated first, which also decides whose turn it is, then
 * on Linux by the real task, and compared.
 */
#include "control/agree.h"

#include "engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MS = 5000 }; /* beyond that a call counts as blocked */

static struct rig_control *control_of(struct spw_sys *sys)
{
	return sim_mirror(sys)->ctx;
}

static struct rig_engine *engine_of(const struct rig_control *c)
{
	return sim_engine(c->sim);
}

static unsigned self(const struct rig_control *c)
{
	return engine_of(c)->current->index;
}

/* ---- talking to slots ---- */

int ctl_service(struct rig_control *c, enum ctl_op op, int arg)
{
	struct ctl_slot *slot = &c->page->slot[CTL_SERVICE];

	slot->op = op;
	slot->arg[0] = arg;
	ctl_give(slot, CTL_TARGET);
	if (ctl_await(slot, CTL_CONTROLLER, ANSWER_MS))
		return -ETIMEDOUT;
	return slot->result;
}

/* NULL: there is no log, or no room in it. */
static struct rig_call *log_call(struct rig_control *c, unsigned n)
{
	struct rig_call_log *log = c->log;
	struct rig_call *call;

	if (!log || log->n == RIG_CALLS_MAX) {
		if (log)
			log->lost++;
		return NULL;
	}
	call = &log->call[log->n++];
	*call = (struct rig_call){ .slot = n,
				   .task = engine_of(c)->task[n].name,
				   .said = c->page->slot[n] };
	return call;
}

/* Posts the command that is in the slot; the answer is awaited by answer. */
static void post(struct rig_control *c, unsigned n, enum ctl_op op)
{
	c->page->slot[n].op = op;
	c->calls++;
	c->slot[n].call = log_call(c, n);
	ctl_give(&c->page->slot[n], CTL_TARGET);
}

static int answer(struct rig_control *c, unsigned n)
{
	char name[RIG_NAME_MAX];

	if (ctl_await(&c->page->slot[n], CTL_CONTROLLER, ANSWER_MS))
		rig_fail(engine_of(c), "blocked",
			 "%s is blocked in the kernel: no answer for %d s",
			 rig_name_text(engine_of(c)->current->name, name),
			 ANSWER_MS / 1000);
	if (c->slot[n].call)
		c->slot[n].call->said = c->page->slot[n];
	return c->page->slot[n].result;
}

static void start_thread(struct rig_control *c, unsigned n)
{
	int rc = c->error;

	/* A child that had the slot before has left its turn there. */
	c->page->slot[n].turn = CTL_CONTROLLER;
	if (!rc)
		rc = ctl_service(c, CTL_THREAD, (int)n);
	if (rc)
		rig_abort(engine_of(c), rc,
			  "control: a thread of the target could not be "
			  "started");
	c->slot[n].served = true;
}

/*
 * The caller's slot, with a thread behind it. Threads are started in the order
 * of their tasks: that is the order in which a wait for any child looks at
 * theirs (next_thread).
 */
static struct ctl_slot *mine(struct rig_control *c)
{
	const struct rig_engine *e = engine_of(c);
	unsigned n = self(c);

	for (unsigned i = 0; !c->slot[n].served && i <= n; i++)
		if (!c->slot[i].served && !e->task[i].ended &&
		    e->task[i].kind != RIG_KIND_CHILD)
			start_thread(c, i);
	return &c->page->slot[n];
}

static int real_call(struct rig_control *c, enum ctl_op op)
{
	post(c, self(c), op);
	return answer(c, self(c));
}

static int agree(struct rig_control *c, const char *call, int model, int real)
{
	char name[RIG_NAME_MAX];

	if (model != real)
		rig_fail(engine_of(c), "conformance",
			 "%s by %s: the model says %d, Linux says %d", call,
			 rig_name_text(engine_of(c)->current->name, name),
			 model, real);
	return real;
}

/* ---- calls that return on the seam ---- */

/* Calls with up to two numbers. */
static int call_numbers(struct rig_control *c, const char *name, int model,
			enum ctl_op op, int a, int b)
{
	struct ctl_slot *slot = mine(c);

	slot->arg[0] = a;
	slot->arg[1] = b;
	return agree(c, name, model, real_call(c, op));
}

static int close_call(struct spw_sys *sys, int fd)
{
	struct rig_control *c = control_of(sys);

	c->watches &= ~(1u << fd);
	return call_numbers(c, "close", c->model.close(sys, fd), CTL_CLOSE, fd,
			    0);
}

static int close_from_call(struct spw_sys *sys, int first)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "close-from", c->model.close_from(sys, first),
			    CTL_CLOSE_FROM, first, 0);
}

static ssize_t read_call(struct spw_sys *sys, int fd, void *buf, size_t len)
{
	struct rig_control *c = control_of(sys);
	int model = (int)c->model.read(sys, fd, buf, len);
	struct ctl_slot *slot = mine(c);
	int real;

	slot->arg[0] = c->slot[self(c)].held ? c->slot[self(c)].held : fd;
	slot->len = len < CTL_DATA ? (uint32_t)len : CTL_DATA;
	real = real_call(c, CTL_READ);
	ctl_let_go(c);
	/* How long an event is, the model does not say. */
	if (c->watches >> fd & 1)
		return agree(c, "read of an event", model > 0, real > 0);
	agree(c, "read", model, real);
	if (real > 0 && memcmp(buf, slot->data, (size_t)real) != 0)
		rig_fail(engine_of(c), "conformance",
			 "read of %d bytes: they differ from the model's",
			 real);
	return real;
}

/* A program of the model is written as a real one, which is longer. */
static int write_program(struct rig_control *c, int fd, int code, int model,
			 size_t len)
{
	struct ctl_slot *slot = mine(c);
	int real;

	slot->arg[0] = fd;
	slot->arg[1] = code;
	real = real_call(c, CTL_WRITE_PROGRAM);
	if (real == (int)c->programs->len)
		real = (int)len; /* all of it */
	return agree(c, "write", model, real);
}

static ssize_t write_call(struct spw_sys *sys, int fd, const void *buf,
			  size_t len)
{
	struct rig_control *c = control_of(sys);
	int model = (int)c->model.write(sys, fd, buf, len);
	int code = sim_program_code(buf, len);
	struct ctl_slot *slot = mine(c);

	if (code >= 0 && code < CTL_PROGRAMS)
		return write_program(c, fd, code, model, len);
	if (len > CTL_DATA)
		rig_abort(engine_of(c), -EMSGSIZE,
			  "control: a write of %zu bytes", len);
	slot->arg[0] = fd;
	slot->len = (uint32_t)len;
	memcpy(slot->data, buf, len);
	return agree(c, "write", model, real_call(c, CTL_WRITE));
}

static int fchmod_call(struct spw_sys *sys, int fd, mode_t mode)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "fchmod", c->model.fchmod(sys, fd, mode),
			    CTL_FCHMOD, fd, (int)mode);
}

static int pipe_call(struct spw_sys *sys, int fd[2])
{
	struct rig_control *c = control_of(sys);
	int model = c->model.pipe(sys, fd);
	struct ctl_slot *slot = mine(c);
	int real = agree(c, "pipe", model, real_call(c, CTL_PIPE));

	if (!real) {
		agree(c, "pipe, reading end", fd[0], slot->out[0]);
		agree(c, "pipe, writing end", fd[1], slot->out[1]);
	}
	return real;
}

static int dup_above_call(struct spw_sys *sys, int fd, int least)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "dup", c->model.dup_above(sys, fd, least),
			    CTL_DUP_ABOVE, fd, least);
}

static int dup_onto_call(struct spw_sys *sys, int from, int to)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "dup", c->model.dup_onto(sys, from, to),
			    CTL_DUP_ONTO, from, to);
}

static int cloexec_from_call(struct spw_sys *sys, int first)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "close-range", c->model.cloexec_from(sys, first),
			    CTL_CLOEXEC_FROM, first, 0);
}

static int private_table_call(struct spw_sys *sys, int keep)
{
	struct rig_control *c = control_of(sys);
	int rc = call_numbers(c, "private-table",
			      c->model.private_table(sys, keep),
			      CTL_PRIVATE_TABLE, keep, 0);

	c->slot[self(c)].private = !rc;
	return rc;
}

static int lease_call(struct spw_sys *sys, int fd, int type)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "lease", c->model.lease(sys, fd, type),
			    CTL_LEASE, fd, type);
}

static int flock_call(struct spw_sys *sys, int fd, int op)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "flock", c->model.flock(sys, fd, op), CTL_FLOCK,
			    fd, op);
}

static int map_call(struct spw_sys *sys, int fd, size_t len, void **mapping)
{
	struct rig_control *c = control_of(sys);
	int model = c->model.map(sys, fd, len, mapping);
	unsigned number = model ? 0 : (uintptr_t)*mapping % CTL_MAPS;
	struct ctl_slot *slot = mine(c);
	int rc;

	slot->arg[2] = (int)number;
	rc = call_numbers(c, "map", model, CTL_MAP, fd, (int)len);
	/* The address is the model's; the real one belongs to it. */
	if (!rc)
		memcpy(&c->mapping[number], slot->data, sizeof(c->mapping[0]));
	return rc;
}

static int unmap_call(struct spw_sys *sys, void *mapping, size_t len)
{
	struct rig_control *c = control_of(sys);
	int model = c->model.unmap(sys, mapping, len);

	unsigned number = (uintptr_t)mapping % CTL_MAPS;
	struct ctl_slot *slot = mine(c);

	slot->arg[2] = (int)number;
	memcpy(slot->data, &c->mapping[number], sizeof(c->mapping[0]));
	return call_numbers(c, "unmap", model, CTL_UNMAP, (int)len, 0);
}

static int fsync_call(struct spw_sys *sys, int fd)
{
	struct rig_control *c = control_of(sys);

	return call_numbers(c, "fsync", c->model.fsync(sys, fd), CTL_FSYNC, fd,
			    0);
}

/* ---- calls that keep to a file while its number may change hands ---- */

void ctl_hold(void *ctx, int fd)
{
	struct rig_control *c = ctx;
	struct ctl_slot *slot = mine(c);

	slot->arg[0] = fd;
	slot->arg[1] = CTL_HELD;
	c->slot[self(c)].held = real_call(c, CTL_DUP_ABOVE);
	if (c->slot[self(c)].held < CTL_HELD)
		rig_fail(engine_of(c), "conformance",
			 "descriptor %d is open in the model alone", fd);
}

void ctl_let_go(struct rig_control *c)
{
	struct ctl_real *real = &c->slot[self(c)];

	if (!real->held)
		return;
	mine(c)->arg[0] = real->held;
	real->held = 0;
	real_call(c, CTL_CLOSE);
}

/* ---- for calls in other files ---- */

struct rig_control *ctl_of(struct spw_sys *sys)
{
	return control_of(sys);
}

struct ctl_slot *ctl_mine(struct rig_control *c)
{
	return mine(c);
}

int ctl_agree(struct rig_control *c, const char *call, int model, int real)
{
	return agree(c, call, model, real);
}

int ctl_numbers(struct rig_control *c, const char *call, int model,
		enum ctl_op op, int a, int b)
{
	return call_numbers(c, call, model, op, a, b);
}

int ctl_twice(struct rig_control *c, const char *call, int model,
	      enum ctl_op op)
{
	return agree(c, call, model, real_call(c, op));
}

void ctl_differ(struct rig_control *c, const char *what)
{
	rig_fail(engine_of(c), "conformance", "%s", what);
}

/* ---- what happens without returning ---- */

static void begin(void *ctx)
{
	struct rig_control *c = ctx;

	c->error = ctl_fresh(c);
	c->watches = 0;
	if (c->log)
		c->log->n = c->log->lost = 0;
}

static void end(void *ctx)
{
	struct rig_control *c = ctx;

	c->clean = true;
}

/* The parent's clone returns: at once after fork, else when it is let go. */
static void parent_returns(struct rig_control *c, unsigned parent)
{
	agree(c, "clone", 0, answer(c, parent));
}

static void end_thread(struct rig_control *c, unsigned n)
{
	post(c, n, CTL_EXIT);
	answer(c, n);
	agree(c, "the end of a thread", 0, ctl_service(c, CTL_JOIN, (int)n));
	c->slot[n] = (struct ctl_real){ .served = false };
}

static void clone_hook(void *ctx, enum spw_clone how, unsigned child, pid_t pid)
{
	struct rig_control *c = ctx;
	struct ctl_slot *slot = mine(c);

	if (c->slot[child].served) { /* a thread's, in an earlier execution */
		end_thread(c, child);
		c->disorder = true;
	}
	slot->arg[0] = (int)how;
	slot->arg[1] = (int)child;
	slot->arg[2] = pid;
	/* The child's first turn is to say who it is. */
	c->page->slot[child].op = CTL_BOOT;
	c->page->slot[child].turn = CTL_TARGET;
	c->slot[child] = (struct ctl_real){ .served = true,
					    .vforked = how != SPW_CLONE_FORK,
					    .parent = self(c) };
	post(c, self(c), CTL_CLONE);
	c->slot[child].pid = answer(c, child);
	if (c->slot[self(c)].call)
		c->slot[self(c)].call->child = c->slot[child].pid;
	if (pid)
		agree(c, "id of a child", pid, c->slot[child].pid);
	if (how == SPW_CLONE_FORK)
		parent_returns(c, self(c));
}

static void let_parent_go(struct rig_control *c, struct ctl_real *real)
{
	if (real->vforked)
		parent_returns(c, real->parent);
	real->vforked = false;
}

static void execve_hook(void *ctx, const struct sim_mirror_exec *exec,
			int model)
{
	struct rig_control *c = ctx;
	struct ctl_slot *slot = mine(c);

	snprintf(slot->path, sizeof(slot->path), "%s",
		 exec->path ? exec->path : "");
	slot->arg[0] = exec->fd;
	snprintf((char *)slot->data, sizeof(slot->data), "%s", exec->argument);
	agree(c, "execve", model,
	      real_call(c, exec->path ? CTL_EXECVE : CTL_EXEC_FD));
	if (!model)
		let_parent_go(c, &c->slot[self(c)]);
}

static void interpret_hook(void *ctx, int code)
{
	agree(ctx, "what a script says", code, real_call(ctx, CTL_INTERPRET));
}

static void kill_child(struct rig_control *c, unsigned n, int sig)
{
	struct rig_call *call = log_call(c, n);

	if (call) {
		call->said.op = CTL_KILLED;
		call->said.arg[0] = sig;
	}
	c->page->slot[CTL_SERVICE].arg[1] = sig;
	agree(c, "the end of a process", 0,
	      ctl_service(c, CTL_KILL, c->slot[n].pid));
}

/* The process ends on its own time; what counts is that it is a zombie. */
static void exit_hook(void *ctx, const struct spw_status *status)
{
	struct rig_control *c = ctx;
	unsigned n = self(c);

	c->slot[n].dies = false;
	if (status->signaled) {
		kill_child(c, n, status->code);
	} else {
		c->page->slot[n].arg[0] = status->code;
		post(c, n, CTL_EXIT);
	}
	agree(c, "exit", 0, ctl_service(c, CTL_OBSERVE, c->slot[n].pid));
	let_parent_go(c, &c->slot[n]);
}

/* Those of the thread n's children that were not to outlive it have not. */
static void observe_children(struct rig_control *c, unsigned n)
{
	for (unsigned i = 0; i < CTL_SLOTS; i++)
		if (c->slot[i].dies && c->slot[i].parent == n)
			agree(c, "the end of a thread's child", 0,
			      ctl_service(c, CTL_OBSERVE, c->slot[i].pid));
}

/*
 * The thread behind it stays for the next execution, unless something goes with
 * it: a descriptor table of its own, or children, who may wait for which.
 */
static void thread_end_hook(void *ctx, bool orphans)
{
	struct rig_control *c = ctx;

	if (c->slot[self(c)].private || orphans)
		end_thread(c, self(c));
	observe_children(c, self(c));
	c->disorder = c->disorder || orphans;
}

/* ---- joining ---- */

void ctl_join(struct rig_control *c)
{
	struct spw_sys *sys = sim_sys(c->sim);

	c->model = *sys;
	sys->close = close_call;
	sys->close_from = close_from_call;
	sys->read = read_call;
	sys->write = write_call;
	sys->fchmod = fchmod_call;
	sys->pipe = pipe_call;
	sys->dup_above = dup_above_call;
	sys->dup_onto = dup_onto_call;
	sys->cloexec_from = cloexec_from_call;
	sys->private_table = private_table_call;
	sys->lease = lease_call;
	sys->flock = flock_call;
	sys->map = map_call;
	sys->unmap = unmap_call;
	sys->fsync = fsync_call;
	ctl_name_calls(sys);
	ctl_wait_calls(sys);
	ctl_poll_calls(sys);
	c->mirror = (struct sim_mirror){
		.ctx = c,
		.begin = begin,
		.end = end,
		.clone = clone_hook,
		.execve = execve_hook,
		.interpret = interpret_hook,
		.exit = exit_hook,
		.thread_end = thread_end_hook,
		.hold = ctl_hold,
	};
	sim_set_mirror(c->sim, &c->mirror);
	c->joined = true;
}

void ctl_part(struct rig_control *c)
{
	if (!c->joined)
		return;
	*sim_sys(c->sim) = c->model;
	sim_set_mirror(c->sim, NULL);
}
