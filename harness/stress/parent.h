/* SPDX-License-Identifier: MIT */
/*
 * What makes a process expensive to fork, or to spawn from: memory that has
 * been touched, whose page tables fork copies, and open descriptors, which
 * every child inherits and most close again.
 */
#ifndef RIG_PARENT_H
#define RIG_PARENT_H

#include "stress/workdir.h"

#include <sys/resource.h>

enum rig_parent {
	RIG_PARENT_SMALL,
	RIG_PARENT_LARGE, /* 1 GiB is touched, in small pages */
	RIG_PARENT_OPEN,  /* 10,000 descriptors are open */
	RIG_PARENTS,
};

/* "small parent" */
const char *rig_parent_name(enum rig_parent parent);

/* What this process has taken on. */
struct rig_ballast {
	void *memory; /* or NULL */
	int *fd;      /* or NULL */
	unsigned nfds;
	struct rlimit files; /* as it was */
};

/*
 * Makes this process such a parent; descriptors are of dir, each an open file
 * description of its own. Where that cannot be, -errno, and why says what is
 * missing; nothing is to be dropped then.
 */
int rig_ballast_take(struct rig_ballast *ballast, enum rig_parent parent,
		     const struct rig_workdir *dir, char *why, size_t why_len);
void rig_ballast_drop(struct rig_ballast *ballast);

#endif
