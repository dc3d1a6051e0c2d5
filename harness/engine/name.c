/* SPDX-License-Identifier: MIT */
/*
 * Names of tasks and operations. "a2.c1" is the first child process that the
 * second actor made; "main.t1" a thread that main made which is no actor.
 */
#include "engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * From the top: a bit that is set, then a level after the other, each two bits
 * of kind and four of ordinal; an ordinal of 0 says that the real one follows
 * in seven more.
 */
enum {
	NAME_BITS = 31, /* a process's name is its pid, which is signed */
	KIND_BITS = 2,
	ORDINAL_BITS = 4,
	SMALL_MAX = 15,
	LARGE_BITS = 7,
};

static const char kind_letter[] = { 'a', 't', 'c' };

rig_name rig_name_child(rig_name parent, enum rig_kind kind, unsigned ordinal)
{
	bool large = ordinal > SMALL_MAX;
	unsigned bits = KIND_BITS + ORDINAL_BITS + (large ? LARGE_BITS : 0);
	rig_name level = (rig_name)kind << ORDINAL_BITS;

	if (parent >> (NAME_BITS - bits) || ordinal > RIG_BORN_MAX)
		return 0;
	level = large ? level << LARGE_BITS | ordinal : level | ordinal;
	return parent << bits | level;
}

/* Takes the next bits of a name, of which *left are not read yet. */
static unsigned take(rig_name name, unsigned *left, unsigned bits)
{
	*left -= bits;
	return name >> *left & ((1u << bits) - 1);
}

const char *rig_name_text(rig_name name, char *buf)
{
	unsigned left = name ? 31 - (unsigned)__builtin_clz(name) : 0;
	size_t used = 0;

	if (name == RIG_NAME_CLOCK)
		return memcpy(buf, "clock", sizeof("clock"));
	/* Actors are main's, which goes without saying. */
	if (!left || name >> (left - KIND_BITS) != 1u << KIND_BITS)
		used = (size_t)snprintf(buf, RIG_NAME_MAX, "main");
	while (left) {
		unsigned kind = take(name, &left, KIND_BITS);
		unsigned ordinal = take(name, &left, ORDINAL_BITS);

		if (!ordinal)
			ordinal = take(name, &left, LARGE_BITS);
		used += (size_t)snprintf(buf + used, RIG_NAME_MAX - used,
					 "%s%c%u", used ? "." : "",
					 kind_letter[kind], ordinal);
	}
	return buf;
}

/* One level, "c12". Returns the bytes read, 0 where it is none. */
static size_t parse_level(const char *text, size_t len, rig_name *name)
{
	const char *letter = len ? memchr(kind_letter, text[0], 3) : NULL;
	unsigned ordinal = 0;
	size_t i = 1;

	if (!letter)
		return 0;
	for (; i < len && i < 4 && text[i] >= '0' && text[i] <= '9'; i++)
		ordinal = ordinal * 10 + (unsigned)(text[i] - '0');
	if (!ordinal || ordinal > RIG_BORN_MAX || text[1] == '0')
		return 0;
	*name = rig_name_child(*name, (enum rig_kind)(letter - kind_letter),
			       ordinal);
	return *name ? i : 0;
}

rig_name rig_name_parse(const char *text, size_t len)
{
	rig_name name = RIG_NAME_MAIN;
	size_t at = 0;

	if (len == 5 && !memcmp(text, "clock", 5))
		return RIG_NAME_CLOCK;
	if (len >= 4 && !memcmp(text, "main", 4)) {
		at = 4;
		if (at == len)
			return name;
		if (text[at++] != '.')
			return 0;
	} else if (!len || text[0] != 'a') {
		return 0;
	}
	for (;;) {
		size_t used = parse_level(text + at, len - at, &name);

		at += used;
		if (!used)
			return 0;
		if (at == len)
			return name;
		if (text[at++] != '.')
			return 0;
	}
}

static const char *op_name(const struct rig_subject *subject, unsigned op)
{
	static const char *const own[RIG_OP_SUBJECT] = {
		[RIG_OP_START] = "start", [RIG_OP_TICK] = "tick",
		[RIG_OP_END] = "end",     [RIG_OP_LOAD] = "load",
		[RIG_OP_STORE] = "store", [RIG_OP_ADD] = "add",
		[RIG_OP_SWAP] = "swap",
	};

	if (op < RIG_OP_SUBJECT)
		return own[op];
	return subject->op_name ? subject->op_name(op) : NULL;
}

const char *rig_op_name(const struct rig_subject *subject, unsigned op)
{
	const char *name = op_name(subject, op);

	return name ? name : "?";
}

int rig_op_find(const struct rig_subject *subject, const char *text, size_t len)
{
	for (unsigned op = 0; op < RIG_OPS_MAX; op++) {
		const char *name = op_name(subject, op);

		if (name && strlen(name) == len && !memcmp(name, text, len))
			return (int)op;
	}
	return -ENOENT;
}
