/* SPDX-License-Identifier: MIT */
#include "stress/stress.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const spawn_names[] = {
	[RIG_SPAWN_VFORK] = "vfork",
	[RIG_SPAWN_FORK] = "fork",
	[RIG_SPAWN_POSIX_SPAWN] = "posix_spawn",
};

const char *rig_spawn_api_name(enum rig_spawn_api api)
{
	return spawn_names[api];
}

static int parse_spawn(struct rig_amplify *a, const char *value)
{
	for (int i = RIG_SPAWN_VFORK; i <= RIG_SPAWN_POSIX_SPAWN; i++) {
		if (strcmp(value, spawn_names[i]) != 0)
			continue;
		a->spawn = (enum rig_spawn_api)i;
		return 0;
	}
	return -EINVAL;
}

static int parse_count(const char *value, unsigned least, unsigned most,
		       unsigned *count)
{
	size_t digits = strspn(value, "0123456789");
	unsigned n = 0;

	if (!digits || digits > 9 || value[digits])
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (unsigned)(value[i] - '0');
	if (n < least || n > most)
		return -EINVAL;
	*count = n;
	return 0;
}

static int parse_extra_fds(struct rig_amplify *a, const char *value)
{
	return parse_count(value, 0, RIG_EXTRA_FDS_MAX, &a->extra_fds);
}

static int parse_noise(struct rig_amplify *a, const char *value)
{
	return parse_count(value, 0, RIG_NOISE_MAX, &a->noise);
}

static int parse_hold(struct rig_amplify *a, const char *value)
{
	return parse_count(value, 0, RIG_HOLD_US_MAX, &a->hold_us);
}

static int parse_cpus(struct rig_amplify *a, const char *value)
{
	return parse_count(value, 1, RIG_CPUS_MAX, &a->cpus);
}

static int parse_pipe_order(struct rig_amplify *a, const char *value)
{
	bool high = !strcmp(value, "high");

	a->pipe_order = high ? RIG_PIPE_HIGH : RIG_PIPE_LOW;
	return high || !strcmp(value, "low") ? 0 : -EINVAL;
}

static int parse_executor(struct rig_amplify *a, const char *value)
{
	a->by_library = !strcmp(value, "spawn");
	return a->by_library || !strcmp(value, "waiting") ? 0 : -EINVAL;
}

/* There is one way to name a directory. */
static int parse_fs(struct rig_amplify *a, const char *value)
{
	return -EINVAL;
}

#define VALUE(text, says, how)                                     \
	{                                                          \
		.name = (text), .expected = (says), .parse = (how) \
	}
#define FLAG(text, member)                                            \
	{                                                             \
		.name = (text), .expected = text ", without a value", \
		.flag = offsetof(struct rig_amplify, member)          \
	}

static const struct {
	const char *name;
	const char *expected;
	int (*parse)(struct rig_amplify *amplify, const char *value);
	size_t flag; /* where parse is NULL: the member that becomes true */
} amplifiers[] = {
	VALUE("spawn=", "spawn=vfork, spawn=fork or spawn=posix_spawn",
	      parse_spawn),
	VALUE("extra-fds=", "extra-fds=N, N from 0 to 100000", parse_extra_fds),
	VALUE("noise=", "noise=N, N from 0 to 64", parse_noise),
	VALUE("hold=", "hold=US, microseconds from 0 to 1000000", parse_hold),
	VALUE("cpus=", "cpus=N, N from 1 to 1024", parse_cpus),
	FLAG("rewrite", rewrite),
	FLAG("fsync", fsync),
	FLAG("mapped", mapped),
	VALUE("pipe-order=", "pipe-order=low or pipe-order=high",
	      parse_pipe_order),
	FLAG("spawn-return", spawn_return),
	FLAG("never-exec", never_exec),
	VALUE("executor=", "executor=waiting or executor=spawn",
	      parse_executor),
	VALUE("fs=", "--dir DIR, which says on what file system", parse_fs),
};

static int parse_flag(bool *flag, const char *value)
{
	*flag = true;
	return *value ? -EINVAL : 0;
}

int rig_amplify_parse(struct rig_amplify *amplify, const char *text,
		      const char **expected)
{
	for (size_t i = 0; i < sizeof(amplifiers) / sizeof(amplifiers[0]);
	     i++) {
		size_t len = strlen(amplifiers[i].name);

		if (strncmp(text, amplifiers[i].name, len) != 0)
			continue;
		*expected = amplifiers[i].expected;
		return amplifiers[i].parse ?
			       amplifiers[i].parse(amplify, text + len) :
			       parse_flag((bool *)((char *)amplify +
						   amplifiers[i].flag),
					  text + len);
	}
	*expected = "spawn=HOW, extra-fds=N, noise=N, hold=US, cpus=N, "
		    "rewrite, fsync, mapped, pipe-order=WHERE, spawn-return, "
		    "never-exec or executor=HOW";
	return -EINVAL;
}

int rig_amplify_check(const struct rig_amplify *a, bool directed,
		      const char **why)
{
	const struct {
		bool is_wrong;
		const char *why;
	} rules[] = {
		{ !directed && a->pipe_order, "pipe-order needs --directed" },
		{ !directed && a->spawn_return,
		  "spawn-return needs --directed" },
		{ !directed && a->never_exec, "never-exec needs --directed" },
		{ !directed && a->by_library, "executor needs --directed" },
		{ directed && a->noise,
		  "noise: a directed run has no threads but those it directs" },
		{ directed && a->hold_us,
		  "hold: a directed run holds files open until others forked" },
		{ directed && a->cpus,
		  "cpus: a directed run needs two, and uses two" },
		{ a->never_exec && (a->spawn_return || a->pipe_order),
		  "never-exec: such children report nothing, by no pipe" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].is_wrong)
			continue;
		*why = rules[i].why;
		return -EINVAL;
	}
	return 0;
}
