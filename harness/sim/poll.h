/* SPDX-License-Identifier: MIT */
/* The simulated kernel: who waits for files to be ready; poll.c, epoll.c. */
#ifndef SIM_POLL_H
#define SIM_POLL_H

#include "engine/engine.h"

struct sim;
struct sim_file;

enum {
	SIM_EPOLLS = 4, /* EMFILE beyond */
	SIM_ITEMS = 16, /* registrations of all epolls: ENOSPC beyond */
};

/* Of an epoll. */
enum sim_epoll_object {
	SIM_EPOLL_ITEMS, /* what is registered, and for what */
	SIM_EPOLL_READY, /* the list of those that may be ready */
	SIM_EPOLL_OBJECTS,
};

/* struct epitem: one registration. */
struct sim_item {
	bool used;
	uint8_t epoll;
	uint8_t file;
	uint8_t number; /* that the file had */
	uint32_t events;
	uint64_t data;
};

struct sim_epoll {
	bool used;
	rig_object object;
	rig_set waiters;
	uint8_t nready;
	uint8_t ready[SIM_ITEMS]; /* items, in order of arrival */
};

enum sim_side { SIM_READING, SIM_WRITING };

/* It could be waited for, but that is not modelled. */
bool sim_is_foreign(const struct sim_file *f);
/* Is it one of those that can be waited for? */
bool sim_can_wait(const struct sim_file *f);
/* What of want it is, and whatever else is always told. */
unsigned sim_ready(struct sim *sim, const struct sim_file *f, unsigned want);
/* Is it any of that? No part of a footprint. */
bool sim_is_ready(const struct sim *sim, const struct sim_file *f,
		  unsigned want);
/* Something has happened to one side of a pipe: key, or 0 for everybody. */
void sim_notify(struct sim *sim, unsigned pipe, enum sim_side side,
		unsigned key);
/* The same, but there is less of it than before: nobody is told. */
void sim_less_ready(struct sim *sim, unsigned pipe, enum sim_side side);
/* Who is to hear of f changes. */
void sim_polled(struct sim *sim, const struct sim_file *f);

void sim_item_ready(struct sim *sim, unsigned item, unsigned key);
void sim_item_not_ready(struct sim *sim, unsigned item);
/* Files are less ready, or more: who waits for an epoll may not go on. */
void sim_epolls_changed(struct sim *sim);
/* Is the file registered anywhere; its last reference has gone. */
bool sim_registered(const struct sim *sim, unsigned file);
void sim_unregister(struct sim *sim, unsigned file);
void sim_epoll_release(struct sim *sim, struct sim_file *f);

#endif
