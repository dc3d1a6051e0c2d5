/* SPDX-License-Identifier: MIT */
#include "cli/repro.h"

#include "cli/beside.h"
#include "engine/schedule.h"

#include <fcntl.h>
#include <string.h>

/* The C file, with marks where text goes. */
static const char skeleton[] = {
#include "repro_skeleton.inc"
	'\0'
};

/* What a task is in the file: a number, a function. */
struct actor {
	bool used;
	bool process; /* it was cloned; else a thread */
	unsigned slot;
	char name[RIG_NAME_MAX]; /* of its function */
	size_t born;             /* the step of its clone; of a process */
	int pid;                 /* that it had here; likewise */
};

struct writer {
	FILE *out;
	const struct rig_repro *repro;
	const struct rig_call_log *log;
	struct actor actor[RIG_TASKS_MAX]; /* by slot */
	unsigned nactors;
	bool apart; /* ids are chosen: in a pid namespace */
};

static const struct rig_call *call_of(const struct writer *w, size_t step)
{
	return &w->log->call[step - 1];
}

static enum ctl_op op_of(const struct rig_call *call)
{
	return (enum ctl_op)call->said.op;
}

/* ---- who there is ---- */

static void add_actor(struct writer *w, const struct rig_call *call)
{
	struct actor *a = &w->actor[call->slot];

	if (a->used)
		return;
	a->used = true;
	a->slot = call->slot;
	rig_name_text(call->task, a->name);
	for (char *c = a->name; *c; c++)
		if (*c == '.')
			*c = '_';
	if (call->slot >= w->nactors)
		w->nactors = call->slot + 1;
}

static void find_actors(struct writer *w)
{
	for (size_t step = 1; step <= w->log->n; step++) {
		const struct rig_call *call = call_of(w, step);
		struct actor *child;

		add_actor(w, call);
		if (op_of(call) != CTL_CLONE)
			continue;
		child = &w->actor[call->said.arg[1]];
		child->process = true;
		child->born = step;
		child->pid = call->child;
		w->apart = w->apart || call->said.arg[2];
	}
}

/* A child that made no call has no name yet. */
static void name_silent_children(struct writer *w)
{
	for (size_t step = 1; step <= w->log->n; step++) {
		const struct rig_call *call = call_of(w, step);
		unsigned slot = (unsigned)call->said.arg[1];

		if (op_of(call) != CTL_CLONE || w->actor[slot].used)
			continue;
		w->actor[slot].used = true;
		w->actor[slot].slot = slot;
		snprintf(w->actor[slot].name, RIG_NAME_MAX, "child_%u", slot);
		if (slot >= w->nactors)
			w->nactors = slot + 1;
	}
}

static bool executes(const struct rig_call *call)
{
	return (op_of(call) == CTL_EXECVE || op_of(call) == CTL_EXEC_FD) &&
	       call->said.result == 0;
}

/* The next step of that kind of the program that was executed at step; or 0. */
static size_t step_of_program(const struct writer *w, size_t step,
			      enum ctl_op op)
{
	for (size_t s = step + 1; s <= w->log->n; s++)
		if (call_of(w, s)->slot == call_of(w, step)->slot &&
		    op_of(call_of(w, s)) == op)
			return s;
	return 0;
}

static bool runs_program(const struct writer *w, size_t step)
{
	for (size_t s = 1; s < step; s++)
		if (call_of(w, s)->slot == call_of(w, step)->slot &&
		    executes(call_of(w, s)))
			return true;
	return false;
}

/* ---- words ---- */

static void put_bytes(struct writer *w, const unsigned char *bytes, size_t n)
{
	fputc('"', w->out);
	for (size_t i = 0; i < n; i++)
		fprintf(w->out, "\\%03o", bytes[i]);
	fputc('"', w->out);
}

static void put_string(struct writer *w, const char *text)
{
	fputc('"', w->out);
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			fprintf(w->out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(w->out, "\\%03o", (unsigned char)*text);
		else
			fputc(*text, w->out);
	fputc('"', w->out);
}

static void put_open_flags(struct writer *w, int flags)
{
	static const struct {
		int bits;
		const char *name;
	} names[] = {
		{ O_CREAT, "O_CREAT" },       { O_EXCL, "O_EXCL" },
		{ O_TRUNC, "O_TRUNC" },       { O_APPEND, "O_APPEND" },
		{ O_NONBLOCK, "O_NONBLOCK" }, { O_CLOEXEC, "O_CLOEXEC" },
		{ O_TMPFILE, "O_TMPFILE" },   { O_DIRECTORY, "O_DIRECTORY" },
		{ O_NOFOLLOW, "O_NOFOLLOW" },
	};
	int mode = flags & O_ACCMODE;

	fputs(mode == O_RDONLY ? "O_RDONLY" :
	      mode == O_WRONLY ? "O_WRONLY" :
				 "O_RDWR",
	      w->out);
	flags &= ~O_ACCMODE;
	if ((flags & O_TMPFILE) == O_TMPFILE) {
		fputs(" | O_TMPFILE", w->out);
		flags &= ~O_TMPFILE;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((flags & names[i].bits) != names[i].bits)
			continue;
		fprintf(w->out, " | %s", names[i].name);
		flags &= ~names[i].bits;
	}
	if (flags)
		fprintf(w->out, " | 0%o", (unsigned)flags);
}

/*
 * A process that is killed ends in a step of its own. Where that comes at once,
 * the call sends the signal; else it only asks for the process, with 0, and who
 * keeps the order kills it in time.
 */
static bool ends_it(const struct writer *w, const struct rig_call *call)
{
	return (op_of(call) == CTL_KILL || op_of(call) == CTL_PIDFD_SIGNAL) &&
	       call + 1 < w->log->call + w->log->n &&
	       op_of(call + 1) == CTL_KILLED;
}

/* The task whose process had that pid here; -1: none, or any. */
static int task_of_pid(const struct writer *w, int pid)
{
	for (unsigned i = 0; i < w->nactors; i++)
		if (w->actor[i].process && w->actor[i].pid == pid)
			return (int)i;
	return -1;
}

static void put_waited(struct writer *w, int pid)
{
	int task = task_of_pid(w, pid);

	if (task < 0)
		fputs("P_ALL, 0", w->out);
	else
		fprintf(w->out, "P_PID, page->pid[%d]", task);
}

static void put_wait_flags(struct writer *w, int flags)
{
	fputs(!flags                   ? "0" :
	      flags == SPW_WAIT_PEEK   ? "WNOWAIT" :
	      flags == SPW_WAIT_THREAD ? "__WNOTHREAD" :
					 "WNOWAIT | __WNOTHREAD",
	      w->out);
}

static void put_word(struct writer *w, const struct rig_call *call,
		     const char **at)
{
	const struct ctl_slot *said = &call->said;

	switch (**at) {
	case 'p':
		put_string(w, said->path);
		break;
	case 'q':
		put_string(w, (const char *)said->data);
		break;
	case 'b':
		put_bytes(w, said->data,
			  said->op == CTL_READ ?
				  (said->result > 0 ? (size_t)said->result :
						      0) :
				  said->len);
		break;
	case 'l':
		fprintf(w->out, "%u", said->len);
		break;
	case 'f':
		put_open_flags(w, said->arg[0]);
		break;
	case 'o':
		put_wait_flags(w, said->arg[1]);
		break;
	case 'k':
		fprintf(w->out, "%d", task_of_pid(w, said->arg[0]));
		break;
	case 'w':
		put_waited(w, said->arg[0]);
		break;
	case 'e':
		fprintf(w->out, "%d", task_of_pid(w, said->result));
		break;
	case 's':
		fprintf(w->out, "%d", ends_it(w, call) ? said->arg[2] : 0);
		break;
	case 'u':
	case 'v':
		fprintf(w->out, "%d", said->out[**at - 'u']);
		break;
	case 'x':
		++*at;
		fprintf(w->out, "%o", (unsigned)said->arg[**at - '0']);
		break;
	default:
		fprintf(w->out, "%d", said->arg[**at - '0']);
	}
	++*at;
}

static void put_call(struct writer *w, const struct rig_call *call)
{
	const char *at = rig_call_forms[call->said.op].text;

	while (*at) {
		if (*at++ != '%') {
			fputc(at[-1], w->out);
			continue;
		}
		put_word(w, call, &at);
	}
}

static void put_result(struct writer *w, int result)
{
	if (result < 0 && strcmp(sim_errno_name(-result), "error") != 0)
		fprintf(w->out, "-%s", sim_errno_name(-result));
	else
		fprintf(w->out, "%d", result);
}

/* ---- steps ---- */

static void put_plain(struct writer *w, size_t step)
{
	const struct rig_call *call = call_of(w, step);
	int result = call->said.result;

	if (rig_call_forms[call->said.op].judged && result > 0)
		result = 0;
	fprintf(w->out, "\tSTEP(%zu, ", step);
	put_result(w, result);
	fputs(", ", w->out);
	put_call(w, call);
	fputs(");\n", w->out);
}

/* The child has the next turn of this step, or its parent where there is none. */
static void put_clone(struct writer *w, size_t step)
{
	const struct rig_call *call = call_of(w, step);
	static const char *const flags[] = {
		[SPW_CLONE_FORK] = "SIGCHLD",
		[SPW_CLONE_VFORK] = "CLONE_VM | CLONE_VFORK | SIGCHLD",
		[SPW_CLONE_FILES] =
			"CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD",
		[SPW_CLONE_SIBLING] = "CLONE_VM | CLONE_VFORK | CLONE_PARENT",
	};

	fprintf(w->out, "\tbegin(%zu);\n\tclone_task(%zu, task_%s, %s, %d);\n",
		step, step, w->actor[call->said.arg[1]].name,
		flags[call->said.arg[0]], call->said.arg[2]);
}

static void put_exec(struct writer *w, size_t step)
{
	const struct ctl_slot *said = &call_of(w, step)->said;
	size_t reads = 0, ends = 0;

	if (executes(call_of(w, step))) {
		reads = step_of_program(w, step, CTL_INTERPRET);
		ends = step_of_program(w, step, CTL_EXIT);
	}
	fprintf(w->out, "\tSTEP(%zu, ", step);
	put_result(w, said->result);
	fprintf(w->out, ", execute(%d, ",
		said->op == CTL_EXEC_FD ? said->arg[0] : -1);
	put_string(w, said->path);
	fputs(", ", w->out);
	if (said->data[0])
		put_string(w, (const char *)said->data);
	else
		fputs("NULL", w->out);
	fprintf(w->out, ", \"%zu\", \"%zu\", \"%d\", \"%zu\"));\n", step, reads,
		reads ? call_of(w, reads)->said.result : 0, ends);
}

static void put_exit(struct writer *w, size_t step)
{
	const struct rig_call *call = call_of(w, step);

	fprintf(w->out, "\tbegin(%zu);\n\tmade(%zu);\n", step, step);
	if (w->actor[call->slot].process)
		fprintf(w->out, "\treturn %d;\n", call->said.arg[0]);
	else
		fputs("\treturn NULL;\n", w->out);
}

static void put_step(struct writer *w, size_t step)
{
	if (runs_program(w, step))
		return; /* the program makes it */
	switch (op_of(call_of(w, step))) {
	case CTL_CLONE:
		put_clone(w, step);
		break;
	case CTL_EXECVE:
	case CTL_EXEC_FD:
		put_exec(w, step);
		break;
	case CTL_EXIT:
		put_exit(w, step);
		break;
	case CTL_KILLED: /* by those who keep the order */
		break;
	default:
		put_plain(w, step);
	}
}

/* ---- tasks ---- */

static bool ends_by_itself(const struct writer *w, unsigned slot)
{
	for (size_t step = w->log->n; step; step--)
		if (call_of(w, step)->slot == slot)
			return op_of(call_of(w, step)) == CTL_EXIT &&
			       !runs_program(w, step);
	return false;
}

static void put_task(struct writer *w, const struct actor *a)
{
	fprintf(w->out, "static %stask_%s(void *arg)\n{\n\t(void)arg;\n",
		a->process ? "int " : "void *", a->name);
	if (a->process)
		fprintf(w->out, "\tborn(%zu, %u);\n", a->born, a->slot);
	for (size_t step = 1; step <= w->log->n; step++)
		if (call_of(w, step)->slot == a->slot)
			put_step(w, step);
	if (!ends_by_itself(w, a->slot))
		fprintf(w->out, "\tfor (;;)\n\t\tpause();\n\treturn %s;\n",
			a->process ? "127" : "NULL");
	fputs("}\n\n", w->out);
}

/* Children stand before their parents, who were there first. */
static void put_tasks(struct writer *w)
{
	for (unsigned i = w->nactors; i--;)
		if (w->actor[i].used)
			put_task(w, &w->actor[i]);
}

static void put_threads(struct writer *w)
{
	for (unsigned i = 0; i < w->nactors; i++)
		if (w->actor[i].used && !w->actor[i].process)
			fprintf(w->out, "\t[%u] = task_%s,\n", i,
				w->actor[i].name);
}

/* What is done to what; the rest of its arguments is in the task. */
static void put_step_text(struct writer *w, const struct rig_call *call)
{
	const char *text = rig_call_forms[call->said.op].text;

	fprintf(w->out, "%.*s", (int)strcspn(text, "("), text);
	if (op_of(call) == CTL_EXECVE)
		fprintf(w->out, " %s", call->said.path);
	if (op_of(call) == CTL_CLONE)
		fprintf(w->out, " %s", w->actor[call->said.arg[1]].name);
}

/* A parent's end is enough for a child that is tied to it. */
static int signal_of(const struct writer *w, size_t step)
{
	const struct rig_call *call = call_of(w, step);

	if (op_of(call) != CTL_KILLED || (step > 1 && ends_it(w, call - 1)))
		return 0;
	for (size_t s = 1; s < step; s++)
		if (call_of(w, s)->slot == call->slot &&
		    op_of(call_of(w, s)) == CTL_DIE)
			return 0;
	return call->said.arg[0];
}

static void put_schedule(struct writer *w)
{
	for (size_t step = 1; step <= w->log->n; step++) {
		const struct rig_call *call = call_of(w, step);
		enum ctl_op op = op_of(call);

		fprintf(w->out, "\t[%zu] = { %u, %s, %d, \"%s: ", step,
			call->slot,
			op == CTL_KILLED             ? "KILLED" :
			op != CTL_EXIT               ? "CALL" :
			w->actor[call->slot].process ? "EXIT_PROCESS" :
						       "EXIT_THREAD",
			signal_of(w, step), w->actor[call->slot].name);
		put_step_text(w, call);
		fputs("\" },\n", w->out);
	}
}

/* ---- what the calls need ---- */

static bool used_before(const struct writer *w, size_t step, bool helper)
{
	const struct rig_call_form *form =
		&rig_call_forms[call_of(w, step)->said.op];

	for (size_t s = 1; s < step; s++) {
		const struct rig_call_form *other =
			&rig_call_forms[call_of(w, s)->said.op];

		if (helper ? other->helper == form->helper :
			     other->include == form->include)
			return true;
	}
	return false;
}

static void put_needs(struct writer *w, bool helper)
{
	for (size_t step = 1; step <= w->log->n; step++) {
		const struct rig_call_form *form =
			&rig_call_forms[call_of(w, step)->said.op];

		if (!(helper ? form->helper : form->include) ||
		    used_before(w, step, helper))
			continue;
		if (helper)
			fprintf(w->out, "%s\n", form->helper);
		else
			fprintf(w->out, "#include <%s>\n", form->include);
	}
}

static void put_provenance(struct writer *w)
{
	const struct rig_repro *r = w->repro;

	fprintf(w->out,
		"// autogenerated by racerig %s from %s\n"
		"// %s, fix %s",
		r->version, r->schedule, r->header->scenario, r->header->fix);
	rig_beside_print(w->out, r->beside);
	fprintf(w->out,
		", %u actors%s%s, kernel %s\n"
		"// %s: %s\n"
		"// calls made and compared on %s\n"
		"// gcc -static -pthread repro.c -o repro && ./repro [RUNS]\n",
		r->header->actors, *r->header->spawn ? ", spawn " : "",
		r->header->spawn, r->header->kernel, r->header->outcome,
		r->message, r->kernel);
	if (r->measured)
		fprintf(w->out, "// expect every run to do it; %s\n",
			r->measured);
}

/* ---- the file ---- */

static void put_includes(struct writer *w)
{
	put_needs(w, false);
}

static void put_helpers(struct writer *w)
{
	put_needs(w, true);
}

static void put_steps(struct writer *w)
{
	fprintf(w->out, "%zu", w->log->n);
}

static void put_ntasks(struct writer *w)
{
	fprintf(w->out, "%u", w->nactors);
}

/* Where ids are chosen, in a pid namespace. */
static void put_apart(struct writer *w)
{
	fprintf(w->out, "%d", w->apart);
}

static void put_outcome(struct writer *w)
{
	fputs(w->repro->header->outcome, w->out);
}

static void put_mark(struct writer *w, const char *mark, size_t len)
{
	const struct {
		const char *name;
		void (*put)(struct writer *w);
	} marks[] = {
		{ "PROVENANCE", put_provenance }, { "INCLUDES", put_includes },
		{ "HELPERS", put_helpers },       { "FUNCTIONS", put_tasks },
		{ "SCHEDULE", put_schedule },     { "THREADS", put_threads },
		{ "STEPS", put_steps },           { "TASKS", put_ntasks },
		{ "OUTCOME", put_outcome },       { "APART", put_apart },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strlen(marks[i].name) == len &&
		    !memcmp(marks[i].name, mark, len))
			marks[i].put(w);
}

void rig_repro_write(FILE *out, const struct rig_repro *repro)
{
	struct writer w = { .out = out, .repro = repro, .log = repro->log };
	const char *at = skeleton, *mark, *end;

	find_actors(&w);
	name_silent_children(&w);
	while ((mark = strchr(at, '@'))) {
		fwrite(at, 1, (size_t)(mark - at), out);
		end = strchr(mark + 1, '@');
		put_mark(&w, mark + 1, (size_t)(end - mark - 1));
		at = end + 1;
	}
	fputs(at, out);
}
