/* SPDX-License-Identifier: MIT */
/* Processes whose ids are chosen, and a pid namespace where that is allowed. */
#ifndef RIG_STRESS_APART_H
#define RIG_STRESS_APART_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* Flags of clone3 (uapi/linux/sched.h). */
#define RIG_CLONE_PIDFD         UINT64_C(0x1000)
#define RIG_CLONE_VFORK         UINT64_C(0x4000)
#define RIG_CLONE_CLEAR_SIGHAND UINT64_C(0x100000000)

/*
 * As fork, by clone3; the child may do little, libc does not know of it. tid:
 * the id that it is to have, or NULL: any. pidfd: for RIG_CLONE_PIDFD, else
 * NULL. The id, 0 in the child, or -errno; -EEXIST: that id is in use.
 */
pid_t rig_fork3(uint64_t flags, const pid_t *tid, int *pidfd);

/*
 * fork into a new user and pid namespace. clone and not unshare, which refuses
 * where there are threads; sanitizers have one.
 */
pid_t rig_fork_apart(void);

/*
 * Calls run(arg) in a process that is the first of such a namespace, where its
 * children's ids can be chosen, and waits for its end; what run is to tell it
 * writes to memory that is shared. When *stop is set (NULL: never) that process
 * is told by SIGINT. -ENOTSUP: none can be chosen here; -EIO: it ended otherwise.
 */
int rig_run_apart(void (*run)(void *arg), void *arg,
		  const volatile sig_atomic_t *stop);

#endif
