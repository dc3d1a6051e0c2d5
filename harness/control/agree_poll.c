/* SPDX-License-Identifier: MIT */
/*
 * Calls made twice: sockets, and what waits for descriptors. Where the model
 * has waited, Linux is asked when it is over, and must not have to wait: what
 * it says then about each file and number is compared, event by event, in the
 * order of the batch.
 */
#include "control/agree.h"

#include "engine/engine.h"

#include <errno.h>
#include <string.h>

_Static_assert(CTL_EVENTS * sizeof(struct spw_event) <= CTL_DATA, "they fit");

static int pair_call(struct spw_sys *sys, int fd[2])
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.socket_pair(sys, fd);
	struct ctl_slot *slot = ctl_mine(c);
	int real = ctl_twice(c, "socketpair", model, CTL_SOCKET_PAIR);

	if (!real) {
		ctl_agree(c, "socketpair, one end", fd[0], slot->out[0]);
		ctl_agree(c, "socketpair, other end", fd[1], slot->out[1]);
	}
	return real;
}

static int set_blocking_call(struct spw_sys *sys, int fd, bool blocking)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.set_blocking(sys, fd, blocking);
	struct ctl_slot *slot = ctl_mine(c);

	slot->arg[0] = fd;
	slot->arg[1] = blocking;
	return ctl_twice(c, "set-blocking", model, CTL_SET_BLOCKING);
}

static int eventfd_call(struct spw_sys *sys)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.eventfd(sys);

	ctl_mine(c);
	return ctl_twice(c, "eventfd", model, CTL_EVENTFD);
}

static int poll_call(struct spw_sys *sys, int fd, unsigned events,
		     uint64_t deadline_ns)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.poll(sys, fd, events, deadline_ns);
	struct ctl_slot *slot = ctl_mine(c);
	int real;

	slot->arg[0] = fd;
	slot->arg[1] = (int)events;
	real = ctl_twice(c, "poll", model, CTL_POLL);
	ctl_let_go(c);
	return real;
}

static int epoll_create_call(struct spw_sys *sys)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.epoll_create(sys);

	ctl_mine(c);
	return ctl_twice(c, "epoll-create", model, CTL_EPOLL_CREATE);
}

static int epoll_ctl_call(struct spw_sys *sys, int epoll, enum spw_epoll_op op,
			  int fd, unsigned events, uint64_t data)
{
	struct rig_control *c = ctl_of(sys);
	int model = c->model.epoll_ctl(sys, epoll, op, fd, events, data);
	struct ctl_slot *slot = ctl_mine(c);
	struct spw_event event;

	slot->arg[0] = epoll;
	slot->arg[1] = (int)op;
	slot->arg[2] = fd;
	memset(&event, 0, sizeof(event)); /* what is between, too */
	event.events = events;
	event.data = data;
	slot->len = sizeof(event);
	memcpy(slot->data, &event, sizeof(event));
	return ctl_twice(c, "epoll-ctl", model, CTL_EPOLL_CTL);
}

static int epoll_wait_call(struct spw_sys *sys, int epoll,
			   struct spw_event *events, int n)
{
	struct rig_control *c = ctl_of(sys);
	int model, real;
	struct ctl_slot *slot;

	if (n > CTL_EVENTS)
		n = CTL_EVENTS;
	model = c->model.epoll_wait(sys, epoll, events, n);
	slot = ctl_mine(c);
	slot->arg[0] = epoll;
	slot->arg[1] = n;
	slot->len = model < 0 ? 0 : (uint32_t)model * sizeof(*events);
	real = ctl_twice(c, "epoll-wait", model, CTL_EPOLL_WAIT);
	for (int i = 0; i < real; i++) {
		struct spw_event e;

		memcpy(&e, slot->data + (size_t)i * sizeof(e), sizeof(e));
		ctl_agree(c, "epoll-wait, events", (int)events[i].events,
			  (int)e.events);
		if (events[i].data != e.data)
			ctl_differ(c, "epoll-wait: the data of an event is "
				      "not what the model says");
	}
	return real;
}

void ctl_poll_calls(struct spw_sys *sys)
{
	sys->socket_pair = pair_call;
	sys->set_blocking = set_blocking_call;
	sys->eventfd = eventfd_call;
	sys->poll = poll_call;
	sys->epoll_create = epoll_create_call;
	sys->epoll_ctl = epoll_ctl_call;
	sys->epoll_wait = epoll_wait_call;
}
