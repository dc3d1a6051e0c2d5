/* SPDX-License-Identifier: MIT */
/*
 * epoll. What is registered is a pair: an open file description and the number
 * that it had (struct epoll_filefd). So a registration ends with the last
 * reference to the file, not with the close of the number: a copy made by dup
 * or fork keeps it alive, and then no number removes it any more but one that
 * again refers to that file and is the same.
 *
 * A file that changes puts its registration on the list of ready ones
 * (ep_poll_callback), in order of arrival; epoll_wait takes them off, asks each
 * file again, and hands out what is still ready (ep_send_events): a batch,
 * which from then on is memory of the caller's. What it says may be stale.
 */
#include "sim/kernel.h"

#include <errno.h>
#include <string.h>

enum {
	ALWAYS = SPW_POLL_ERR | SPW_POLL_HUP,
	PRIVATE = (int)(SPW_POLL_EDGE | SPW_POLL_ONCE),
};

static void access_epoll(struct sim *sim, const struct sim_epoll *ep,
			 enum sim_epoll_object what, enum rig_mode mode)
{
	sim_access(sim, ep->object + (unsigned)what, mode);
}

/* ---- the list of ready ones ---- */

static bool is_linked(const struct sim_epoll *ep, unsigned item)
{
	return ep->nready && memchr(ep->ready, (int)item, ep->nready);
}

static void link_item(struct sim *sim, struct sim_epoll *ep, unsigned item)
{
	if (is_linked(ep, item)) {
		access_epoll(sim, ep, SIM_EPOLL_READY, RIG_READ);
		return;
	}
	access_epoll(sim, ep, SIM_EPOLL_READY, RIG_WRITE);
	ep->ready[ep->nready++] = (uint8_t)item;
}

static void unlink_item(struct sim *sim, struct sim_epoll *ep, unsigned item)
{
	uint8_t *at = ep->nready ? memchr(ep->ready, (int)item, ep->nready) :
				   NULL;

	access_epoll(sim, ep, SIM_EPOLL_READY, at ? RIG_WRITE : RIG_READ);
	if (!at)
		return;
	ep->nready--;
	memmove(at, at + 1, (size_t)(ep->ready + ep->nready - at));
}

static bool has_event(const struct sim *sim, const struct sim_epoll *ep)
{
	for (unsigned i = 0; i < ep->nready; i++) {
		const struct sim_item *item = &sim->item[ep->ready[i]];

		if (sim_is_ready(sim, &sim->file[item->file], item->events))
			return true;
	}
	return false;
}

/* Who waits is enabled when there is something to hand out, and only then. */
void sim_epolls_changed(struct sim *sim)
{
	for (unsigned i = 0; i < sim->nepolls; i++) {
		const struct sim_epoll *ep = &sim->epoll[i];

		if (!ep->waiters)
			continue;
		if (has_event(sim, ep))
			rig_enable(sim->engine, ep->waiters);
		else
			rig_disable(sim->engine, ep->waiters);
	}
}

/* ep_poll_callback; key 0 is for everybody. */
void sim_item_ready(struct sim *sim, unsigned i, unsigned key)
{
	const struct sim_item *item = &sim->item[i];
	struct sim_epoll *ep = &sim->epoll[item->epoll];

	access_epoll(sim, ep, SIM_EPOLL_ITEMS, RIG_READ);
	if (!(item->events & ~(unsigned)PRIVATE))
		return; /* disarmed */
	if (!key || key & item->events)
		link_item(sim, ep, i);
}

/*
 * It stays on the list, and is passed over. Whoever waits may have been about
 * to go on because of it.
 */
void sim_item_not_ready(struct sim *sim, unsigned i)
{
	const struct sim_epoll *ep = &sim->epoll[sim->item[i].epoll];

	if (is_linked(ep, i))
		access_epoll(sim, ep, SIM_EPOLL_READY, RIG_READ);
}

/* ---- epoll_ctl ---- */

static int find_item(struct sim *sim, unsigned epoll, unsigned file, int number)
{
	access_epoll(sim, &sim->epoll[epoll], SIM_EPOLL_ITEMS, RIG_READ);
	for (unsigned i = 0; i < sim->nitems; i++) {
		const struct sim_item *item = &sim->item[i];

		if (item->used && item->epoll == epoll && item->file == file &&
		    item->number == number)
			return (int)i;
	}
	return -ENOENT;
}

static int new_item(struct sim *sim)
{
	unsigned i = 0;

	while (i < SIM_ITEMS && sim->item[i].used)
		i++;
	if (i == SIM_ITEMS) {
		rig_access_all(sim->engine); /* a removal would help */
		return -ENOSPC;
	}
	if (i >= sim->nitems)
		sim->nitems = i + 1;
	return (int)i;
}

/* ep_insert and ep_modify: what is ready already is an event already. */
static void set_item(struct sim *sim, unsigned i, unsigned events,
		     uint64_t data)
{
	struct sim_item *item = &sim->item[i];
	struct sim_epoll *ep = &sim->epoll[item->epoll];

	access_epoll(sim, ep, SIM_EPOLL_ITEMS, RIG_WRITE);
	item->events = events | ALWAYS;
	item->data = data;
	if (sim_ready(sim, &sim->file[item->file], item->events))
		link_item(sim, ep, i);
	sim_epolls_changed(sim);
}

static int add_item(struct sim *sim, unsigned epoll, unsigned file, int number,
		    unsigned events, uint64_t data)
{
	int i = find_item(sim, epoll, file, number);

	if (i >= 0)
		return -EEXIST;
	if (!sim_can_wait(&sim->file[file]))
		return -EPERM; /* file_can_poll */
	i = new_item(sim);
	if (i < 0)
		return i;
	sim->item[i] = (struct sim_item){ .used = true,
					  .epoll = (uint8_t)epoll,
					  .file = (uint8_t)file,
					  .number = (uint8_t)number };
	sim_polled(sim, &sim->file[file]);
	set_item(sim, (unsigned)i, events, data);
	return 0;
}

static void remove_item(struct sim *sim, unsigned i)
{
	struct sim_item *item = &sim->item[i];
	struct sim_epoll *ep = &sim->epoll[item->epoll];

	access_epoll(sim, ep, SIM_EPOLL_ITEMS, RIG_WRITE);
	sim_polled(sim, &sim->file[item->file]);
	unlink_item(sim, ep, i);
	*item = (struct sim_item){ .used = false };
	sim_epolls_changed(sim);
}

/* The epoll behind a number; 0 or -errno. */
static int find_epoll(struct sim *sim, int fd, unsigned *epoll)
{
	const struct sim_file *f = &sim->file[sim_fd_file(sim, fd)];

	*epoll = f->object;
	if (f->kind != SIM_EPOLL)
		return f->kind ? -EINVAL : -EBADF;
	return 0;
}

static int control(struct sim *sim, int fd, enum spw_epoll_op op, int number,
		   unsigned events, uint64_t data)
{
	unsigned epoll, file;
	int i = find_epoll(sim, fd, &epoll);

	file = sim_fd_file(sim, number);
	if (i == -EBADF || !file)
		return -EBADF;
	if (sim_is_foreign(&sim->file[file]))
		sim_contract(sim,
			     "epoll-ctl of descriptor %d: the model does "
			     "not cover that kind",
			     number);
	if (i < 0)
		return i;
	if (op == SPW_EPOLL_ADD)
		return add_item(sim, epoll, file, number, events, data);
	i = find_item(sim, epoll, file, number);
	if (i < 0)
		return i;
	if (op == SPW_EPOLL_DEL)
		remove_item(sim, (unsigned)i);
	else
		set_item(sim, (unsigned)i, events, data);
	return 0;
}

static int epoll_ctl_call(struct spw_sys *sys, int epoll, enum spw_epoll_op op,
			  int fd, unsigned events, uint64_t data)
{
	static const char *const name[] = { [SPW_EPOLL_ADD] = "add",
					    [SPW_EPOLL_DEL] = "delete",
					    [SPW_EPOLL_MOD] = "modify" };
	struct sim *sim = sim_of(sys);

	sim_about_table(sim, false);
	sim_point(sim, SIM_EPOLL_CTL);
	rig_detail(sim->engine, "(%d, %s %d)", epoll, name[op], fd);
	return sim_result(sim, control(sim, epoll, op, fd, events, data));
}

/* ---- epoll_wait ---- */

/* ep_send_events: as many as fit; what is ready for good goes to the end. */
static int send_events(struct sim *sim, struct sim_epoll *ep,
		       struct spw_event *events, int room)
{
	uint8_t list[SIM_ITEMS];
	unsigned n = ep->nready, i = 0;
	int sent = 0;

	access_epoll(sim, ep, SIM_EPOLL_READY, RIG_WRITE);
	access_epoll(sim, ep, SIM_EPOLL_ITEMS, RIG_READ);
	memcpy(list, ep->ready, n);
	ep->nready = 0;
	for (; i < n && sent < room; i++) {
		struct sim_item *item = &sim->item[list[i]];
		unsigned mask =
			sim_ready(sim, &sim->file[item->file], item->events);

		if (!mask)
			continue;
		events[sent++] = (struct spw_event){ .events = mask,
						     .data = item->data };
		if (item->events & SPW_POLL_ONCE) {
			access_epoll(sim, ep, SIM_EPOLL_ITEMS, RIG_WRITE);
			item->events &= (unsigned)PRIVATE;
		} else if (!(item->events & SPW_POLL_EDGE)) {
			ep->ready[ep->nready++] = list[i];
		}
	}
	memmove(ep->ready + (n - i), ep->ready, ep->nready);
	memcpy(ep->ready, list + i, n - i);
	ep->nready = (uint8_t)(ep->nready + n - i);
	return sent;
}

static int wait_held(struct sim *sim, struct sim_epoll *ep,
		     struct spw_event *events, int room)
{
	rig_set self = rig_self(sim->engine);
	int n;

	ep->waiters |= self;
	sim_epolls_changed(sim);
	rig_point(sim->engine, SIM_EPOLL_WAKE);
	ep->waiters &= ~self;
	n = send_events(sim, ep, events, room);
	sim_epolls_changed(sim);
	for (int i = 0; i < n; i++) {
		rig_note(sim->engine, events[i].events);
		rig_note(sim->engine, events[i].data);
	}
	return n;
}

static int epoll_wait_call(struct spw_sys *sys, int fd,
			   struct spw_event *events, int room)
{
	struct sim *sim = sim_of(sys);
	unsigned epoll, file;
	int n;

	sim_point(sim, SIM_EPOLL_WAIT);
	rig_detail(sim->engine, "(%d)", fd);
	n = find_epoll(sim, fd, &epoll);
	if (n < 0)
		return sim_result(sim, n);
	file = sim_fd_file(sim, fd);
	sim_hold(sim, file);
	sim_self(sim)->uses = (uint8_t)file;
	n = wait_held(sim, &sim->epoll[epoll], events, room);
	sim_self(sim)->uses = 0;
	sim_drop(sim, file);
	sim_run_drops(sim);
	return sim_result(sim, n);
}

/* ---- coming and going ---- */

static int epoll_create_call(struct spw_sys *sys)
{
	struct sim *sim = sim_of(sys);
	unsigned i = 0, file;
	int fd;

	sim_table_point(sim, SIM_EPOLL_CREATE);
	while (i < SIM_EPOLLS && sim->epoll[i].used)
		i++;
	file = i < SIM_EPOLLS ? sim_file_new(sim, SIM_EPOLL, i) : 0;
	if (!file) {
		rig_access_all(sim->engine); /* whoever closes one would help */
		return sim_result(sim, -EMFILE);
	}
	fd = sim_fd_install(sim, file, true);
	if (fd < 0) {
		sim->file[file] = (struct sim_file){ 0 };
		return sim_result(sim, fd);
	}
	if (i >= sim->nepolls)
		sim->nepolls = i + 1;
	sim->epoll[i] = (struct sim_epoll){ .used = true,
					    .object = sim_objects(
						    sim, SIM_EPOLL_OBJECTS) };
	return sim_result(sim, fd);
}

void sim_epoll_release(struct sim *sim, struct sim_file *f)
{
	for (unsigned i = 0; i < sim->nitems; i++)
		if (sim->item[i].used && sim->item[i].epoll == f->object)
			remove_item(sim, i);
	sim->epoll[f->object] = (struct sim_epoll){ .used = false };
}

bool sim_registered(const struct sim *sim, unsigned file)
{
	for (unsigned i = 0; i < sim->nitems; i++)
		if (sim->item[i].used && sim->item[i].file == file)
			return true;
	return false;
}

/* eventpoll_release */
void sim_unregister(struct sim *sim, unsigned file)
{
	sim_inner(sim, SIM_UNREGISTER);
	for (unsigned i = 0; i < sim->nitems; i++)
		if (sim->item[i].used && sim->item[i].file == file)
			remove_item(sim, i);
}

void sim_epoll_calls(struct spw_sys *sys)
{
	sys->epoll_create = epoll_create_call;
	sys->epoll_ctl = epoll_ctl_call;
	sys->epoll_wait = epoll_wait_call;
}
