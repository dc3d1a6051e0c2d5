/* SPDX-License-Identifier: MIT */
/* The real kernel: processes and signals. */
#include "sys_linux.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#endif

/* The kernel's sigset: 64 signals, whatever the size of libc's. */
#define KERNEL_SIGSET_SIZE sizeof(uint64_t)
#define LAST_SIGNAL        64

/* The kernel's struct sigaction; its order on x86-64 and arm64. */
struct kernel_sigaction {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

/* struct clone_args as of Linux 5.3 (CLONE_ARGS_SIZE_VER0). */
struct clone3_args {
	uint64_t flags;
	uint64_t pidfd;
	uint64_t child_tid;
	uint64_t parent_tid;
	uint64_t exit_signal;
	uint64_t stack;
	uint64_t stack_size;
	uint64_t tls;
};

/* Puts every caught signal back to its default, as execve will. */
static SPW_CHILD void reset_signals(void)
{
	struct kernel_sigaction action;
	const struct kernel_sigaction standard = { 0, 0, 0, 0 };

	for (int sig = 1; sig <= LAST_SIGNAL; sig++) {
		if (syscall(SYS_rt_sigaction, sig, NULL, &action,
			    KERNEL_SIGSET_SIZE) == 0 &&
		    action.handler != (uintptr_t)SIG_DFL &&
		    action.handler != (uintptr_t)SIG_IGN)
			syscall(SYS_rt_sigaction, sig, &standard, NULL,
				KERNEL_SIGSET_SIZE);
	}
}

/* ---- clone on a stack of its own ---- */

/*
 * Makes the system call nr (clone or clone3) with two arguments. The child
 * calls fn(arg) on its new stack and exits with the result; the parent gets
 * the pid or -errno.
 *
 * Not libc's clone(), which the sanitizers replace: under ThreadSanitizer it
 * aborts in a child that shares memory. Both kernel entries keep all registers
 * but the result (x86-64: and rcx, r11), so the child finds fn and arg there.
 */
#if defined(__x86_64__)
static SPW_CHILD long call_clone(long nr, uintptr_t a, uintptr_t b,
				 spw_child_fn *fn, void *arg)
{
	register void *r8 __asm__("r8") = arg;
	register spw_child_fn *r9 __asm__("r9") = fn;
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r8, %%rdi\n\t"
			 "call *%%r9\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "r"(r8),
			   "r"(r9), [exit] "i"(SYS_exit_group)
			 : "rcx", "r11", "cc", "memory");
	return result;
}
#elif defined(__aarch64__)
static SPW_CHILD long call_clone(long nr, uintptr_t a, uintptr_t b,
				 spw_child_fn *fn, void *arg)
{
	register long x8 __asm__("x8") = nr;
	register uintptr_t x0 __asm__("x0") = a;
	register uintptr_t x1 __asm__("x1") = b;
	register spw_child_fn *x9 __asm__("x9") = fn;
	register void *x10 __asm__("x10") = arg;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x10\n\t"
			 "blr x9\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n\t"
			 "brk #0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x9),
			   "r"(x10), [exit] "i"(SYS_exit_group)
			 : "cc", "memory");
	return (long)x0;
}
#else
static long call_clone(long nr, uintptr_t a, uintptr_t b, spw_child_fn *fn,
		       void *arg)
{
	/* Good enough where no sanitizer is expected. */
	if (nr != SYS_clone)
		return -ENOSYS;
	return spw_linux_result(clone(fn, (void *)b, (int)a, arg));
}
#endif

struct plain_start {
	spw_child_fn *child;
	void *arg;
};

static SPW_CHILD int run_plain(void *arg)
{
	const struct plain_start *start = arg;

	reset_signals();
	return start->child(start->arg);
}

/*
 * The stack of the child is a piece of this frame: the parent is suspended
 * until the child needs it no more. A mapping would cost two system calls and
 * a page fault more, and nothing is live below it that an overflow could hurt.
 */
static SPW_CHILD __attribute__((noinline)) long clone_vfork(unsigned more_flags,
							    spw_child_fn *child,
							    void *arg)
{
	_Alignas(16) char stack[32768];
	const unsigned flags = CLONE_VM | CLONE_VFORK | more_flags;
	struct clone3_args args = {
		.flags = flags | CLONE_CLEAR_SIGHAND,
		/* clone3 wants none with CLONE_PARENT: it is the caller's. */
		.exit_signal = more_flags & CLONE_PARENT ? 0 : SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
	};
	struct plain_start start = { child, arg };
	long pid;

	pid = call_clone(SYS_clone3, (uintptr_t)&args, sizeof(args), child,
			 arg);
	/* Before 5.3, before 5.5, and under filters that do not know clone3. */
	if (pid == -ENOSYS || pid == -EINVAL || pid == -EPERM)
		pid = call_clone(SYS_clone, flags | SIGCHLD,
				 (uintptr_t)stack + sizeof(stack), run_plain,
				 &start);
	return pid;
}

static long clone_fork(spw_child_fn *child, void *arg)
{
	pid_t pid = fork();

	if (pid == 0) {
		reset_signals();
		/* Not _exit: the sanitizers would have a last word there. */
		syscall(SYS_exit_group, child(arg));
		__builtin_unreachable();
	}
	return spw_linux_result(pid);
}

SPW_CHILD int spw_linux_clone(struct spw_sys *sys, enum spw_clone how,
			      spw_child_fn *child, void *arg, size_t arg_len,
			      pid_t *pid)
{
	long result = -EINVAL;

	switch (how) {
	case SPW_CLONE_FORK:
		result = clone_fork(child, arg);
		break;
	case SPW_CLONE_VFORK:
		result = clone_vfork(0, child, arg);
		break;
	case SPW_CLONE_FILES:
		result = clone_vfork(CLONE_FILES, child, arg);
		break;
	case SPW_CLONE_SIBLING:
		result = clone_vfork(CLONE_PARENT, child, arg);
		break;
	}
	if (result < 0)
		return (int)result;
	*pid = (pid_t)result;
	return 0;
}

/* ---- what a child does ---- */

SPW_CHILD int spw_linux_execve(struct spw_sys *sys, const char *path,
			       char *const argv[], char *const envp[])
{
	return (int)spw_linux_result(syscall(SYS_execve, path, argv, envp));
}

SPW_CHILD int spw_linux_exec_fd(struct spw_sys *sys, int fd, char *const argv[],
				char *const envp[])
{
	return (int)spw_linux_result(
		syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH));
}

SPW_CHILD int spw_linux_chdir(struct spw_sys *sys, const char *path)
{
	return (int)spw_linux_result(syscall(SYS_chdir, path));
}

SPW_CHILD int spw_linux_setsid(struct spw_sys *sys)
{
	long sid = spw_linux_result(syscall(SYS_setsid));

	return sid < 0 ? (int)sid : 0;
}

SPW_CHILD int spw_linux_setpgid(struct spw_sys *sys, pid_t pgid)
{
	return (int)spw_linux_result(syscall(SYS_setpgid, 0, pgid));
}

SPW_CHILD int spw_linux_die_with_parent(struct spw_sys *sys, int sig)
{
	return (int)spw_linux_result(
		syscall(SYS_prctl, PR_SET_PDEATHSIG, sig, 0, 0, 0));
}

void spw_linux_signals_block(struct spw_sys *sys, sigset_t *old)
{
	sigset_t all;

	/* libc leaves out the signals it needs itself. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

SPW_CHILD void spw_linux_signals_set(struct spw_sys *sys, const sigset_t *mask)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL,
		KERNEL_SIGSET_SIZE);
}
