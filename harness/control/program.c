/* SPDX-License-Identifier: MIT */
/*
 * The program that is written and executed under control: no libc, no loader,
 * a few hundred bytes. Its last argument is the number of its slot. It says in
 * the slot that it runs, waits for its turn, and exits with the code in its
 * image, which tells one actor's program from another's. As an interpreter it
 * has a script for a first argument, reads it when it is told to, and exits
 * with the code that it found there.
 */
#include "control/page.h"

/*
 * The few numbers of the kernel's interface that are needed: its own headers
 * are not there for every C compiler (musl-gcc).
 */
#if defined(__x86_64__)
enum { OPENAT = 257, READ = 0, MMAP = 9, CLOSE = 3 };
enum { FUTEX = 202, EXIT_GROUP = 231, GETPPID = 110 };
#elif defined(__aarch64__)
enum { OPENAT = 56, READ = 63, MMAP = 222, CLOSE = 57 };
enum { FUTEX = 98, EXIT_GROUP = 94, GETPPID = 173 };
#endif
enum { CWD = -100, READ_WRITE = 2, PROT_READ_WRITE = 3, SHARED = 1 };
enum { FUTEX_WAIT, FUTEX_WAKE };

/* Patched in each image; volatile, or the compiler would compute with it. */
static const volatile char code[] = CTL_CODE_MARK "\0";

#if defined(__x86_64__)
static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

__asm__(".globl _start\n_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	andq $-16, %rsp\n"
	"	call program_main\n");
#elif defined(__aarch64__)
static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

__asm__(".globl _start\n_start:\n"
	"	mov x29, #0\n"
	"	mov x0, sp\n"
	"	bl program_main\n");
#else
#error "no system call for this architecture"
#endif

static void quit(long status)
{
	for (;;)
		call(EXIT_GROUP, status, 0, 0, 0, 0, 0);
}

static unsigned slot_number(const char *text)
{
	unsigned n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (unsigned)(*text - '0');
	return n < CTL_SLOTS ? n : 0;
}

static struct ctl_page *map_page(void)
{
	long fd = call(OPENAT, CWD, (long)CTL_PAGE_NAME, READ_WRITE, 0, 0, 0);
	long page;

	if (fd < 0)
		quit(120);
	page = call(MMAP, 0, sizeof(struct ctl_page), PROT_READ_WRITE, SHARED,
		    fd, 0);
	if (page < 0 && page > -4096)
		quit(121);
	call(CLOSE, fd, 0, 0, 0, 0, 0);
	return (struct ctl_page *)page;
}

/* The digit behind "exit " in the script at path, 126 where there is none. */
static int interpret(const char *path)
{
	static const char word[] = "\nexit ";
	unsigned at = 0, found = 0;
	char text[64];
	long fd = call(OPENAT, CWD, (long)path, 0, 0, 0, 0);
	long len = fd < 0 ? fd :
			    call(READ, fd, (long)text, sizeof(text), 0, 0, 0);

	if (len < 0)
		return 126;
	call(CLOSE, fd, 0, 0, 0, 0, 0);
	while (at < len && found < sizeof(word) - 1) {
		found = text[at] == word[found] ? found + 1 :
			text[at] == word[0]     ? 1 :
						  0;
		at++;
	}
	return found == sizeof(word) - 1 && at < len ? text[at] - '0' : 126;
}

/* Gives the slot back with a result, until the next command is there. */
static void answer(struct ctl_slot *slot, int result)
{
	const long second[2] = { 1, 0 }; /* struct timespec */
	long parent = call(GETPPID, 0, 0, 0, 0, 0, 0);

	slot->result = result;
	__atomic_store_n(&slot->turn, CTL_CONTROLLER, __ATOMIC_RELEASE);
	call(FUTEX, (long)&slot->turn, FUTEX_WAKE, 1, 0, 0, 0);
	while (__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) != CTL_TARGET) {
		call(FUTEX, (long)&slot->turn, FUTEX_WAIT, CTL_CONTROLLER,
		     (long)second, 0, 0);
		/* Whoever dies in the rig, nobody stays behind waiting. */
		if (call(GETPPID, 0, 0, 0, 0, 0, 0) != parent)
			quit(123);
	}
}

void program_main(long *stack);

void program_main(long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	int status = code[sizeof(CTL_CODE_MARK) - 1];
	struct ctl_slot *slot;

	if (stack[0] < 2)
		quit(122);
	slot = &map_page()->slot[slot_number(argv[stack[0] - 1])];
	answer(slot, 0);
	if (slot->op == CTL_INTERPRET) {
		status = interpret(argv[1]);
		answer(slot, status);
	}
	quit(status);
}
