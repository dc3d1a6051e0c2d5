/* SPDX-License-Identifier: MIT */
#include "stress/identity.h"

#include "stress/apart.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In a namespace of one's own; above what its first threads have. */
enum { FIRST_ID = 1000 };

/* Of the calling thread, and of the child that it makes. */
static _Thread_local struct {
	struct rig_note *making;
	struct rig_note *meant;
} thread;

static struct rig_identities *ids_of(struct spw_sys *sys)
{
	return (struct rig_identities *)(void *)sys;
}

/* ---- notes ---- */

/* NULL: all are in use, and one child more goes without. */
static struct rig_note *begin_note(struct rig_identities *ids)
{
	struct rig_note *note = NULL;

	pthread_mutex_lock(&ids->lock);
	for (unsigned i = 0; i < ids->n && !note; i++)
		if (!ids->note[i].used)
			note = &ids->note[i];
	if (note)
		*note = (struct rig_note){ .used = true,
					   .made = ++ids->made,
					   .fd = -1,
					   .number = -1 };
	pthread_mutex_unlock(&ids->lock);
	return note;
}

/* With the lock held. */
static void drop(struct rig_note *note)
{
	if (note->fd >= 0)
		close(note->fd);
	note->used = false;
}

static void end_note(struct rig_identities *ids, struct rig_note *note,
		     pid_t pid, int fd)
{
	pthread_mutex_lock(&ids->lock);
	for (unsigned i = 0; i < ids->n; i++)
		if (ids->note[i].used && ids->note[i].pid == pid)
			atomic_fetch_add(&ids->reused, 1);
	note->pid = pid;
	note->fd = fd;
	if (!pid)
		drop(note);
	pthread_mutex_unlock(&ids->lock);
}

struct rig_note *rig_note_of(struct rig_identities *ids, int number)
{
	struct rig_note *last = NULL;

	pthread_mutex_lock(&ids->lock);
	for (unsigned i = 0; i < ids->n; i++) {
		struct rig_note *note = &ids->note[i];

		if (note->used && note->number == number &&
		    (!last || note->made > last->made))
			last = note;
	}
	pthread_mutex_unlock(&ids->lock);
	return last;
}

void rig_notes_drop(struct rig_identities *ids, int number)
{
	pthread_mutex_lock(&ids->lock);
	for (unsigned i = 0; i < ids->n; i++)
		if (ids->note[i].used &&
		    (number < 0 || ids->note[i].number == number))
			drop(&ids->note[i]);
	pthread_mutex_unlock(&ids->lock);
}

bool rig_note_ended(const struct rig_note *note)
{
	struct pollfd item = { .fd = note->fd, .events = POLLIN };

	return note->fd < 0 || poll(&item, 1, 0) > 0;
}

void rig_note_mean(struct rig_note *note)
{
	thread.meant = note;
}

/* ---- the seam ---- */

/*
 * The child's memory is a copy under vfork as well: it has nothing to say there
 * as long as it is executed, and exits with 127 if not.
 */
static int clone_chosen(const struct rig_identities *ids, enum spw_clone how,
			spw_child_fn *child, void *arg, pid_t *pid, int *fd)
{
	uint64_t flags = RIG_CLONE_PIDFD | RIG_CLONE_CLEAR_SIGHAND;
	pid_t result = -EAGAIN;

	if (how != SPW_CLONE_FORK)
		flags |= RIG_CLONE_VFORK;
	for (pid_t id = FIRST_ID; id < FIRST_ID + 4 * (pid_t)ids->n; id++) {
		/* Cheaper than to fork in vain; others may be faster. */
		if (!kill(id, 0) || errno != ESRCH)
			continue;
		result = rig_fork3(flags, &id, fd);
		if (result == 0)
			syscall(SYS_exit_group, child(arg));
		if (result != -EEXIST)
			break;
	}
	if (result < 0)
		return result == -EEXIST ? -EAGAIN : result;
	*pid = result;
	return 0;
}

static int seam_clone(struct spw_sys *sys, enum spw_clone how,
		      spw_child_fn *child, void *arg, size_t arg_len,
		      pid_t *pid)
{
	struct spw_sys *kernel = spw_sys_linux();
	struct rig_identities *ids = ids_of(sys);
	/* A server's descriptors are its own. */
	struct rig_note *note = getpid() == ids->self ? begin_note(ids) : NULL;
	int fd = -1, rc;

	thread.making = note;
	rc = ids->chosen ? clone_chosen(ids, how, child, arg, pid, &fd) :
			   kernel->clone(sys, how, child, arg, arg_len, pid);
	thread.making = NULL;
	if (!rc && !ids->chosen && note)
		fd = kernel->pidfd_open(kernel, *pid);
	if (note)
		end_note(ids, note, rc ? 0 : *pid, fd < 0 ? -1 : fd);
	else if (fd >= 0)
		close(fd);
	return rc;
}

/* In the child. Decimal, without libc. */
static SPW_CHILD void say_who(char *const argv[])
{
	int number = 0;

	if (!thread.making || !argv[0] || !argv[1])
		return;
	for (const char *c = argv[1]; *c >= '0' && *c <= '9'; c++)
		number = number * 10 + *c - '0';
	thread.making->number = number;
}

static SPW_CHILD int seam_execve(struct spw_sys *sys, const char *path,
				 char *const argv[], char *const envp[])
{
	say_who(argv);
	return spw_sys_linux()->execve(sys, path, argv, envp);
}

static SPW_CHILD int seam_exec_fd(struct spw_sys *sys, int fd,
				  char *const argv[], char *const envp[])
{
	say_who(argv);
	return spw_sys_linux()->exec_fd(sys, fd, argv, envp);
}

/*
 * Who was reaped does not come back: what the id means then is another. The
 * race is between a look at the child and this call, which comes late.
 */
static int seam_kill(struct spw_sys *sys, pid_t pid, int sig)
{
	struct spw_sys *kernel = spw_sys_linux();
	struct rig_note *note = thread.meant;
	bool gone;
	int rc;

	sched_yield();
	gone = note && note->fd >= 0 &&
	       kernel->pidfd_signal(kernel, note->fd, 0) == -ESRCH;
	rc = kernel->kill(sys, pid, sig);
	if (gone && !rc)
		note->stray = true;
	return rc;
}

/* ---- opening ---- */

int rig_identities_open(struct rig_identities *ids, unsigned children,
			bool chosen)
{
	size_t size = children * sizeof(*ids->note);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error;

	if (memory == MAP_FAILED)
		return -errno;
	ids->sys = *spw_sys_linux();
	ids->sys.clone = seam_clone;
	ids->sys.execve = seam_execve;
	ids->sys.exec_fd = seam_exec_fd;
	ids->sys.kill = seam_kill;
	ids->self = getpid();
	ids->chosen = chosen;
	ids->note = memory;
	ids->n = children;
	error = pthread_mutex_init(&ids->lock, NULL);
	if (error) {
		munmap(memory, size);
		ids->note = NULL;
	}
	return -error;
}

void rig_identities_close(struct rig_identities *ids)
{
	if (!ids->note)
		return;
	rig_notes_drop(ids, -1);
	pthread_mutex_destroy(&ids->lock);
	munmap(ids->note, ids->n * sizeof(*ids->note));
}
