/* SPDX-License-Identifier: MIT */
/*
 * The engine that a fuzz target is linked with where there is no fuzzer: runs
 * each file, and each file of each directory, once. A target that finds
 * something aborts, after the name of the file was printed.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 20 }; /* bytes; what libFuzzer takes by default */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs;

static int fail(const char *path, const char *reason)
{
	fprintf(stderr, "%s: %s\n", path, reason);
	return 1;
}

static int run_file(const char *path)
{
	uint8_t *data = malloc(FILE_MAX);
	FILE *file = fopen(path, "rbe");
	size_t size = 0;
	int rc = 0;

	if (!data || !file)
		rc = fail(path, strerror(errno));
	if (!rc) {
		size = fread(data, 1, FILE_MAX, file);
		if (ferror(file))
			rc = fail(path, "cannot be read");
		else if (size == FILE_MAX)
			rc = fail(path, "too large");
	}
	if (!rc) {
		fprintf(stderr, "%s: %zu bytes\n", path, size);
		LLVMFuzzerTestOneInput(data, size);
		inputs++;
	}
	if (file)
		fclose(file);
	free(data);
	return rc;
}

static int run_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char child[PATH_MAX];
	struct stat st;
	int rc = 0;

	if (!dir)
		return fail(path, strerror(errno));
	while ((entry = readdir(dir))) {
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (!stat(child, &st) && S_ISREG(st.st_mode))
			rc |= run_file(child);
	}
	closedir(dir);
	return rc;
}

int main(int argc, char **argv)
{
	struct stat st;
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue; /* an option of libFuzzer */
		if (stat(argv[i], &st))
			rc |= fail(argv[i], strerror(errno));
		else if (S_ISDIR(st.st_mode))
			rc |= run_directory(argv[i]);
		else
			rc |= run_file(argv[i]);
	}
	if (!inputs)
		rc = fail(argv[0], "no inputs were run");
	fprintf(stderr, "%u inputs\n", inputs);
	return rc;
}
