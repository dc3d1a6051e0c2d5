/* SPDX-License-Identifier: MIT */
/*
 * Two processes: a keeper, forked once, which makes one executor for each round
 * (a vfork-style child on the keeper's memory: cheap, and nothing of the rig is
 * copied) and reaps it. The keeper sleeps while the executor spins.
 */
#include "stress/executor.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often is looked whether all is over. */
static const uint64_t look_ns = 10000000;

struct executor_start {
	struct rig_stage *stage;
	pid_t parent; /* whose end ends this one */
	unsigned round;
	cpu_set_t cpu;
};

static SPW_CHILD void relax(void)
{
#if defined(__x86_64__)
	__asm__ volatile("pause");
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* ---- the executor ---- */

static SPW_CHILD bool is_over(const struct executor_start *start)
{
	return atomic_load(&start->stage->quit) ||
	       syscall(SYS_getppid) != start->parent;
}

/* Spins until the round may be executed; false: never. */
static SPW_CHILD bool spin(const struct executor_start *start)
{
	enum { LOOK = 4096 };

	for (unsigned i = 1; atomic_load(&start->stage->go) != start->round;
	     i++) {
		relax();
		if (i % LOOK)
			continue;
		if (is_over(start))
			return false;
	}
	return true;
}

static SPW_CHILD bool sleep_until_go(const struct executor_start *start)
{
	struct rig_stage *stage = start->stage;
	unsigned seen;

	while ((seen = atomic_load(&stage->go)) != start->round) {
		if (is_over(start))
			return false;
		rig_stage_child_sleep(&stage->go, seen);
	}
	return true;
}

static SPW_CHILD int execute(void *arg)
{
	const struct executor_start *start = arg;
	struct rig_stage *stage = start->stage;
	struct spw_sys *sys = spw_sys_linux();
	char *argv[] = { stage->path, NULL };
	char *envp[] = { NULL };

	/* It outlives execve: no program outlives the rig. */
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	rig_stage_child_set(&stage->ready, start->round);
	if (!(atomic_load(&stage->beside) ? sleep_until_go(start) :
					    spin(start)))
		return 0;
	stage->error = sys->execve(sys, stage->path, argv, envp);
	atomic_store(&stage->failed, start->round);
	return 0;
}

/* ---- the keeper ---- */

static void serve_round(struct executor_start *start)
{
	struct rig_stage *stage = start->stage;
	struct spw_sys *sys = spw_sys_linux();
	struct spw_status status = { .code = 0 };
	pid_t pid;
	int rc;

	stage->error = 0;
	rc = sys->clone(sys, SPW_CLONE_VFORK, execute, start, sizeof(*start),
			&pid);
	if (!rc)
		rc = sys->wait(sys, pid, 0, &status);
	else
		rig_stage_set(&stage->ready, start->round);
	if (rc < 0)
		stage->error = rc;
	stage->status = status.signaled ? -status.code : status.code;
	rig_stage_set(&stage->answered, start->round++);
}

/* Signals are blocked since clone, and stay so here and in the programs. */
static int keep(void *arg)
{
	struct executor_start *start = arg;
	struct executor_start own = *start;
	struct rig_stage *stage = own.stage;
	struct spw_sys *sys = spw_sys_linux();
	pid_t parent = own.parent;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return 0;
	/* Or the rig's locks and pipes would be held here. Where the kernel
	 * cannot, they are, which the programs do not mind. */
	sys->private_table(sys, 3);
	sched_setaffinity(0, sizeof(own.cpu), &own.cpu);
	own.parent = getpid();
	own.round = 1;
	while (!atomic_load(&stage->quit)) {
		if (rig_stage_reach(&stage->wanted, own.round, look_ns))
			serve_round(&own);
	}
	return 0;
}

/* ---- the rig ---- */

int rig_executor_start(struct rig_executor *executor, struct rig_stage *stage)
{
	struct spw_sys *sys = spw_sys_linux();
	struct executor_start start = { .stage = stage,
					.parent = getpid(),
					.cpu = executor->cpu };
	sigset_t old;
	int rc;

	executor->stage = stage;
	sys->signals_block(sys, &old);
	rc = sys->clone(sys, SPW_CLONE_FORK, keep, &start, sizeof(start),
			&executor->pid);
	sys->signals_set(sys, &old);
	return rc;
}

int rig_executor_ready(struct rig_executor *executor, unsigned round,
		       uint64_t patience_ns)
{
	struct rig_stage *stage = executor->stage;

	rig_stage_set(&stage->wanted, round);
	return rig_stage_reach(&stage->ready, round, patience_ns) ? 0 :
								    -ETIMEDOUT;
}

int rig_executor_go(struct rig_executor *executor, unsigned round,
		    uint64_t patience_ns)
{
	/* As long as an execve that fails takes, many times over. */
	enum { SPINS = 20000 };
	struct rig_stage *stage = executor->stage;

	rig_stage_set(&stage->go, round);
	/*
	 * Not asleep: that would give the CPU to the child that the barrier
	 * should have waited for, and it could still be done in time.
	 */
	for (unsigned i = 0; i < SPINS && !atomic_load(&stage->beside); i++) {
		if (atomic_load(&stage->failed) == round ||
		    atomic_load(&stage->answered) == round)
			break;
		relax();
	}
	return rig_stage_reach(&stage->answered, round, patience_ns) ?
		       0 :
		       -ETIMEDOUT;
}

void rig_executor_stop(struct rig_executor *executor)
{
	static const uint64_t patience_ns = 2000000000;
	struct spw_sys *sys = spw_sys_linux();
	struct rig_stage *stage = executor->stage;
	uint64_t end = sys->now_ns(sys) + patience_ns;
	pid_t reaped = 0;

	if (!executor->pid)
		return;
	atomic_store(&stage->quit, true);
	for (unsigned i = 0; !reaped && sys->now_ns(sys) < end; i++) {
		reaped = waitpid(executor->pid, NULL, WNOHANG);
		if (!reaped)
			sys->pause(sys, i);
	}
	/* Its executor sees that it is gone, and goes as well. */
	if (!reaped) {
		kill(executor->pid, SIGKILL);
		waitpid(executor->pid, NULL, 0);
	}
	executor->pid = 0;
}
