/* SPDX-License-Identifier: MIT */
/* racerig probe: what this system does, found out by trying. */
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/options.h"

#include "reports/json_emit.h"
#include "reports/text.h"
#include "stress/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	NAME_WIDTH = 17,
	SUMMARY_WIDTH = 50,
	INDENT = 2 + NAME_WIDTH + 1, /* of the summary */
	ANSWER = INDENT + SUMMARY_WIDTH + 2,
	WIDTH = 100,
	WHY_MAX = 300,
};

struct view {
	const struct rig_args *args;
	const struct rig_probe_place *place;
	const struct rig_probe_subject *subject; /* of the row before */
	struct emit emit;
};

/* ---- the table ---- */

static const char *answer_color(enum rig_answer answer)
{
	switch (answer) {
	case RIG_YES:
		return "\033[32m";
	case RIG_NO:
		return "\033[33m";
	case RIG_CANNOT_TELL:
		return "\033[31m";
	case RIG_VALUE:
		break;
	}
	return "";
}

/* Beside the answer, or below the summary where there is no room. */
static void print_reason(const char *answer, const char *reason)
{
	if (ANSWER + strlen(answer) + 2 + strlen(reason) <= WIDTH)
		fputs(": ", stdout);
	else
		printf("\n%*s", INDENT, "");
	text_wrap(stdout, reason, INDENT, WIDTH);
}

static void print_answer(const struct view *v, const struct rig_probe_result *r)
{
	bool value = r->answer == RIG_VALUE;
	const char *answer = value ? r->text : rig_answer_name(r->answer);
	/* That there is no directory was said above. */
	bool known = value || !r->text[0] ||
		     (!v->place->dir && !strcmp(r->text, v->place->no_dir));

	printf("%s%s%s", v->args->color ? answer_color(r->answer) : "", answer,
	       v->args->color && !value ? "\033[0m" : "");
	if (known)
		putchar('\n');
	else
		print_reason(answer, r->text);
}

static void print_row(void *ctx, const struct rig_probe_subject *subject,
		      const struct rig_probe *probe,
		      const struct rig_probe_result *result)
{
	struct view *v = ctx;
	bool color = v->args->color;

	if (v->subject != subject)
		printf("%s%s%s/...%s %s\n", v->subject ? "\n" : "",
		       color ? "\033[1m" : "", subject->name,
		       color ? "\033[0m" : "", subject->title);
	v->subject = subject;
	printf("  %-*s %-*s  ", NAME_WIDTH, probe->name, SUMMARY_WIDTH,
	       probe->summary);
	print_answer(v, result);
	fflush(stdout);
}

static int probe_table(struct view *v)
{
	if (!v->place->dir) {
		fputs("No work directory. ", stdout);
		text_wrap(stdout, v->place->no_dir, 0, WIDTH - 20);
		puts("What needs one cannot be told; --dir chooses another.\n");
	}
	return rig_probe_all(v->place, v->args->word, v->args->nwords,
			     print_row, v);
}

/* ---- JSON ---- */

static void emit_probe(void *ctx, const struct rig_probe_subject *subject,
		       const struct rig_probe *probe,
		       const struct rig_probe_result *result)
{
	struct emit *e = &((struct view *)ctx)->emit;
	const char *text = result->text[0] ? result->text : NULL;
	bool value = result->answer == RIG_VALUE;
	char name[80];

	snprintf(name, sizeof(name), "%s/%s", subject->name, probe->name);
	emit_object(e, NULL);
	emit_string(e, "name", name);
	emit_string(e, "subject", subject->title);
	emit_string(e, "summary", probe->summary);
	emit_string(e, "reference", probe->reference);
	emit_string(e, "answer", rig_answer_name(result->answer));
	emit_string(e, "value", value ? text : NULL);
	emit_string(e, "reason", value ? NULL : text);
	emit_object_end(e);
}

static int probe_json(struct view *v)
{
	const struct rig_probe_place *place = v->place;
	struct rig_environment environment;
	struct emit *e = &v->emit;
	int rc;

	rig_environment_fill(&environment, "racerig probe");
	if (place->dir)
		environment.report.file_system = place->dir->fs;
	e->out = stdout;
	emit_object(e, NULL);
	emit_environment(e, &environment.report);
	emit_string(e, "no_directory", place->dir ? NULL : place->no_dir);
	emit_array(e, "probes");
	rc = rig_probe_all(place, v->args->word, v->args->nwords, emit_probe,
			   v);
	emit_array_end(e);
	emit_object_end(e);
	return rc;
}

/* ---- */

static bool is_subject(const char *word)
{
	for (int i = 0; rig_probe_subjects[i]; i++)
		if (!strcmp(word, rig_probe_subjects[i]->name))
			return true;
	return false;
}

static int unknown_probe(const char *word)
{
	static char full[64][48];
	const char *names[65] = { NULL };
	unsigned n = 0;

	for (int s = 0; rig_probe_subjects[s]; s++) {
		const struct rig_probe_subject *subject = rig_probe_subjects[s];

		for (size_t i = 0; i < subject->n && n < 64; i++, n++) {
			snprintf(full[n], sizeof(full[n]), "%s/%s",
				 subject->name, subject->probes[i].name);
			names[n] = full[n];
		}
	}
	return rig_unknown("probe", word, names);
}

static int check_words(const struct rig_args *args)
{
	for (unsigned i = 0; i < args->nwords; i++)
		if (!is_subject(args->word[i]) &&
		    !rig_probe_find(args->word[i]))
			return unknown_probe(args->word[i]);
	return 0;
}

/* A directory that was asked for must be one; what it cannot do, probes say. */
static int check_dir(const char *dir)
{
	struct stat st;

	if (!dir)
		return 0;
	if (stat(dir, &st))
		return rig_error("--dir %s: %s", dir, strerror(errno));
	return S_ISDIR(st.st_mode) ?
		       0 :
		       rig_error("--dir %s: %s", dir, strerror(ENOTDIR));
}

static int probe(const struct rig_args *args,
		 const struct rig_probe_place *place)
{
	struct view view = { .args = args, .place = place };
	int rc = args->format == RIG_FORMAT_JSON ? probe_json(&view) :
						   probe_table(&view);

	return rc ? rig_error("interrupted: not all was probed") : RIG_EXIT_OK;
}

static int run(const struct rig_args *args)
{
	struct rig_workdir dir;
	char why[WHY_MAX] = "";
	struct rig_probe_place place = { .no_dir = why,
					 .stop = &rig_interrupted };
	int rc = check_words(args);

	if (!rc)
		rc = check_dir(args->dir);
	if (rc)
		return rc;
	rig_interrupt_catch();
	if (!rig_workdir_open(&dir, args->dir, why, sizeof(why)))
		place.dir = &dir;
	rc = probe(args, &place);
	if (place.dir)
		rig_workdir_close(&dir);
	return rc;
}

const struct rig_command rig_command_probe = {
	.name = "probe",
	.summary = "what this kernel, libc and file system do, by trying",
	.words = "[NAME...]",
	.text = "Tries what the rig and its scenarios depend on, and says yes, no, or why it\n"
		"cannot be told. Nothing is concluded from a version. Each probe runs in a\n"
		"process of its own, for five seconds at most. A NAME is a probe, such as\n"
		"etxtbsy/writer, or all of a subject, such as etxtbsy.",
	.examples = "  racerig probe\n"
		    "  racerig probe etxtbsy running lock/flock\n"
		    "  racerig probe --dir /dev/shm --format json\n",
	.options = RIG_OPTS_COMMON | RIG_OPT(DIR),
	.words_max = RIG_ARGS_MAX,
	.run = run,
};
