/* SPDX-License-Identifier: MIT */
/*
 * Fibers: the stacks on which the tasks of a simulated execution run.
 *
 * A switch is a plain function call that returns on another stack: six
 * registers saved and loaded, no system call. Hand-written for x86-64 and
 * aarch64, ucontext elsewhere; the address and thread sanitizers are told of
 * every switch. A fiber may be abandoned at any switch and started anew on the
 * same stack: nothing is ever unwound.
 *
 * Thread-safety: fibers that switch to each other belong to one thread.
 */
#ifndef RIG_FIBER_H
#define RIG_FIBER_H

#include <stddef.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#define RIG_FIBER_UCONTEXT 1
#include <ucontext.h>
#endif

struct rig_fiber {
#ifdef RIG_FIBER_UCONTEXT
	ucontext_t context;
#else
	void *sp;
#endif
	void *map;   /* what close unmaps; NULL for a thread's own stack */
	void *stack; /* lowest usable address */
	size_t stack_size; /* bytes, the guard page not counted */
	void (*entry)(void *arg);
	void *arg;
	void *fake_stack; /* AddressSanitizer's, while switched out */
	void *tsan;       /* ThreadSanitizer's name of this fiber */
	unsigned starts;  /* counted for that */
};

/* Gives fiber a stack with a guard page below. 0 or -ENOMEM. */
int rig_fiber_open(struct rig_fiber *fiber, size_t stack_size);
void rig_fiber_close(struct rig_fiber *fiber);

/* Makes fiber stand for the calling thread's own stack. */
void rig_fiber_adopt(struct rig_fiber *fiber);

/*
 * The next switch to fiber calls entry(arg) on a fresh stack; entry must not
 * return.
 */
void rig_fiber_start(struct rig_fiber *fiber, void (*entry)(void *arg),
		     void *arg);

/* Leaves from, which is running, and goes on with to. */
void rig_fiber_switch(struct rig_fiber *from, struct rig_fiber *to);

#endif
