/* SPDX-License-Identifier: MIT */
#include "poller.h"

#include <errno.h>

#include "closer.h"

/* As the count of wake-ups: more than there will ever be. */
#define STOP (UINT64_C(1) << 40)

static void add_to_count(struct spw_poller *p, uint64_t n)
{
	/* Refused only above 2^64 - 2, where the thread is sure to wake. */
	p->sys->write(p->sys, p->wake, &n, sizeof(n));
}

void spw_poller_wake(struct spw_poller *poller)
{
	add_to_count(poller, 1);
}

static bool has_wake(const struct spw_event *events, int n)
{
	for (int i = 0; i < n; i++)
		if (events[i].data == SPW_WAKE)
			return true;
	return false;
}

/*
 * Before the closer looks at what it was woken for: or a wake-up is lost. 1:
 * the runtime ends; 0, or -errno.
 */
static int drain(struct spw_poller *p)
{
	uint64_t count = 0;
	ssize_t n = p->sys->read(p->sys, p->wake, &count, sizeof(count));

	return n < 0 ? (int)n : count >= STOP;
}

/*
 * An epoll or a count that fails has been closed by somebody who does not own
 * it. Nothing will ever be ready again: the closer tells everybody, and the
 * thread ends.
 */
static void run(void *arg)
{
	struct spw_poller *p = arg;
	struct spw_event events[SPW_BATCH];
	int stop = 0;

	while (!stop) {
		int n = p->sys->epoll_wait(p->sys, p->epoll, events, SPW_BATCH);

		stop = n < 0 ? n : has_wake(events, n) ? drain(p) : 0;
		p->closer->events(p, events, stop < 0 ? stop : n);
	}
}

static void close_numbers(struct spw_poller *p)
{
	if (p->wake >= 0)
		p->sys->close(p->sys, p->wake);
	if (p->epoll >= 0)
		p->sys->close(p->sys, p->epoll);
}

static int open_numbers(struct spw_poller *p)
{
	struct spw_sys *sys = p->sys;

	p->epoll = sys->epoll_create(sys);
	if (p->epoll < 0)
		return p->epoll;
	p->wake = sys->eventfd(sys);
	if (p->wake < 0)
		return p->wake;
	return sys->epoll_ctl(sys, p->epoll, SPW_EPOLL_ADD, p->wake,
			      SPW_POLL_IN, SPW_WAKE);
}

static int start(struct spw_poller *p)
{
	struct spw_sys *sys = p->sys;
	int error = open_numbers(p);

	if (error < 0)
		goto no_numbers;
	error = sys->mutex_create(sys, &p->lock);
	if (error < 0)
		goto no_numbers;
	error = p->closer->open(p);
	if (error < 0)
		goto no_state;
	error = sys->thread_create(sys, &p->thread, run, p);
	if (error < 0)
		goto no_thread;
	return 0;

no_thread:
	p->closer->shut(p);
no_state:
	sys->mutex_destroy(sys, p->lock);
no_numbers:
	close_numbers(p);
	return error;
}

static int make(struct spw_rt *rt, struct spw_poller **poller)
{
	struct spw_poller *p = rt->sys->alloc(rt->sys, sizeof(*p));
	int error;

	if (!p)
		return -ENOMEM;
	p->sys = rt->sys;
	p->closer = rt->closer;
	p->epoll = p->wake = -1;
	error = start(p);
	if (error < 0)
		rt->sys->free(rt->sys, p);
	else
		*poller = p;
	return error;
}

int spw_poller_get(struct spw_rt *rt, struct spw_poller **poller)
{
	struct spw_sys *sys = rt->sys;
	int error = 0;

	if (!sys->epoll_create)
		return -ENOTSUP;
	sys->mutex_lock(sys, rt->lock);
	sys->assert_held(sys, rt->lock, &rt->poller, sizeof(rt->poller));
	if (!rt->poller)
		error = make(rt, &rt->poller);
	*poller = rt->poller;
	sys->mutex_unlock(sys, rt->lock);
	return error;
}

void spw_poller_stop(struct spw_rt *rt)
{
	struct spw_poller *p = rt->poller; /* nobody else is here any more */
	struct spw_sys *sys = rt->sys;

	if (!p)
		return;
	add_to_count(p, STOP);
	sys->thread_join(sys, p->thread);
	p->closer->shut(p);
	sys->mutex_destroy(sys, p->lock);
	close_numbers(p);
	sys->free(sys, p);
}
