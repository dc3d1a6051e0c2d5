/* SPDX-License-Identifier: MIT */
/*
 * refcount: a descriptor is closed when its last user has left.
 *
 * Each call on the number is counted. A close lets no new user in, wakes all
 * who sleep, waits until the count is zero, takes the registration back, and
 * only then closes: so no call is ever made on a number that is somebody
 * else's, nobody sleeps on, and who returns from close knows that it is closed.
 * Go's fdMutex, the JDK's NativeThreadSet and Java's AbstractPlainSocketImpl do
 * the same.
 *
 * Registrations are made once, edge-triggered, and carry a tag in the place of
 * a pointer (tags.h): an event of a batch that was read before the close finds
 * nobody after it. The registration is removed by number before the number
 * goes: one that a copy of the file keeps alive could never be removed again
 * (epoll(7), Q6), and would keep the number from being registered for that file
 * once more.
 *
 * An edge says that something has happened since the registration or since the
 * edge before it. It is counted, so that none is lost between the try that
 * would have blocked and the sleep.
 */
#include <errno.h>

#include "closer.h"
#include "poller.h"
#include "tags.h"

/* Of a descriptor. Order of locks: the poller's, then this one. */
struct counted {
	struct spw_mutex *lock;
	struct spw_cond *changed;
	uint64_t tag;
	struct shared { /* under lock */
		int number;
		unsigned users;
		bool closing;
		int error; /* the poller has failed */
		/* Events so far; how many of them a try has used up. */
		uint64_t events[SPW_WAYS], used_up[SPW_WAYS];
	} shared;
};

static struct shared *lock(struct spw_sys *sys, struct counted *c)
{
	sys->mutex_lock(sys, c->lock);
	sys->assert_held(sys, c->lock, &c->shared, sizeof(c->shared));
	return &c->shared;
}

static void unlock(struct spw_sys *sys, struct counted *c)
{
	sys->mutex_unlock(sys, c->lock);
}

/* ---- the poller's side ---- */

/* Under the poller's lock. */
struct polled {
	struct spw_tags tags;
	int error; /* the poller has failed */
};

static struct polled *lock_polled(struct spw_poller *p)
{
	struct polled *polled = p->state;

	p->sys->mutex_lock(p->sys, p->lock);
	p->sys->assert_held(p->sys, p->lock, polled, sizeof(*polled));
	return polled;
}

static int refcount_open(struct spw_poller *p)
{
	struct polled *polled = p->sys->alloc(p->sys, sizeof(*polled));

	if (!polled)
		return -ENOMEM;
	spw_tags_init(&polled->tags, SPW_GENERATIONS);
	p->state = polled;
	return 0;
}

static void refcount_shut(struct spw_poller *p)
{
	struct polled *polled = p->state;

	spw_tags_free(&polled->tags, p->sys);
	p->sys->free(p->sys, polled);
}

static void tell(struct spw_sys *sys, struct counted *c, unsigned events)
{
	struct shared *s = lock(sys, c);

	if (events &
	    (SPW_POLL_IN | SPW_POLL_RDHUP | SPW_POLL_HUP | SPW_POLL_ERR))
		s->events[SPW_READ]++;
	if (events & (SPW_POLL_OUT | SPW_POLL_HUP | SPW_POLL_ERR))
		s->events[SPW_WRITE]++;
	sys->cond_broadcast(sys, c->changed);
	unlock(sys, c);
}

static void tell_failure(struct spw_sys *sys, const struct spw_tags *tags,
			 int error)
{
	for (uint32_t i = 0; i < tags->n; i++) {
		struct counted *c = tags->slot[i].owner;

		if (!c)
			continue;
		lock(sys, c)->error = error;
		sys->cond_broadcast(sys, c->changed);
		unlock(sys, c);
	}
}

/* One section for a batch: a close waits for it, but never for a next one. */
static void refcount_events(struct spw_poller *p,
			    const struct spw_event *events, int n)
{
	struct polled *polled = lock_polled(p);

	for (int i = 0; i < n; i++) {
		struct counted *c =
			spw_tags_find(&polled->tags, events[i].data);

		if (c)
			tell(p->sys, c, events[i].events);
	}
	if (n < 0) {
		polled->error = n;
		tell_failure(p->sys, &polled->tags, n);
	}
	p->sys->mutex_unlock(p->sys, p->lock);
}

/* ---- coming and going ---- */

static void drop_tag(struct spw_poller *p, uint64_t tag)
{
	spw_tags_drop(&lock_polled(p)->tags, tag);
	p->sys->mutex_unlock(p->sys, p->lock);
}

static int join_poller(struct spw_fd *fd, struct counted *c)
{
	struct spw_sys *sys = fd->sys;
	struct spw_poller *p = fd->poller;
	struct polled *polled = lock_polled(p);
	int error = polled->error;

	if (!error)
		error = spw_tags_take(&polled->tags, sys, c, &c->tag);
	sys->mutex_unlock(sys, p->lock);
	if (error < 0)
		return error;
	error = sys->epoll_ctl(sys, p->epoll, SPW_EPOLL_ADD, fd->number,
			       SPW_POLL_IN | SPW_POLL_OUT | SPW_POLL_RDHUP |
				       SPW_POLL_EDGE,
			       c->tag);
	if (error < 0)
		drop_tag(p, c->tag);
	return error;
}

static int refcount_adopt(struct spw_fd *fd)
{
	struct spw_sys *sys = fd->sys;
	struct counted *c = sys->alloc(sys, sizeof(*c));
	int error;

	if (!c)
		return -ENOMEM;
	c->shared.number = fd->number;
	error = sys->mutex_create(sys, &c->lock);
	if (error < 0)
		goto no_mutex;
	error = sys->cond_create(sys, &c->changed);
	if (error < 0)
		goto no_cond;
	error = join_poller(fd, c);
	if (error < 0)
		goto no_poller;
	fd->state = c;
	return 0;

no_poller:
	sys->cond_destroy(sys, c->changed);
no_cond:
	sys->mutex_destroy(sys, c->lock);
no_mutex:
	sys->free(sys, c);
	return error;
}

static void refcount_forget(struct spw_fd *fd)
{
	struct counted *c = fd->state;

	fd->sys->cond_destroy(fd->sys, c->changed);
	fd->sys->mutex_destroy(fd->sys, c->lock);
	fd->sys->free(fd->sys, c);
}

static int refcount_close(struct spw_fd *fd)
{
	struct spw_sys *sys = fd->sys;
	struct counted *c = fd->state;
	struct shared *s = lock(sys, c);
	int number = s->number;

	if (s->closing) {
		unlock(sys, c);
		return -EBADF;
	}
	s->closing = true;
	sys->cond_broadcast(sys, c->changed);
	while (s->users) {
		sys->cond_wait(sys, c->changed, c->lock);
		sys->assert_held(sys, c->lock, s, sizeof(*s));
	}
	unlock(sys, c);
	drop_tag(fd->poller, c->tag);
	sys->epoll_ctl(sys, fd->poller->epoll, SPW_EPOLL_DEL, number, 0, 0);
	return sys->close(sys, number);
}

/* ---- users ---- */

static int refcount_enter(struct spw_fd *fd, struct spw_use *use)
{
	struct counted *c = fd->state;
	struct shared *s = lock(fd->sys, c);
	int error = s->closing ? -EBADF : 0;

	if (!error) {
		s->users++;
		use->number = s->number;
		use->seen = use->asks_only ? s->used_up[use->way] :
					     s->events[use->way];
	}
	unlock(fd->sys, c);
	return error;
}

static void refcount_leave(struct spw_fd *fd, struct spw_use *use)
{
	struct counted *c = fd->state;
	struct shared *s = lock(fd->sys, c);

	if (!--s->users && s->closing)
		fd->sys->cond_broadcast(fd->sys, c->changed);
	unlock(fd->sys, c);
}

static int refcount_await(struct spw_fd *fd, struct spw_use *use,
			  uint64_t deadline_ns)
{
	struct spw_sys *sys = fd->sys;
	struct counted *c = fd->state;
	struct shared *s = lock(sys, c);
	uint64_t *events = &s->events[use->way];
	uint64_t *used_up = &s->used_up[use->way];
	int error = 0;

	if (*used_up < use->seen)
		*used_up = use->seen;
	while (*events == use->seen && !s->closing && !s->error && !error) {
		error = sys->cond_wait_until(sys, c->changed, c->lock,
					     deadline_ns);
		sys->assert_held(sys, c->lock, s, sizeof(*s));
	}
	if (s->closing)
		error = -ECANCELED;
	else if (*events != use->seen)
		error = 0;
	else if (s->error)
		error = s->error;
	use->seen = *events;
	unlock(sys, c);
	return error;
}

const struct spw_closer spw_closer_refcount = {
	.info = {
		.name = "refcount",
		.summary = "close wakes all users, waits for them, then closes",
		.claim = "no call, registration or event meets another file; "
			 "nobody sleeps on; closed when close returns",
		.condition = "the number is used through libspw, or lent by it",
		.reference = "Go internal/poll fdMutex; JDK NativeThreadSet; "
			     "golang/go#21856",
		.rules = SPW_CLOSE_ALL,
	},
	.open = refcount_open,
	.shut = refcount_shut,
	.events = refcount_events,
	.adopt = refcount_adopt,
	.forget = refcount_forget,
	.enter = refcount_enter,
	.leave = refcount_leave,
	.await = refcount_await,
	.close = refcount_close,
};
