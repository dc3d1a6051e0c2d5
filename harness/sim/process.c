/* SPDX-License-Identifier: MIT */
/* Processes: clone, exit, and what a child sets for itself. */
#include "sim/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Above the ids of the threads that stand for tasks under control. */
enum { SIM_FIRST_PID = 201 };

struct sim_task *sim_task_new(struct sim *sim, unsigned proc, unsigned table)
{
	struct sim_task *t = &sim->task[sim->ntasks++];

	memset(t, 0, offsetof(struct sim_task, drops));
	t->proc = (uint8_t)proc;
	t->table = (uint8_t)table;
	t->object = sim_objects(sim, SIM_TASK_OBJECTS);
	t->sim = sim;
	return t;
}

/* copy_files, dup_fd: one more reference for every descriptor. */
static unsigned copy_table(struct sim *sim, const struct sim_table *from)
{
	unsigned t = 1;

	while (t < SIM_TABLES && sim->table[t].refs)
		t++;
	if (t == SIM_TABLES)
		return 0;
	if (t > sim->ntables)
		sim->ntables = t;
	sim->table[t] = *from;
	sim->table[t].refs = 1;
	sim->table[t].shared = false;
	sim->table[t].object = sim_objects(sim, SIM_TABLE_OBJECTS);
	if (from->shared) /* empty slots count, too */
		sim_access(sim, from->object + SIM_SLOTS, RIG_READ);
	for (int fd = 0; fd < from->end; fd++) {
		if (from->fd[fd].clofork) /* O_CLOFORK, POSIX.1-2024 */
			sim->table[t].fd[fd] = (struct sim_fd){ 0 };
		else if (from->fd[fd].file)
			sim_hold(sim, from->fd[fd].file);
	}
	return t;
}

/* For the trace: which files a table holds open for writing now. */
static void describe_writers(struct sim *sim, const struct sim_table *table)
{
	const char *before = ", holds ";

	for (int fd = 0; fd < SIM_FDS; fd++) {
		const struct sim_file *f = &sim->file[table->fd[fd].file];

		if (f->kind != SIM_REGULAR || !f->writer)
			continue;
		rig_detail(sim->engine, "%s%s", before,
			   sim->inode[f->object].path);
		before = ", ";
	}
}

void sim_unshare_table(struct sim *sim)
{
	unsigned t;

	sim_inner(sim, SIM_UNSHARE);
	t = copy_table(sim, sim_table_self(sim));
	if (!t)
		sim_contract(sim, "an execve without memory for a descriptor "
				  "table: the model does not cover that");
	sim_table_self(sim)->refs--;
	sim_self(sim)->table = (uint8_t)t;
	sim_access(sim, SIM_OBJECT_PROCS, RIG_UPDATE);
	if (sim->engine->trace) {
		rig_detail(sim->engine, ": a copy");
		describe_writers(sim, &sim->table[t]);
	}
}

static void child_body(void *arg)
{
	struct sim_task *self = arg;
	struct sim *sim = self->sim;
	int code;

	self->task = sim->engine->current;
	code = self->child((void *)(uintptr_t)self->arg);
	self->arg = NULL;
	sim_exit(sim, code);
}

/* copy_files with CLONE_FILES: one more user. */
static unsigned share_table(struct sim *sim)
{
	sim_table_self(sim)->refs++;
	sim_table_self(sim)->shared = true;
	return sim_self(sim)->table;
}

/* With CLONE_PARENT (copy_process), a child of whose child the caller is. */
static unsigned parent_of_child(struct sim *sim, enum spw_clone how)
{
	unsigned parent = sim_self(sim)->proc;

	if (how == SPW_CLONE_SIBLING)
		parent = sim->proc[parent].parent;
	if (!parent)
		sim_contract(sim, "a sibling of the first process: the model "
				  "does not cover that");
	return parent;
}

/* That one's own thread, or whose child the caller is. */
static uint8_t maker_of_child(struct sim *sim, enum spw_clone how)
{
	if (how == SPW_CLONE_SIBLING)
		return sim_proc_self(sim)->maker;
	return (uint8_t)(sim->engine->current->index + 1);
}

static struct sim_task *new_child(struct sim *sim, enum spw_clone how)
{
	unsigned parent = parent_of_child(sim, how);
	unsigned table, proc = 1;

	while (proc < SIM_PROCS && sim->proc[proc].life)
		proc++;
	if (proc == SIM_PROCS || sim->ntasks == RIG_TASKS_MAX)
		return NULL;
	table = how == SPW_CLONE_FILES ? share_table(sim) :
					 copy_table(sim, sim_table_self(sim));
	if (!table)
		return NULL;
	if (proc > sim->nprocs)
		sim->nprocs = proc;
	sim->proc[proc] = (struct sim_proc){
		.life = SIM_RUNNING,
		.parent = (uint8_t)parent,
		.threads = 1,
		.maker = maker_of_child(sim, how),
		.born = ++sim->born,
		.object = sim_objects(sim, SIM_PROC_OBJECTS),
	};
	return sim_task_new(sim, proc, table);
}

/* The lowest id that neither a process nor a zombie has. */
static pid_t free_pid(struct sim *sim)
{
	pid_t pid = SIM_FIRST_PID;

	sim_access(sim, SIM_OBJECT_PIDS, RIG_WRITE);
	while (sim_find_pid(sim, pid))
		pid++;
	return pid;
}

/*
 * Ids that do not depend on the order of forks keep forks independent: the
 * name of the task. Where ids are used again (pids=reused) they cannot be.
 */
static void give_pid(struct sim *sim, struct sim_proc *proc, pid_t pid,
		     const struct rig_task *task)
{
	proc->pid = pid ? pid : (pid_t)task->name;
	sim_access(sim, SIM_OBJECT_CHILDREN, RIG_UPDATE);
	if (sim_maker(sim, proc) != sim_self(sim)) /* who knows its own */
		sim_access(sim,
			   sim_maker(sim, proc)->object + SIM_TASK_CHILDREN,
			   RIG_UPDATE);
	sim_children_changed(sim);
}

const char *sim_pid_text(const struct sim *sim, pid_t pid, char *buf)
{
	if (!sim->options.pids_reused)
		return rig_name_text((rig_name)pid, buf);
	snprintf(buf, RIG_NAME_MAX, "%d", (int)pid);
	return buf;
}

/*
 * kernel_clone with CLONE_VFORK: the parent waits for the child to give the
 * shared memory up (wait_for_vfork_done).
 */
static void await_vfork(struct sim *sim, const struct sim_task *child)
{
	if (child->vfork_parent) /* else it let go before its first point */
		rig_disable(sim->engine, rig_self(sim->engine));
	rig_point(sim->engine, SIM_VFORK_RETURN);
	sim_access(sim, child->object, RIG_JOIN);
}

static void describe_clone(struct sim *sim, enum spw_clone how,
			   const struct sim_task *child)
{
	static const char *const how_text[] = {
		[SPW_CLONE_FORK] = "fork",
		[SPW_CLONE_VFORK] = "vfork",
		[SPW_CLONE_FILES] = "files",
		[SPW_CLONE_SIBLING] = "sibling",
	};
	char name[RIG_NAME_MAX];

	rig_detail(sim->engine, "(%s) = %s", how_text[how],
		   rig_name_text(child->task->name, name));
	if (sim->options.pids_reused)
		rig_detail(sim->engine, ", id %d",
			   (int)sim->proc[child->proc].pid);
	if (how != SPW_CLONE_FILES)
		describe_writers(sim, &sim->table[child->table]);
}

static int clone_call(struct spw_sys *sys, enum spw_clone how, spw_child_fn *fn,
		      void *arg, size_t arg_len, pid_t *pid)
{
	struct sim *sim = sim_of(sys);
	struct sim_task *child;
	struct rig_task *task;
	pid_t id = 0;

	sim_about_table(sim, false);
	sim_point(sim, SIM_CLONE);
	child = new_child(sim, how);
	if (!child) {
		rig_access_all(sim->engine);
		return sim_result(sim, -EAGAIN);
	}
	if (how == SPW_CLONE_FORK)
		sim_maps_copy(sim, child->proc);
	child->child = fn;
	sim_child_given(child, arg, arg_len);
	if (how != SPW_CLONE_FORK)
		child->vfork_parent = sim_self(sim);
	if (sim->options.pids_reused)
		id = free_pid(sim);
	if (sim->mirror)
		sim->mirror->clone(sim->mirror->ctx, how, sim->engine->ntasks,
				   id);
	if (rig_task_create(sim->engine, RIG_KIND_CHILD, child_body, child,
			    child, &task))
		rig_abort(sim->engine, -EAGAIN, "too many tasks");
	child->task = task;
	give_pid(sim, &sim->proc[child->proc], id, task);
	*pid = sim->proc[child->proc].pid;
	sim_access(sim, SIM_OBJECT_PROCS, RIG_UPDATE);
	if (sim->engine->trace)
		describe_clone(sim, how, child);
	if (how != SPW_CLONE_FORK)
		await_vfork(sim, child);
	return 0;
}

/*
 * The parent knows from now on what the child has written to its memory: what
 * the child has done so far is part of the parent's history.
 */
void sim_vfork_release(struct sim *sim)
{
	struct sim_task *self = sim_self(sim);
	struct sim_task *parent = self->vfork_parent;

	if (!parent)
		return;
	self->vfork_parent = NULL;
	sim_access(sim, self->object, RIG_RELEASE);
	if (sim->engine->hashing)
		rig_chain_join(parent->task, self->task);
	rig_enable(sim->engine, rig_bit(parent->task->index));
}

/* do_notify_parent: a signal that is pending is not made pending again. */
static void notify_parent(struct sim *sim, const struct sim_proc *proc)
{
	sim_access(sim, SIM_OBJECT_SIGCHLD, RIG_UPDATE);
	sim->proc[proc->parent].sigchld = true;
	rig_enable(sim->engine, sim->sigchld_waiters);
}

/*
 * do_exit: exit_mm (a running image may be written again, a vfork parent goes
 * on), exit_files, exit_task_work, and only then exit_notify.
 */
static _Noreturn void do_exit(struct sim *sim, struct spw_status status)
{
	struct sim_proc *proc = sim_proc_self(sim);

	proc->ending = true;
	if (proc->image) {
		unsigned image = proc->image;

		proc->image = 0;
		sim_access(sim, sim->inode[image].object + SIM_IMAGES,
			   RIG_UPDATE);
		sim->inode[image].writers++;
		sim_inode_changed(sim, &sim->inode[image]);
		sim_inode_reap(sim, image);
	}
	sim_vfork_release(sim);
	sim_maps_drop(sim);
	sim_table_put(sim);
	sim_inner(sim, SIM_ZOMBIE);
	if (sim->mirror)
		sim->mirror->exit(sim->mirror->ctx, &status);
	sim_access(sim, proc->object + SIM_LIFE, RIG_RELEASE);
	sim_access(sim, SIM_OBJECT_PROCS, RIG_UPDATE);
	proc->life = SIM_DEAD;
	proc->status = status;
	rig_enable(sim->engine, proc->waiters);
	notify_parent(sim, proc);
	sim_children_changed(sim);
	rig_task_end(sim->engine);
}

void sim_die(struct sim *sim)
{
	int sig = sim_proc_self(sim)->killed;

	sim_self(sim)->arg = NULL;
	rig_detail(sim->engine, ": killed by signal %d", sig);
	do_exit(sim, (struct spw_status){ .signaled = true, .code = sig });
}

void sim_exit(struct sim *sim, int code)
{
	const struct sim_proc *proc = sim_proc_self(sim);

	sim_point(sim, SIM_EXIT);
	sim_access(sim, proc->object + SIM_KILLED, RIG_READ);
	if (proc->killed)
		sim_die(sim);
	rig_detail(sim->engine, "(%d)", code);
	do_exit(sim, (struct spw_status){ .code = code });
}

/*
 * prctl(PR_SET_PDEATHSIG): what sim_orphan sends. It is in the task_struct, so
 * execve keeps it (begin_new_exec clears it for other credentials only), and a
 * fork does not copy it (copy_process).
 */
static int die_with_parent(struct spw_sys *sys, int sig)
{
	struct sim *sim = sim_of(sys);
	struct sim_proc *proc = sim_proc_self(sim);

	sim_point(sim, SIM_DIE);
	rig_detail(sim->engine, "(%d)", sig);
	sim_access(sim, proc->object + SIM_MAKER, RIG_WRITE);
	proc->pdeath = (uint8_t)sig;
	return sim_result(sim, 0);
}

/* The rest is the child's own: nobody else can see it. */

static int chdir_call(struct spw_sys *sys, const char *path)
{
	rig_silent(sim_of(sys)->engine, SIM_CHDIR);
	rig_detail(sim_of(sys)->engine, "(%s)", path);
	return sim_result(sim_of(sys), strcmp(path, "/") ? -ENOENT : 0);
}

static int setsid_call(struct spw_sys *sys)
{
	rig_silent(sim_of(sys)->engine, SIM_SETSID);
	return 0;
}

static int setpgid_call(struct spw_sys *sys, pid_t pgid)
{
	(void)pgid;
	rig_silent(sim_of(sys)->engine, SIM_SETPGID);
	return 0;
}

/* No signals are sent in this model, so a mask changes nothing. */
static void signals_block(struct spw_sys *sys, sigset_t *old)
{
	(void)sys;
	memset(old, 0, sizeof(*old));
}

static void signals_set(struct spw_sys *sys, const sigset_t *mask)
{
	(void)sys;
	(void)mask;
}

void sim_process_calls(struct spw_sys *sys)
{
	sys->clone = clone_call;
	sys->chdir = chdir_call;
	sys->setsid = setsid_call;
	sys->setpgid = setpgid_call;
	sys->die_with_parent = die_with_parent;
	sys->signals_block = signals_block;
	sys->signals_set = signals_set;
}
