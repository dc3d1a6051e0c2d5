/* SPDX-License-Identifier: MIT */
/*
 * Probes: what this kernel, libc and file system do, found out by trying. A
 * version says nothing: distributions port changes back, and ETXTBSY itself
 * went in one release and came back in another.
 *
 * Each probe runs in a child of its own, in a process group of its own and
 * with a deadline. Whatever it disturbs (threads, signals, namespaces, a
 * filter that kills it) ends with that child.
 */
#ifndef RIG_PROBE_H
#define RIG_PROBE_H

#include "stress/workdir.h"

#include <signal.h>
#include <stdint.h>

enum rig_answer {
	RIG_CANNOT_TELL, /* text is the reason */
	RIG_NO,          /* text is the reason where the system gives one */
	RIG_YES,
	RIG_VALUE, /* text is the value */
};

/* "cannot tell", "no", "yes", "value" */
const char *rig_answer_name(enum rig_answer answer);

enum { RIG_PROBE_TEXT = 160 };

struct rig_probe_result {
	enum rig_answer answer;
	char text[RIG_PROBE_TEXT]; /* or "" */
};

/* Where probes may work, and how long. */
struct rig_probe_place {
	const struct rig_workdir *dir;     /* NULL: there is none */
	const char *no_dir;                /* why, then */
	uint64_t timeout_ns;               /* of one probe; 0: five seconds */
	const volatile sig_atomic_t *stop; /* or NULL */
};

struct rig_probing; /* probe_tools.h */

struct rig_probe {
	const char *name;    /* "writer"; as seen from outside etxtbsy/writer */
	const char *summary; /* what "yes" says, or what the value is */
	const char *reference;
	enum rig_answer (*run)(struct rig_probing *probing);
};

struct rig_probe_subject {
	const char *name;
	const char *title;
	const struct rig_probe *probes;
	size_t n;
};

/* Ends with NULL. */
extern const struct rig_probe_subject *const rig_probe_subjects[];

/* "etxtbsy/writer", or NULL. */
const struct rig_probe *rig_probe_find(const char *name);

void rig_probe_try(const struct rig_probe *probe,
		   const struct rig_probe_place *place,
		   struct rig_probe_result *result);

/* By name. -ENOENT: there is no such probe. */
int rig_probe_run(const char *name, const struct rig_probe_place *place,
		  struct rig_probe_result *result);

typedef void rig_probe_visit(void *ctx, const struct rig_probe_subject *subject,
			     const struct rig_probe *probe,
			     const struct rig_probe_result *result);

/*
 * All probes, in their order, or those whose name or subject is in names
 * (n > 0). -EINTR: *stop was set before the end.
 */
int rig_probe_all(const struct rig_probe_place *place, const char *const *names,
		  size_t n, rig_probe_visit *visit, void *ctx);

#endif
