/* SPDX-License-Identifier: MIT */
#include "engine/schedule.h"

#include <errno.h>
#include <sys/types.h>

void rig_bytes_begin(struct rig_bytes *bytes, const uint8_t *data, size_t len)
{
	*bytes = (struct rig_bytes){ .data = data, .len = len, .at = 1 };
	if (len > 1 && data[0] & 1) {
		bytes->gap = data[1];
		bytes->at = 2;
	}
}

/*
 * Choice number k of choices, where 0 is the default and the others follow in
 * the order of their bits.
 */
static unsigned choice_number(const struct rig_engine *e, rig_set choices,
			      unsigned k)
{
	unsigned first = rig_default(e, choices);

	if (!k)
		return first;
	return rig_member(choices & ~rig_bit(first), k - 1);
}

unsigned rig_bytes_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct rig_bytes *b = state;
	unsigned n = rig_count(choices);
	unsigned k;

	if (n < 2 || b->at >= b->len)
		return rig_default(e, choices);
	if (!(b->data[0] & 1))
		return choice_number(e, choices, b->data[b->at++] % n);
	if (b->gap) {
		b->gap--;
		return rig_default(e, choices);
	}
	/* Here a switch is due, so the default is not among the choices. */
	k = 1 + b->data[b->at++] % (n - 1);
	if (b->at < b->len)
		b->gap = b->data[b->at++];
	return choice_number(e, choices, k);
}

/* Follows a schedule and writes each pick down as its number. */
struct encoder {
	struct rig_follow follow;
	uint8_t *buf;
	size_t size;
	size_t n;
};

static unsigned encode_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct encoder *enc = state;
	unsigned pick = rig_follow_pick(&enc->follow, e, choices);
	unsigned k = 0;

	if (pick == RIG_PRUNE)
		return pick;
	while (choice_number(e, choices, k) != pick)
		k++;
	if (enc->n < enc->size)
		enc->buf[enc->n] = (uint8_t)k;
	enc->n++;
	return pick;
}

ssize_t rig_bytes_encode(struct rig_engine *e,
			 const struct rig_subject *subject,
			 const struct rig_schedule *schedule, uint8_t *buf,
			 size_t size)
{
	struct encoder enc = { .follow = { .schedule = schedule },
			       .buf = buf,
			       .size = size,
			       .n = 1 };
	int rc;

	e->counting = true;
	rc = rig_engine_run(e, subject, encode_pick, &enc);
	e->counting = false;
	if (rc)
		return rc;
	if (enc.follow.next < schedule->n)
		return -EINVAL;
	if (enc.n > size)
		return -ENOSPC;
	buf[0] = 0;
	while (enc.n > 1 && !buf[enc.n - 1])
		enc.n--; /* the rest is the default */
	return (ssize_t)enc.n;
}
