/* SPDX-License-Identifier: MIT */
#include "stress/brood.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
	NOT_EXECUTED = 127,   /* exit status of a child without a program */
	LOOK_NS = 20000000,   /* how often who waits for a signal looks up */
	LOST_NS = 1000000000, /* who is not told for so long never will be */
};

/* ---- programs: one for each exit status ---- */

static void program_path(const struct rig_brood *b, unsigned code, char *path)
{
	snprintf(path, PATH_MAX, "%.*s/exit-%u", PATH_MAX - 16, b->dir->path,
		 code);
}

static int write_programs(const struct rig_brood *b)
{
	const struct spw_options options = { .guard = NULL };
	unsigned char image[RIG_PROGRAM_MAX];
	char path[PATH_MAX];
	struct spw_rt *rt;
	int rc = spw_open(&rt, &options);

	if (rc)
		return rc;
	for (unsigned code = 1; !rc && code <= RIG_BROOD_CODES; code++) {
		int len = rig_program(image, code);

		program_path(b, code, path);
		rc = len < 0 ? len :
			       spw_write_executable(rt, path, image,
						    (size_t)len, 0755);
	}
	spw_shut(rt);
	return rc;
}

/* ---- children ---- */

static int spawn(const struct rig_brood *b, struct spw_rt *rt,
		 struct rig_child *child)
{
	char path[PATH_MAX], number[16];
	char *argv[] = { path, number, NULL };
	const struct spw_spec spec = { .path = path,
				       .argv = argv,
				       .flags = b->flags };

	program_path(b, child->code, path);
	snprintf(number, sizeof(number), "%d", child->number);
	return spw_spawn(rt, &spec, &child->proc, NULL);
}

struct creation {
	const struct rig_brood *brood;
	struct spw_rt *rt;
	struct rig_child *child;
	int error;
};

static void *create(void *arg)
{
	struct creation *c = arg;

	c->error = spawn(c->brood, c->rt, c->child);
	return NULL;
}

/* By a thread that is no more when this returns. */
static int spawn_and_end(const struct rig_brood *b, struct spw_rt *rt,
			 struct rig_child *child)
{
	struct creation creation = { .brood = b, .rt = rt, .child = child };
	pthread_t thread;
	int error = pthread_create(&thread, NULL, create, &creation);

	if (error)
		return -error;
	pthread_join(thread, NULL);
	return creation.error;
}

int rig_child_start(struct rig_brood *b, struct spw_rt *rt,
		    struct rig_child *child)
{
	int error = b->creator_ends ? spawn_and_end(b, rt, child) :
				      spawn(b, rt, child);

	if (error)
		rig_notes_drop(&b->ids, child->number);
	else
		child->note = rig_note_of(&b->ids, child->number);
	return error;
}

static bool lives(const struct rig_child *child)
{
	return child->note && !rig_note_ended(child->note);
}

/* ---- waiting ---- */

/*
 * As of core, but where a signal was lost it comes after all, or what waits for
 * it would not end.
 */
static int signal_or_rescue(struct spw_sys *sys, uint64_t deadline_ns)
{
	struct rig_brood *b = (struct rig_brood *)(void *)sys;
	struct spw_sys *kernel = spw_sys_linux();
	uint64_t until;
	unsigned lost;
	int rc;

	do {
		lost = atomic_load(&b->lost);
		while (lost &&
		       !atomic_compare_exchange_weak(&b->lost, &lost, lost - 1))
			;
		if (lost)
			return 0;
		until = kernel->now_ns(kernel) + LOOK_NS;
		rc = kernel->sigchld_wait(
			kernel, until < deadline_ns ? until : deadline_ns);
	} while (rc == -ETIMEDOUT && until < deadline_ns);
	return rc;
}

/*
 * spw_wait; -ETIMEDOUT: it would not end, though the child has. Then it is
 * helped to.
 */
static int await(struct rig_brood *b, const struct rig_child *child,
		 struct spw_status *status)
{
	struct spw_sys *kernel = spw_sys_linux();
	bool lost = false;
	int error;

	if (!b->by_signal)
		return spw_wait(child->proc, status);
	do {
		bool ended = !lives(child);

		error = spw_wait_until(
			child->proc, kernel->now_ns(kernel) + LOST_NS, status);
		if (error != -ETIMEDOUT || !ended)
			continue;
		lost = true;
		atomic_fetch_add(&b->lost, 1);
	} while (error == -ETIMEDOUT);
	return lost ? -ETIMEDOUT : error;
}

void rig_child_end(struct rig_brood *b, struct rig_child *child)
{
	struct spw_status ignored;

	if (b->by_signal) /* or nobody would help the release to its end */
		await(b, child, &ignored);
	spw_release(child->proc);
	rig_notes_drop(&b->ids, child->number);
}

/* ---- judging ---- */

static const char *judge_signal(const struct rig_brood *b, int sig)
{
	if (sig == SIGKILL && b->cancelled)
		return NULL; /* its own; a stray one is known to who sent it */
	return sig == SIGKILL && b->flags & SPW_DIE_WITH_CREATOR ?
		       "killed" :
		       "wrong-process";
}

/* What a wait was told of the child; NULL: the truth. */
static const char *judge(const struct rig_brood *b,
			 const struct rig_child *child, int error,
			 const struct spw_status *status)
{
	if (error == -ECHILD)
		return "lost-status";
	if (error == -ESRCH)
		return "not-found";
	if (error == -ETIMEDOUT)
		return "deadlock";
	if (error)
		return "failed";
	if (lives(child))
		return "wrong-child";
	if (status->signaled)
		return judge_signal(b, status->code);
	if (status->code == NOT_EXECUTED)
		return "failed";
	return status->code == (int)child->code ? NULL : "wrong-child";
}

const char *rig_child_wait(struct rig_brood *b, const struct rig_child *child,
			   int *error)
{
	struct spw_status status = { .code = 0 };

	*error = await(b, child, &status);
	return judge(b, child, *error, &status);
}

const char *rig_child_kill(const struct rig_child *child, int *error)
{
	rig_note_mean(child->note);
	*error = spw_signal(child->proc, SIGKILL);
	rig_note_mean(NULL);
	if (child->note && child->note->stray)
		return "wrong-process";
	return *error && *error != -ESRCH ? "failed" : NULL;
}

/* ---- a run ---- */

/* The rule of Plan 9. */
static pid_t wait_own(struct spw_sys *sys, pid_t pid, unsigned flags,
		      struct spw_status *status)
{
	return spw_sys_linux()->wait(sys, pid, flags | SPW_WAIT_THREAD, status);
}

int rig_brood_open(struct rig_brood *b, unsigned children, bool chosen_ids,
		   bool thread_scope)
{
	int rc = rig_identities_open(&b->ids, children, chosen_ids);

	if (rc)
		return rc;
	b->ids.sys.sigchld_wait = signal_or_rescue;
	if (thread_scope) {
		b->ids.sys.wait = wait_own;
		b->ids.sys.pidfd_open = NULL;
	}
	return write_programs(b);
}

void rig_brood_close(struct rig_brood *b)
{
	rig_identities_close(&b->ids);
}

/* Of children of another waiter a signal may still be pending. */
void rig_brood_turn(struct rig_brood *b, const struct spw_waiter *waiter)
{
	b->by_signal = waiter == spw_waiter_find("sigchld");
	atomic_store(&b->lost, 0);
	if (b->by_signal)
		spw_sys_linux()->sigchld_wait(spw_sys_linux(), 0);
}
