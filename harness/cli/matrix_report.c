/* SPDX-License-Identifier: MIT */
#include "cli/matrix_report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

typedef void writer_fn(FILE *out, const struct rig_matrix_report *report);

static void write_text(FILE *out, const struct rig_matrix_report *r)
{
	const struct report_environment *e = r->environment;

	fprintf(out, "racerig %s (%s) on %s, %u CPUs\n\n", e->version,
		e->commit, e->kernel, e->cpus);
	report_grid(out, r->results, r->n, false);
	report_matrix(out, r->results, r->n, false);
	putc('\n', out);
	report_table(out, r->results, r->n, false);
}

static void write_json(FILE *out, const struct rig_matrix_report *r)
{
	report_json(out, r->environment, r->results, r->n);
}

static void write_ktap(FILE *out, const struct rig_matrix_report *r)
{
	report_ktap(out, r->results, r->n);
}

static void write_junit(FILE *out, const struct rig_matrix_report *r)
{
	report_junit(out, r->environment, r->results, r->n);
}

static int write_file(const struct rig_matrix_report *r, const char *name,
		      writer_fn *writer)
{
	char path[PATH_MAX];
	FILE *file;
	bool bad;

	snprintf(path, sizeof(path), "%s/%s", r->out, name);
	file = fopen(path, "we");
	if (!file)
		return rig_error("%s: %s", path, strerror(errno));
	writer(file, r);
	bad = ferror(file);
	if (fclose(file) || bad)
		return rig_error("%s: cannot be written", path);
	return 0;
}

int rig_matrix_write(const struct rig_matrix_report *r)
{
	int rc = write_file(r, "matrix.txt", write_text);

	if (!rc)
		rc = write_file(r, "matrix.json", write_json);
	if (!rc)
		rc = write_file(r, "matrix.ktap", write_ktap);
	if (!rc)
		rc = write_file(r, "matrix.xml", write_junit);
	return rc;
}

static void print_table(const struct rig_matrix_report *r)
{
	report_grid(stdout, r->results, r->n, r->args->color);
	report_matrix(stdout, r->results, r->n, r->args->color);
	printf("\nMATRIX %zu cells, %s\nThe reports are %s/matrix.txt .json "
	       ".ktap .xml\n",
	       r->n,
	       r->all_agree ? "all agree with what the fix claims" :
			      "NOT all agree with what the fix claims",
	       r->out);
}

void rig_matrix_print(const struct rig_matrix_report *r)
{
	switch (r->args->format) {
	case RIG_FORMAT_TABLE:
		print_table(r);
		break;
	case RIG_FORMAT_JSON:
		write_json(stdout, r);
		break;
	case RIG_FORMAT_KTAP:
		write_ktap(stdout, r);
		break;
	case RIG_FORMAT_JUNIT:
		write_junit(stdout, r);
		break;
	}
}
