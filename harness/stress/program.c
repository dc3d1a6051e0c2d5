/* SPDX-License-Identifier: MIT */
/*
 * The smallest program there is: an ELF header, a segment that maps the file
 * itself, and a call of exit_group. No libc, no interpreter: what is executed
 * starts and ends in microseconds, and needs nothing in an empty chroot.
 */
#include "stress/workdir.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_NONE
#endif

enum {
	CODE_MAX = 12,
	/* Pages may be as large as this (arm64). */
	LARGEST_PAGE = 0x10000,
	/* Where static programs start; above vm.mmap_min_addr. */
	ADDRESS = 0x400000,
};

struct image {
	Elf64_Ehdr header;
	/* The file itself; and that the stack is not executable: without it
	 * some kernels make all memory so, which some policies forbid. */
	Elf64_Phdr segment[2];
	unsigned char code[CODE_MAX];
};

static void put_u32(unsigned char *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

static void put_exit(unsigned char code[CODE_MAX], uint32_t status)
{
#if defined(__aarch64__)
	put_u32(code, 0xd2800000 | status << 5); /* mov x0, #status */
	put_u32(code + 4, 0xd2800bc8);           /* mov x8, #94 exit_group */
	put_u32(code + 8, 0xd4000001);           /* svc #0 */
#else
	code[0] = 0xbf; /* mov $status, %edi */
	put_u32(code + 1, status);
	code[5] = 0xb8; /* mov $231, %eax: exit_group */
	put_u32(code + 6, 231);
	code[10] = 0x0f; /* syscall */
	code[11] = 0x05;
#endif
}

/* The kernel starts a program with its registers cleared: ppoll waits for
 * nothing, for ever. */
static void put_wait(unsigned char code[CODE_MAX])
{
#if defined(__aarch64__)
	put_u32(code, 0xd2800928);     /* mov x8, #73 ppoll */
	put_u32(code + 4, 0xd4000001); /* svc #0 */
	put_u32(code + 8, 0x17fffffe); /* b to the first */
#else
	code[0] = 0xb8; /* mov $34, %eax: pause */
	put_u32(code + 1, 34);
	code[5] = 0x0f; /* syscall */
	code[6] = 0x05;
	code[7] = 0xeb; /* jmp to the first */
	code[8] = 0xf7;
#endif
}

static int put_program(unsigned char program[RIG_PROGRAM_MAX],
		       const unsigned char code[CODE_MAX])
{
	struct image image = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = MACHINE,
			.e_version = EV_CURRENT,
			.e_entry = ADDRESS + offsetof(struct image, code),
			.e_phoff = offsetof(struct image, segment),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
		.segment = {
			{ .p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_vaddr = ADDRESS,
			  .p_paddr = ADDRESS,
			  .p_filesz = sizeof(image),
			  .p_memsz = sizeof(image),
			  .p_align = LARGEST_PAGE },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		},
	};

	if (MACHINE == EM_NONE)
		return -ENOTSUP;
	memcpy(image.code, code, CODE_MAX);
	_Static_assert(sizeof(image) <= RIG_PROGRAM_MAX, "room for the image");
	memcpy(program, &image, sizeof(image));
	return sizeof(image);
}

int rig_program(unsigned char program[RIG_PROGRAM_MAX], unsigned code)
{
	unsigned char exits[CODE_MAX] = { 0 };

	put_exit(exits, code & 0xff);
	return put_program(program, exits);
}

int rig_program_waiting(unsigned char program[RIG_PROGRAM_MAX])
{
	unsigned char waits[CODE_MAX] = { 0 };

	put_wait(waits);
	return put_program(program, waits);
}
