/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children, and signals by id.
 *
 * A child is a process's, and there a thread's: the one that made it, and when
 * that ends another thread of the process (forget_original_parent, find_alive_
 * thread). On Linux every thread of the process may wait for it, but with
 * __WNOTHREAD that thread alone (do_wait), as on Plan 9. Who reaps it is told
 * its status; for everybody else it never was (ECHILD).
 *
 * A signal that ends a process does so at the next step that it makes. It may
 * come from the end of the thread whose child it is (PR_SET_PDEATHSIG).
 */
#include "sim/kernel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

unsigned sim_find_pid(struct sim *sim, pid_t pid)
{
	for (unsigned i = 1; i <= sim->nprocs; i++)
		if (sim->proc[i].life && sim->proc[i].pid == pid)
			return i;
	return 0;
}

static bool is_mine(const struct sim *sim, const struct sim_task *t,
		    const struct sim_proc *proc, bool own)
{
	return proc->life && proc->parent == t->proc &&
	       (!own || proc->maker == t->task->index + 1);
}

static bool only_own(const struct sim *sim, unsigned flags)
{
	return sim->options.thread_scope || flags & SPW_WAIT_THREAD;
}

const struct sim_task *sim_maker(const struct sim *sim,
				 const struct sim_proc *proc)
{
	return sim->engine->task[proc->maker - 1].world;
}

/* release_task */
struct spw_status sim_reap(struct sim *sim, unsigned i)
{
	struct sim_proc *proc = &sim->proc[i];
	struct spw_status status = proc->status;

	sim_access(sim, proc->object + SIM_LIFE, RIG_ACQUIRE); /* only once */
	sim_access(sim, proc->object + SIM_REAPED, RIG_WRITE);
	sim_access(sim, SIM_OBJECT_CHILDREN, RIG_UPDATE);
	if (sim_maker(sim, proc) != sim_self(sim))
		sim_access(sim,
			   sim_maker(sim, proc)->object + SIM_TASK_CHILDREN,
			   RIG_UPDATE);
	if (sim->options.pids_reused)
		sim_access(sim, SIM_OBJECT_PIDS, RIG_WRITE);
	memset(proc, 0, sizeof(*proc));
	sim_children_changed(sim);
	return status;
}

/* A zombie that the caller was waiting for: what its wait returns. */
static pid_t found(struct sim *sim, unsigned i, unsigned flags,
		   struct spw_status *status)
{
	const struct sim_proc *proc = &sim->proc[i];
	pid_t pid = proc->pid;

	if (flags & SPW_WAIT_PEEK) {
		sim_access(sim, proc->object + SIM_REAPED, RIG_READ);
		*status = proc->status;
	} else {
		*status = sim_reap(sim, i);
	}
	rig_detail_result(sim->engine, " = %s %d%s",
			  status->signaled ? "signal" : "status", status->code,
			  flags & SPW_WAIT_PEEK ? ", not reaped" : "");
	rig_note(sim->engine, (uint64_t)status->code << 1 | status->signaled);
	rig_note(sim->engine, (uint64_t)pid);
	return pid;
}

static void describe(struct sim *sim, pid_t pid)
{
	char name[RIG_NAME_MAX];

	if (sim->engine->trace)
		rig_detail(sim->engine, "(%s)", sim_pid_text(sim, pid, name));
}

/* ---- for one child ---- */

/*
 * The wait is over, or was from the beginning. object says which process was
 * meant: its place and its id may be another's by now.
 */
static pid_t wait_over(struct sim *sim, unsigned i, rig_object object,
		       unsigned flags, struct spw_status *status)
{
	struct sim_proc *proc = &sim->proc[i];

	sim_access(sim, object + (unsigned)SIM_LIFE, RIG_JOIN);
	if (proc->object != object || proc->life != SIM_DEAD) {
		sim_access(sim, object + (unsigned)SIM_REAPED, RIG_READ);
		return sim_result(sim, -ECHILD);
	}
	proc->waiters &= ~rig_self(sim->engine);
	return found(sim, i, flags, status);
}

static void block_on(struct sim *sim, struct sim_proc *proc)
{
	if (proc->life == SIM_DEAD)
		return;
	proc->waiters |= rig_self(sim->engine);
	rig_disable(sim->engine, rig_self(sim->engine));
}

/*
 * Where what an id means, or who may wait, changes as things go on: entering
 * the call, which finds the process (find_get_pid), and being woken in it are
 * two moments.
 */
static pid_t wait_entered(struct sim *sim, pid_t pid, unsigned flags,
			  struct spw_status *status)
{
	bool own = only_own(sim, flags);
	rig_object object;
	unsigned i;

	sim_point(sim, SIM_WAIT);
	describe(sim, pid);
	if (sim->options.pids_reused)
		sim_access(sim, SIM_OBJECT_PIDS, RIG_READ);
	i = sim_find_pid(sim, pid);
	object = sim->proc[i].object;
	if (i) {
		sim_access(sim, object + (unsigned)SIM_MAKER, RIG_READ);
		sim_access(sim, object + (unsigned)SIM_REAPED, RIG_READ);
	} else if (!sim->options.pids_reused) {
		rig_access_all(sim->engine);
	}
	if (!i || !is_mine(sim, sim_self(sim), &sim->proc[i], own))
		return sim_result(sim, -ECHILD);
	block_on(sim, &sim->proc[i]);
	rig_point(sim->engine, SIM_WAIT_WAKE);
	return wait_over(sim, i, object, flags, status);
}

/* The process of an id is always the same, and any thread may wait for it. */
static pid_t wait_plain(struct sim *sim, pid_t pid, unsigned flags,
			struct spw_status *status)
{
	unsigned i = sim_find_pid(sim, pid);
	rig_object object = sim->proc[i].object;

	if (i && !is_mine(sim, sim_self(sim), &sim->proc[i], false))
		i = 0;
	if (i)
		block_on(sim, &sim->proc[i]);
	sim_point(sim, SIM_WAIT);
	describe(sim, pid);
	if (i)
		return wait_over(sim, i, object, flags, status);
	rig_access_all(sim->engine);
	return sim_result(sim, -ECHILD);
}

/* ---- for any ---- */

/* What a wait of t for any child would find now. */
struct any {
	unsigned children;
	unsigned zombies;
	unsigned first; /* zombie that it gets, or 0 */
};

/* Own children come first, then those of the next threads; older ones first. */
static uint32_t rank(const struct sim *sim, const struct sim_task *t,
		     const struct sim_proc *proc)
{
	unsigned n = sim->engine->ntasks;

	return (proc->maker - 1u + n - t->task->index) % n * (sim->born + 1) +
	       proc->born;
}

static struct any look(const struct sim *sim, const struct sim_task *t)
{
	struct any any = { 0, 0, 0 };

	for (unsigned i = 1; i <= sim->nprocs; i++) {
		const struct sim_proc *proc = &sim->proc[i];

		if (!is_mine(sim, t, proc, t->own_children))
			continue;
		any.children++;
		if (proc->life != SIM_DEAD)
			continue;
		any.zombies++;
		if (!any.first ||
		    rank(sim, t, proc) < rank(sim, t, &sim->proc[any.first]))
			any.first = i;
	}
	return any;
}

void sim_children_changed(struct sim *sim)
{
	for (rig_set m = sim->any_waiters; m; m = rig_rest(m)) {
		unsigned i = rig_first(m);
		struct any any = look(sim, sim->engine->task[i].world);

		if (any.zombies || !any.children)
			rig_enable(sim->engine, rig_bit(i));
		else
			rig_disable(sim->engine, rig_bit(i));
	}
}

/*
 * Which child it gets depends on which have ended: all ends are looked at. The
 * only one that has is one that had to come first.
 */
static void look_at_all(struct sim *sim, const struct sim_task *self,
			const struct any *any)
{
	sim_access(sim,
		   self->own_children ?
			   self->object + (unsigned)SIM_TASK_CHILDREN :
			   (unsigned)SIM_OBJECT_CHILDREN,
		   RIG_READ);
	for (unsigned i = 1; i <= sim->nprocs; i++) {
		const struct sim_proc *proc = &sim->proc[i];

		if (is_mine(sim, self, proc, self->own_children))
			sim_access(sim, proc->object + SIM_LIFE,
				   i == any->first && any->zombies == 1 ?
					   RIG_JOIN :
					   RIG_READ);
	}
}

static pid_t wait_any(struct sim *sim, unsigned flags,
		      struct spw_status *status)
{
	struct sim_task *self = sim_self(sim);
	struct any any;

	self->own_children = only_own(sim, flags);
	sim->any_waiters |= rig_self(sim->engine);
	sim_children_changed(sim);
	sim_point(sim, SIM_WAIT);
	sim->any_waiters &= ~rig_self(sim->engine);
	any = look(sim, self);
	look_at_all(sim, self, &any);
	if (!any.first) {
		rig_detail(sim->engine, "(any child)");
		return sim_result(sim, -ECHILD);
	}
	if (sim->engine->trace) {
		char name[RIG_NAME_MAX];

		rig_detail(sim->engine, "(any child): %s",
			   sim_pid_text(sim, sim->proc[any.first].pid, name));
	}
	return found(sim, any.first, flags, status);
}

static pid_t wait_call(struct spw_sys *sys, pid_t pid, unsigned flags,
		       struct spw_status *status)
{
	struct sim *sim = sim_of(sys);

	if (pid == SPW_ANY_CHILD)
		return wait_any(sim, flags, status);
	if (sim->options.pids_reused || only_own(sim, flags))
		return wait_entered(sim, pid, flags, status);
	return wait_plain(sim, pid, flags, status);
}

/* ---- threads that end ---- */

/* find_alive_thread: the oldest that lives. */
static unsigned heir(const struct sim *sim, const struct sim_task *self)
{
	for (unsigned i = 0; i < sim->engine->ntasks; i++) {
		const struct sim_task *t = sim->engine->task[i].world;

		if (t && t != self && t->proc == self->proc &&
		    !sim->engine->task[i].ended)
			return i + 1;
	}
	return 0;
}

/*
 * forget_original_parent: to each of its threads, whoever is its parent next. A
 * whole process that ends before its children is a finding of its own here:
 * nobody reaps them.
 */
static void send_pdeath(struct sim *sim, unsigned i)
{
	const struct sim_proc *proc = &sim->proc[i];
	char name[RIG_NAME_MAX];

	if (!proc->pdeath)
		return;
	sim_signal(sim, i, proc->pdeath);
	if (sim->engine->trace)
		rig_detail(sim->engine, "; the thread ends: signal %d for %s",
			   proc->pdeath, sim_pid_text(sim, proc->pid, name));
}

bool sim_orphan(struct sim *sim)
{
	struct sim_task *self = sim_self(sim);
	unsigned to = heir(sim, self);
	bool any = false;

	sim_access(sim, self->object + SIM_TASK_CHILDREN, RIG_READ);
	for (unsigned i = 1; i <= sim->nprocs; i++) {
		struct sim_proc *proc = &sim->proc[i];

		if (!is_mine(sim, self, proc, true))
			continue;
		/* reparent_leader tells nobody within a process. */
		if (rig_has(sim->any_waiters, to - 1))
			sim_contract(sim, "a child came to a thread that waits "
					  "for any: the model does not cover "
					  "that");
		sim_access(sim, proc->object + SIM_MAKER, RIG_WRITE);
		any = true;
		send_pdeath(sim, i);
		proc->maker = (uint8_t)to;
		proc->born = ++sim->born; /* list_splice_tail_init */
		sim_access(sim,
			   sim_maker(sim, proc)->object +
				   (unsigned)SIM_TASK_CHILDREN,
			   RIG_WRITE);
	}
	return any;
}

/* ---- signals ---- */

int sim_signal(struct sim *sim, unsigned i, int sig)
{
	struct sim_proc *proc = &sim->proc[i];

	sim_access(sim, proc->object + SIM_REAPED, RIG_READ);
	sim_access(sim, proc->object + SIM_KILLED, RIG_WRITE);
	if (!proc->parent || (sig != SIGKILL && sig != SIGTERM && sig != 0))
		sim_contract(sim, "a signal that the model does not cover");
	if (!proc->ending && sig)
		proc->killed = (uint8_t)sig;
	return 0;
}

static int kill_call(struct spw_sys *sys, pid_t pid, int sig)
{
	struct sim *sim = sim_of(sys);
	unsigned i;

	sim_point(sim, SIM_KILL);
	if (sim->engine->trace) {
		char name[RIG_NAME_MAX];

		rig_detail(sim->engine, "(%s, %d)",
			   sim_pid_text(sim, pid, name), sig);
	}
	if (sim->options.pids_reused)
		sim_access(sim, SIM_OBJECT_PIDS, RIG_READ);
	i = sim_find_pid(sim, pid);
	if (i)
		return sim_result(sim, sim_signal(sim, i, sig));
	if (!sim->options.pids_reused)
		rig_access_all(sim->engine);
	return sim_result(sim, -ESRCH);
}

/* sigtimedwait; the signal is blocked, or it would not be pending. */
static int sigchld_wait(struct spw_sys *sys, uint64_t deadline_ns)
{
	struct sim *sim = sim_of(sys);
	struct sim_proc *proc = sim_proc_self(sim);
	rig_set self = rig_self(sim->engine);

	sim->sigchld_waiters |= self;
	if (!proc->sigchld)
		rig_disable(sim->engine, self);
	sim_point_until(sim, SIM_SIGCHLD, deadline_ns);
	sim->sigchld_waiters &= ~self;
	sim_access(sim, SIM_OBJECT_SIGCHLD, RIG_WRITE);
	if (!proc->sigchld)
		return sim_result(sim, -ETIMEDOUT);
	proc->sigchld = false;
	rig_disable(sim->engine, sim->sigchld_waiters);
	return sim_result(sim, 0);
}

void sim_wait_calls(struct spw_sys *sys)
{
	sys->wait = wait_call;
	sys->kill = kill_call;
	sys->sigchld_wait = sigchld_wait;
}
