/* SPDX-License-Identifier: MIT */
/*
 * interpreter (M20): not the program is executed but its interpreter, with the
 * program as an argument: "sh script" for a script, "ld.so prog" for a
 * dynamically linked one. execve then tests the interpreter for writers, and
 * the program is merely read.
 *
 * A common way out for scripts in tests; for binaries what ld.so(8) offers.
 *
 * Hole: an interpreter that is itself being written. And it is another program
 * that is run: /proc/self/exe is the interpreter, argv[0] of a binary is its
 * path, set-user-ID and file capabilities do not count, and neither does
 * permission to execute. What has no interpreter, such as a statically linked
 * binary, fails with ENOEXEC, as does what has its PT_INTERP further back than
 * PAGE; a relative path together with a directory fails with ENOTSUP.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

#include "rt.h"

/* How far is looked: in a program, and in the first line of a script. */
#define PAGE 4096
#define LINE 256 /* BINPRM_BUF_SIZE */

struct head {
	size_t len;
	_Alignas(16) char bytes[PAGE];
};

struct piece {
	const char *at; /* in a head */
	size_t len;
};

struct found {
	struct piece interpreter;
	struct piece argument; /* .len 0: none */
};

static int read_head(struct spw_sys *sys, const char *path, struct head *head)
{
	int fd = sys->open(sys, path, O_RDONLY | O_CLOEXEC, 0);
	ssize_t n = 1;

	if (fd < 0)
		return fd;
	head->len = 0;
	while (n > 0 && head->len < PAGE) {
		n = sys->read(sys, fd, head->bytes + head->len,
			      PAGE - head->len);
		if (n > 0)
			head->len += (size_t)n;
	}
	sys->close(sys, fd);
	return n < 0 ? (int)n : 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct piece trim(struct piece p)
{
	while (p.len > 0 && is_space(*p.at)) {
		p.at++;
		p.len--;
	}
	while (p.len > 0 && is_space(p.at[p.len - 1]))
		p.len--;
	return p;
}

/* As load_script does: one word, and the rest of the line as one argument. */
static int find_in_script(const struct head *head, struct found *found)
{
	size_t most = head->len < LINE ? head->len : LINE;
	const char *end = memchr(head->bytes, '\n', most);
	struct piece line = { head->bytes + 2, most - 2 };
	size_t word = 0;

	if (end)
		line.len = (size_t)(end - line.at);
	else if (head->len >= LINE)
		return -ENOEXEC;
	line = trim(line);
	while (word < line.len && !is_space(line.at[word]))
		word++;
	if (word == 0)
		return -ENOEXEC;
	found->interpreter = (struct piece){ line.at, word };
	found->argument =
		trim((struct piece){ line.at + word, line.len - word });
	return 0;
}

/* The string that PT_INTERP has, without its zero. */
static int find_in_elf(const struct head *head, struct found *found)
{
	const ElfW(Ehdr) *elf = (const void *)head->bytes;
	ElfW(Phdr) part;

	if (head->len < sizeof(*elf) ||
	    elf->e_ident[EI_CLASS] !=
		    (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    elf->e_phentsize != sizeof(part))
		return -ENOEXEC;
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		size_t at = elf->e_phoff + i * sizeof(part);

		if (at > head->len || head->len - at < sizeof(part))
			break;
		memcpy(&part, head->bytes + at, sizeof(part));
		if (part.p_type != PT_INTERP)
			continue;
		if (part.p_offset > head->len || part.p_filesz < 2 ||
		    head->len - part.p_offset < part.p_filesz)
			break;
		found->interpreter =
			(struct piece){ head->bytes + part.p_offset,
					part.p_filesz - 1 };
		found->argument.len = 0;
		return 0;
	}
	return -ENOEXEC;
}

static int find(const struct head *head, struct found *found)
{
	if (head->len > 2 && memcmp(head->bytes, "#!", 2) == 0)
		return find_in_script(head, found);
	if (head->len > SELFMAG && memcmp(head->bytes, ELFMAG, SELFMAG) == 0)
		return find_in_elf(head, found);
	return -ENOEXEC;
}

static char *put(char **strings, struct piece piece)
{
	char *start = *strings;

	memcpy(start, piece.at, piece.len);
	start[piece.len] = '\0';
	*strings += piece.len + 1;
	return start;
}

/* The new arguments and the strings that are new in them, in one block. */
static int build(struct spw_sys *sys, const struct found *found,
		 struct spw_program *program)
{
	size_t argc = 0, n = 0;
	char *strings;
	char **argv;

	while (program->argv[argc])
		argc++;
	/* Interpreter, its argument, the path, what followed argv[0], NULL. */
	argv = sys->alloc(sys, (argc + 4) * sizeof(*argv) +
				       found->interpreter.len +
				       found->argument.len + 2);
	if (!argv)
		return -ENOMEM;
	strings = (char *)(argv + argc + 4);
	argv[n++] = put(&strings, found->interpreter);
	if (found->argument.len > 0)
		argv[n++] = put(&strings, found->argument);
	argv[n++] = (char *)program->path;
	for (size_t i = 1; i < argc; i++)
		argv[n++] = program->argv[i];
	program->memory = argv;
	program->argv = argv;
	program->path = argv[0];
	return 0;
}

static int interpreter_program(struct spw_rt *rt, void *state,
			       const struct spw_spec *spec,
			       struct spw_program *program)
{
	struct found found;
	struct head head;
	int error;

	if (spec->dir && spec->path[0] != '/')
		return -ENOTSUP;
	error = read_head(rt->sys, spec->path, &head);
	if (error == 0)
		error = find(&head, &found);
	if (error == 0)
		error = build(rt->sys, &found, program);
	return error;
}

const struct spw_guard spw_guard_interpreter = {
	.info = {
		.name = "interpreter",
		.summary = "execute the program's interpreter instead",
		.claim = "a program that was written is never busy",
		.condition = "it is a script or dynamically linked, and nobody "
			     "writes its interpreter",
		.reference = "ld.so(8); load_script in the kernel's "
			     "fs/binfmt_script.c",
		.claims_sound = true,
		.at_spawn = true,
		.interpreted = true,
	},
	.program = interpreter_program,
};
