/* SPDX-License-Identifier: MIT */
#include "stress/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A policy of Linux, not of POSIX: musl's headers hide it. */
#ifndef SCHED_IDLE
#define SCHED_IDLE 5
#endif

/* Of linux/futex.h, which musl-gcc does not find. */
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 };

struct rig_stage *rig_stage_open(void)
{
	void *memory = mmap(NULL, sizeof(struct rig_stage),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void rig_stage_close(struct rig_stage *stage)
{
	munmap(stage, sizeof(*stage));
}

/* ---- words ---- */

static bool has_reached(atomic_uint *word, unsigned value, unsigned *seen)
{
	*seen = atomic_load(word);
	return (int)(*seen - value) >= 0;
}

bool rig_stage_reach(atomic_uint *word, unsigned value, uint64_t ns)
{
	struct spw_sys *sys = spw_sys_linux();
	uint64_t now = sys->now_ns(sys), end = now + ns;
	unsigned seen;

	while (!has_reached(word, value, &seen)) {
		struct timespec left;

		if (now >= end)
			return false;
		left.tv_sec = (time_t)((end - now) / 1000000000);
		left.tv_nsec = (long)((end - now) % 1000000000);
		/* Not private to a process: children wake us. */
		syscall(SYS_futex, word, FUTEX_WAIT, seen, &left, NULL, 0);
		now = sys->now_ns(sys);
	}
	return true;
}

static SPW_CHILD void wake(atomic_uint *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void rig_stage_set(atomic_uint *word, unsigned value)
{
	atomic_store(word, value);
	wake(word);
}

void rig_stage_add(atomic_uint *word)
{
	atomic_fetch_add(word, 1);
	wake(word);
}

SPW_CHILD void rig_stage_child_set(atomic_uint *word, unsigned value)
{
	atomic_store(word, value);
	wake(word);
}

SPW_CHILD void rig_stage_child_add(atomic_uint *word)
{
	atomic_fetch_add(word, 1);
	wake(word);
}

SPW_CHILD void rig_stage_child_sleep(atomic_uint *word, unsigned value)
{
	const struct timespec most = { .tv_nsec = 10000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &most, NULL, 0);
}

/* ---- the writer ---- */

void rig_stage_copy(struct rig_stage *stage)
{
	/* A guard that holds forks back makes each round so much longer; a fork
	 * that has begun ends, sooner or later. */
	static const uint64_t begin_ns = 2000000, end_ns = 100000000;
	atomic_uint *word = stage->amplify->spawn_return ? &stage->returned :
							   &stage->copied;
	unsigned forking = atomic_load(&stage->forking);
	unsigned copied = atomic_load(&stage->copied);
	unsigned before = atomic_load(word);

	if (!atomic_exchange(&stage->armed, false))
		return;
	rig_stage_add(&stage->asked);
	if (rig_stage_reach(&stage->forking, forking + stage->holders,
			    begin_ns))
		rig_stage_reach(word, before + stage->holders, end_ns);
	if (atomic_load(&stage->copied) != copied)
		atomic_fetch_add(&stage->windows, 1);
}

/* ---- a child ---- */

/*
 * Until the file has been closed by its writer. One that waits for the spawn to
 * return is not waited for; any other one is, for a while.
 */
static SPW_CHILD void let_close(struct rig_stage *stage)
{
	enum { LOOKS = 10 };
	unsigned asked = atomic_load(&stage->asked), seen;

	if (stage->amplify->spawn_return)
		return;
	for (int i = 0; i < LOOKS; i++) {
		seen = atomic_load(&stage->closed);
		if (seen == asked)
			return;
		rig_stage_child_sleep(&stage->closed, seen);
	}
}

/*
 * SCHED_IDLE: whoever waits for a sign of this child, be it the end of a pipe,
 * of a vfork or a lock, takes the CPU from it the moment the sign is given
 * (wakeup_preempt_fair: a task that is idle always gives way). The child keeps
 * whatever it still holds then, as any child may that is preempted there; this
 * only does away with the luck that it takes.
 */
SPW_CHILD void rig_stage_enter(struct rig_stage *stage, bool own_table)
{
	const struct sched_param lowest = { .sched_priority = 0 };

	syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &lowest);
	rig_stage_child_add(&stage->copied);
	if (!own_table)
		return;
	let_close(stage);
	for (unsigned i = 0; i < stage->own_fds; i++)
		syscall(SYS_openat, AT_FDCWD, stage->directory,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}
