/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: processes, threads, descriptors, files, pipes, locks,
 * a clock and memory, behind the seam (spw/sys.h), for tasks of the engine.
 *
 * Each call is a scheduling point, and so is each step inside a call that
 * another task can see (sim_options.steps). Rules cite the kernel function or
 * standard they model; see the file of the subject. What a call does that
 * nobody else can see (its own mask, its own copy of a table) is no point.
 *
 * Thread-safety: one engine, one sim, one thread.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "engine/engine.h"

#include <spw/sys.h>

/* Bump when a rule changes: evidence names the model it was found in. */
#define SIM_MODEL_VERSION 4

enum sim_order {
	SIM_ORDER_ANY,  /* a choice: for proofs, which must not rest on it */
	SIM_ORDER_LIFO, /* Linux: task_work_run since c82199061009 */
	SIM_ORDER_FIFO,
};

struct sim_options {
	/* execve refuses a file that is open for writing. Absent in Linux
	 * 6.11.0-6.11.10 and 6.12.0-6.12.1 (2a010c412853, reverted by
	 * 3b832035387f). */
	bool etxtbsy;
	/* In which order the final drops of a closing process run. */
	enum sim_order release_order;
	/* Steps inside execve, close and exit are points of their own. */
	bool inner_steps;
	/*
	 * A thread may wait for the children that it made itself and for no
	 * other: Plan 9, and Linux with __WNOTHREAD. No pidfds there.
	 */
	bool thread_scope;
	/*
	 * The id of a process is the lowest that is free, so that it is used
	 * again as soon as it can be. Else no id is ever used again, and forks
	 * have nothing to do with each other.
	 */
	bool pids_reused;
	/* So many calls of an execution may fail as calls fail in life. */
	unsigned faults;
};

enum { SIM_FAULTS_MAX = 9 };

struct sim;

int sim_open(struct sim **sim);
void sim_close(struct sim *sim);

extern const struct sim_options sim_defaults;
void sim_configure(struct sim *sim, const struct sim_options *options);
const struct sim_options *sim_configured(const struct sim *sim);

/*
 * "NAME=VALUE" to an option. -EINVAL: no such name or value; *expected says
 * what would do.
 */
int sim_option_parse(struct sim_options *options, const char *text,
		     const char **expected);
/* All options as "name=value ...". Returns buf. */
const char *sim_option_print(const struct sim_options *options, char *buf,
			     size_t size);

/* The seam of this kernel. */
struct spw_sys *sim_sys(struct sim *sim);

/*
 * The same, but its calls may fail where the schedule says so, at most
 * sim_options.faults times in an execution: what runs on it is to be tested,
 * and not who tests it. See fault.c for which call fails in which way.
 */
struct spw_sys *sim_faulty_sys(struct sim *sim);
/* Calls that have failed so in this execution. */
unsigned sim_faults(const struct sim *sim);

/*
 * What the engine executes: the kernel reset, main(ctx) as the first thread of
 * process 1, then the oracle that nothing is left behind: no descriptor,
 * memory, zombie, lock or lease, and every file executable and writable.
 */
const struct rig_subject *sim_subject(struct sim *sim, void (*main)(void *ctx),
				      void *ctx);

struct rig_engine *sim_engine(struct sim *sim);

/* Threads created from now on are actors of the scenario, or are not. */
void sim_threads_are_actors(struct sim *sim, bool actors);

/*
 * Somebody who makes on another kernel what happens here, step by step. Each
 * is called right after the simulated step, with its result; calls that
 * return on the seam are not here, a mirror replaces them in the table.
 */
enum { SIM_TEXT = 32 }; /* of a path, its zero included */

/* A program as it is executed. */
struct sim_mirror_exec {
	const char *path; /* NULL: fd's file */
	int fd;
	char argument[SIM_TEXT]; /* its first, or "" */
	char given[SIM_TEXT]; /* the same of its interpreter, if it has one */
};

struct sim_mirror {
	void *ctx;
	/* Before an execution, and where one ended with nothing left over. */
	void (*begin)(void *ctx);
	void (*end)(void *ctx);
	/*
	 * Before the child's task exists: it will be task number child. pid is
	 * the id that it gets, where ids are used again; else 0.
	 */
	void (*clone)(void *ctx, enum spw_clone how, unsigned child, pid_t pid);
	/* result is 0 or -errno; 0: the new program is about to begin. */
	void (*execve)(void *ctx, const struct sim_mirror_exec *exec,
		       int result);
	/* The new program has read its script, which says code. */
	void (*interpret)(void *ctx, int code);
	/* The caller's process has ended, but nobody has been told. */
	void (*exit)(void *ctx, const struct spw_status *status);
	/* The caller, a thread, has ended; orphans: it has left children. */
	void (*thread_end)(void *ctx, bool orphans);
	/* The caller is inside a call on fd's file, and keeps to that file
	 * whatever becomes of the number (fdget). */
	void (*hold)(void *ctx, int fd);
};

/* mirror is kept, not copied; NULL: none. */
void sim_set_mirror(struct sim *sim, const struct sim_mirror *mirror);
const struct sim_mirror *sim_mirror(struct spw_sys *sys);

/* "ETXTBSY"; "error" where the kernel has no use for the number. */
const char *sim_errno_name(int error);

/* The content of a program that exits with code (0..255). */
enum { SIM_PROGRAM_SIZE = 8 };
void sim_program(uint8_t image[SIM_PROGRAM_SIZE], int code);
/* The code that a program exits with, -1 where data is no program. */
int sim_program_code(const void *data, size_t len);
/* A program that exits as its first argument says, the path of a script. */
void sim_interpreter(uint8_t image[SIM_PROGRAM_SIZE]);
/*
 * A script for that interpreter, to exit with code; its length. Where a script
 * cannot be read, the interpreter exits with SIM_NO_SCRIPT.
 */
enum { SIM_SCRIPT_SIZE = 48, SIM_NO_SCRIPT = 126 };
int sim_script(uint8_t script[SIM_SCRIPT_SIZE], const char *interpreter,
	       int code);

/* Puts an executable file there, before the race begins. */
int sim_install(struct sim *sim, const char *path, const void *data,
		size_t len);

#endif
