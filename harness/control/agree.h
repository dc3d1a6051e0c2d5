/* SPDX-License-Identifier: MIT */
/* Inside control: the controller's state, and calls made twice. */
#ifndef RIG_CONTROL_AGREE_H
#define RIG_CONTROL_AGREE_H

#include "control/control.h"
#include "control/target.h"

#include <sched.h>

/* What the controller knows of the real task behind a slot. */
struct ctl_real {
	bool served;           /* something answers */
	bool private;          /* a thread whose descriptor table is its own */
	pid_t pid;             /* a child: its process */
	bool vforked;          /* its parent is suspended */
	bool dies;             /* it lives, no longer than its parent */
	unsigned parent;       /* slot */
	struct rig_call *call; /* the last one, where there is a log */
	int held;              /* a copy of what a call is made on; 0: none */
};

enum { CTL_HELD = 100 }; /* copies have numbers from this on */

struct rig_control {
	struct sim *sim;
	struct sim_mirror mirror;
	struct spw_sys model; /* the simulation's own calls */
	struct ctl_page *page;
	struct ctl_programs *programs;
	struct ctl_real slot[CTL_SLOTS];
	pid_t target;
	int dir;
	int error;     /* of the last ctl_fresh */
	bool clean;    /* the last execution ended as programs end */
	bool disorder; /* a thread would come too late in the next one */
	bool pinned;
	bool joined;
	cpu_set_t cpus; /* to be restored */
	uint64_t calls;
	struct rig_call_log *log; /* or NULL */
	void *mapping[CTL_MAPS];  /* real addresses, by the model's */
	uint32_t watches;         /* numbers that close events are read from */
	unsigned targets;
};

/* Puts the mirroring calls into the simulation's table, and takes them out. */
void ctl_join(struct rig_control *c);
void ctl_part(struct rig_control *c);

/* A call of the service thread; its result, or -ETIMEDOUT. */
int ctl_service(struct rig_control *c, enum ctl_op op, int arg);

/* ---- calls made twice: agree.c, agree_name.c, agree_poll.c, agree_wait.c */

struct rig_control *ctl_of(struct spw_sys *sys);
/* The caller's slot, with a thread behind it: for the arguments. */
struct ctl_slot *ctl_mine(struct rig_control *c);
/* Makes the call whose arguments are in the slot; it must come to model. */
int ctl_twice(struct rig_control *c, const char *call, int model,
	      enum ctl_op op);
/* The same with up to two numbers for arguments. */
int ctl_numbers(struct rig_control *c, const char *call, int model,
		enum ctl_op op, int a, int b);
/* What else a call says must be the same. */
int ctl_agree(struct rig_control *c, const char *call, int model, int real);
_Noreturn void ctl_differ(struct rig_control *c, const char *what);
/* A copy of fd, which the caller's call keeps to; and its end. */
void ctl_hold(void *ctx, int fd);
void ctl_let_go(struct rig_control *c);
void ctl_name_calls(struct spw_sys *sys);
void ctl_poll_calls(struct spw_sys *sys);
void ctl_wait_calls(struct spw_sys *sys);

/* Makes the target ready for the next execution. 0 or -errno. */
int ctl_fresh(struct rig_control *c);

#endif
