/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: what libspw offers, in any order. Two actors make a few calls
 * each, which the bytes choose, with any guard, a sound waiter and the sound
 * closer, under any schedule, and calls may fail (sim/fault.c). Every call may
 * say that it failed. What is never right: a program that ends as another one
 * would, a program that is busy though its guard promises otherwise, two
 * different answers to two waits, a byte of somebody else's descriptor; and
 * what is never right anywhere: something left behind, a broken rule of the
 * kernel's interface, no end.
 *
 * An input is text, if one likes: three characters of a header (guard, waiter,
 * kernel and faults), then for each actor CALLS of two, which call and how (see
 * calls[]; what is no letter there is one of them all the same), then the
 * schedule, as rig_bytes_begin reads it.
 *
 * Environment: RACERIG_FUZZ_FEEDBACK, see family.h.
 */
#include "cli/case.h"
#include "engine/trace.h"
#include "fuzz/environment.h"
#include "fuzz/family.h"
#include "fuzz/feedback.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ACTORS = 2,
	CALLS = 12, /* of an actor */
	SLOTS = 4,  /* processes, and as many descriptors, for all to use */
	GUARD = 0,
	WAITER,
	OPTIONS,
	HEADER,
	PROGRAM = HEADER + ACTORS * CALLS * 2,
	CONTENT_MAX = 64, /* of a simulated file */
	UNKNOWN = -1,     /* how what was written would end */
	LONG_ARGUMENT = 20000,
	GUARDS_MAX = 32,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Set once, under the lock, and released when the actors have ended. */
struct slots {
	struct process {
		struct spw_proc *proc;
		int code; /* as it ends if nobody kills it; or UNKNOWN */
		bool may_be_killed;
		bool told;
		struct spw_status status;
	} process[SLOTS];
	struct channel {
		struct spw_fd *fd;
		int peer; /* the other end */
		enum spw_way way;
		bool taken;
	} channel[SLOTS];
};

struct state {
	struct spw_mutex *lock;
	struct slots slots;
};

/* What its own file has, which no other actor writes. */
struct own {
	struct rig_run *run;
	unsigned index;
	bool written; /* since the last write that succeeded */
	int code;
};

static const uint8_t *program; /* of the input */

static struct slots *lock(struct rig_run *run)
{
	struct state *s = run->state;

	run->sys->mutex_lock(run->sys, s->lock);
	run->sys->assert_held(run->sys, s->lock, &s->slots, sizeof(s->slots));
	return &s->slots;
}

static void unlock(struct rig_run *run)
{
	struct state *s = run->state;

	run->sys->mutex_unlock(run->sys, s->lock);
}

static const char *path_of(const struct own *own)
{
	return own->run->world->path(own->run->world->ctx, own->index);
}

static uint64_t soon(const struct rig_run *run)
{
	return run->sys->now_ns(run->sys) + 1000000;
}

/* ---- writing ---- */

/* The least ELF file with an interpreter: its one header is part of it. */
static size_t put_elf(char content[CONTENT_MAX])
{
	static const struct {
		uint8_t at, value;
	} bytes[] = {
		{ 0, 0x7f }, { 1, 'E' },  { 2, 'L' },  { 3, 'F' },
		{ 4, 2 },    { 8, 3 },    { 16, 59 },  { 32, 8 },
		{ 40, 5 },   { 54, 56 },  { 56, 1 },   { 59, 'o' },
		{ 60, 't' }, { 61, 'h' }, { 62, 'e' }, { 63, 'r' },
	};

	memset(content, 0, CONTENT_MAX);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		content[bytes[i].at] = (char)bytes[i].value;
	return CONTENT_MAX;
}

/* A first line; what comes of it depends on who reads it. */
static size_t put_script(char content[CONTENT_MAX], unsigned which)
{
	static const char *const lines[] = {
		"#!other\n", "#! other\targument \n", "#!", "#! \t\n",
		"#!other",   "#!nowhere\n",           "#",  "",
	};

	return (size_t)snprintf(content, CONTENT_MAX, "%s", lines[which % 8]);
}

/* Returns how it would end; a script that is written again ends anyhow. */
static int fill(const struct own *own, unsigned how, char content[CONTENT_MAX],
		size_t *len)
{
	const struct rig_world *world = own->run->world;
	const void *image;

	if (how % 4 == 3) {
		*len = how & 4 ? put_elf(content) :
				 put_script(content, how / 8);
		if (how & 128) /* with something missing */
			content[how / 8 * 2 % CONTENT_MAX] = '\0';
		return UNKNOWN;
	}
	image = world->program(world->ctx, 1 + how % 4, len);
	memcpy(content, image, *len);
	return own->run->fix.interpreted ? UNKNOWN : 1 + (int)(how % 4);
}

static void call_write(struct own *own, unsigned how)
{
	char content[CONTENT_MAX];
	size_t len = 0;
	int code = fill(own, how, content, &len);

	own->written = spw_write_executable(own->run->rt, path_of(own), content,
					    len, 0755) == 0;
	own->code = own->written ? code : UNKNOWN;
}

/* ---- starting ---- */

static const struct spw_fd_map maps[][3] = {
	{ { 0, 1 }, { 1, 0 }, { 2, 5 } },
	{ { 2, 2 }, { 0, 4 }, { 0, 3 } },
	{ { 0, 1 }, { 21, 4 }, { 1, 2 } },
	{ { 0, -1 }, { 1, 0 }, { 2, 5 } },
};

static char long_argument[LONG_ARGUMENT];

static void started(struct own *own, struct spw_proc *proc, bool killed)
{
	struct slots *slots = lock(own->run);
	struct process *free_one = NULL;

	for (int i = 0; i < SLOTS && !free_one; i++)
		if (!slots->process[i].proc)
			free_one = &slots->process[i];
	if (free_one)
		*free_one = (struct process){ .proc = proc,
					      .code = own->code,
					      .may_be_killed = killed };
	unlock(own->run);
	if (!free_one)
		spw_release(proc);
}

/* Of a program that was written well, and is nobody else's. */
static void refused(const struct own *own, const struct spw_spec *spec,
		    enum spw_stage stage, int error)
{
	if (stage != SPW_STAGE_EXEC || !own->written || own->code == UNKNOWN ||
	    own->run->fix.interpreted)
		return;
	if (error == -ETXTBSY && !spec->dir && own->run->fix.claims_sound)
		rig_run_fail(own->run, "etxtbsy", "spawn of %s: busy",
			     spec->path);
	if (error == -ENOEXEC || error == -ENOENT || error == -EACCES)
		rig_run_fail(own->run, "wrong-program", "spawn of %s: %s",
			     spec->path, strerror(-error));
}

static void call_spawn(struct own *own, unsigned how)
{
	static char argument[] = "argument", variable[] = "NAME=value";
	char *argv[] = { (char *)path_of(own), argument, NULL, NULL };
	char *envp[] = { variable, NULL };
	const struct spw_spec spec = {
		.path = path_of(own),
		.argv = how & 1 ? argv : NULL,
		.envp = how & 1 ? envp : NULL,
		.dir = how & 2 ? "/" : NULL,
		.fds = maps[how / 64],
		.nfds = how & 4 ? (how == 255 ? SPW_FDS_MAX + 1 : 3) : 0,
		.flags = how / 8 % 8,
	};
	struct spw_proc *proc;
	enum spw_stage stage;
	int rc;

	if (how % 8 == 3)
		argv[2] = long_argument;
	rc = spw_spawn(own->run->rt, &spec, &proc, &stage);
	if (!rc)
		started(own, proc, spec.flags & SPW_DIE_WITH_CREATOR);
	else
		refused(own, &spec, stage, rc);
}

/* ---- waiting ---- */

static struct process *process(struct rig_run *run, unsigned how)
{
	struct process *p = &lock(run)->process[how % SLOTS];

	if (p->proc)
		return p;
	unlock(run);
	return NULL;
}

static void check_status(struct rig_run *run, unsigned how,
			 const struct spw_status *status)
{
	struct process *p = process(run, how);
	bool killed = status->signaled && p->may_be_killed;

	if (!killed && p->code != UNKNOWN &&
	    (status->signaled || status->code != p->code))
		rig_run_fail(run, "wrong-child", "status %d, expected %d",
			     status->code, p->code);
	if (p->told && (p->status.signaled != status->signaled ||
			p->status.code != status->code))
		rig_run_fail(run, "wrong-child", "status %d, and %d before",
			     status->code, p->status.code);
	p->told = true;
	p->status = *status;
	unlock(run);
}

static void call_wait(struct own *own, unsigned how)
{
	struct process *p = process(own->run, how);
	struct spw_proc *proc;
	struct spw_status status;

	if (!p)
		return;
	proc = p->proc;
	unlock(own->run);
	if (spw_pid(proc) <= 0)
		rig_run_fail(own->run, "wrong-child", "a process without id");
	if (spw_wait_until(proc, how & 4 ? SPW_NO_DEADLINE : soon(own->run),
			   &status) == 0)
		check_status(own->run, how, &status);
}

static void call_kill(struct own *own, unsigned how)
{
	struct process *p = process(own->run, how);
	struct spw_proc *proc;

	if (!p)
		return;
	p->may_be_killed = true;
	proc = p->proc;
	unlock(own->run);
	spw_signal(proc, SIGKILL);
}

/* ---- descriptors ---- */

static void call_open(struct own *own, unsigned how)
{
	struct spw_sys *sys = own->run->sys;
	enum spw_way way = how & 4 ? SPW_WRITE : SPW_READ;
	struct channel *c = &lock(own->run)->channel[how % SLOTS];
	bool taken = c->taken;
	struct spw_fd *fd = NULL;
	int ends[2];

	c->taken = true;
	unlock(own->run);
	if (taken || sys->pipe(sys, ends))
		return;
	if (spw_fd_adopt(own->run->rt, ends[way], &fd)) {
		sys->close(sys, ends[0]);
		sys->close(sys, ends[1]);
		return;
	}
	c = &lock(own->run)->channel[how % SLOTS];
	c->fd = fd;
	c->way = way;
	c->peer = ends[!way];
	unlock(own->run);
}

/* The number of the slot is what is written into it. */
static bool channel(struct rig_run *run, unsigned how, struct channel *c)
{
	*c = lock(run)->channel[how % SLOTS];
	unlock(run);
	return c->fd;
}

static void call_read(struct own *own, unsigned how)
{
	struct channel c;
	char byte = (char)(how % SLOTS);

	if (channel(own->run, how, &c) && c.way == SPW_READ &&
	    spw_fd_read(c.fd, &byte, 1, soon(own->run)) == 1 &&
	    byte != (char)(how % SLOTS))
		rig_run_fail(own->run, "wrong-owner",
			     "what was written to %d was read from %u", byte,
			     how % SLOTS);
}

static void call_put(struct own *own, unsigned how)
{
	struct spw_sys *sys = own->run->sys;
	char bytes[CONTENT_MAX];
	struct channel c;

	memset(bytes, (char)(how % SLOTS), sizeof(bytes));
	if (!channel(own->run, how, &c))
		return;
	if (c.way == SPW_WRITE)
		spw_fd_write(c.fd, bytes, how & 8 ? sizeof(bytes) : 1,
			     soon(own->run));
	else
		sys->write(sys, c.peer, bytes, 1);
}

static void call_await(struct own *own, unsigned how)
{
	struct channel c;

	if (channel(own->run, how, &c))
		spw_fd_wait(c.fd, how & 8 ? SPW_READ : SPW_WRITE,
			    soon(own->run));
}

static void call_lend(struct own *own, unsigned how)
{
	struct channel c;

	if (!channel(own->run, how, &c) || spw_fd_lend(c.fd) < 0)
		return;
	spw_fd_give_back(c.fd);
}

static void call_close(struct own *own, unsigned how)
{
	struct channel c;

	if (channel(own->run, how, &c))
		spw_fd_close(c.fd);
}

/* ---- the program ---- */

static void call_nothing(struct own *own, unsigned how)
{
	(void)own;
	(void)how;
}

static const struct {
	uint8_t letter;
	void (*make)(struct own *own, unsigned how);
} calls[] = {
	{ 'w', call_write }, { 's', call_spawn },   { 't', call_wait },
	{ 'k', call_kill },  { 'o', call_open },    { 'r', call_read },
	{ 'p', call_put },   { 'a', call_await },   { 'l', call_lend },
	{ 'c', call_close }, { '-', call_nothing },
};

enum { KINDS = sizeof(calls) / sizeof(calls[0]) };

static unsigned kind_of(uint8_t byte)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (calls[i].letter == byte)
			return i;
	return byte % KINDS;
}

static void actor(struct rig_run *run, unsigned index)
{
	const uint8_t *call = program + HEADER + (size_t)index * CALLS * 2;
	struct own own = { .run = run, .index = index, .code = UNKNOWN };

	for (int i = 0; i < CALLS; i++, call += 2)
		calls[kind_of(call[0])].make(&own, call[1]);
}

static int begin(struct rig_run *run)
{
	struct state *s = run->state;

	return run->sys->mutex_create(run->sys, &s->lock);
}

static void finish(struct rig_run *run)
{
	struct state *s = run->state;

	for (int i = 0; i < SLOTS; i++) {
		struct channel *c = &s->slots.channel[i];

		if (s->slots.process[i].proc)
			spw_release(s->slots.process[i].proc);
		if (!c->fd)
			continue;
		spw_fd_release(c->fd);
		run->sys->close(run->sys, c->peer);
	}
	run->sys->mutex_destroy(run->sys, s->lock);
}

static const struct rig_outcome outcomes[] = {
	RIG_OUTCOME_ETXTBSY,
	RIG_OUTCOME_WRONG_PROGRAM,
	{ .id = "wrong-child",
	  .grade = RIG_FORBIDDEN,
	  .text = "a wait was told what is not so" },
	{ .id = "wrong-owner",
	  .grade = RIG_FORBIDDEN,
	  .text = "a byte of another descriptor was read" },
	{ .id = NULL },
};

static const struct rig_family family = { .name = "api", .uses_spw = true };

static const struct rig_scenario scenario = {
	.name = "api/calls",
	.summary = "two actors make the calls that an input says",
	.family = &family,
	.actors_min = ACTORS,
	.actors_max = ACTORS,
	.actors = ACTORS,
	.outcomes = outcomes,
	.state_size = sizeof(struct state),
	.begin = begin,
	.actor = actor,
	.finish = finish,
};

/* ---- the target ---- */

/* What inputs choose from. */
static struct {
	unsigned nguards;
	struct rig_fix guard[GUARDS_MAX];
	const struct spw_waiter *waiter[3];
	const struct spw_closer *closer;
} policies;

static void open_policies(void)
{
	struct rig_fix fix;

	for (unsigned i = 0; rig_family_etxtbsy.fix(i, &fix); i++)
		if (!fix.unavailable && policies.nguards < GUARDS_MAX)
			policies.guard[policies.nguards++] = fix;
	policies.waiter[0] = spw_waiter_find("pidfd");
	policies.waiter[1] = spw_waiter_find("owner-handle");
	policies.waiter[2] = spw_waiter_find("auto");
	policies.closer = spw_closer_find("refcount");
}

static struct rig_case *open_once(void)
{
	static struct rig_case *c;

	if (c)
		return c;
	if (rig_case_open(&c)) {
		fputs("fuzz_api: no memory\n", stderr);
		exit(2);
	}
	open_policies();
	memset(long_argument, 'x', sizeof(long_argument) - 1);
	fuzz_feedback(c->engine, !fuzz_off("RACERIG_FUZZ_FEEDBACK"));
	return c;
}

static void make_plan(const uint8_t *header, struct rig_plan *plan)
{
	uint8_t bits = header[OPTIONS];

	*plan = (struct rig_plan){
		.scenario = &scenario,
		.fix = policies.guard[header[GUARD] % policies.nguards],
		.how = bits & 1 ? SPW_CLONE_FORK : SPW_CLONE_VFORK,
		.actors = ACTORS,
		.kernel = sim_defaults,
	};
	plan->fix.waiter = policies.waiter[header[WAITER] % 3];
	plan->fix.closer = policies.closer;
	plan->kernel.pids_reused = bits & 2;
	plan->kernel.inner_steps = !(bits & 4);
	plan->kernel.faults = (bits >> 3 & 1u) + (bits >> 5 & 2u);
}

static void run(struct rig_case *c, const uint8_t *data, size_t size)
{
	struct rig_bytes bytes;

	rig_bytes_begin(&bytes, size ? data : NULL, size);
	fuzz_must(c, rig_engine_run(c->engine, c->subject, rig_bytes_pick,
				    &bytes));
}

/* Once more, this time written down. */
static _Noreturn void report(struct rig_case *c, const uint8_t *data,
			     size_t size)
{
	static struct rig_trace trace;

	c->engine->trace = &trace;
	run(c, data, size);
	fprintf(stderr, "guard %s, spawn %s\n", c->plan.fix.name,
		rig_how_name(c->plan.how));
	for (int i = 0; i < ACTORS * CALLS; i++) {
		const uint8_t *call = program + HEADER + (size_t)i * 2;

		fprintf(stderr, "a%d %c%u\n", 1 + i / CALLS,
			calls[kind_of(call[0])].letter, call[1]);
	}
	fuzz_abort(c, &trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t copy[PROGRAM] = { 0 };
	struct rig_case *c = open_once();
	size_t given = size < PROGRAM ? size : PROGRAM;
	struct rig_plan plan;

	if (size)
		memcpy(copy, data, given);
	memset(copy + given, '-', PROGRAM - given);
	program = copy;
	make_plan(copy, &plan);
	rig_case_set(c, &plan);
	fuzz_feedback_begin();
	run(c, data + given, size - given);
	if (c->engine->end == RIG_VIOLATED)
		report(c, data + given, size - given);
	return 0;
}
