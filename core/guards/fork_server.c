/* SPDX-License-Identifier: MIT */
/*
 * fork-server (M16): a process that was forked when the runtime was opened does
 * all the forking. It has none of the descriptors that the program has opened
 * since, so neither have its children.
 *
 * Zygotes and fork servers (Android, Chromium, AFL); Buildbarn's bb_runner.
 * jspawnhelper of the JDK is none: it is itself forked from the JVM each time.
 *
 * Requests and answers go through two pipes, one request at a time. What the
 * server starts is a sibling of it, a child of the program (CLONE_PARENT), which
 * therefore waits for it as for any other.
 *
 * Hole: forks of anybody but the server. And what is started is a child of the
 * process as it was when the runtime was opened: descriptors 0 to 2, the
 * working directory, limits, credentials and ignored signals are those. Specs
 * cannot map descriptors (ENOTSUP); a request has room for SPACE bytes and
 * STRINGS arguments and variables (E2BIG). Where the server has been killed,
 * spawns fail with EPIPE.
 */
#include <errno.h>
#include <string.h>

#include "rt.h"

#define SPACE   16384
#define STRINGS 1024

/* Its path, its directory if any, arguments, variables: one after another. */
struct request {
	size_t len; /* of what is used of strings; 0: the server is to end */
	unsigned argc, envc;
	unsigned flags;
	bool has_dir;
	sigset_t mask;
	char strings[SPACE];
};

#define HEAD_SIZE offsetof(struct request, strings)

struct answer {
	pid_t pid;
	struct spw_report report;
};

/* The server's numbers in its own table. */
enum { REQUESTS = 3, ANSWERS = 4, KEEP = 5 };

/* What the server works from. */
struct station {
	struct spw_sys *sys;
	int requests; /* of its pipes, in the table that it is given */
	int answers;
};

struct server {
	struct station station;
	pid_t pid;
	/* The reading end is kept as well: without one, a write would kill. */
	int requests[2];
	int answers;            /* the reading end */
	struct spw_mutex *lock; /* one request at a time */
	bool lost;              /* under lock: it is of no use any more */
};

/* ---- in the server ---- */

static SPW_CHILD bool read_all(struct spw_sys *sys, int fd, void *buf,
			       size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = sys->read(sys, fd, (char *)buf + got, len - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

/*
 * The two pipes get the numbers above the standard ones, and all others are
 * closed: the server may have inherited a file that is being written.
 */
static SPW_CHILD int keep_pipes(const struct station *station)
{
	struct spw_sys *sys = station->sys;
	int requests = sys->dup_above(sys, station->requests, KEEP);
	int answers = sys->dup_above(sys, station->answers, KEEP);
	int error = requests < 0 ? requests : answers;

	if (error >= 0)
		error = sys->dup_onto(sys, requests, REQUESTS);
	if (error >= 0)
		error = sys->dup_onto(sys, answers, ANSWERS);
	return error < 0 ? error : sys->close_from(sys, KEEP);
}

static SPW_CHILD char *next_string(char **at)
{
	char *string = *at;

	while (**at)
		++*at;
	++*at;
	return string;
}

static SPW_CHILD void take_strings(char **at, unsigned n, char **list)
{
	for (unsigned i = 0; i < n; i++)
		list[i] = next_string(at);
	list[n] = NULL;
}

static SPW_CHILD void start(struct spw_sys *sys, struct request *request,
			    struct answer *answer)
{
	char *list[STRINGS + 2];
	char *at = request->strings;
	const struct spw_spec spec = {
		.path = next_string(&at),
		.dir = request->has_dir ? next_string(&at) : NULL,
		.flags = request->flags,
	};
	struct spw_child child = {
		.sys = sys,
		.spec = &spec,
		.program = { .path = spec.path, .argv = list, .fd = -1 },
		.envp = list + request->argc + 1,
		.mask = request->mask,
		.report = &answer->report,
		.report_fd = -1,
	};
	int error;

	take_strings(&at, request->argc, list);
	take_strings(&at, request->envc, list + request->argc + 1);
	error = sys->clone(sys, SPW_CLONE_SIBLING, spw_child_main, &child,
			   sizeof(child), &answer->pid);
	if (error < 0)
		answer->report = (struct spw_report){ SPW_STAGE_CLONE, error };
}

static SPW_CHILD bool tell(struct spw_sys *sys, const struct answer *answer)
{
	return sys->write(sys, ANSWERS, answer, sizeof(*answer)) ==
	       sizeof(*answer);
}

static SPW_CHILD bool next_request(struct spw_sys *sys, struct request *request)
{
	return read_all(sys, REQUESTS, request, HEAD_SIZE) &&
	       request->len > 0 && request->len <= SPACE &&
	       read_all(sys, REQUESTS, request->strings, request->len);
}

/* Ends when it is told to, or when nobody is there any more to tell it. */
static SPW_CHILD int serve(void *arg)
{
	const struct station *station = arg;
	struct spw_sys *sys = station->sys;
	struct answer answer = { 0, { SPW_STAGE_NONE, 0 } };
	struct request request;
	int error = keep_pipes(station);

	if (error < 0)
		return -error;
	/* The first answer is to no request: the server is ready. */
	while (tell(sys, &answer) && next_request(sys, &request)) {
		answer.report.stage = SPW_STAGE_NONE;
		answer.report.error = 0;
		start(sys, &request, &answer);
	}
	return 0;
}

/* ---- in the program ---- */

/* Forks the server and waits until it is ready; where it ends instead: why. */
static int start_server(struct spw_sys *sys, struct server *s)
{
	struct spw_status status;
	struct answer ready;
	sigset_t mask;
	int error;

	/* It keeps all signals blocked: a Ctrl-C is for the program. */
	sys->signals_block(sys, &mask);
	error = sys->clone(sys, SPW_CLONE_FORK, serve, &s->station,
			   sizeof(s->station), &s->pid);
	sys->signals_set(sys, &mask);
	sys->close(sys, s->station.answers);
	if (error < 0 || read_all(sys, s->answers, &ready, sizeof(ready)))
		return error;
	sys->close(sys, s->requests[1]);
	s->requests[1] = -1;
	error = sys->wait(sys, s->pid, 0, &status);
	return error < 0 ? error : status.code > 0 ? -status.code : -EIO;
}

static void close_pipes(struct spw_sys *sys, const struct server *s)
{
	sys->close(sys, s->requests[0]);
	if (s->requests[1] >= 0)
		sys->close(sys, s->requests[1]);
	sys->close(sys, s->answers);
}

/* The pipes and the server between them. */
static int open_server(struct spw_sys *sys, struct server *s)
{
	int answers[2];
	int error = sys->pipe(sys, s->requests);

	if (error < 0)
		return error;
	error = sys->pipe(sys, answers);
	if (error < 0) {
		sys->close(sys, s->requests[0]);
		sys->close(sys, s->requests[1]);
		return error;
	}
	s->answers = answers[0];
	s->station = (struct station){ sys, s->requests[0], answers[1] };
	error = start_server(sys, s);
	if (error < 0)
		close_pipes(sys, s);
	return error;
}

static int fork_server_open(struct spw_rt *rt, void **state)
{
	struct spw_sys *sys = rt->sys;
	struct server *s;
	int error;

	if (!sys->close_from)
		return -ENOTSUP;
	s = sys->alloc(sys, sizeof(*s));
	if (!s)
		return -ENOMEM;
	error = sys->mutex_create(sys, &s->lock);
	if (error < 0)
		goto no_mutex;
	error = open_server(sys, s);
	if (error < 0)
		goto no_server;
	*state = s;
	return 0;

no_server:
	sys->mutex_destroy(sys, s->lock);
no_mutex:
	sys->free(sys, s);
	return error;
}

static void fork_server_shut(struct spw_rt *rt, void *state)
{
	struct spw_sys *sys = rt->sys;
	struct spw_status ignored;
	struct server *s = state;
	struct request stop;

	/* Said, too: somebody's child may hold the pipe open for long. */
	memset(&stop, 0, HEAD_SIZE);
	spw_write_all(sys, s->requests[1], &stop, HEAD_SIZE);
	close_pipes(sys, s);
	sys->wait(sys, s->pid, 0, &ignored);
	sys->mutex_destroy(sys, s->lock);
	sys->free(sys, s);
}

static int add_string(struct request *request, const char *string)
{
	size_t size = strlen(string) + 1;

	if (size > SPACE - request->len)
		return -E2BIG;
	memcpy(request->strings + request->len, string, size);
	request->len += size;
	return 0;
}

static int add_strings(struct request *request, char *const *list, unsigned *n)
{
	int error = 0;

	for (*n = 0; error == 0 && list[*n]; ++*n)
		error = *n < STRINGS ? add_string(request, list[*n]) : -E2BIG;
	return error;
}

static int fill_in(struct request *request, const struct spw_child *child)
{
	int error = add_string(request, child->spec->path);

	request->flags = child->spec->flags;
	request->has_dir = child->spec->dir;
	if (error == 0 && request->has_dir)
		error = add_string(request, child->spec->dir);
	if (error == 0)
		error = add_strings(request, child->program.argv,
				    &request->argc);
	if (error == 0)
		error = add_strings(request, child->envp, &request->envc);
	if (error == 0 && request->argc + request->envc > STRINGS)
		error = -E2BIG;
	return error;
}

static int ask(struct spw_sys *sys, struct server *s,
	       const struct request *request, struct answer *answer)
{
	int error;

	sys->assert_held(sys, s->lock, &s->lost, sizeof(s->lost));
	if (s->lost)
		return -EPIPE;
	error = spw_write_all(sys, s->requests[1], request,
			      HEAD_SIZE + request->len);
	if (error == 0 && !read_all(sys, s->answers, answer, sizeof(*answer)))
		error = -EPIPE;
	/* What comes next would be taken for the rest, or the answer, of this. */
	s->lost = error < 0;
	return error;
}

static void fork_server_spawn(struct spw_rt *rt, void *state,
			      const struct spw_child *child, pid_t *pid,
			      struct spw_report *report)
{
	struct spw_sys *sys = rt->sys;
	struct server *s = state;
	struct request request;
	struct answer answer = { 0, { SPW_STAGE_NONE, 0 } };
	int error;

	memset(&request, 0, HEAD_SIZE);
	sys->signals_block(sys, &request.mask);
	sys->signals_set(sys, &request.mask);
	error = fill_in(&request, child);
	if (error == 0) {
		sys->mutex_lock(sys, s->lock);
		error = ask(sys, s, &request, &answer);
		sys->mutex_unlock(sys, s->lock);
	}
	if (error < 0) {
		*report = (struct spw_report){ SPW_STAGE_CLONE, error };
		return;
	}
	*pid = answer.pid;
	*report = answer.report;
}

const struct spw_guard spw_guard_fork_server = {
	.info = {
		.name = "fork-server",
		.summary = "a process that was forked first does the forking",
		.claim = "a program that was written is never busy",
		.condition = "every fork of the process goes through this "
			     "runtime; specs map no descriptors (ENOTSUP) and "
			     "are small (E2BIG)",
		.reference = "Android's zygote, AFL's fork server, "
			     "buildbarn/bb-remote-execution",
		.claims_sound = true,
		.every_fork = true,
	},
	.open = fork_server_open,
	.shut = fork_server_shut,
	.spawn = fork_server_spawn,
	.no_fd_map = true,
};
