/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "engine/schedule.h"
#include "engine/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for core under a sanitizer; untouched pages cost nothing. */
enum { STACK_SIZE = 256 * 1024 };

int rig_engine_open(struct rig_engine **engine)
{
	struct rig_engine *e = calloc(1, sizeof(*e));
	int rc = e ? 0 : -ENOMEM;

	for (unsigned i = 0; e && !rc && i < RIG_TASKS_MAX; i++) {
		rc = rig_fiber_open(&e->task[i].fiber, STACK_SIZE);
		e->task[i].index = (uint8_t)i;
	}
	if (rc) {
		rig_engine_close(e);
		return rc;
	}
	rig_fiber_adopt(&e->home);
	*engine = e;
	return 0;
}

void rig_engine_close(struct rig_engine *engine)
{
	if (!engine)
		return;
	for (unsigned i = 0; i < RIG_TASKS_MAX; i++)
		rig_fiber_close(&engine->task[i].fiber);
	free(engine);
}

/* ---- leaving an execution ---- */

/* Back to rig_engine_run; the running task's stack is simply forgotten. */
static _Noreturn void go_home(struct rig_engine *e)
{
	struct rig_task *self = e->current;

	rig_fiber_switch(&self->fiber, &e->home);
	abort(); /* an abandoned fiber is never resumed */
}

void rig_fail(struct rig_engine *e, const char *outcome, const char *format,
	      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->message, sizeof(e->message), format, args);
	va_end(args);
	e->end = RIG_VIOLATED;
	e->outcome = outcome;
	go_home(e);
}

void rig_abort(struct rig_engine *e, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->message, sizeof(e->message), format, args);
	va_end(args);
	e->end = RIG_PRUNED;
	e->error = error;
	go_home(e);
}

static _Noreturn void deadlock(struct rig_engine *e)
{
	char list[RIG_MESSAGE_MAX] = "";
	char name[RIG_NAME_MAX];
	size_t used = 0;

	for (unsigned i = 0; i < e->ntasks; i++) {
		const struct rig_task *t = &e->task[i];

		if (t->ended || used >= sizeof(list))
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%s in %s", used ? ", " : "",
					 rig_name_text(t->name, name),
					 rig_op_name(e->subject, t->op));
	}
	rig_fail(e, "deadlock", "every task is blocked: %.200s", list);
}

/* ---- the clock ---- */

static uint64_t next_deadline(const struct rig_engine *e)
{
	uint64_t first = UINT64_MAX;

	for (rig_set m = e->sleeping; m; m = rig_rest(m)) {
		uint64_t at = e->task[rig_first(m)].deadline;

		if (at < first)
			first = at;
	}
	return first;
}

/* The longest wait of an enabled task if the clock moved to at. */
static uint64_t longest_wait(const struct rig_engine *e, uint64_t at)
{
	uint64_t longest = 0;

	for (rig_set m = e->enabled; m; m = rig_rest(m)) {
		uint64_t wait = at - e->task[rig_first(m)].since;

		if (wait > longest)
			longest = wait;
	}
	return longest;
}

/* May the clock move although some task could run? Then that task starves. */
static bool clock_may_tick(const struct rig_engine *e)
{
	return e->sleeping && e->starve_ns &&
	       longest_wait(e, next_deadline(e)) <= e->starve_ns;
}

static void tick(struct rig_engine *e)
{
	uint64_t at = next_deadline(e);
	uint64_t wait = longest_wait(e, at);
	rig_set woken = 0;

	if (wait > e->starved_ns)
		e->starved_ns = wait;
	e->now_ns = at;
	for (rig_set m = e->sleeping; m; m = rig_rest(m)) {
		unsigned i = rig_first(m);

		if (e->task[i].deadline > at)
			continue;
		e->task[i].deadline = 0;
		woken |= rig_bit(i);
	}
	e->sleeping &= ~woken;
	rig_enable(e, woken);
	if (e->trace)
		rig_trace_tick(e->trace, at);
}

void rig_enable(struct rig_engine *e, rig_set tasks)
{
	rig_set fresh = tasks & ~e->enabled;

	e->enabled |= tasks;
	if (!e->starve_ns)
		return;
	for (; fresh; fresh = rig_rest(fresh))
		e->task[rig_first(fresh)].since = e->now_ns;
}

/* ---- picking ---- */

unsigned rig_default(const struct rig_engine *e, rig_set choices)
{
	const struct rig_task *self = e->current;

	if (e->value_op)
		return rig_first(choices);
	if (rig_has(choices, self->index))
		return self->index;
	for (unsigned i = self->index + 1u; i < e->ntasks; i++)
		if (rig_has(choices, i) && e->task[i].parent == self)
			return i;
	return rig_first(choices);
}

/*
 * A decision: asks the strategy, checks the answer, writes it down. all is what
 * could be chosen by anybody, choices what this search lets itself choose.
 */
static unsigned decide(struct rig_engine *e, rig_set all, rig_set choices)
{
	unsigned pick;

	if (e->ndecisions == RIG_DECISIONS_MAX)
		rig_fail(e, "livelock", "no end after %u decisions",
			 e->ndecisions);
	pick = e->pick(e->pick_state, e, choices);
	if (pick == RIG_PRUNE) {
		e->end = RIG_PRUNED;
		go_home(e);
	}
	if (pick > RIG_CLOCK || !rig_has(choices, pick))
		rig_abort(e, -EINVAL, "the strategy chose a disabled task");
	e->log[e->ndecisions++] = (uint8_t)pick;
	if (e->record)
		rig_schedule_record(e->record, e, all, pick);
	return pick;
}

/* The task that runs next. The clock is asked first where it may move. */
static struct rig_task *next_task(struct rig_engine *e)
{
	for (;;) {
		rig_set all = e->enabled;
		unsigned pick;

		if (e->sleeping && (!all || clock_may_tick(e)))
			all |= rig_bit(RIG_CLOCK);
		if (!all)
			deadlock(e);
		if (rig_rest(all) || e->every)
			pick = decide(e, all, all & ~e->gated);
		else
			pick = rig_first(all);
		if (pick != RIG_CLOCK)
			return &e->task[pick];
		tick(e);
	}
}

static void count_op(struct rig_engine *e, struct rig_task *self, unsigned op)
{
	if (e->counting)
		self->nth = ++self->count[op];
}

unsigned rig_choose(struct rig_engine *e, unsigned op, unsigned n)
{
	struct rig_task *self = e->current;
	uint16_t pending = self->op;
	unsigned value;

	self->op = (uint16_t)op;
	count_op(e, self, op);
	e->value_op = op;
	value = decide(e, rig_bit(n) - 1, rig_bit(n) - 1);
	e->value_op = 0;
	self->op = pending;
	rig_note(e, value);
	return value;
}

unsigned rig_fault(struct rig_engine *e, unsigned op, rig_set faults)
{
	struct rig_task *self = e->current;
	uint16_t pending = self->op, nth = self->nth;
	rig_set choices = faults | rig_bit(0);
	unsigned fault;

	self->op = (uint16_t)op;
	if (e->counting) /* as the call is going to be counted */
		self->nth = (uint16_t)(self->count[op] + 1);
	e->value_op = op;
	e->faulting = true;
	fault = decide(e, choices, choices);
	e->faulting = false;
	e->value_op = 0;
	self->op = pending;
	self->nth = nth;
	rig_note(e, fault);
	return fault;
}

/* ---- footprints ---- */

void rig_access_add(struct rig_engine *e, rig_object object, enum rig_mode mode)
{
	struct rig_footprint *f = &e->foot;

	if (e->on_access) {
		e->on_access(e->access_state, e, object, mode);
		return;
	}
	if (f->n == RIG_ACCESS_MAX || object >= RIG_OBJECTS_MAX) {
		f->all = true;
		return;
	}
	f->access[f->n++] = (struct rig_access){ object, (uint8_t)mode };
}

/* ---- points ---- */

/* The next actor may begin, too. */
static void first_step(struct rig_engine *e, struct rig_task *self)
{
	self->moved = true;
	if (e->gated && self->kind == RIG_KIND_ACTOR)
		e->gated = rig_rest(e->gated);
}

/* The chosen task does what it announced. */
static void commit(struct rig_engine *e, struct rig_task *self)
{
	e->current = self;
	self->about = 0;
	if (!self->moved)
		first_step(e, self);
	if (++e->steps > RIG_STEPS_MAX)
		rig_fail(e, "livelock", "no end after %u steps", e->steps - 1);
	if (e->hashing)
		rig_chain(self, self->op);
	if (e->trace)
		rig_trace_step(e->trace, e, self);
}

void rig_point(struct rig_engine *e, unsigned op)
{
	struct rig_task *self = e->current;
	struct rig_task *next;

	self->op = (uint16_t)op;
	self->since = e->now_ns;
	count_op(e, self, op);
	if (self->starter) { /* eager start: its first point is reached */
		next = self->starter;
		self->starter = NULL;
		e->current = next;
	} else {
		next = next_task(e);
	}
	if (next != self)
		rig_fiber_switch(&self->fiber, &next->fiber);
	commit(e, self);
}

void rig_silent(struct rig_engine *e, unsigned op)
{
	struct rig_task *self = e->current;
	uint16_t pending = self->op;

	self->about = 0;
	/* Counted where nobody looks, too: else a trace would change names. */
	count_op(e, self, op);
	if (!e->trace)
		return;
	self->op = (uint16_t)op;
	rig_trace_step(e->trace, e, self);
	self->op = pending;
}

/* A deadline that is over already comes at once, but not before now. */
void rig_until(struct rig_engine *e, uint64_t deadline_ns)
{
	e->current->deadline = deadline_ns > e->now_ns ? deadline_ns :
							 e->now_ns;
	e->sleeping |= rig_self(e);
}

void rig_awaken(struct rig_engine *e, rig_set tasks)
{
	tasks &= e->sleeping;
	e->sleeping &= ~tasks;
	for (; tasks; tasks = rig_rest(tasks))
		e->task[rig_first(tasks)].deadline = 0;
}

void rig_sleep(struct rig_engine *e, unsigned op, uint64_t ns)
{
	rig_until(e, e->now_ns + ns);
	rig_disable(e, rig_self(e));
	rig_point(e, op);
}

/* ---- tasks ---- */

static void task_main(void *arg)
{
	struct rig_engine *e = arg;
	struct rig_task *self = e->current;

	self->body(self->arg);
	rig_task_end(e);
}

static struct rig_task *task_new(struct rig_engine *e, rig_name name,
				 void (*body)(void *arg), void *arg)
{
	struct rig_task *t = &e->task[e->ntasks++];

	t->name = name;
	t->ended = false;
	t->op = RIG_OP_START;
	t->nth = 0;
	memset(t->born, 0, sizeof(t->born));
	t->parent = e->current;
	t->starter = NULL;
	t->moved = false;
	t->about = 0;
	t->deadline = 0;
	t->since = e->now_ns;
	t->chain[0] = t->chain[1] = name;
	t->body = body;
	t->arg = arg;
	t->world = NULL;
	if (e->counting)
		memset(t->count, 0, sizeof(t->count));
	rig_fiber_start(&t->fiber, task_main, e);
	e->enabled |= rig_bit(t->index);
	return t;
}

/* Behind the actors before it, if one has not begun yet. */
static void gate(struct rig_engine *e, const struct rig_task *actor)
{
	for (unsigned i = 0; i < actor->index; i++) {
		const struct rig_task *t = &e->task[i];

		if (t->kind == RIG_KIND_ACTOR && !t->moved && !t->ended)
			e->gated |= rig_bit(actor->index);
	}
}

int rig_task_create(struct rig_engine *e, enum rig_kind kind,
		    void (*body)(void *arg), void *arg, void *world,
		    struct rig_task **task)
{
	struct rig_task *self = e->current;
	struct rig_task *t;
	rig_name name;

	if (e->ntasks == RIG_TASKS_MAX || self->born[kind] == RIG_BORN_MAX)
		return -EAGAIN;
	name = rig_name_child(self->name, kind, self->born[kind] + 1u);
	if (!name)
		return -EAGAIN;
	self->born[kind]++;
	t = task_new(e, name, body, arg);
	t->kind = kind;
	t->world = world;
	if (e->gating && kind == RIG_KIND_ACTOR)
		gate(e, t);
	if (e->hashing)
		rig_chain_join(t, self);
	*task = t;
	/* A new task runs up to its first point: what is private to it needs
	 * no decision, and then every task announces what it will do. */
	t->starter = self;
	e->current = t;
	rig_fiber_switch(&self->fiber, &t->fiber);
	return 0;
}

void rig_task_end(struct rig_engine *e)
{
	struct rig_task *self = e->current;
	struct rig_task *next;

	self->ended = true;
	self->op = RIG_OP_END;
	self->nth = 1;
	rig_disable(e, rig_self(e));
	e->gated &= ~rig_self(e); /* it may end where it has not begun */
	if (self->index == 0) {
		e->end = RIG_DONE;
		go_home(e);
	}
	if (self->starter) {
		next = self->starter;
		self->starter = NULL;
		e->current = next;
	} else {
		next = next_task(e);
	}
	rig_fiber_switch(&self->fiber, &next->fiber);
	abort(); /* an ended task is never resumed */
}

int rig_engine_run(struct rig_engine *e, const struct rig_subject *subject,
		   rig_pick_fn *pick, void *pick_state)
{
	struct rig_task *root;

	e->subject = subject;
	e->pick = pick;
	e->pick_state = pick_state;
	e->enabled = e->sleeping = e->gated = 0;
	e->current = NULL;
	rig_foot_clear(&e->foot);
	e->nobjects = RIG_OBJECT_SUBJECT;
	e->ntasks = e->steps = e->ndecisions = e->value_op = 0;
	e->faulting = false;
	e->now_ns = e->starved_ns = 0;
	e->end = RIG_PRUNED;
	e->outcome = NULL;
	e->message[0] = '\0';
	e->error = 0;
	subject->begin(subject->ctx, e);
	root = task_new(e, RIG_NAME_MAIN, subject->main, subject->ctx);
	root->kind = RIG_KIND_THREAD;
	e->current = root;
	rig_fiber_switch(&e->home, &root->fiber);
	return e->error;
}

/* ---- pictures of the state ---- */

static void picture_task(struct rig_engine *e, const struct rig_task *t)
{
	struct rig_words *out = &e->words;

	rig_word(out, (uint64_t)t->name << 32 | (uint64_t)t->op << 8 |
			      (e->enabled >> t->index & 1));
	rig_word(out, t->chain[0]);
	rig_word(out, t->chain[1]);
	if (e->sleeping >> t->index & 1)
		rig_word(out, t->deadline - e->now_ns);
	if (e->starve_ns)
		rig_word(out, e->now_ns - t->since);
}

/*
 * Tasks in the order of their names: which of two children was created first
 * then makes no difference. An ended task is what it left in the world.
 */
void rig_picture(struct rig_engine *e)
{
	uint8_t order[RIG_TASKS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < e->ntasks; i++) {
		unsigned at = n;

		if (e->task[i].ended)
			continue;
		for (; at && e->task[order[at - 1]].name > e->task[i].name;
		     at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
		n++;
	}
	e->words.n = 0;
	for (unsigned i = 0; i < n; i++)
		picture_task(e, &e->task[order[i]]);
	rig_word(&e->words, e->value_op);
	if (e->value_op)
		rig_word(&e->words, e->current->name);
	e->subject->snapshot(e->subject->ctx, &e->words);
}

void rig_picture_end(struct rig_engine *e)
{
	e->words.n = 0;
	e->subject->snapshot(e->subject->ctx, &e->words);
}
