/* SPDX-License-Identifier: MIT */
/* racerig bench: how fast the engine is, beside what it should be. */
#include "cli/bench_poller.h"
#include "cli/bench_wait.h"
#include "cli/case.h"
#include "cli/environment.h"
#include "cli/options.h"
#include "engine/cell.h"
#include "engine/explore.h"
#include "reports/json_emit.h"
#include "strategies/list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ROUNDS = 5, /* the median of which is shown; --quick: one */
	ROUND_NS = 400000000,
	PING_STEPS = 2000, /* of each of two tasks; bounded by the decisions
			      that one execution may have */
	FUZZ_RUNS = 300000,
};

struct figure {
	const char *name;
	const char *unit;
	double target; /* 0: none, it is there to compare with */
	double median, least, most;
	bool measured;
	const char *why_not;
};

/* ---- the engine alone: two tasks that only take turns ---- */

struct ping {
	struct rig_engine *engine;
	struct rig_cell cell;
};

static void ping_task(void *arg)
{
	struct ping *p = arg;

	for (int i = 0; i < PING_STEPS; i++)
		rig_cell_load(p->engine, &p->cell);
}

static void ping_main(void *ctx)
{
	struct ping *p = ctx;
	struct rig_task *task;

	rig_task_create(p->engine, RIG_KIND_ACTOR, ping_task, p, NULL, &task);
	ping_task(p);
}

static void ping_begin(void *ctx, struct rig_engine *engine)
{
	struct ping *p = ctx;

	p->engine = engine;
}

/* Every pick is a switch: what a step costs at most. */
static unsigned alternate(void *state, struct rig_engine *e, rig_set choices)
{
	rig_set other = choices & ~rig_bit(e->current->index);

	(void)state;
	return rig_first(other ? other : choices);
}

static double ping_round(struct rig_case *c)
{
	struct ping p = { .engine = c->engine };
	const struct rig_subject subject = { .ctx = &p,
					     .begin = ping_begin,
					     .main = ping_main };
	uint64_t start = rig_monotonic_ns(), ns = 0, steps = 0;

	while (ns < ROUND_NS) {
		rig_engine_run(c->engine, &subject, alternate, NULL);
		steps += c->engine->steps;
		ns = rig_monotonic_ns() - start;
	}
	return (double)steps * 1e9 / (double)ns;
}

/* ---- executions of a scenario ---- */

static double search_round(struct rig_case *c, const char *scenario,
			   const char *fix, unsigned actors,
			   const struct rig_strategy *strategy)
{
	struct rig_plan plan = { .scenario = rig_scenario_find(scenario),
				 .how = SPW_CLONE_VFORK,
				 .kernel = sim_defaults,
				 .actors = actors };
	const struct rig_strategy_options options = { .seed = 1 };
	const struct rig_limits limits = { .time_ns = ROUND_NS };
	static struct rig_schedule found;
	struct rig_search search;

	rig_fix_find(plan.scenario->family, fix, &plan.fix);
	rig_case_set(c, &plan);
	if (rig_explore(c->engine, c->subject, strategy, &options, &limits,
			&search, &found) ||
	    search.violated)
		return 0;
	return (double)search.executions * 1e9 / (double)search.ns;
}

static double tiny_round(struct rig_case *c)
{
	return search_round(c, "tiny/lost-update", "atomic", 2,
			    &rig_strategy_random);
}

static double spawn_round(struct rig_case *c)
{
	return search_round(c, "etxtbsy/build-and-run", "fork-lock", 2,
			    &rig_strategy_random);
}

/* Far from complete within a round: what is measured is the search. */
static double dpor_round(struct rig_case *c)
{
	return search_round(c, "etxtbsy/build-and-run", "lease", 3,
			    &rig_strategy_dpor);
}

/* ---- a libFuzzer build of the same ---- */

/* Seconds that PROGRAM -runs=N takes; negative: it did not work. */
static double fuzzer_seconds(const char *program, unsigned runs)
{
	char count[32];
	char seed[] = "-seed=1";
	char *argv[] = { (char *)(uintptr_t)program, count, seed, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct spw_fd_map fds[] = { { null, 1 }, { null, 2 } };
	const struct spw_spec spec = { .path = program,
				       .argv = argv,
				       .envp = environ,
				       .fds = fds,
				       .nfds = 2 };
	const struct spw_options options = { .how = SPW_CLONE_VFORK };
	uint64_t start = rig_monotonic_ns();
	struct spw_status status = { .code = -1 };
	struct spw_proc *proc;
	struct spw_rt *rt;
	int rc;

	snprintf(count, sizeof(count), "-runs=%u", runs);
	rc = null < 0 ? -1 : spw_open(&rt, &options);
	if (!rc) {
		rc = spw_spawn(rt, &spec, &proc, NULL);
		if (!rc) {
			rc = spw_wait(proc, &status);
			spw_release(proc);
		}
		spw_shut(rt);
	}
	if (null >= 0)
		close(null);
	if (rc || status.signaled || status.code)
		return -1;
	return (double)(rig_monotonic_ns() - start) / 1e9;
}

/* What more runs cost beside a single one: start-up does not count. */
static double fuzzer_rate(const char *program)
{
	double one = fuzzer_seconds(program, 1);
	double many = fuzzer_seconds(program, FUZZ_RUNS + 1);

	if (one < 0 || many <= one)
		return 0;
	return FUZZ_RUNS / (many - one);
}

/* ---- figures ---- */

static const double plain_share = 0.9; /* of what is reached by hand */

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void summarize(struct figure *f, double round[], unsigned rounds)
{
	qsort(round, rounds, sizeof(round[0]), by_value);
	f->least = round[0];
	f->median = round[rounds / 2];
	f->most = round[rounds - 1];
	f->measured = f->least > 0;
	if (!f->measured)
		f->why_not = "it failed";
}

static void measure(struct figure *f, unsigned rounds, struct rig_case *c,
		    double (*round)(struct rig_case *c))
{
	double value[ROUNDS];

	for (unsigned i = 0; i < rounds; i++)
		value[i] = round(c);
	summarize(f, value, rounds);
}

static void measure_fuzzer(struct figure *f, unsigned rounds,
			   const char *program)
{
	double value[ROUNDS];

	if (!program) {
		f->why_not = "no --fuzzer given; scripts/bench builds one";
		return;
	}
	for (unsigned i = 0; i < rounds; i++)
		value[i] = fuzzer_rate(program);
	summarize(f, value, rounds);
}

enum {
	ENGINE,
	TINY,
	SPAWN,
	DPOR,
	FUZZER,
	HANDED,
	POLLER,
	PLAIN,
	LIBUV,
	FIGURES,
};

/*
 * Beside posix_spawn and waitpid in one thread, measured turn about: the target
 * is that it costs no more than 1.10 of that.
 */
static void measure_handed(struct figure *f, unsigned rounds)
{
	struct rig_workdir dir;
	struct rig_bench_wait rates;
	double handed[ROUNDS], bare[ROUNDS];
	char why[RIG_MESSAGE_MAX];
	int rc = 0;

	f->why_not = "there is no directory for programs, or no pidfds";
	if (rig_workdir_open(&dir, NULL, why, sizeof(why)))
		return;
	for (unsigned i = 0; !rc && i < rounds; i++) {
		rc = rig_bench_wait(&dir, &rates);
		handed[i] = rates.handed;
		bare[i] = rates.bare;
	}
	rig_workdir_close(&dir);
	if (rc)
		return;
	summarize(f, handed, rounds);
	qsort(bare, rounds, sizeof(bare[0]), by_value);
	f->target = bare[rounds / 2] / 1.10;
}

/* In turns, so that a machine that becomes busy slows all of them alike. */
static void measure_pollers(struct figure *figures, unsigned rounds)
{
	double value[RIG_POLLER_KINDS][ROUNDS];

	for (unsigned i = 0; i < rounds; i++)
		for (int k = RIG_POLLER_SPW; k < RIG_POLLER_KINDS; k++)
			value[k][i] =
				rig_bench_poller((enum rig_poller_kind)k,
						 &figures[POLLER + k].why_not);
	for (int k = RIG_POLLER_SPW; k < RIG_POLLER_KINDS; k++) {
		const char *why = figures[POLLER + k].why_not;

		summarize(&figures[POLLER + k], value[k], rounds);
		if (why)
			figures[POLLER + k].why_not = why;
	}
	figures[POLLER].target = plain_share * figures[PLAIN].median;
}

static void print_against_target(const struct figure *f)
{
	if (f->target > 0)
		printf("%12.0f ", f->target);
	else
		printf("%12s ", "-");
	if (f->target > 0 && f->measured)
		printf("%8.2f", f->median / f->target);
	else
		printf("%8s", "-");
}

static void print_row(const struct figure *f)
{
	printf("%-44s ", f->name);
	if (f->measured)
		printf("%12.0f ", f->median);
	else
		printf("%12s ", "-");
	print_against_target(f);
	if (f->measured)
		printf("   %.0f .. %.0f\n", f->least, f->most);
	else
		printf("   %s\n", f->why_not);
}

static void print_table(const struct figure *figures, unsigned rounds,
			const struct report_environment *e)
{
	printf("%-44s %12s %12s %8s   %s\n", "what", "median/s", "target/s",
	       "ratio", "least .. most");
	for (int i = 0; i < FIGURES; i++)
		print_row(&figures[i]);
	printf("\nmedian of %u rounds of %d ms, one core; of poller: round "
	       "trips of 4 threads over\n%d busy descriptors beside %d idle "
	       "ones, target %.1f of what is reached by hand\n",
	       rounds, ROUND_NS / 1000000, RIG_BUSY_FDS, RIG_IDLE_FDS,
	       plain_share);
	printf("%s, %s, %u CPUs\n", e->kernel, e->libc, e->cpus);
}

static void print_json(const struct figure *figures, unsigned rounds,
		       const struct report_environment *environment)
{
	struct emit emit = { .out = stdout };

	emit_object(&emit, NULL);
	emit_environment(&emit, environment);
	emit_integer(&emit, "rounds", rounds);
	emit_array(&emit, "figures");
	for (int i = 0; i < FIGURES; i++) {
		const struct figure *f = &figures[i];

		emit_object(&emit, NULL);
		emit_string(&emit, "name", f->name);
		emit_string(&emit, "unit", f->unit);
		emit_integer(&emit, "target", (uint64_t)f->target);
		if (f->measured) {
			emit_integer(&emit, "median", (uint64_t)f->median);
			emit_integer(&emit, "least", (uint64_t)f->least);
			emit_integer(&emit, "most", (uint64_t)f->most);
		} else {
			emit_string(&emit, "skipped", f->why_not);
		}
		emit_object_end(&emit);
	}
	emit_array_end(&emit);
	emit_object_end(&emit);
}

static int run(const struct rig_args *args)
{
	struct figure figures[FIGURES] = {
		[ENGINE] = { .name = "engine: a step with a switch",
			     .unit = "steps",
			     .target = 15e6 },
		[TINY] = { .name = "tiny/lost-update, 2 actors, random",
			   .unit = "executions",
			   .target = 2500000 },
		[SPAWN] = { .name = "etxtbsy/build-and-run, 2 actors, random",
			    .unit = "executions",
			    .target = 300000 },
		[DPOR] = { .name = "etxtbsy/build-and-run, 3 actors, dpor",
			   .unit = "executions",
			   .target = 100000 },
		[HANDED] = { .name = "spawn, waited for in another thread: "
				     "pidfd",
			     .unit = "processes" },
		[FUZZER] = { .name = "fuzz_etxtbsy, libFuzzer, feedback on",
			     .unit = "executions",
			     .target = 100000 },
		[POLLER] = { .name = "poller: libspw", .unit = "round trips" },
		[PLAIN] = { .name = "poller: by hand, epoll and conditions",
			    .unit = "round trips" },
		[LIBUV] = { .name = "poller: a libuv loop, one thread",
			    .unit = "round trips" },
	};
	const unsigned rounds = args->quick ? 1 : ROUNDS;
	struct rig_environment environment;
	struct rig_case *c;

	if (args->fuzzer && access(args->fuzzer, X_OK))
		return rig_error("%s: %s", args->fuzzer, strerror(errno));
	if (rig_case_open(&c))
		return rig_error("no memory");
	measure(&figures[ENGINE], rounds, c, ping_round);
	measure(&figures[TINY], rounds, c, tiny_round);
	measure(&figures[SPAWN], rounds, c, spawn_round);
	measure(&figures[DPOR], rounds, c, dpor_round);
	rig_case_close(c);
	measure_fuzzer(&figures[FUZZER], rounds, args->fuzzer);
	measure_handed(&figures[HANDED], rounds);
	measure_pollers(figures, rounds);
	rig_environment_fill(&environment, "racerig bench");
	if (args->format == RIG_FORMAT_JSON)
		print_json(figures, rounds, &environment.report);
	else
		print_table(figures, rounds, &environment.report);
	return RIG_EXIT_OK;
}

const struct rig_command rig_command_bench = {
	.name = "bench",
	.summary = "throughput of the engine, beside the targets",
	.words = "",
	.text = "Measures steps and executions per second on one core, each the median of five\n"
		"rounds (--quick: one), and prints them beside the figures the project wants to reach. Leave\n"
		"the machine alone meanwhile. scripts/bench builds what is measured, the\n"
		"libFuzzer target included.",
	.examples =
		"  racerig bench --quick\n"
		"  racerig bench --fuzzer build/fuzz-bench/fuzz/fuzz_etxtbsy\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(FUZZER) | RIG_OPT(QUICK),
	.run = run,
};
