/* SPDX-License-Identifier: MIT */
/* Threads: tasks that share their process and, unless unshared, its table. */
#include "sim/kernel.h"

#include <errno.h>
#include <stdlib.h>

static void thread_body(void *arg)
{
	struct sim_task *self = arg;
	struct sim *sim = self->sim;
	bool orphans;

	self->task = sim->engine->current;
	self->thread(self->thread_arg);
	sim_table_put(sim);
	orphans = sim_orphan(sim);
	if (sim->mirror)
		sim->mirror->thread_end(sim->mirror->ctx, orphans);
	sim_proc_self(sim)->threads--;
	sim_access(sim, self->object, RIG_RELEASE);
	self->threw = true;
	rig_enable(sim->engine, self->joiners);
}

/* A name and no address: it must not depend on which task was first. */
static struct spw_thread *handle_of(const struct rig_task *task)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	return (struct spw_thread *)(uintptr_t)task->name;
}

static struct sim_task *thread_of(struct sim *sim,
				  const struct spw_thread *thread)
{
	unsigned i = 0;

	while (i < sim->engine->ntasks &&
	       handle_of(&sim->engine->task[i]) != thread)
		i++;
	if (i == sim->engine->ntasks)
		sim_contract(sim, "a thread that does not exist was joined");
	return sim->engine->task[i].world;
}

/*
 * No point: a new thread changes nothing that others can see until it makes
 * its first call, which is a point.
 */
static int thread_create(struct spw_sys *sys, struct spw_thread **thread,
			 void (*fn)(void *arg), void *arg)
{
	struct sim *sim = sim_of(sys);
	struct sim_task *self = sim_self(sim);
	struct rig_task *task;
	struct sim_task *t;

	rig_silent(sim->engine, SIM_THREAD);
	if (sim->ntasks == RIG_TASKS_MAX ||
	    sim->engine->current->born[sim->thread_kind] == RIG_BORN_MAX)
		return sim_result(sim, -EAGAIN); /* for ever: none goes */
	t = sim_task_new(sim, self->proc, self->table);
	t->thread = fn;
	t->thread_arg = arg;
	sim->table[t->table].refs++;
	sim->table[t->table].shared = true;
	sim_proc_self(sim)->threads++;
	if (rig_task_create(sim->engine, sim->thread_kind, thread_body, t, t,
			    &task))
		rig_abort(sim->engine, -EAGAIN, "too many tasks");
	t->task = task;
	*thread = handle_of(task);
	return sim_result(sim, 0);
}

static void thread_join(struct spw_sys *sys, struct spw_thread *thread)
{
	struct sim *sim = sim_of(sys);
	struct sim_task *t = thread_of(sim, thread);

	if (!t->threw) {
		t->joiners |= rig_self(sim->engine);
		rig_disable(sim->engine, rig_self(sim->engine));
	}
	sim_point(sim, SIM_JOIN);
	sim_access(sim, t->object, RIG_JOIN);
	if (sim->engine->trace) {
		char name[RIG_NAME_MAX];

		rig_detail(sim->engine, "(%s)",
			   rig_name_text(t->task->name, name));
	}
	t->joined = true;
	if (sim->engine->hashing)
		rig_chain_join(sim->engine->current, t->task);
}

void sim_thread_calls(struct spw_sys *sys)
{
	sys->thread_create = thread_create;
	sys->thread_join = thread_join;
}
