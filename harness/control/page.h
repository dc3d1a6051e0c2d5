/* SPDX-License-Identifier: MIT */
/*
 * The page through which the controller tells real processes what to do: one
 * slot per task, a command in it, and whose turn it is. Shared by the rig, the
 * threads and children of the target process, and the program they execute,
 * which maps it by path; that one has no libc, so this header needs none.
 */
#ifndef RIG_CONTROL_PAGE_H
#define RIG_CONTROL_PAGE_H

#include <stdint.h>

enum {
	CTL_SLOTS = 62,
	CTL_SERVICE = 61, /* slot of the target's service thread; 0: its main */
	CTL_DATA = 256,   /* bytes that one read or write moves */
	CTL_EVENTS = 8,   /* of 16 bytes: they fit into that */
	CTL_PATH = 32,
	CTL_MAPS = 4,
	CTL_PROGRAMS = 9, /* exit codes 0 to 8 */
	CTL_PROGRAM_MAX = 4096,
};

enum ctl_op {
	CTL_BOOT, /* nothing; the answer says that the slot is served */
	CTL_OPEN,
	CTL_CLOSE,
	CTL_CLOSE_FROM,
	CTL_READ,
	CTL_WRITE,
	CTL_WRITE_PROGRAM, /* the image that exits with arg[1] */
	CTL_FCHMOD,
	CTL_UNLINK,
	CTL_PIPE,
	CTL_DUP_ABOVE,
	CTL_DUP_ONTO,
	CTL_CLOEXEC_FROM,
	CTL_PRIVATE_TABLE,
	CTL_LEASE,
	CTL_FLOCK,
	CTL_MAP,   /* arg[1] bytes of arg[0], address to data; arg[2]: number */
	CTL_UNMAP, /* arg[0] bytes at the address in data; arg[2] likewise */
	CTL_FSYNC,
	CTL_RENAME, /* path, to the path in data */
	CTL_LINK,   /* likewise */
	CTL_LINK_FD,
	CTL_WATCH,
	CTL_SOCKET_PAIR,
	CTL_SET_BLOCKING,
	CTL_EVENTFD,
	CTL_POLL, /* as things stand: the model has waited */
	CTL_EPOLL_CREATE,
	CTL_EPOLL_CTL,  /* a struct spw_event in data */
	CTL_EPOLL_WAIT, /* at most CTL_EVENTS of them in data */
	CTL_MEMFD,
	CTL_SEAL,
	CTL_SCAN,
	/* arg[0]: enum spw_clone, arg[1]: the child's slot, arg[2]: its id
	 * where that is chosen, or 0 */
	CTL_CLONE,
	CTL_EXECVE,    /* path, with the first argument in data, if any */
	CTL_EXEC_FD,   /* arg[0], likewise */
	CTL_INTERPRET, /* the program reads its script: what that says */
	CTL_DIE, /* arg[0]: the signal, when the thread that made it ends */
	CTL_EXIT,
	CTL_WAIT,    /* arg[1]: enum spw_wait_flags */
	CTL_KILL,    /* with 0; arg[2]: the signal that is meant */
	CTL_SIGCHLD, /* one that is pending */
	CTL_PIDFD_OPEN,
	CTL_PIDFD_POLL, /* has it ended? */
	CTL_PIDFD_WAIT,
	CTL_PIDFD_SIGNAL, /* likewise */
	/* For the service thread alone. */
	CTL_THREAD,  /* starts a thread that serves slot arg[0] */
	CTL_JOIN,    /* waits until that thread has left nothing behind */
	CTL_OBSERVE, /* waits until child arg[0] is a zombie, leaves it one */
	CTL_CLEAN,   /* removes files; the descriptors left open */
	/* In a log alone: not asked for, the process is killed, by arg[0]. */
	CTL_KILLED,
};

enum ctl_turn { CTL_CONTROLLER, CTL_TARGET };

struct ctl_slot {
	uint32_t turn; /* enum ctl_turn; a futex */
	uint32_t op;
	int32_t arg[3];
	int32_t result;
	int32_t out[2];
	uint32_t len;
	char path[CTL_PATH];
	unsigned char data[CTL_DATA];
};

struct ctl_page {
	struct ctl_slot slot[CTL_SLOTS];
};

/* Behind the page proper: what WRITE_PROGRAM writes. */
struct ctl_programs {
	uint32_t len;
	unsigned char image[CTL_PROGRAMS][CTL_PROGRAM_MAX];
};

#define CTL_PAGE_NAME "page"
/* What precedes the exit code in the image of the program. */
#define CTL_CODE_MARK "racerig-exit-code:"

#endif
