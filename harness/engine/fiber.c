/* SPDX-License-Identifier: MIT */
#include "engine/fiber.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define RIG_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RIG_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define RIG_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RIG_TSAN 1
#endif
#endif

#ifdef RIG_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef RIG_TSAN
#include <sanitizer/tsan_interface.h>
#endif

static void fiber_main(struct rig_fiber *fiber);

#ifndef RIG_FIBER_UCONTEXT
/*
 * rig_fiber_swap saves the running fiber on its stack, stores the stack
 * pointer, loads the other one's. It jumps and does not return: the processor
 * would predict a return to its caller. Floating point control words are left
 * alone: nothing here changes them.
 */
void rig_fiber_entry(void);
#endif

#if defined(__x86_64__)
/*
 * Where it is inlined, the compiler saves what it needs, and no more, and each
 * place has a jump of its own for the processor to predict. rbp cannot be in
 * the list of what changes; what lies below the stack pointer is the caller's
 * (the red zone of the System V ABI).
 */
static inline void rig_fiber_swap(void **save_sp, void *load_sp)
{
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rbp\n\t"
			 "pushq %%rax\n\t"
			 "movq %%rsp, (%0)\n\t"
			 "movq %1, %%rsp\n\t"
			 "popq %%rax\n\t"
			 "popq %%rbp\n\t"
			 "jmpq *%%rax\n"
			 "1:\tleaq 128(%%rsp), %%rsp"
			 : "+D"(save_sp), "+S"(load_sp)
			 :
			 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11",
			   "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
			   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
			   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15", "memory", "cc");
}

__asm__(".text\n"
	".globl rig_fiber_entry\n"
	".type rig_fiber_entry, @function\n"
	"rig_fiber_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	popq %rdi\n"
	"	popq %rax\n"
	"	callq *%rax\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	".size rig_fiber_entry, .-rig_fiber_entry\n");

/* The address, rbp, what rig_fiber_entry takes, and two words so that the
 * stack is 16-byte aligned where it makes its call (System V ABI). */
enum { SAVED_WORDS = 6 };

static void *first_frame(struct rig_fiber *fiber)
{
	uintptr_t top = (uintptr_t)fiber->stack + fiber->stack_size;
	uintptr_t *frame = (uintptr_t *)top - SAVED_WORDS;

	frame[0] = (uintptr_t)rig_fiber_entry;
	frame[1] = 0; /* rbp: the end for debuggers */
	frame[2] = (uintptr_t)fiber;
	frame[3] = (uintptr_t)fiber_main;
	return frame;
}
#elif defined(__aarch64__)
void rig_fiber_swap(void **save_sp, void *load_sp);

__asm__(".text\n"
	".globl rig_fiber_swap\n"
	".type rig_fiber_swap, %function\n"
	"rig_fiber_swap:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size rig_fiber_swap, .-rig_fiber_swap\n"
	".globl rig_fiber_entry\n"
	".type rig_fiber_entry, %function\n"
	"rig_fiber_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n"
	"	mov x0, x19\n"
	"	blr x20\n"
	"	brk #1\n"
	"	.cfi_endproc\n"
	".size rig_fiber_entry, .-rig_fiber_entry\n");

enum { SAVED_WORDS = 20 };

static void *first_frame(struct rig_fiber *fiber)
{
	uintptr_t top = (uintptr_t)fiber->stack + fiber->stack_size;
	uintptr_t *frame = (uintptr_t *)top - SAVED_WORDS;

	frame[0] = (uintptr_t)fiber;      /* x19 */
	frame[1] = (uintptr_t)fiber_main; /* x20 */
	frame[10] = 0;                    /* x29: the end for debuggers */
	frame[11] = (uintptr_t)rig_fiber_entry;
	return frame;
}
#endif

/*
 * The first code that runs on a fiber, and the one after every switch: the
 * sanitizer learns that the switch is complete.
 */
static inline void arrived(struct rig_fiber *self)
{
#ifdef RIG_ASAN
	__sanitizer_finish_switch_fiber(self->fake_stack, NULL, NULL);
#else
	(void)self;
#endif
}

static void fiber_main(struct rig_fiber *fiber)
{
	arrived(fiber);
	fiber->entry(fiber->arg);
	abort(); /* entry must not return: there is nothing to return to */
}

int rig_fiber_open(struct rig_fiber *fiber, size_t stack_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (stack_size + page - 1) / page * page;
	char *map = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return -ENOMEM;
	if (mprotect(map, page, PROT_NONE) < 0) {
		munmap(map, size + page);
		return -ENOMEM;
	}
	*fiber = (struct rig_fiber){ .map = map,
				     .stack = map + page,
				     .stack_size = size };
#ifdef RIG_TSAN
	fiber->tsan = __tsan_create_fiber(0);
#endif
	return 0;
}

void rig_fiber_close(struct rig_fiber *fiber)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!fiber->map)
		return;
#ifdef RIG_TSAN
	__tsan_destroy_fiber(fiber->tsan);
#endif
	munmap(fiber->map, fiber->stack_size + page);
	fiber->map = NULL;
}

void rig_fiber_adopt(struct rig_fiber *fiber)
{
	*fiber = (struct rig_fiber){ .map = NULL };
#ifdef RIG_TSAN
	fiber->tsan = __tsan_get_current_fiber();
#endif
#ifdef RIG_ASAN
	/* The sanitizer wants the bounds of the stack it returns to. */
	pthread_attr_t attr;

	if (!pthread_getattr_np(pthread_self(), &attr)) {
		pthread_attr_getstack(&attr, &fiber->stack, &fiber->stack_size);
		pthread_attr_destroy(&attr);
	}
#endif
}

void rig_fiber_start(struct rig_fiber *fiber, void (*entry)(void *arg),
		     void *arg)
{
	fiber->entry = entry;
	fiber->arg = arg;
#ifdef RIG_ASAN
	/* Frames of an abandoned run left their red zones behind. The fake
	 * stack is kept: there is no way to free it from here. */
	__asan_unpoison_memory_region(fiber->stack, fiber->stack_size);
#endif
#ifdef RIG_TSAN
	/* They are also on its shadow stack (64 Ki frames), which would run
	 * over; a new one is slow. */
	if (++fiber->starts % 64 == 0) {
		__tsan_destroy_fiber(fiber->tsan);
		fiber->tsan = __tsan_create_fiber(0);
	}
#endif
#ifdef RIG_FIBER_UCONTEXT
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = fiber->stack_size;
	fiber->context.uc_link = NULL;
	makecontext(&fiber->context, (void (*)(void))fiber_main, 1, fiber);
#else
	fiber->sp = first_frame(fiber);
#endif
}

void rig_fiber_switch(struct rig_fiber *from, struct rig_fiber *to)
{
#ifdef RIG_ASAN
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack,
				       to->stack_size);
#endif
#ifdef RIG_TSAN
	__tsan_switch_to_fiber(to->tsan, 0);
#endif
#ifdef RIG_FIBER_UCONTEXT
	swapcontext(&from->context, &to->context);
#else
	rig_fiber_swap(&from->sp, to->sp);
#endif
	arrived(from);
}
