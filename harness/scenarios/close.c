/* SPDX-License-Identifier: MIT */
/* What the scenarios around close share: the fixes, channels, outcomes. */
#include "scenarios/close.h"

#include <errno.h>
#include <string.h>

static bool close_fix(unsigned i, struct rig_fix *fix)
{
	const struct spw_closer_info *info;

	if (!spw_closers[i])
		return false;
	info = spw_closer_info(spw_closers[i]);
	*fix = (struct rig_fix){ .name = info->name,
				 .summary = info->summary,
				 .claims_sound = info->rules == SPW_CLOSE_ALL,
				 .rules = info->rules,
				 .unavailable = info->unavailable,
				 .closer = spw_closers[i] };
	return true;
}

const struct rig_family rig_family_close = {
	.name = "close",
	.fix = close_fix,
	.uses_spw = true,
};

const struct rig_outcome rig_close_outcomes[] = {
	{ .id = "closed",
	  .grade = RIG_ACCEPTABLE,
	  .text = "the descriptor was closed, whoever used it was told, and "
		  "nobody else noticed" },
	{ .id = "register-failed",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "the poller could not register a descriptor: its number was "
		  "closed, or is not what the poller believes; in 2009 a "
		  "panic" },
	{ .id = "wrong-owner",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a call that was made on one file went to another, which has "
		  "got its number" },
	{ .id = "not-woken",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "who was blocked on the descriptor when it was closed was "
		  "never told" },
	{ .id = "double-closed",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a second close took a descriptor from whom it belongs to" },
	{ .id = "stale-event",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "an event was told to a descriptor that it is not about" },
	{ .id = "contract",
	  .grade = RIG_FORBIDDEN,
	  .race = true,
	  .text = "a rule of the kernel's interface was broken: a number was "
		  "closed that was not open, for one" },
	RIG_OUTCOME_FAILED,
	{ .id = NULL },
};

/* A day. */
static const uint64_t simulated_ns = UINT64_C(86400000000000);

static uint64_t deadline(const struct rig_run *run, uint64_t ns)
{
	return run->sys->now_ns(run->sys) +
	       (run->world->engine ? simulated_ns : ns);
}

uint64_t rig_patience(const struct rig_run *run)
{
	return deadline(run, RIG_PATIENCE_NS);
}

uint64_t rig_brief(const struct rig_run *run)
{
	return deadline(run, RIG_BRIEF_NS);
}

static void failed(struct rig_run *run, const char *what, char name,
		   ssize_t result)
{
	rig_run_fail(run, "failed", "%s of %c: %s", what, name,
		     result < 0 ? strerror((int)-result) : "not what it was");
}

bool rig_register_failed(struct rig_run *run, ssize_t result, char name)
{
	const struct rig_world *world = run->world;

	if (result != -ENOTRECOVERABLE)
		return false;
	/* In 2009 the poller panicked whatever it was refused for. */
	if (world->faulted && world->faulted(world->ctx))
		return true;
	rig_run_fail(run, "register-failed",
		     "epoll-ctl refused the number of %c", name);
	return true;
}

int rig_channel_open(struct rig_run *run, struct rig_channel *c, char name)
{
	int fd[2], rc = run->sys->pipe(run->sys, fd);

	*c = (struct rig_channel){
		.peer = -1,
		.name = name,
		.cookie = (unsigned char)((unsigned)name + 2 * run->number),
	};
	if (!rc) {
		c->number = fd[0];
		c->peer = fd[1];
		rc = spw_fd_adopt(run->rt, fd[0], &c->fd);
	}
	if (rc == -EBADF)
		rig_run_fail(run, "double-closed",
			     "the number of %c was closed by somebody else as "
			     "soon as it was open",
			     name);
	else if (rc)
		failed(run, "making", name, rc);
	if (rc && rc != -EBADF && c->peer >= 0)
		run->sys->close(run->sys, c->number);
	return rc;
}

void rig_channel_feed(struct rig_run *run, const struct rig_channel *c)
{
	ssize_t n = run->sys->write(run->sys, c->peer, &c->cookie, 1);

	/* Its reading end may be closed. */
	if (n != 1 && n != -EPIPE)
		failed(run, "feeding", c->name, n);
}

void rig_channel_read(struct rig_run *run, const struct rig_channel *c)
{
	unsigned char byte = 0;
	ssize_t n = spw_fd_read(c->fd, &byte, 1, rig_patience(run));

	if (rig_register_failed(run, n, c->name))
		return;
	if (n == -ETIMEDOUT)
		rig_run_fail(run, "wrong-owner",
			     "what was written to %c has gone to somebody else",
			     c->name);
	else if (n == 1 && byte != c->cookie)
		rig_run_fail(run, "wrong-owner",
			     "a read of %c got what was written to another",
			     c->name);
	else if (n != 1)
		failed(run, "reading", c->name, n);
}

void rig_channel_close_peer(struct rig_run *run, struct rig_channel *c)
{
	int fd = c->peer;

	c->peer = -1;
	if (fd >= 0)
		run->sys->close(run->sys, fd);
}

void rig_channel_release(struct rig_run *run, struct rig_channel *c)
{
	if (c->fd)
		spw_fd_release(c->fd);
	c->fd = NULL;
	rig_channel_close_peer(run, c);
}

void rig_close_used(struct rig_run *run, const struct rig_channel *c)
{
	int rc = spw_fd_close(c->fd);

	if (rc)
		failed(run, "close", c->name, rc);
}

bool rig_channels_reuse(struct rig_run *run, struct rig_channels *channels)
{
	rig_close_used(run, &channels->a);
	return rig_channel_open(run, &channels->b, 'b') == 0;
}

int rig_close_begin(struct rig_run *run)
{
	return rig_channel_open(run, run->state, 'a');
}

void rig_close_finish(struct rig_run *run)
{
	rig_channel_release(run, run->state);
}

void rig_channels_finish(struct rig_run *run)
{
	struct rig_channels *channels = run->state;

	rig_channel_release(run, &channels->a);
	rig_channel_release(run, &channels->b);
}
