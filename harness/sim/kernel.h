/* SPDX-License-Identifier: MIT */
/*
 * The objects of the simulated kernel, shared by the files of this folder.
 * Small numbers and no pointers between objects, so that a reset is cheap and
 * a picture of the state is canonical. Index 0 of every table is "none".
 */
#ifndef SIM_KERNEL_H
#define SIM_KERNEL_H

#include "engine/engine.h"
#include "engine/trace.h"
#include "sim/ops.h"
#include "sim/poll.h"
#include "sim/sim.h"

#include <spw/sys.h>

enum {
	SIM_FDS = 24, /* numbers of a descriptor table: EMFILE beyond */
	SIM_TABLES = 48,
	SIM_FILES = 64,      /* open file descriptions: ENFILE beyond */
	SIM_INODES = 16,     /* ENOSPC beyond */
	SIM_DENTRIES = 24,   /* names: ENOSPC beyond */
	SIM_WATCHES = 8,     /* of close events: EMFILE beyond */
	SIM_PIPES = 32,      /* a socket pair is two, an eventfd is one */
	SIM_MAPS = 2,        /* mappings of a process: ENOMEM beyond */
	SIM_PROCS = 48,      /* EAGAIN beyond */
	SIM_LOCKERS = 16,    /* tasks that create locks */
	SIM_LOCKS_MAIN = 32, /* of each kind, by the first; EAGAIN beyond */
	SIM_LOCKS_EACH = 8,  /* by each of the others */
	SIM_LOCKS = SIM_LOCKS_MAIN + (SIM_LOCKERS - 1) * SIM_LOCKS_EACH,
	SIM_DATA = 64,       /* bytes of a file */
	SIM_PIPE_DATA = 256, /* bytes in a pipe */
	SIM_PATH = 32,
	SIM_HEAPS = 16,   /* tasks that allocate memory */
	SIM_HEAP = 16384, /* bytes for each */
};

/*
 * Objects for footprints (engine/footprint.h): names by a hash of the path,
 * everything else by a number that it gets when it is created.
 */
enum {
	SIM_NAMES = 64,
	SIM_OBJECT_NAMES = RIG_OBJECT_SUBJECT,
	/* Which of those that a task may create are free. */
	SIM_OBJECT_LOCKS = SIM_OBJECT_NAMES + SIM_NAMES,
	/* Ids of processes that are free, where they are used again. */
	SIM_OBJECT_PIDS = SIM_OBJECT_LOCKS + SIM_LOCKERS,
	SIM_OBJECT_CHILDREN, /* of process 1 */
	SIM_OBJECT_SIGCHLD,  /* pending for process 1 */
	SIM_OBJECT_MAPS,     /* of all processes */
	SIM_OBJECT_PROCS,    /* which are running, and with which table */
	SIM_OBJECTS_FIXED = SIM_NAMES + SIM_LOCKERS + 5,
};

/* Of an inode, from its first on. */
enum sim_inode_object {
	SIM_WRITERS, /* i_writecount above zero */
	SIM_IMAGES,  /* i_writecount below zero */
	SIM_LEASES,
	SIM_CONTENT, /* data, size, mode */
	SIM_FLOCKS,
	SIM_WATCHED, /* who wants its close events */
	SIM_INODE_OBJECTS,
};

/* Of an open file description. */
enum sim_file_object {
	SIM_REFS,
	SIM_STATE, /* position, lease */
	SIM_FILE_OBJECTS,
};

/* Of a pipe. */
enum sim_pipe_object {
	SIM_PIPE_READERS, /* is the reading end open? */
	SIM_PIPE_WRITERS,
	SIM_PIPE_BYTES,
	SIM_PIPE_POLLED, /* who wants to hear of it */
	SIM_PIPE_OBJECTS,
};

/* Of a process. */
enum sim_proc_object {
	SIM_LIFE,   /* it runs or has ended */
	SIM_REAPED, /* it is there at all */
	SIM_MAKER,  /* which thread may wait for it, and what its end sends */
	SIM_KILLED,
	SIM_PROC_OBJECTS,
};

/* Of a task. */
enum sim_task_object {
	SIM_TASK_END,      /* and what it gives back to a parent */
	SIM_TASK_CHILDREN, /* that it made or that came to it */
	SIM_TASK_OBJECTS,
};

/* Of a descriptor table: one for each number, and one for all of them. */
enum { SIM_SLOTS = SIM_FDS, SIM_TABLE_OBJECTS = SIM_FDS + 1 };

struct sim_inode {
	bool used;
	rig_object object;
	uint8_t links;       /* names that it has */
	char path[SIM_PATH]; /* under which it was created, or "" */
	uint64_t key;        /* hash of path */
	uint16_t mode;
	uint16_t size;
	int16_t writers; /* i_writecount: < 0 while executed */
	uint8_t opens;   /* open file descriptions */
	uint8_t leases;
	bool memory; /* from memfd_create: it can be sealed */
	bool sealed;
	uint32_t version; /* grows when writers or leases change */
	uint32_t moves;   /* grows when a descriptor that can write does */
	uint8_t locker;   /* file that holds the flock; 0: none */
	rig_set watchers; /* tasks in pause that wait for a newer version */
	rig_set scanners; /* tasks in pause that wait for another move */
	rig_set breakers; /* tasks whose open waits for leases to end */
	rig_set lockers;  /* tasks that wait for it */
	uint8_t data[SIM_DATA];
};

enum sim_kind {
	SIM_REGULAR = 1,
	SIM_PIPE_READ,
	SIM_PIPE_WRITE,
	SIM_NULL,
	SIM_EVENTS, /* inotify */
	SIM_PIDFD,
	SIM_SOCKET,
	SIM_COUNTER, /* eventfd */
	SIM_EPOLL,
};

/* struct file: an open file description. */
struct sim_file {
	enum sim_kind kind;
	uint8_t object; /* inode, pipe, watch, process or epoll; of a socket the
			 * pipe that it reads */
	uint8_t tx;     /* of a socket: the pipe that it writes */
	uint8_t refs;
	uint16_t pos;
	bool readable;
	bool writable;
	bool writer; /* FMODE_WRITER: counted in its inode's writers */
	bool nonblock;
	bool leased;
	bool locked;    /* holds its inode's flock */
	uint8_t opener; /* index of the task; for traces only */
	rig_object id;
	rig_object target; /* pidfd: object of the process, which is not used
			      again as its place in the table is */
};

/* One inode watched for the release of files that were open for writing. */
struct sim_watch {
	bool used;
	uint8_t inode;
	uint8_t events;
	rig_object object;
	rig_set waiters;
};

/* A path as a call was given it. */
struct sim_path {
	const char *text;
	uint64_t key; /* hash of text: the same in every execution */
};

/* A name in the one directory. */
struct sim_dentry {
	uint8_t inode; /* 0: free */
	uint64_t key;
	char path[SIM_PATH];
};

struct sim_pipe {
	bool used;
	rig_object object;
	bool readers; /* the reading end is open somewhere */
	bool writers;
	uint16_t len;
	bool reset;      /* of a socket: its peer left something unread */
	rig_set waiters; /* tasks blocked in read */
	uint8_t data[SIM_PIPE_DATA]; /* the first len; last: not cleared */
};

struct sim_fd {
	uint8_t file; /* 0: free */
	bool cloexec;
	bool clofork;
};

/* struct files_struct */
struct sim_table {
	uint8_t refs; /* tasks that use it; 0: free */
	bool shared;  /* it had more than one, now or before */
	uint8_t end;  /* no number from here on was ever used */
	rig_object object;
	struct sim_fd fd[SIM_FDS];
};

enum sim_life { SIM_RUNNING = 1, SIM_DEAD };

struct sim_proc {
	enum sim_life life;
	pid_t pid;
	uint8_t parent;
	uint8_t image; /* inode whose program it runs; 0: the scenario itself */
	uint8_t threads;
	uint8_t map[SIM_MAPS]; /* files; 0: free */
	uint8_t maker;  /* task index + 1 of the thread whose child it is */
	uint8_t killed; /* signal that ends it */
	uint8_t pdeath; /* signal that the end of its maker sends; 0: none */
	bool ending;    /* it is too late for a signal */
	bool sigchld;   /* is pending */
	uint32_t born;  /* how-many-th child of all threads' */
	struct spw_status status;
	rig_set waiters; /* for its end */
	rig_object object;
};

/* What a task is to the kernel: one thread of one process. */
struct sim_task {
	struct rig_task *task;
	uint8_t proc;
	uint8_t table;
	rig_object object;
	bool threw; /* thread: it has ended */
	bool joined;
	rig_set joiners;
	struct sim_task *vfork_parent; /* suspended until this one lets go */
	/* Between clone and execve: the block it may rely on. */
	const void *arg;
	size_t arg_len;
	uint64_t arg_sum;
	/* Final drops that wait for the end of the call (task_work). */
	uint8_t ndrops;
	uint8_t uses;   /* file that a call in progress works on; 0: none */
	uint32_t wants; /* of a poll in progress: its events */
	/* What a polling loop looked at in vain, for pause. */
	uint8_t watch; /* inode; 0: nothing */
	uint32_t watch_version;
	bool scans;        /* it looked through the processes */
	bool fused;        /* the next call belongs to the pause before it */
	bool own_children; /* in a wait for any child: the thread's own only */
	/* What runs on it. */
	spw_child_fn *child;
	void (*thread)(void *arg);
	void *thread_arg;
	struct sim *sim;
	/* The first ndrops; last: not to be cleared. */
	uint8_t drops[SIM_FDS + SIM_MAPS];
};

struct sim_mutex {
	bool used;
	rig_object object;
	uint8_t owner; /* task index + 1 */
	rig_set waiters;
};

struct sim_rwlock {
	bool used;
	rig_object object;
	uint8_t writer; /* task index + 1 */
	rig_set readers;
	rig_set want_read;
	rig_set want_write;
};

struct sim_cond {
	bool used;
	rig_object object;
	rig_set waiters; /* not yet woken */
	struct sim_mutex *mutex;
};

struct sim_heap {
	uint32_t used;
	_Alignas(16) uint8_t bytes[SIM_HEAP];
};

/* A table of calls, from which they find the rest. */
struct sim_seam {
	struct spw_sys sys; /* first */
	struct sim *sim;
};

struct sim {
	struct sim_seam seam;
	struct sim_seam faulty; /* the same, behind fault.c */
	struct rig_engine *engine;
	struct sim_options options;
	const struct sim_mirror *mirror; /* or NULL */
	struct rig_subject subject;
	void (*main)(void *ctx);
	void *ctx;
	enum rig_kind thread_kind;
	unsigned faults;      /* that have befallen calls */
	uint32_t live_blocks; /* of memory */
	uint32_t born;        /* processes so far */
	rig_set any_waiters;  /* tasks that wait for any child */
	rig_set sigchld_waiters;
	rig_set pollers; /* tasks that sleep in poll */
	unsigned ntasks, ninodes, nfiles, npipes, ntables, nprocs;
	unsigned nwatches, nnames, nepolls, nitems;
	unsigned nmutexes, nrwlocks, nconds, nheaps;
	struct sim_task task[RIG_TASKS_MAX];
	struct sim_inode inode[SIM_INODES];
	struct sim_file file[SIM_FILES];
	struct sim_pipe pipe[SIM_PIPES];
	struct sim_watch watch[SIM_WATCHES];
	struct sim_epoll epoll[SIM_EPOLLS];
	struct sim_item item[SIM_ITEMS];
	struct sim_dentry name[SIM_DENTRIES];
	struct sim_table table[SIM_TABLES];
	struct sim_proc proc[SIM_PROCS];
	struct sim_mutex mutex[SIM_LOCKS];
	struct sim_rwlock rwlock[SIM_LOCKS];
	struct sim_cond cond[SIM_LOCKS];
	struct sim_heap heap[SIM_HEAPS];
};

static inline struct sim *sim_of(struct spw_sys *sys)
{
	return ((struct sim_seam *)(void *)sys)->sim;
}

static inline struct sim_task *sim_self(struct sim *sim)
{
	return sim->engine->current->world;
}

static inline struct sim_proc *sim_proc_self(struct sim *sim)
{
	return &sim->proc[sim_self(sim)->proc];
}

static inline struct sim_table *sim_table_self(struct sim *sim)
{
	return &sim->table[sim_self(sim)->table];
}

/* ---- footprints ---- */

static inline rig_object sim_objects(struct sim *sim, unsigned n)
{
	return rig_objects(sim->engine, n);
}

static inline void sim_access(struct sim *sim, unsigned object,
			      enum rig_mode mode)
{
	rig_access(sim->engine, (rig_object)object, mode);
}

/* A descriptor's slot of a table that others may use. */
static inline void sim_access_slot(struct sim *sim, int fd, enum rig_mode mode)
{
	const struct sim_table *table;

	if (!sim->engine->tracking)
		return;
	table = sim_table_self(sim);
	if (!table->shared)
		return;
	sim_access(sim, table->object + (unsigned)fd, mode);
	if (mode == RIG_WRITE)
		sim_access(sim, table->object + SIM_SLOTS, RIG_UPDATE);
}

/* Where a walk over a table may stop: it counts that an empty slot was looked
 * at, where that is written down. */
static inline int sim_fds(const struct sim *sim, const struct sim_table *table)
{
	return sim->engine->tracking && table->shared ? SIM_FDS : table->end;
}

/* ---- what a call is about, for samplers (rig_about) ---- */

/* The file of that name, or its inode. */
static inline void sim_about_path(struct sim *sim, uint64_t key, bool writes)
{
	rig_about(sim->engine, (uint32_t)(key >> 32) | 1, writes);
}

/* An even key for each table and each lock. */
static inline void sim_about_table(struct sim *sim, bool writes)
{
	rig_about(sim->engine, (uint32_t)sim_proc_self(sim)->pid * 4 + 2,
		  writes);
}

static inline void sim_about_lock(struct sim *sim, unsigned number, bool writes)
{
	rig_about(sim->engine, (number + 1) * 4, writes);
}

/* What a polling loop waits for to change. */
static inline uint32_t sim_watch_version(const struct sim *sim,
					 const struct sim_task *task)
{
	const struct sim_inode *inode = &sim->inode[task->watch];

	return task->scans ? inode->moves : inode->version;
}

/* ---- points: sim.c ---- */

/* The calling task is about to make a call that others can see. */
void sim_point(struct sim *sim, unsigned op);
/* In a call that waits, until it may go on or deadline_ns has come. */
void sim_point_until(struct sim *sim, unsigned op, uint64_t deadline_ns);
/* A call on the caller's descriptor table: a point where that is shared. */
void sim_table_point(struct sim *sim, unsigned op);
/* A step inside a call: a point with options.inner_steps. */
void sim_inner(struct sim *sim, unsigned op);
/* The result of a call, for the trace and the task's history. */
int sim_result(struct sim *sim, int result);

/* A rule of the seam was broken by the program under test. */
#define sim_contract(sim, ...) rig_fail((sim)->engine, "contract", __VA_ARGS__)

/* ---- descriptors and files: file.c, drop.c, name.c, pipe.c ---- */

/* The file of fd in the caller's table, or 0. */
unsigned sim_fd_file(struct sim *sim, int fd);
/* A free file with one reference, or 0. */
unsigned sim_file_new(struct sim *sim, enum sim_kind kind, unsigned object);
/* The lowest free number for one reference to file. -EMFILE. */
int sim_fd_install(struct sim *sim, unsigned file, bool cloexec);
void sim_inode_changed(struct sim *sim, struct sim_inode *inode);

/* For traces: what it is, in a few words. Returns buf. */
const char *sim_file_print(const struct sim *sim, const struct sim_file *file,
			   char *buf, size_t size);
/* Can another task see that a reference to this file goes? */
bool sim_drop_visible(struct sim *sim, const struct sim_file *file);
/* See rig_about; 0: no file. */
void sim_about_file(struct sim *sim, unsigned file, bool writes);
/* Takes one more reference, where the caller has one. */
void sim_hold(struct sim *sim, unsigned file);
/* Drops one reference; a final drop is queued on the task (task_work_add). */
void sim_drop(struct sim *sim, unsigned file);
/* Runs the queued final drops (task_work_run), in the configured order. */
void sim_run_drops(struct sim *sim);
/* Drops every descriptor >= first of the caller's table, or those of them that
 * are close-on-exec. */
void sim_drop_table(struct sim *sim, int first, bool only_cloexec);
/* The caller has no table any more (put_files_struct). */
void sim_table_put(struct sim *sim);

struct sim_path sim_path(const char *text);
unsigned sim_inode_find(struct sim *sim, struct sim_path path);
/* path NULL: without a name. 0: no room. */
unsigned sim_inode_create(struct sim *sim, const struct sim_path *path,
			  unsigned mode);
void sim_inode_put(struct sim *sim, unsigned inode);
/* Frees the inode if nothing refers to it any more. */
void sim_inode_reap(struct sim *sim, unsigned inode);

/* The lowest free numbers for two files, which are gone after an error. */
/* The same at a number that is free, or whose file the caller drops. */
void sim_fd_set(struct sim *sim, int fd, unsigned file, bool cloexec);
int sim_fd_install_two(struct sim *sim, unsigned a, unsigned b, int fd[2]);

/* A pipe with both ends open, or 0. */
unsigned sim_pipe_new(struct sim *sim);
void sim_pipe_free(struct sim *sim, unsigned pipe);
/* Through an end of a pipe or a socket. */
ssize_t sim_pipe_read(struct sim *sim, unsigned file, void *buf, size_t len);
ssize_t sim_pipe_write(struct sim *sim, const struct sim_file *f,
		       const void *buf, size_t len);
void sim_socket_release(struct sim *sim, const struct sim_file *f);
ssize_t sim_counter_read(struct sim *sim, unsigned pipe, void *buf, size_t len);
ssize_t sim_counter_write(struct sim *sim, unsigned pipe, const void *buf,
			  size_t len);

/* In __fput, before everything else and among the locks: flock.c, watch.c. */
bool sim_flock_held(const struct sim_file *file);
void sim_flock_remove(struct sim *sim, struct sim_file *file);
bool sim_watched(struct sim *sim, const struct sim_file *file);
void sim_watch_event(struct sim *sim, struct sim_file *file);
void sim_watch_release(struct sim *sim, struct sim_file *file);
/* Reads what decides who has an inode open for writing: scan.c. */
void sim_access_writers(struct sim *sim, unsigned inode);
ssize_t sim_watch_read(struct sim *sim, struct sim_watch *watch, void *buf,
		       size_t len);

/* A child of the caller's process gets its mappings; the caller's go: map.c. */
void sim_maps_copy(struct sim *sim, unsigned child);
void sim_maps_drop(struct sim *sim);

/* ---- processes: process.c, exec.c ---- */

_Noreturn void sim_exit(struct sim *sim, int code);
/* The caller, in a child, was killed before it got to exit. */
_Noreturn void sim_die(struct sim *sim);
/* "a1.c1", or the number where ids are used again. */
const char *sim_pid_text(const struct sim *sim, pid_t pid, char *buf);

/* ---- waiting: wait.c, pidfd.c ---- */

/* The thread whose child it is. */
const struct sim_task *sim_maker(const struct sim *sim,
				 const struct sim_proc *proc);
/* A child was made, has ended or is gone: who waits for any may go on. */
void sim_children_changed(struct sim *sim);
/* The caller, a thread, ends: its children, if any, are another thread's. */
bool sim_orphan(struct sim *sim);
/* The caller's child i, a zombie, goes. Returns its status. */
struct spw_status sim_reap(struct sim *sim, unsigned i);
/* A signal for process i; 0 or -errno. */
int sim_signal(struct sim *sim, unsigned i, int sig);
/* The process of that id, a zombie too, or 0. */
unsigned sim_find_pid(struct sim *sim, pid_t pid);
/* What child was given must be the same at each of its calls. */
void sim_child_given(struct sim_task *child, const void *arg, size_t len);
/* unshare_files: the caller gets a copy of the table that it shares. */
void sim_unshare_table(struct sim *sim);
/* Lets the suspended parent of the caller go, if there is one. */
void sim_vfork_release(struct sim *sim);
struct sim_task *sim_task_new(struct sim *sim, unsigned proc, unsigned table);

/* ---- filling the seam: one function a file ---- */

void sim_file_calls(struct spw_sys *sys);
void sim_name_calls(struct spw_sys *sys);
void sim_pipe_calls(struct spw_sys *sys);
void sim_socket_calls(struct spw_sys *sys);
void sim_poll_calls(struct spw_sys *sys);
void sim_epoll_calls(struct spw_sys *sys);
void sim_flock_calls(struct spw_sys *sys);
void sim_map_calls(struct spw_sys *sys);
void sim_watch_calls(struct spw_sys *sys);
void sim_scan_calls(struct spw_sys *sys);
void sim_memfd_calls(struct spw_sys *sys);
void sim_process_calls(struct spw_sys *sys);
void sim_exec_calls(struct spw_sys *sys);
void sim_wait_calls(struct spw_sys *sys);
void sim_pidfd_calls(struct spw_sys *sys);
void sim_thread_calls(struct spw_sys *sys);
void sim_lock_calls(struct spw_sys *sys);
void sim_clock_calls(struct spw_sys *sys);
void sim_memory_calls(struct spw_sys *sys);

/* ---- failing: fault.c ---- */

/* Replaces what may fail in sys, a copy of the other calls. */
void sim_fault_calls(struct spw_sys *sys);
/* See rig_subject. */
const char *sim_fault_name(unsigned op, unsigned fault);

/* ---- whole kernel: snapshot.c, leftovers.c, memory.c, held.c ---- */

void sim_snapshot(struct sim *sim, struct rig_words *out);
/* Files that are open for writing, and which tasks have them: rig_subject. */
void sim_look(void *sim, struct rig_trace *trace, struct rig_step *step);
/* Fails the execution if the program left anything behind. */
void sim_leftovers(struct sim *sim);
void sim_memory_reset(struct sim *sim);
void sim_memory_picture(struct sim *sim, struct rig_words *out);
/* A block that was written to after it was freed, or NULL. */
const void *sim_memory_damage(const struct sim *sim);

#endif
