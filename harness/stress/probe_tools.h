/* SPDX-License-Identifier: MIT */
/* What probes are made of. Functions return 0 (or a number) or -errno. */
#ifndef RIG_PROBE_TOOLS_H
#define RIG_PROBE_TOOLS_H

#include "stress/probe.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#define PROBES(array) .probes = (array), .n = sizeof(array) / sizeof((array)[0])

/* Each file of probes ends with its own. */
extern const struct rig_probe_subject rig_probe_subject_etxtbsy;
extern const struct rig_probe_subject rig_probe_subject_running;
extern const struct rig_probe_subject rig_probe_subject_lock;
extern const struct rig_probe_subject rig_probe_subject_wait;
extern const struct rig_probe_subject rig_probe_subject_process;
extern const struct rig_probe_subject rig_probe_subject_descriptor;
extern const struct rig_probe_subject rig_probe_subject_uring;
extern const struct rig_probe_subject rig_probe_subject_directory;
extern const struct rig_probe_subject rig_probe_subject_system;

/* One probe while it runs. */
struct rig_probing {
	const struct rig_probe_place *place;
	struct rig_probe_result *result;
};

/* ---- answers: return probe_no(...) ---- */

enum rig_answer probe_say(struct rig_probing *p, enum rig_answer answer,
			  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "what: No such file or directory", of error or -error. */
enum rig_answer probe_cannot(struct rig_probing *p, const char *what,
			     int error);

/*
 * For what is there or not: yes for rc >= 0. Else no with the reason, or cannot
 * tell where something else was missing (memory, descriptors, processes).
 */
enum rig_answer probe_feature(struct rig_probing *p, int rc);

/* A process that was to find something out ended with this wait status. */
enum rig_answer probe_died(struct rig_probing *p, int status);

/* ---- processes ---- */

/* What a call that sets errno has returned, as rc. */
static inline int probe_rc(long result)
{
	return result < 0 ? -errno : (int)result;
}

/* Ends a child. Not _exit: sanitizers have a last word there, and write what
 * stdio has not written yet a second time. */
_Noreturn void probe_exit(int status);

/* fork; the child is killed when the thread that called this ends. */
pid_t probe_fork(void);

/* Waits for pid. 0 and its wait status, or -errno. */
int probe_reap(pid_t pid, int *status);

/* Kills and reaps pid, if it is one. */
void probe_kill(pid_t pid);

/* Waits for pid; it exits with 0, or with an errno as its exit status. */
enum rig_answer probe_by_exit(struct rig_probing *p, pid_t pid);

/* A child that waits until it is killed. */
pid_t probe_idle_child(void);

/* Calls fn(arg) on a thread of its own and waits for its end. */
int probe_on_thread(void *(*fn)(void *arg), void *arg);

/* ---- files and programs in the work directory ---- */

enum { PROBE_PATH = PATH_MAX };

/* The path of name there, different for each probe. -ENOENT: no directory. */
int probe_path(struct rig_probing *p, const char *name, char path[PROBE_PATH]);

/* Says why there is no directory. */
enum rig_answer probe_no_dir(struct rig_probing *p);

/* Writes an executable file and closes it. */
int probe_write(const char *path, const void *data, size_t len);
/* One that exits as probe_execute expects it. */
int probe_write_program(const char *path);
int probe_write_script(const char *path, const char *interpreter);

/* The bytes of such a program into fd. */
int probe_fill(int fd);

/* Executes the program at path, or of fd where path is NULL, and waits. 0: it
 * ran; -ENOEXEC: something else did. */
int probe_execute(const char *path, int fd);

/* Executes the program at path, which goes on. Its pid, or -errno. */
pid_t probe_start(const char *path);

#endif
