/* SPDX-License-Identifier: MIT */
/*
 * The engine: one execution of a program of tasks under a schedule.
 *
 * Tasks are fibers of one thread. A task runs until it is about to do
 * something that another task can see, states that as a *point*, and the
 * strategy picks which enabled task goes on. An execution is therefore a pure
 * function of the program and of the picks.
 *
 * The engine knows nothing of kernels: a *subject* supplies the program, the
 * names of its operations and a canonical picture of its state. Time is the
 * engine's: it moves only when nothing else can run, or when the schedule
 * says so (see rig_engine.starve_ns).
 *
 * Thread-safety: an engine belongs to one thread. Errors: -errno.
 */
#ifndef RIG_ENGINE_H
#define RIG_ENGINE_H

#include "engine/fiber.h"
#include "engine/footprint.h"
#include "engine/rng.h"
#include "engine/set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RIG_TASKS_MAX = 120, /* tasks of one execution, ended ones too */
	RIG_CLOCK = 126,     /* the clock, as a choice beside the tasks */
	RIG_PRUNE = 127,     /* a pick: end this execution here */
	RIG_OPS_MAX = 96,    /* kinds of operation, the engine's included */
	RIG_DECISIONS_MAX = 4096, /* of one execution */
	RIG_STEPS_MAX = 20000,    /* of one execution; more is a live-lock */
	RIG_MESSAGE_MAX = 240,
	RIG_WORDS_MAX = 4096, /* of a picture of the state */
};

/*
 * Operations of the engine itself; a subject's own begin at RIG_OP_SUBJECT.
 */
enum rig_op {
	RIG_OP_START, /* the moment before any task has run */
	RIG_OP_TICK,  /* the clock moves to the next deadline */
	RIG_OP_END,   /* a task has ended */
	RIG_OP_LOAD,  /* engine/cell.h */
	RIG_OP_STORE,
	RIG_OP_ADD,
	RIG_OP_SWAP,
	RIG_OP_SUBJECT = 8,
};

/*
 * A task's name is its place in the tree of creation, never an address, a
 * thread id or a pid: parent, kind, how-many-th of that kind under the parent.
 * Four bits of ordinal and two of kind a level; five levels fit.
 */
typedef uint32_t rig_name;

enum rig_kind { RIG_KIND_ACTOR, RIG_KIND_THREAD, RIG_KIND_CHILD };

enum {
	RIG_NAME_MAIN = 1,  /* the root task, "main" */
	RIG_NAME_CLOCK = 2, /* the clock, "clock" */
	RIG_NAME_MAX = 40,  /* bytes of a name as text, the NUL included */
	RIG_BORN_MAX = 110, /* tasks of one kind under one parent */
};

struct rig_engine;
struct rig_schedule;
struct rig_trace;

struct rig_task {
	struct rig_fiber fiber;
	rig_name name;
	uint8_t index;
	enum rig_kind kind;
	bool ended;
	uint16_t op;     /* what it is about to do */
	uint16_t nth;    /* how-many-th of that op; only while counting */
	uint8_t born[3]; /* tasks created so far, by kind */
	const struct rig_task *parent;
	struct rig_task *starter; /* whom the eager start returns to */
	bool moved;               /* it has made a step */
	bool about_writes;        /* see rig_about */
	uint32_t about;
	uint64_t deadline;           /* of a sleep, else 0 */
	uint64_t since;              /* when it was last enabled or ran */
	uint64_t chain[2];           /* hash of what it did and was told */
	uint16_t count[RIG_OPS_MAX]; /* only while counting */
	void (*body)(void *arg);
	void *arg;
	void *world; /* the subject's own */
};

/* A picture of the state, as words: what makes two states the same. */
struct rig_words {
	size_t n;
	uint64_t word[RIG_WORDS_MAX];
};

static inline void rig_word(struct rig_words *out, uint64_t word)
{
	if (out->n < RIG_WORDS_MAX)
		out->word[out->n] = word;
	out->n++; /* past the end: the engine ends the search with an error */
}

/* What is executed. */
struct rig_step; /* trace.h */
struct rig_trace;

struct rig_subject {
	void *ctx;
	/* Sets the world back to its beginning; no task exists yet. */
	void (*begin)(void *ctx, struct rig_engine *engine);
	/* The body of the root task. When it returns the execution is over. */
	void (*main)(void *ctx);
	/* Appends the state of everything but the tasks' own histories. */
	void (*snapshot)(void *ctx, struct rig_words *out);
	/* NULL: no such operation. */
	const char *(*op_name)(unsigned op);
	/* True: op is a step inside a call, not a call. May be NULL. */
	bool (*op_inner)(unsigned op);
	/* True: op never matters to another task; a picture of the
	 * interleaving leaves it out. May be NULL. */
	bool (*op_minor)(unsigned op);
	/*
	 * The name of fault number fault, from 1 on, of those that may befall a
	 * call op; NULL past the last. May be NULL: there are none.
	 */
	const char *(*fault_name)(unsigned op, unsigned fault);
	/* For a trace: fills in held and number of its next step. May be NULL. */
	void (*look)(void *ctx, struct rig_trace *trace, struct rig_step *step);
};

enum rig_end {
	RIG_DONE,     /* the root task returned */
	RIG_VIOLATED, /* something forbidden happened: outcome and message */
	RIG_PRUNED,   /* the strategy ended it */
};

/* How picks are made. state is the strategy's own. */
typedef unsigned rig_pick_fn(void *state, struct rig_engine *engine,
			     rig_set choices);

/* Told of what the running task does to an object. */
typedef void rig_access_fn(void *state, const struct rig_engine *engine,
			   rig_object object, enum rig_mode mode);

struct rig_engine {
	/* ---- the execution, reset by rig_engine_run ---- */
	rig_set enabled;  /* who may be chosen */
	rig_set sleeping; /* who waits for a deadline */
	struct rig_task *current;
	unsigned ntasks;
	unsigned steps;
	unsigned ndecisions;
	unsigned value_op; /* a value is being picked for this op, else 0 */
	bool faulting; /* the value is a fault: rare, or nothing would work */
	uint64_t now_ns;
	uint64_t starved_ns; /* the longest any enabled task was kept waiting */
	rig_set gated;       /* actors whose turn to begin has not come */
	struct rig_footprint foot; /* since the last pick; while tracking */
	unsigned nobjects;         /* given out so far */
	enum rig_end end;
	const char *outcome; /* when violated: a static string */
	char message[RIG_MESSAGE_MAX];
	int error; /* -errno: the rig itself failed */
	/* ---- settings, kept from run to run ---- */
	uint64_t starve_ns; /* how long an enabled task may be kept waiting */
	bool hashing;       /* tasks keep their chains */
	bool counting;      /* tasks count their operations, to name them */
	bool tracking;      /* footprints are recorded, or told: */
	bool every;         /* picks are asked for where there is one choice */
	/*
	 * The subject's actors are the same but for their number, and a search
	 * through everything may let them begin in the order of their numbers:
	 * what another order would show is shown by this one, with the names
	 * changed.
	 */
	bool identical;
	bool gating;                 /* they do begin in that order */
	struct rig_schedule *record; /* where decisions are written, or NULL */
	struct rig_trace *trace;     /* where steps are written, or NULL */
	rig_access_fn *on_access;    /* told, and not recorded; or NULL */
	void *access_state;
	/* ---- the engine's own ---- */
	const struct rig_subject *subject;
	rig_pick_fn *pick;
	void *pick_state;
	struct rig_fiber home;
	uint8_t log[RIG_DECISIONS_MAX]; /* the picks of this execution */
	struct rig_task task[RIG_TASKS_MAX];
	struct rig_words words;
};

/* 0 or -ENOMEM. */
int rig_engine_open(struct rig_engine **engine);
void rig_engine_close(struct rig_engine *engine);

/*
 * One execution of subject with picks from pick. What happened is in the
 * fields above. 0, or -errno when the rig itself failed.
 */
int rig_engine_run(struct rig_engine *engine, const struct rig_subject *subject,
		   rig_pick_fn *pick, void *pick_state);

/* ---- for tasks: called on the running task's fiber ---- */

/* The running task is about to do op: others may go first. */
void rig_point(struct rig_engine *engine, unsigned op);

/*
 * The same for a call that waits for bits of a mask the subject keeps: the
 * task is chosen only while enabled. The subject calls rig_disable before and
 * rig_enable when the wait may end.
 */
static inline void rig_disable(struct rig_engine *engine, rig_set tasks)
{
	engine->enabled &= ~tasks;
}
void rig_enable(struct rig_engine *engine, rig_set tasks);

static inline rig_set rig_self(const struct rig_engine *engine)
{
	return rig_bit(engine->current->index);
}

/* What the running task does to an object, for its footprint. */
void rig_access_add(struct rig_engine *engine, rig_object object,
		    enum rig_mode mode);

static inline void rig_access(struct rig_engine *engine, rig_object object,
			      enum rig_mode mode)
{
	if (engine->tracking)
		rig_access_add(engine, object, mode);
}

/*
 * The first of n new objects. One that is created by a step may have another
 * number where that step is made later.
 */
static inline rig_object rig_objects(struct rig_engine *engine, unsigned n)
{
	unsigned first = engine->nobjects;

	engine->nobjects += n; /* past the end: a footprint is everything */
	return (rig_object)(first < RIG_OBJECTS_MAX ? first : RIG_OBJECTS_MAX);
}

/* The running task does what no footprint could say, or a limit was met. */
static inline void rig_access_all(struct rig_engine *engine)
{
	engine->foot.all = true;
}

/*
 * Before rig_point: what the operation will mostly be about, for samplers that
 * look ahead: a key that is the same in every execution (no address, no
 * number that depends on who was first), not 0, and whether it changes that.
 */
static inline void rig_about(struct rig_engine *engine, uint32_t key,
			     bool writes)
{
	engine->current->about = key;
	engine->current->about_writes = writes;
}

/* Picks one of n values (2..60) for op: a decision like which task goes on. */
unsigned rig_choose(struct rig_engine *engine, unsigned op, unsigned n);

/*
 * Before the running task makes call op, which may fail in the ways of faults
 * (bit i: fault number i, from 1 on): the one that befalls it, or 0. A decision
 * like rig_choose, named by the call that fails.
 */
unsigned rig_fault(struct rig_engine *engine, unsigned op, rig_set faults);

/* Sleeps in simulated time. */
void rig_sleep(struct rig_engine *engine, unsigned op, uint64_t ns);

/*
 * A wait that a deadline ends, too: before rig_point, when the task has been
 * disabled. Whoever ends the wait first calls rig_awaken.
 */
void rig_until(struct rig_engine *engine, uint64_t deadline_ns);
/* What was waited for has come: the tasks' deadlines are off. */
void rig_awaken(struct rig_engine *engine, rig_set tasks);

/* A call that is no point, for the trace. */
void rig_silent(struct rig_engine *engine, unsigned op);

/* What the running task was told: the part of its history that varies. */
static inline void rig_note(struct rig_engine *engine, uint64_t value);

/*
 * Creates a task that runs body(arg) and runs it at once up to its first
 * point. -EAGAIN when there are too many.
 */
int rig_task_create(struct rig_engine *engine, enum rig_kind kind,
		    void (*body)(void *arg), void *arg, void *world,
		    struct rig_task **task);

/* Ends the running task. */
_Noreturn void rig_task_end(struct rig_engine *engine);

/* Ends the execution: outcome (a static string) is forbidden. */
_Noreturn void rig_fail(struct rig_engine *engine, const char *outcome,
			const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Ends the execution: the rig cannot go on. */
_Noreturn void rig_abort(struct rig_engine *engine, int error,
			 const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- for strategies ---- */

/*
 * Go on with the current task. Where it cannot: with a child of its own, for
 * which it most likely waits; else with any task; else with the clock. Of
 * several the oldest.
 */
unsigned rig_default(const struct rig_engine *engine, rig_set choices);

/* A task is picked, and it could be the current one: another preempts it. */
static inline bool rig_can_go_on(const struct rig_engine *engine,
				 rig_set choices)
{
	return !engine->value_op && rig_has(choices, engine->current->index);
}

enum { RIG_FAULT_RARE = 64 };

/*
 * A value that a sampler picks. Each alike, but for faults: an execution passes
 * many a call that may fail, and has few to spend.
 */
static inline unsigned rig_draw_value(const struct rig_engine *engine,
				      struct rig_rng *rng, rig_set values)
{
	if (engine->faulting)
		return rig_rng_below(rng, RIG_FAULT_RARE) ?
			       0 :
			       rig_draw(rng, rig_rest(values));
	return rig_draw(rng, values);
}

/* Fills engine->words with the whole state, tasks' histories included. */
void rig_picture(struct rig_engine *engine);

/* Fills engine->words with the state at the end: no histories. */
void rig_picture_end(struct rig_engine *engine);

/* ---- names ---- */

rig_name rig_name_child(rig_name parent, enum rig_kind kind, unsigned ordinal);
/* Writes at most RIG_NAME_MAX bytes. Returns buf. */
const char *rig_name_text(rig_name name, char *buf);
/* 0 where text is no name. */
rig_name rig_name_parse(const char *text, size_t len);
const char *rig_op_name(const struct rig_subject *subject, unsigned op);
/* -ENOENT where there is none of that name. */
int rig_op_find(const struct rig_subject *subject, const char *text,
		size_t len);

/* ---- hashing of histories ---- */

#define RIG_MIX 0x9fb21c651e98df25u

static inline uint64_t rig_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * RIG_MIX;
	return hash ^ (hash >> 29);
}

static inline void rig_chain(struct rig_task *task, uint64_t value)
{
	task->chain[0] = rig_mix(task->chain[0], value);
	task->chain[1] = rig_mix(task->chain[1] + 0x9e3779b97f4a7c15u, value);
}

/* task learns all that other has done. */
static inline void rig_chain_join(struct rig_task *task,
				  const struct rig_task *other)
{
	rig_chain(task, other->chain[0]);
	rig_chain(task, other->chain[1]);
}

static inline void rig_note(struct rig_engine *engine, uint64_t value)
{
	if (engine->hashing)
		rig_chain(engine->current, value);
}

#endif
