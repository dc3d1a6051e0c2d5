/* SPDX-License-Identifier: MIT */
#include "stress/stress.h"

#include <errno.h>
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

static int parse_rewrite(struct rig_amplify *a, const char *value)
{
	a->rewrite = true;
	return *value ? -EINVAL : 0;
}

static const struct {
	const char *name;
	const char *expected;
	int (*parse)(struct rig_amplify *amplify, const char *value);
} amplifiers[] = {
	{ "spawn=", "spawn=vfork, spawn=fork or spawn=posix_spawn",
	  parse_spawn },
	{ "extra-fds=", "extra-fds=N, N from 0 to 100000", parse_extra_fds },
	{ "noise=", "noise=N, N from 0 to 64", parse_noise },
	{ "hold=", "hold=US, microseconds from 0 to 1000000", parse_hold },
	{ "cpus=", "cpus=N, N from 1 to 1024", parse_cpus },
	{ "rewrite", "rewrite, without a value", parse_rewrite },
};

int rig_amplify_parse(struct rig_amplify *amplify, const char *text,
		      const char **expected)
{
	for (size_t i = 0; i < sizeof(amplifiers) / sizeof(amplifiers[0]);
	     i++) {
		size_t len = strlen(amplifiers[i].name);

		if (strncmp(text, amplifiers[i].name, len) != 0)
			continue;
		*expected = amplifiers[i].expected;
		return amplifiers[i].parse(amplify, text + len);
	}
	*expected = "spawn=HOW, extra-fds=N, noise=N, hold=US, cpus=N or "
		    "rewrite";
	return -EINVAL;
}
