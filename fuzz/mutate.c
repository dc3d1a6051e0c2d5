/* SPDX-License-Identifier: MIT */
#include "fuzz/mutate.h"

#include "cli/fuzz_input.h"
#include "engine/rng.h"

#include <string.h>

enum {
	GAP_MAX = 255,
	ROUNDS_MAX = 4, /* changes of one mutation */
	NEAR = 8,       /* decisions that a switch is moved by */
	FAR = 64,       /* decisions of an execution, about */
	SCATTER = 64,   /* switches that are drawn at once */
	PIECE = 8,      /* switches that are repeated or cut out */
	SMALL = 4,      /* choices that most decisions have */
};

/* After gap decisions by default, one that is not; or a priority. */
struct item {
	uint16_t gap;
	uint8_t choice;
};

struct input {
	uint8_t header[RIG_INPUT_HEADER];
	uint8_t decoder;
	unsigned n;
	struct item item[RIG_INPUT_MAX];
};

/* ---- between bytes and items ---- */

/*
 * A choice is written as it is by GAPS, which never chooses the default, and
 * one higher by the others, where 0 is the default (or the lowest priority).
 */
static void parse_bytes(struct input *in, const uint8_t *data, size_t size)
{
	unsigned gap = 0;

	for (size_t i = 0; i < size; i++) {
		if (!data[i]) {
			gap++;
			continue;
		}
		in->item[in->n++] = (struct item){
			.gap = (uint16_t)gap,
			.choice = (uint8_t)(data[i] - 1),
		};
		gap = 0;
	}
}

static void parse_pairs(struct input *in, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		in->item[in->n++] = (struct item){
			.gap = data[i],
			.choice = i + 1 < size ? data[i + 1] : 0,
		};
}

static void parse(struct input *in, const uint8_t *data, size_t size)
{
	if (size > RIG_INPUT_MAX)
		size = RIG_INPUT_MAX;
	memset(in->header, 0, sizeof(in->header));
	memcpy(in->header, data,
	       size < sizeof(in->header) ? size : sizeof(in->header));
	in->decoder = RIG_BYTES_EACH;
	in->n = 0;
	if (size <= sizeof(in->header))
		return;
	in->decoder = data[sizeof(in->header)] % RIG_DECODERS;
	data += sizeof(in->header) + 1;
	size -= sizeof(in->header) + 1;
	if (in->decoder == RIG_BYTES_GAPS)
		parse_pairs(in, data, size);
	else
		parse_bytes(in, data, size);
}

struct out {
	uint8_t *data;
	size_t n, max;
};

static void put(struct out *out, unsigned byte)
{
	if (out->n < out->max)
		out->data[out->n++] = (uint8_t)byte;
}

/* What does not fit is left out: after the end everything is the default. */
static size_t print(const struct input *in, uint8_t *data, size_t max)
{
	struct out out = { .data = data,
			   .max = max < RIG_INPUT_MAX ? max : RIG_INPUT_MAX };

	for (unsigned i = 0; i < RIG_INPUT_HEADER; i++)
		put(&out, in->header[i]);
	put(&out, in->decoder);
	for (unsigned i = 0; i < in->n; i++) {
		const struct item *item = &in->item[i];

		if (in->decoder == RIG_BYTES_GAPS) {
			put(&out, item->gap < GAP_MAX ? item->gap : GAP_MAX);
			put(&out, item->choice);
			continue;
		}
		for (unsigned gap = 0; gap < item->gap; gap++)
			put(&out, 0);
		put(&out, item->choice < GAP_MAX ? item->choice + 1u : GAP_MAX);
	}
	return out.n;
}

/* ---- changes of the list ---- */

static uint32_t below(struct rig_rng *rng, unsigned n)
{
	return rig_rng_below(rng, n);
}

static uint8_t any_choice(struct rig_rng *rng)
{
	return (uint8_t)below(rng, below(rng, 4) ? SMALL : UINT8_MAX + 1);
}

/* Room for count items at at. False: there is none. */
static bool make_room(struct input *in, unsigned at, unsigned count)
{
	if (in->n + count > RIG_INPUT_MAX)
		return false;
	memmove(&in->item[at + count], &in->item[at],
		(in->n - at) * sizeof(in->item[0]));
	in->n += count;
	return true;
}

static void cut(struct input *in, unsigned at, unsigned count)
{
	memmove(&in->item[at], &in->item[at + count],
		(in->n - at - count) * sizeof(in->item[0]));
	in->n -= count;
}

/* Switch i goes, and the decision it was is the default again. */
static void take_out(struct input *in, unsigned i)
{
	if (i + 1 < in->n)
		in->item[i + 1].gap =
			(uint16_t)(in->item[i + 1].gap + in->item[i].gap + 1);
	cut(in, i, 1);
}

/* A switch at any decision; those that follow stay where they are. */
static void insert(struct input *in, struct rig_rng *rng)
{
	unsigned at = below(rng, in->n + 1);
	unsigned room = at < in->n ? in->item[at].gap : FAR;
	unsigned gap = room ? below(rng, room) : 0;

	if (!make_room(in, at, 1))
		return;
	in->item[at] = (struct item){ .gap = (uint16_t)gap,
				      .choice = any_choice(rng) };
	if (at + 1 < in->n && room)
		in->item[at + 1].gap = (uint16_t)(room - gap - 1);
}

static void drop(struct input *in, struct rig_rng *rng)
{
	if (in->n)
		take_out(in, below(rng, in->n));
}

/* Earlier or later; the next one stays where it is, if it can. */
static void move(struct input *in, struct rig_rng *rng)
{
	unsigned i, by = 1 + below(rng, NEAR);
	bool later = below(rng, 2);
	struct item *item, *next;

	if (!in->n)
		return;
	i = below(rng, in->n);
	item = &in->item[i];
	next = i + 1 < in->n ? item + 1 : NULL;
	if (!later && by > item->gap)
		by = item->gap;
	if (later && next && by > next->gap)
		by = next->gap;
	if (later) {
		item->gap = (uint16_t)(item->gap + by);
		if (next)
			next->gap = (uint16_t)(next->gap - by);
	} else {
		item->gap = (uint16_t)(item->gap - by);
		if (next)
			next->gap = (uint16_t)(next->gap + by);
	}
}

static void choose(struct input *in, struct rig_rng *rng)
{
	if (in->n)
		in->item[below(rng, in->n)].choice = any_choice(rng);
}

static void swap(struct input *in, struct rig_rng *rng)
{
	struct item *item;
	uint8_t choice;

	if (in->n < 2)
		return;
	item = &in->item[below(rng, in->n - 1)];
	choice = item[0].choice;
	item[0].choice = item[1].choice;
	item[1].choice = choice;
}

static unsigned piece(const struct input *in, struct rig_rng *rng, unsigned at)
{
	unsigned count = 1 + below(rng, PIECE);

	return count < in->n - at ? count : in->n - at;
}

/* Some switches once more, somewhere. */
static void repeat(struct input *in, struct rig_rng *rng)
{
	struct item copy[PIECE];
	unsigned from, count, at;

	if (!in->n)
		return;
	from = below(rng, in->n);
	count = piece(in, rng, from);
	at = below(rng, in->n + 1);
	memcpy(copy, &in->item[from], count * sizeof(copy[0]));
	if (make_room(in, at, count))
		memcpy(&in->item[at], copy, count * sizeof(copy[0]));
}

static void cut_piece(struct input *in, struct rig_rng *rng)
{
	unsigned at;

	if (!in->n)
		return;
	at = below(rng, in->n);
	cut(in, at, piece(in, rng, at));
}

static void shorten(struct input *in, struct rig_rng *rng)
{
	if (in->n)
		in->n = below(rng, in->n);
}

/* From somewhere on a schedule by chance, dense or sparse. */
static void scatter(struct input *in, struct rig_rng *rng)
{
	unsigned at = below(rng, in->n + 1);
	unsigned n = 1 + below(rng, SCATTER), sparse = 1 + below(rng, NEAR);

	if (n > RIG_INPUT_MAX - at)
		n = RIG_INPUT_MAX - at;
	in->n = at + n;
	for (; at < in->n; at++)
		in->item[at] = (struct item){
			.gap = (uint16_t)below(rng, sparse),
			.choice = any_choice(rng),
		};
}

/* Another scenario, fix, number of actors, kernel. */
static void run_other(struct input *in, struct rig_rng *rng)
{
	uint8_t *byte = &in->header[below(rng, RIG_INPUT_HEADER)];

	if (byte == &in->header[RIG_INPUT_OPTIONS])
		*byte ^= (uint8_t)(1u << below(rng, 7));
	else
		*byte = (uint8_t)below(rng, UINT8_MAX + 1);
}

/* The same list, read in another way. */
static void read_other(struct input *in, struct rig_rng *rng)
{
	in->decoder =
		(uint8_t)((in->decoder + 1 + below(rng, RIG_DECODERS - 1)) %
			  RIG_DECODERS);
}

typedef void change_fn(struct input *in, struct rig_rng *rng);

/* The more often one stands here, the more often it is made. */
static change_fn *const changes[] = {
	insert,  insert,  drop,    drop,      move,      move,      move,
	choose,  choose,  swap,    repeat,    repeat,    cut_piece, shorten,
	scatter, scatter, scatter, run_other, run_other, run_other, read_other,
};

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint64_t seed)
{
	struct input in;
	struct rig_rng rng;
	unsigned rounds;

	rig_rng_seed(&rng, seed, 0);
	parse(&in, data, size);
	for (rounds = 1; rounds < ROUNDS_MAX && below(&rng, 2);)
		rounds++;
	while (rounds--)
		changes[below(&rng, sizeof(changes) / sizeof(changes[0]))](
			&in, &rng);
	return print(&in, data, max);
}

size_t fuzz_splice(const uint8_t *a, size_t na, const uint8_t *b, size_t nb,
		   uint8_t *out, size_t max, uint64_t seed)
{
	struct input in, other;
	struct rig_rng rng;
	unsigned from;

	rig_rng_seed(&rng, seed, 0);
	parse(&in, a, na);
	parse(&other, b, nb);
	in.n = below(&rng, in.n + 1);
	from = below(&rng, other.n + 1);
	for (; from < other.n && in.n < RIG_INPUT_MAX; from++)
		in.item[in.n++] = other.item[from];
	return print(&in, out, max);
}

unsigned fuzz_switches(const uint8_t *data, size_t size)
{
	struct input in;

	parse(&in, data, size);
	return in.n;
}

size_t fuzz_without(const uint8_t *data, size_t size, unsigned i, uint8_t *out,
		    size_t max)
{
	struct input in;

	parse(&in, data, size);
	if (i < in.n)
		take_out(&in, i);
	return print(&in, out, max);
}
