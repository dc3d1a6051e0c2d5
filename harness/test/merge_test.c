/* SPDX-License-Identifier: MIT */
/*
 * Is a search over states allowed to merge what it merges? It is if a picture
 * (rig_picture) says all there is to say: from the same picture the same pick
 * leads to the same next picture, or to the same end. Three ways to see it:
 *
 *   transitions  Every step of many executions, nothing merged, is noted as
 *                (picture, pick) -> what came next. Two that differ are a
 *                fault, whether or not it ever hid anything.
 *   coverage     What random executions meet, a complete search has met: all
 *                six guards, both scenarios, with and without inner steps.
 *   brute force  Where all executions can be made, the ends are the same ones:
 *                outcomes, and how many terminal states.
 */
#include "brute.h"
#include "cli/case.h"
#include "programs.h"

#define SECOND UINT64_C(1000000000)

/* ---- notes: from a key to a value, or a set of keys ---- */

enum { SLOTS = 1 << 17 };

struct note {
	uint64_t key[2];
	uint64_t value;
};

static struct note *notes;
static size_t nnotes;

static void forget(void)
{
	memset(notes, 0, SLOTS * sizeof(*notes));
	nnotes = 0;
}

static struct note *note_of(const uint64_t key[2])
{
	size_t i = key[0] & (SLOTS - 1);

	while (notes[i].key[0] | notes[i].key[1]) {
		if (notes[i].key[0] == key[0] && notes[i].key[1] == key[1])
			break;
		i = (i + 1) & (SLOTS - 1);
	}
	return &notes[i];
}

/* False: something else is noted for the key. */
static bool note(const uint64_t key[2], uint64_t value)
{
	struct note *n = note_of(key);

	if (n->key[0] | n->key[1])
		return n->value == value;
	assert_true(nnotes++ < SLOTS / 2);
	*n = (struct note){ .key = { key[0], key[1] }, .value = value };
	return true;
}

static bool noted(const uint64_t key[2])
{
	const struct note *n = note_of(key);

	return n->key[0] | n->key[1];
}

/* ---- watching decisions ---- */

/* Not the hash that the search under test uses. */
static void hash_words(const struct rig_engine *e, uint64_t hash[2])
{
	hash[0] = 1;
	hash[1] = 2;
	assert_true(e->words.n <= RIG_WORDS_MAX);
	for (size_t i = 0; i < e->words.n; i++) {
		hash[0] = rig_mix(hash[0], e->words.word[i]);
		hash[1] = rig_mix(hash[1] + 0x9e3779b97f4a7c15u,
				  e->words.word[i]);
	}
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = rig_mix(hash, (unsigned char)*text);
	return hash;
}

struct watch {
	rig_pick_fn *pick; /* the strategy's own */
	void *state;
	uint64_t last[2]; /* the picture before, with the pick mixed in */
	bool any;         /* there is one */
	bool broken;
	/* Sees each picture; NULL: transitions are noted. */
	void (*picture)(struct watch *w, const uint64_t hash[2]);
};

static void arrive(struct watch *w, uint64_t where)
{
	if (!w->picture && w->any && !note(w->last, where))
		w->broken = true;
}

static unsigned watch_pick(void *state, struct rig_engine *e, uint64_t choices)
{
	struct watch *w = state;
	uint64_t hash[2], what;
	unsigned pick;

	rig_picture(e);
	hash_words(e, hash);
	arrive(w, hash[0]);
	if (w->picture)
		w->picture(w, hash);
	pick = w->pick(w->state, e, choices);
	/* Tasks by name: which of two was created first is not the state's. */
	what = !e->value_op && pick < RIG_CLOCK ? e->task[pick].name : pick;
	w->last[0] = rig_mix(hash[0], what + 1);
	w->last[1] = hash[1];
	w->any = true;
	return pick;
}

/* The end as a value: how it ended, and what is there. */
static uint64_t end_of(struct rig_engine *e)
{
	uint64_t hash[2] = { (uint64_t)e->end + 100, 0 };

	if (e->end == RIG_VIOLATED)
		return hash_text(hash_text(hash[0], e->outcome), e->message);
	rig_picture_end(e);
	hash_words(e, hash);
	return hash[0];
}

/* One execution with the picks of w->pick. */
static void run_watched(struct watch *w, const struct rig_subject *subject)
{
	struct rig_engine *e = bench.engine;

	w->any = false;
	e->hashing = true;
	assert_int_equal(rig_engine_run(e, subject, watch_pick, w), 0);
	e->hashing = false;
	if (e->end != RIG_PRUNED)
		arrive(w, end_of(e));
	if (w->broken)
		fail_msg("decision %u: the same picture and the same pick, "
			 "but not the same way on",
			 e->ndecisions);
}

static void expect_one_way_on(const struct rig_subject *subject)
{
	static struct brute brute;
	struct watch w = { .pick = brute_pick, .state = &brute };

	forget();
	brute.n = brute.at = 0;
	do
		run_watched(&w, subject);
	while (brute_next(&brute));
}

/* ---- transitions of small programs that could go wrong ---- */

/*
 * The reason why an execve fails is written to the parent's memory, and the
 * child, which ends with the same status, is forgotten.
 */
static int report;

static int report_step(void *arg)
{
	struct spw_sys *sys = *(struct spw_sys **)arg;

	report = sys->execve(sys, "p", NULL, NULL);
	return 1;
}

static void make_p(void *arg)
{
	struct spw_sys *sys = arg;

	shut(sys, open_new(sys, "p"));
}

static void act_on_report(struct spw_sys *sys)
{
	struct spw_thread *thread;
	struct spw_status status;
	pid_t pid;

	thread = begin(sys, make_p);
	MUST(!sys->clone(sys, SPW_CLONE_VFORK, report_step, &sys, sizeof(sys),
			 &pid));
	if (report == -ENOENT)
		sys->unlink(sys, "none");
	MUST(!sys->wait(sys, pid, &status));
	sys->thread_join(sys, thread);
	sys->unlink(sys, "p");
}

/* The same between a thread and who joins it. */
static int found;

static void look_for_p(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = sys->open(sys, "p", READ, 0);

	found = fd;
	if (fd >= 0)
		shut(sys, fd);
}

static void act_on_result(struct spw_sys *sys)
{
	struct spw_thread *a = begin(sys, look_for_p), *b = begin(sys, make_p);

	sys->sleep_ns(sys, 1);
	sys->thread_join(sys, a);
	if (found < 0)
		sys->unlink(sys, "none");
	sys->thread_join(sys, b);
	sys->unlink(sys, "none");
}

/* Two files of one name, one of which has it no longer. */
static void replace_p(void *arg)
{
	struct spw_sys *sys = arg;
	int old = open_new(sys, "p"), new;

	MUST(!sys->unlink(sys, "p"));
	new = open_new(sys, "p");
	MUST(sys->write(sys, new, "n", 1) == 1);
	shut(sys, old);
	shut(sys, new);
}

static void write_p(void *arg)
{
	struct spw_sys *sys = arg;
	int fd = open_new(sys, "p");
	char byte;

	MUST(sys->write(sys, fd, "w", 1) == 1);
	shut(sys, fd);
	fd = sys->open(sys, "p", READ, 0);
	if (sys->read(sys, fd, &byte, 1) == 1)
		sys->unlink(sys, "none");
	shut(sys, fd);
}

static void two_of_a_name(struct spw_sys *sys)
{
	struct spw_thread *a = begin(sys, replace_p), *b = begin(sys, write_p);

	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
}

/* Whether what a polling loop looked at has changed since. */
static void touch_p(void *arg)
{
	struct spw_sys *sys = arg;

	shut(sys, open_new(sys, "p"));
}

static void poll_with_calls(struct spw_sys *sys)
{
	struct spw_thread *a;
	int w = open_new(sys, "p"), r = sys->open(sys, "p", READ, 0);

	a = begin(sys, touch_p);
	while (sys->lease(sys, r, F_RDLCK) == -EAGAIN) {
		sys->unlink(sys, "none");
		if (w >= 0)
			shut(sys, w);
		w = -1;
		sys->pause(sys, 0);
	}
	shut(sys, r);
	sys->thread_join(sys, a);
}

/* Which lock a task has made in a race with another. */
static void use_own_lock(void *arg)
{
	struct spw_sys *sys = arg;
	struct spw_mutex *mutex;

	sys->unlink(sys, "none");
	MUST(!sys->mutex_create(sys, &mutex));
	sys->mutex_lock(sys, mutex);
	sys->unlink(sys, "none");
	sys->mutex_unlock(sys, mutex);
	sys->mutex_destroy(sys, mutex);
}

static void own_locks(struct spw_sys *sys)
{
	struct spw_thread *a = begin(sys, use_own_lock);
	struct spw_thread *b = begin(sys, use_own_lock);

	sys->thread_join(sys, a);
	sys->thread_join(sys, b);
}

static program_fn *const programs[] = {
	act_on_report, act_on_result, two_of_a_name, poll_with_calls, own_locks,
};

enum { PROGRAMS = sizeof(programs) / sizeof(*programs) };

static void pictures_say_all_there_is(void **state)
{
	for (int i = 0; i < PROGRAMS; i++)
		expect_one_way_on(use_program(programs[i]));
}

/* ---- the scenarios ---- */

static struct rig_case *rig;

static const char *const fixes[] = { "none",      "retry", "quiesce",
				     "fork-lock", "lease", "private-table" };
static const char *const scenarios[] = { "etxtbsy/build-and-run",
					 "etxtbsy/build-beside-noise" };

static const struct rig_subject *use_case(const char *scenario, const char *fix,
					  const char *spawn, const char *kernel,
					  uint64_t starve_ns)
{
	struct rig_header header = { .actors = 2, .starve_ns = starve_ns };
	char why[RIG_MESSAGE_MAX];
	struct rig_plan plan;

	snprintf(header.scenario, sizeof(header.scenario), "%s", scenario);
	snprintf(header.fix, sizeof(header.fix), "%s", fix);
	snprintf(header.spawn, sizeof(header.spawn), "%s", spawn);
	snprintf(header.kernel, sizeof(header.kernel), "%s", kernel);
	assert_int_equal(rig_case_plan(&header, &plan, why, sizeof(why)), 0);
	rig_case_set(rig, &plan);
	return rig->subject;
}

/* Each combination of scenario, guard, spawn, steps and starvation. */
static void for_each_case(void (*check)(const struct rig_subject *subject))
{
	for (unsigned i = 0; i < 6 * 16; i++)
		check(use_case(scenarios[i & 1], fixes[i / 16],
			       i & 2 ? "vfork" : "fork",
			       i & 4 ? "steps=kernel" : "steps=call",
			       i & 8 ? SECOND : 0));
}

static void random_walks(const struct rig_subject *subject, unsigned n,
			 struct watch *w)
{
	const struct rig_strategy *random = rig_strategy_find("random");
	const struct rig_strategy_options options = { .seed = 11 };

	assert_int_equal(random->open(&w->state, &options), 0);
	w->pick = random->pick;
	for (unsigned i = 0; i < n; i++) {
		random->begin(w->state, i);
		run_watched(w, subject);
	}
	random->close(w->state);
}

static void check_transitions(const struct rig_subject *subject)
{
	struct watch w = { .any = false };

	forget();
	random_walks(subject, SLOW ? 60 : 500, &w);
}

static void random_walks_agree_on_the_way(void **state)
{
	for_each_case(check_transitions);
}

/* ---- coverage ---- */

static void keep_picture(struct watch *w, const uint64_t hash[2])
{
	note(hash, 0);
}

static void expect_picture(struct watch *w, const uint64_t hash[2])
{
	if (!noted(hash))
		w->broken = true;
}

/*
 * The whole search by hand: rig_explore would end at the first violation, and
 * here what comes after is wanted too.
 */
static void search_states(const struct rig_subject *subject, struct watch *w,
			  void (*visit)(void))
{
	const struct rig_strategy *states = rig_strategy_find("states");
	const struct rig_strategy_options options = { .seed = 0 };
	uint64_t index = 0;

	assert_int_equal(states->open(&w->state, &options), 0);
	w->pick = states->pick;
	while (states->begin(w->state, index++)) {
		run_watched(w, subject);
		if (bench.engine->end != RIG_PRUNED && visit)
			visit();
		/* The words are needed once more, for the end. */
		bench.engine->hashing = true;
		states->end(w->state, bench.engine);
		bench.engine->hashing = false;
	}
	memset(&bench.search, 0, sizeof(bench.search));
	states->report(w->state, &bench.search);
	states->close(w->state);
	assert_null(bench.search.truncated);
}

static void check_coverage(const struct rig_subject *subject)
{
	struct watch w = { .picture = keep_picture };

	/* Report pipes make the rest too large for a test of seconds. */
	if (rig->plan.how == SPW_CLONE_FORK &&
	    (rig->plan.kernel.inner_steps || rig->plan.starve_ns ||
	     !strcmp(rig->plan.scenario->name, scenarios[0])))
		return;
	if (SLOW &&
	    (rig->plan.how == SPW_CLONE_FORK ||
	     (rig->plan.starve_ns && strcmp(rig->plan.fix.name, "retry") != 0)))
		return;
	forget();
	search_states(subject, &w, NULL);
	w.picture = expect_picture;
	random_walks(subject, SLOW ? 60 : 300, &w);
	assert_int_equal(bench.search.states, nnotes);
}

static void searches_meet_what_random_walks_meet(void **state)
{
	for_each_case(check_coverage);
}

/* ---- brute force ---- */

/* The ends of all executions: outcomes as text, terminal pictures. */
static struct ends {
	unsigned n, outcomes, terminals;
	uint64_t end[64];
} ends;

static void note_end(void)
{
	uint64_t end = end_of(bench.engine);

	for (unsigned i = 0; i < ends.n; i++)
		if (ends.end[i] == end)
			return;
	assert_true(ends.n < 64);
	ends.end[ends.n++] = end;
	if (bench.engine->end == RIG_VIOLATED)
		ends.outcomes++;
	else
		ends.terminals++;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void compare_with_brute_force(const struct rig_subject *subject)
{
	struct watch w = { .picture = keep_picture };
	struct ends brute;

	memset(&ends, 0, sizeof(ends));
	brute_force(subject, 1000000, note_end);
	brute = ends;
	memset(&ends, 0, sizeof(ends));
	forget();
	search_states(subject, &w, note_end);
	assert_int_equal(ends.n, brute.n);
	qsort(ends.end, ends.n, sizeof(ends.end[0]), compare);
	qsort(brute.end, brute.n, sizeof(brute.end[0]), compare);
	assert_memory_equal(ends.end, brute.end, ends.n * sizeof(ends.end[0]));
	assert_int_equal(bench.search.terminal, brute.terminals);
}

static void small_programs_end_the_same(void **state)
{
	for (int i = 0; i < PROGRAMS; i++)
		compare_with_brute_force(use_program(programs[i]));
}

/*
 * What can be done in seconds: whole calls, children as by vfork, no
 * starvation; one of the actors only spawns. Beside that fork-lock, which
 * leaves little room, with two that write. Not private-table, whose third
 * thread makes millions of executions.
 */
static void scenarios_end_the_same(void **state)
{
	for (int i = 0; i < 5; i++)
		if (!SLOW || i % 2) /* retry, fork-lock */
			compare_with_brute_force(use_case(scenarios[1],
							  fixes[i], "vfork",
							  "steps=call", 0));
	compare_with_brute_force(
		use_case(scenarios[0], "fork-lock", "vfork", "steps=call", 0));
}

/* ---- */

static struct rig_engine *own;

static int open_rig(void **state)
{
	notes = calloc(SLOTS, sizeof(*notes));
	return !notes || open_bench(state) || rig_case_open(&rig);
}

static int close_rig(void **state)
{
	free(notes);
	rig_case_close(rig);
	return close_bench(state);
}

static int use_own_engine(void **state)
{
	own = bench.engine;
	bench.engine = rig->engine;
	return 0;
}

static int give_back_engine(void **state)
{
	bench.engine = own;
	return 0;
}

#define CASE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, use_own_engine, give_back_engine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pictures_say_all_there_is),
		CASE_TEST(random_walks_agree_on_the_way),
		CASE_TEST(searches_meet_what_random_walks_meet),
		TEST(small_programs_end_the_same),
		CASE_TEST(scenarios_end_the_same),
	};

	return RUN_TESTS(tests, open_rig, close_rig);
}
