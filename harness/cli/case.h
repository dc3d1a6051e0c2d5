/* SPDX-License-Identifier: MIT */
/*
 * A case: one scenario with one fix on the simulated kernel, ready to be
 * executed by the engine. What every command and every fuzz target starts from.
 */
#ifndef RIG_CASE_H
#define RIG_CASE_H

#include "control/control.h"
#include "engine/engine.h"
#include "engine/schedule.h"
#include "scenarios/scenario.h"
#include "sim/sim.h"

/* What is to be run. */
struct rig_plan {
	const struct rig_scenario *scenario;
	struct rig_fix fix;
	struct rig_beside beside;
	enum spw_clone how;
	unsigned actors;
	struct sim_options kernel;
	uint64_t starve_ns;
};

/* Actors of a scenario that write programs. */
enum { RIG_PROGRAMS_MAX = 8 };

struct rig_case {
	struct rig_engine *engine;
	struct sim *sim;
	const struct rig_subject *subject;
	struct rig_control *control; /* NULL: the simulated world alone */
	struct rig_plan plan;
	struct rig_world world;
	struct rig_run run;
	uint8_t program[RIG_PROGRAMS_MAX][SIM_PROGRAM_SIZE];
	uint8_t script[RIG_PROGRAMS_MAX][SIM_SCRIPT_SIZE];
	size_t script_len; /* of each: the codes have one digit */
};

/* 0 or -ENOMEM. Until rig_case_set the case has nothing to run. */
int rig_case_open(struct rig_case **c);
void rig_case_close(struct rig_case *c);

/* Whether this kernel can do what plan needs. 0, or -errno and why not. */
int rig_case_control_may(const struct rig_plan *plan, char *why,
			 size_t why_len);
/*
 * From now on each call is made on this machine's kernel as well, by whole
 * calls, in directory dir. -errno; why says what failed.
 */
int rig_case_control(struct rig_case *c, const char *dir, char *why,
		     size_t why_len);

/* How libspw makes children: as the plan says, or its fix. */
enum spw_clone rig_plan_how(const struct rig_plan *plan);

/* The rules of the simulated kernel for a scenario (NULL: any). */
struct sim_options rig_case_kernel(const struct rig_scenario *scenario);

/* Why that cannot be run under those rules, or NULL; what is beside the fix
 * counts. */
const char *rig_case_unavailable(const struct rig_plan *plan);

/* From now on executions of c->subject run plan: its fix, with what is beside
 * it. */
void rig_case_set(struct rig_case *c, const struct rig_plan *plan);

const char *rig_how_name(enum spw_clone how);
/* False where there is no such way. */
bool rig_how_find(const char *name, enum spw_clone *how);

/* The header of a schedule of the case's plan. */
void rig_case_header(const struct rig_case *c, const char *outcome,
		     struct rig_header *header);

/*
 * The plan that a schedule's header describes. -EINVAL: it names something
 * that does not exist; why says what, as "FIELD: reason".
 */
int rig_case_plan(const struct rig_header *header, struct rig_plan *plan,
		  char *why, size_t why_len);

#endif
