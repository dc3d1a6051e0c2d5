/* SPDX-License-Identifier: MIT */
/*
 * The faults are kept. Which are: the number that AddFD and Read take may be
 * closed, or another file's, when they use it; a close wakes nobody; the
 * pollster knows its registrations by number and believes that a number once
 * added is still there; an event wakes who waits for its number, whosever file
 * it was about. What memory was shared without a lock is under the poller's
 * lock here, one access at a time, so that the order is the only race.
 */
#include "poll_server.h"

#include <errno.h>
#include <string.h>

#include "poller.h"

enum {
	READ_FLAGS = SPW_POLL_IN | SPW_POLL_RDHUP,
	WRITE_FLAGS = SPW_POLL_OUT,
	FIRST_ROOM = 32,
};

/* One goroutine that waits in <-fd.cr, <-fd.cw or <-fd.cc; on its stack. */
struct call {
	struct spw_fd *fd;
	enum spw_channel channel;
	bool over;
	int error;
	struct call *next; /* in the channel */
};

/* s.pending and p.events, of one number. */
struct watched {
	struct call *pending[SPW_WAYS];
	unsigned events; /* 0: not registered, as far as the pollster knows */
};

struct server {
	struct spw_cond *told; /* with the poller's lock */
	struct call *first[SPW_CHANNELS];
	struct call *busy; /* the server's thread has it in hand */
	bool failed;
	struct watched *watched;
	unsigned room;
};

/* netFD */
struct net_fd {
	int fd;   /* -1: closed */
	int file; /* os.File.fd */
	struct spw_mutex *io[SPW_WAYS];
};

/* ---- under the poller's lock ---- */

static struct server *held(struct spw_poller *p)
{
	struct server *s = p->state;

	p->sys->assert_held(p->sys, p->lock, s, sizeof(*s));
	return s;
}

static struct server *lock(struct spw_poller *p)
{
	p->sys->mutex_lock(p->sys, p->lock);
	return held(p);
}

static void unlock(struct spw_poller *p)
{
	p->sys->mutex_unlock(p->sys, p->lock);
}

static struct call *held_call(struct spw_poller *p, struct call *call)
{
	p->sys->assert_held(p->sys, p->lock, call, sizeof(*call));
	return call;
}

static struct net_fd *held_fd(struct spw_fd *fd)
{
	struct spw_poller *p = fd->poller;

	p->sys->assert_held(p->sys, p->lock, fd->state, sizeof(struct net_fd));
	return fd->state;
}

/* What is known of a number; NULL: nothing. */
static struct watched *held_number(struct spw_poller *p, int number)
{
	struct server *s = held(p);

	if ((unsigned)number >= s->room)
		return NULL;
	p->sys->assert_held(p->sys, p->lock, &s->watched[number],
			    sizeof(s->watched[number]));
	return &s->watched[number];
}

static void push(struct spw_poller *p, struct call *call)
{
	struct call **end = &held(p)->first[call->channel];

	while (*end)
		end = &held_call(p, *end)->next;
	*end = call;
}

/* Takes the call out of its channel, if it is still there. */
static void pull(struct spw_poller *p, struct call *call)
{
	struct call **at = &held(p)->first[call->channel];

	while (*at && *at != call)
		at = &held_call(p, *at)->next;
	if (*at)
		*at = call->next;
}

/* WakeFD: fd.cr <- fd */
static void answer(struct spw_poller *p, struct call *call, int error)
{
	held_call(p, call)->over = true;
	call->error = error;
	p->sys->cond_broadcast(p->sys, held(p)->told);
}

/* ---- the server's thread: net/fd_linux.go, pollster ---- */

/* AddFD: what was added before is modified. */
static int add_to_epoll(struct spw_poller *p, int number, unsigned before,
			unsigned events)
{
	return p->sys->epoll_ctl(p->sys, p->epoll,
				 before ? SPW_EPOLL_MOD : SPW_EPOLL_ADD, number,
				 events, (uint64_t)number);
}

/* StopWaiting, of what goes on: prints what goes wrong. */
static void stop_waiting(struct spw_poller *p, int number, unsigned left)
{
	p->sys->epoll_ctl(p->sys, p->epoll,
			  left ? SPW_EPOLL_MOD : SPW_EPOLL_DEL, number, left,
			  (uint64_t)number);
}

/* WaitFD: for which way an event counts, of a number that may be both. */
static enum spw_way way_of(const struct watched *w, unsigned events)
{
	if (events & WRITE_FLAGS)
		return SPW_WRITE;
	if (events & READ_FLAGS)
		return SPW_READ;
	/* Other events are errors: whoever is waiting. */
	return w->events & WRITE_FLAGS ? SPW_WRITE : SPW_READ;
}

static unsigned flags_of(enum spw_way way)
{
	return way == SPW_READ ? READ_FLAGS : WRITE_FLAGS;
}

/* ---- the server's thread: net/fd.go, pollServer ---- */

static int grow(struct spw_poller *p, int number)
{
	struct server *s = held(p);
	unsigned room = s->room ? s->room : FIRST_ROOM;
	struct watched *watched;

	if ((unsigned)number < s->room)
		return 0;
	while (room <= (unsigned)number)
		room *= 2;
	watched = p->sys->alloc(p->sys, room * sizeof(*watched));
	if (!watched)
		return -ENOMEM;
	if (s->room)
		memcpy(watched, s->watched, s->room * sizeof(*watched));
	p->sys->free(p->sys, s->watched);
	s->watched = watched;
	s->room = room;
	return 0;
}

/* What is to be registered. */
struct adding {
	struct call *call; /* NULL: nothing */
	enum spw_way way;
	int number;
	unsigned before, events; /* registered, and to be registered */
};

/* AddFD as far as epoll-ctl, with the number of this moment. */
static void begin_add(struct spw_poller *p, struct call *call, struct adding *a)
{
	int number = held_fd(call->fd)->fd;
	int error = number < 0 ? -EBADF : grow(p, number);

	if (error < 0) { /* fd closed underfoot */
		answer(p, call, error);
		return;
	}
	a->call = held(p)->busy = call;
	a->way = call->channel == SPW_CR ? SPW_READ : SPW_WRITE;
	a->number = number;
	a->before = held_number(p, number)->events;
	a->events = a->before | flags_of(a->way) | SPW_POLL_ONCE;
}

/* The rest of it. */
static void end_add(struct spw_poller *p, const struct adding *a, int error)
{
	struct watched *w;

	lock(p)->busy = NULL;
	if (error < 0) {
		answer(p, a->call, -ENOTRECOVERABLE); /* panicln */
	} else {
		w = held_number(p, a->number);
		w->events = a->events;
		w->pending[a->way] = a->call;
		p->sys->cond_broadcast(p->sys, held(p)->told);
	}
	unlock(p);
}

/* Takes a call out of the first channel that has one. False: none has. */
static bool take_call(struct spw_poller *p, struct adding *a)
{
	struct server *s = lock(p);
	struct call *call = s->first[SPW_CR];

	if (!call)
		call = s->first[SPW_CW];
	if (!call)
		call = s->first[SPW_CC];
	*a = (struct adding){ .call = NULL };
	if (call) {
		pull(p, held_call(p, call));
		if (call->channel == SPW_CC) {
			held_fd(call->fd)->fd = -1;
			answer(p, call, 0);
		} else {
			begin_add(p, call, a);
		}
	}
	unlock(p);
	return call;
}

/* Run, after the wake-up pipe: what there is in the channels. */
static void take_calls(struct spw_poller *p)
{
	struct adding a;

	while (take_call(p, &a))
		if (a.call)
			end_add(p, &a,
				add_to_epoll(p, a.number, a.before, a.events));
}

/* Run, for an event: WaitFD, LookupFD. NULL: an unexpected wakeup. */
static struct call *look_up(struct spw_poller *p, int number, unsigned events,
			    unsigned *left)
{
	struct watched *w;
	struct call *call = NULL;
	enum spw_way way;

	*left = 0;
	lock(p);
	w = held_number(p, number);
	if (w) {
		way = way_of(w, events);
		w->events &= ~flags_of(way);
		if (!(w->events & ~(unsigned)SPW_POLL_ONCE))
			w->events = 0;
		*left = w->events;
		call = held(p)->busy = w->pending[way];
		w->pending[way] = NULL;
	}
	unlock(p);
	return call;
}

static void ready(struct spw_poller *p, int number, unsigned events)
{
	unsigned left;
	struct call *call = look_up(p, number, events, &left);

	stop_waiting(p, number, left);
	if (!call)
		return;
	lock(p)->busy = NULL;
	answer(p, call, 0); /* WakeFD */
	unlock(p);
}

/* panicln("WaitFD: ") */
static void panic(struct spw_poller *p)
{
	struct server *s = lock(p);

	s->failed = true;
	for (int c = SPW_CR; c < SPW_CHANNELS; c++)
		while (s->first[c]) {
			struct call *call = s->first[c];

			pull(p, call);
			answer(p, call, -ENOTRECOVERABLE);
		}
	for (unsigned i = 0; i < s->room; i++)
		for (int way = SPW_READ; way < SPW_WAYS; way++) {
			if (s->watched[i].pending[way])
				answer(p, s->watched[i].pending[way],
				       -ENOTRECOVERABLE);
			s->watched[i].pending[way] = NULL;
		}
	unlock(p);
}

void spw_server_events(struct spw_poller *p, const struct spw_event *events,
		       int n)
{
	for (int i = 0; i < n; i++) {
		if (events[i].data == SPW_WAKE)
			take_calls(p);
		else
			ready(p, (int)events[i].data, events[i].events);
	}
	if (n < 0)
		panic(p);
}

/* ---- goroutines ---- */

/* In the place of CheckDeadlines: nothing refers to the call any more. */
static void withdraw(struct spw_poller *p, struct call *call, int number)
{
	struct server *s = held(p);
	struct watched *w;

	pull(p, call);
	while (s->busy == call) {
		p->sys->cond_wait(p->sys, s->told, p->lock);
		held_call(p, call);
	}
	w = number < 0 ? NULL : held_number(p, number);
	for (int way = SPW_READ; w && way < SPW_WAYS; way++)
		if (w->pending[way] == call)
			w->pending[way] = NULL;
}

int spw_server_send(struct spw_fd *fd, enum spw_channel channel,
		    uint64_t deadline_ns)
{
	struct spw_poller *p = fd->poller;
	struct server *s = lock(p);
	int error = s->failed ? -ENOTRECOVERABLE : 0;
	struct call call;

	/* With its padding: assert_held is given all of it, and a provider may
	 * compare what it is given. */
	memset(&call, 0, sizeof(call));
	call.fd = fd;
	call.channel = channel;
	if (!error) {
		push(p, &call);
		spw_poller_wake(p);
		while (!held_call(p, &call)->over && !error)
			error = p->sys->cond_wait_until(p->sys, s->told,
							p->lock, deadline_ns);
		if (!call.over)
			withdraw(p, &call, fd->number);
		if (call.over)
			error = call.error;
	}
	unlock(p);
	return error;
}

int spw_server_number(struct spw_fd *fd)
{
	int number;

	lock(fd->poller);
	number = held_fd(fd)->fd;
	unlock(fd->poller);
	return number;
}

void spw_server_forget_number(struct spw_fd *fd)
{
	lock(fd->poller);
	held_fd(fd)->fd = -1;
	unlock(fd->poller);
}

int spw_server_close_file(struct spw_fd *fd)
{
	int number, error;

	lock(fd->poller);
	number = held_fd(fd)->file;
	unlock(fd->poller);
	if (number < 0)
		return -EBADF;
	error = fd->sys->close(fd->sys, number);
	lock(fd->poller);
	held_fd(fd)->file = -1;
	unlock(fd->poller);
	return error;
}

/* Read and Write: one at a time (rio, wio), with the number of the moment. */
int spw_server_enter(struct spw_fd *fd, struct spw_use *use)
{
	struct net_fd *n = fd->state;

	if (!use->lent)
		fd->sys->mutex_lock(fd->sys, n->io[use->way]);
	use->number = spw_server_number(fd);
	if (use->number >= 0)
		return 0;
	spw_server_leave(fd, use);
	return -EBADF;
}

void spw_server_leave(struct spw_fd *fd, struct spw_use *use)
{
	struct net_fd *n = fd->state;

	if (!use->lent)
		fd->sys->mutex_unlock(fd->sys, n->io[use->way]);
}

/*
 * WaitRead, WaitWrite. A loop looks at fd.file again; who only asks takes the
 * server's word for it.
 */
int spw_server_await(struct spw_fd *fd, struct spw_use *use,
		     uint64_t deadline_ns)
{
	int error = spw_server_send(fd, use->way == SPW_READ ? SPW_CR : SPW_CW,
				    deadline_ns);

	if (error < 0 || use->asks_only)
		return error;
	use->number = spw_server_number(fd);
	return use->number < 0 ? -EBADF : 0;
}

/* ---- coming and going ---- */

int spw_server_open(struct spw_poller *p)
{
	struct server *s = p->sys->alloc(p->sys, sizeof(*s));
	int error;

	if (!s)
		return -ENOMEM;
	error = p->sys->cond_create(p->sys, &s->told);
	if (error < 0)
		p->sys->free(p->sys, s);
	else
		p->state = s;
	return error;
}

void spw_server_shut(struct spw_poller *p)
{
	struct server *s = p->state;

	p->sys->cond_destroy(p->sys, s->told);
	p->sys->free(p->sys, s->watched);
	p->sys->free(p->sys, s);
}

int spw_server_adopt(struct spw_fd *fd)
{
	struct spw_sys *sys = fd->sys;
	struct net_fd *n = sys->alloc(sys, sizeof(*n));
	int error;

	if (!n)
		return -ENOMEM;
	n->fd = n->file = fd->number;
	error = sys->mutex_create(sys, &n->io[SPW_READ]);
	if (error < 0)
		goto no_read;
	error = sys->mutex_create(sys, &n->io[SPW_WRITE]);
	if (error < 0)
		goto no_write;
	fd->state = n;
	return 0;

no_write:
	sys->mutex_destroy(sys, n->io[SPW_READ]);
no_read:
	sys->free(sys, n);
	return error;
}

void spw_server_forget(struct spw_fd *fd)
{
	struct net_fd *n = fd->state;

	fd->sys->mutex_destroy(fd->sys, n->io[SPW_READ]);
	fd->sys->mutex_destroy(fd->sys, n->io[SPW_WRITE]);
	fd->sys->free(fd->sys, n);
}
