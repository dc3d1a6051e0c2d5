/* SPDX-License-Identifier: MIT */
#include "engine/schedule.h"

#include <errno.h>
#include <sys/types.h>

void rig_bytes_begin(struct rig_bytes *bytes, const uint8_t *data, size_t len)
{
	bytes->data = data;
	bytes->len = len;
	bytes->at = 1;
	bytes->decoder = len ? data[0] % RIG_DECODERS : RIG_BYTES_EACH;
	bytes->gap = 0;
	bytes->met = 0;
	bytes->of[RIG_CLOCK] = 0;
	if (bytes->decoder == RIG_BYTES_GAPS && len > 1)
		bytes->gap = data[bytes->at++];
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

static uint8_t next_byte(struct rig_bytes *b)
{
	return b->at < b->len ? b->data[b->at++] : 0;
}

static unsigned pick_after_gap(struct rig_bytes *b, struct rig_engine *e,
			       rig_set choices, unsigned n)
{
	unsigned k;

	if (b->gap) {
		b->gap--;
		return rig_default(e, choices);
	}
	/* Here a switch is due, so the default is not among the choices. */
	k = 1 + next_byte(b) % (n - 1);
	b->gap = next_byte(b);
	return choice_number(e, choices, k);
}

/* Of several with the highest one, the default before the others. */
static unsigned pick_highest(struct rig_bytes *b, struct rig_engine *e,
			     rig_set choices)
{
	unsigned best = rig_default(e, choices);

	for (; b->met < e->ntasks; b->met++)
		b->of[b->met] = next_byte(b);
	for (rig_set m = choices; m; m = rig_rest(m))
		if (b->of[rig_first(m)] > b->of[best])
			best = rig_first(m);
	b->of[best] = next_byte(b);
	return best;
}

/*
 * Each byte that is no number of a fault is none: else an input whose bytes
 * were drawn by chance would spend its faults on the first calls.
 */
static unsigned pick_fault(struct rig_bytes *b, rig_set faults)
{
	unsigned k = next_byte(b);

	return k < rig_count(faults) ? rig_member(faults, k) : 0;
}

unsigned rig_bytes_pick(void *state, struct rig_engine *e, rig_set choices)
{
	struct rig_bytes *b = state;
	unsigned n = rig_count(choices);

	if (n < 2 || b->at >= b->len)
		return rig_default(e, choices);
	if (b->decoder == RIG_BYTES_GAPS)
		return pick_after_gap(b, e, choices, n);
	if (e->faulting)
		return pick_fault(b, choices);
	if (b->decoder == RIG_BYTES_PRIORITIES && !e->value_op)
		return pick_highest(b, e, choices);
	return choice_number(e, choices, next_byte(b) % n);
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
	buf[0] = RIG_BYTES_EACH;
	while (enc.n > 1 && !buf[enc.n - 1])
		enc.n--; /* the rest is the default */
	return (ssize_t)enc.n;
}
