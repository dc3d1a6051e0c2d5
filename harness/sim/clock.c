/* SPDX-License-Identifier: MIT */
/* Time: the engine's clock, and the pause of a loop that polls the kernel. */
#include "sim/kernel.h"

#include <inttypes.h>

static uint64_t now_ns(struct spw_sys *sys)
{
	struct sim *sim = sim_of(sys);

	rig_note(sim->engine, sim->engine->now_ns);
	return sim->engine->now_ns;
}

static void sleep_ns(struct spw_sys *sys, uint64_t ns)
{
	struct sim *sim = sim_of(sys);

	rig_sleep(sim->engine, SIM_SLEEP, ns);
	rig_detail(sim->engine, "(%" PRIu64 " ms) over", ns / 1000000);
}

/* The version that a pause waits for grows with each of these. */
static void look(struct sim *sim, const struct sim_task *self)
{
	const struct sim_inode *inode = &sim->inode[self->watch];

	if (self->scans) {
		sim_access_writers(sim, self->watch);
		return;
	}
	sim_access(sim, inode->object + SIM_WRITERS, RIG_READ);
	sim_access(sim, inode->object + SIM_IMAGES, RIG_READ);
	sim_access(sim, inode->object + SIM_LEASES, RIG_READ);
}

/*
 * Between two tries of a polling loop: the task goes on when what it looked
 * at has changed, and then the next try is part of the same step. A try that
 * must fail like the one before is no new behaviour, and so a loop ends.
 */
static void pause_call(struct spw_sys *sys, unsigned attempt)
{
	struct sim *sim = sim_of(sys);
	struct sim_task *self = sim_self(sim);
	struct sim_inode *inode = &sim->inode[self->watch];

	(void)attempt;
	if (!self->watch)
		sim_contract(sim, "a pause in a loop that looks at nothing");
	self->fused = true;
	look(sim, self);
	if (sim_watch_version(sim, self) == self->watch_version) {
		if (self->scans)
			inode->scanners |= rig_self(sim->engine);
		else
			inode->watchers |= rig_self(sim->engine);
		rig_disable(sim->engine, rig_self(sim->engine));
		rig_point(sim->engine, SIM_PAUSE);
		look(sim, self);
	}
	self->watch = 0;
}

void sim_clock_calls(struct spw_sys *sys)
{
	sys->now_ns = now_ns;
	sys->sleep_ns = sleep_ns;
	sys->pause = pause_call;
}
