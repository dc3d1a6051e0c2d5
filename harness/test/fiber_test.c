/* SPDX-License-Identifier: MIT */
/* Fibers: order of switches, stacks, registers, and fibers left behind. */
#include "engine/fiber.h"
#include "support.h"

enum { STACK = 256 * 1024, FIBERS = 4 };

static struct rig_fiber home, fiber[FIBERS];
static char order[64];
static size_t norder;

static int open_fibers(void **state)
{
	rig_fiber_adopt(&home);
	for (int i = 0; i < FIBERS; i++)
		if (rig_fiber_open(&fiber[i], STACK))
			return -1;
	return 0;
}

static int close_fibers(void **state)
{
	for (int i = 0; i < FIBERS; i++)
		rig_fiber_close(&fiber[i]);
	return 0;
}

static void note(char c)
{
	if (norder < sizeof(order) - 1)
		order[norder++] = c;
	order[norder] = '\0';
}

/* ---- order ---- */

static void first(void *arg)
{
	note('a');
	rig_fiber_switch(&fiber[0], &fiber[1]);
	note('c');
	rig_fiber_switch(&fiber[0], &home);
	note('e');
	rig_fiber_switch(&fiber[0], &home);
	abort();
}

static void second(void *arg)
{
	note(*(const char *)arg);
	rig_fiber_switch(&fiber[1], &fiber[0]);
	note('f');
	rig_fiber_switch(&fiber[1], &home);
	abort();
}

static void switches_come_in_the_order_asked_for(void **state)
{
	char b = 'b';

	norder = 0;
	rig_fiber_start(&fiber[0], first, NULL);
	rig_fiber_start(&fiber[1], second, &b);
	rig_fiber_switch(&home, &fiber[0]);
	note('d');
	rig_fiber_switch(&home, &fiber[0]);
	rig_fiber_switch(&home, &fiber[1]);
	assert_string_equal(order, "abcdef");
}

/* ---- abandoned fibers ---- */

static unsigned reached;

/* A few frames on each stack, left behind where they are. */
static __attribute__((noinline)) void sink(unsigned depth, char fill)
{
	char frame[200];

	memset(frame, fill, sizeof(frame));
	if (depth)
		sink(depth - 1, frame[depth]);
	else
		rig_fiber_switch(&fiber[0], &home);
	note(frame[0]);
}

static void sinks(void *arg)
{
	reached++;
	sink(10, 'x');
	abort();
}

/*
 * Every execution that is cut short does this. Often enough for what a
 * sanitizer keeps for each frame to run out, if it is not given back.
 */
static void abandoned_fibers_start_anew(void **state)
{
	reached = 0;
	for (int i = 0; i < 20000; i++) {
		rig_fiber_start(&fiber[0], sinks, NULL);
		rig_fiber_switch(&home, &fiber[0]);
	}
	assert_int_equal(reached, 20000);
}

/* ---- registers ---- */

static uint64_t integers_of[2];
static double doubles_of[2];

/*
 * More live values than there are registers to save, all computed before the
 * switches and used after, so that the compiler keeps them in those registers.
 */
static __attribute__((noinline)) void mixes(uint64_t seed, struct rig_fiber *me,
					    struct rig_fiber *other, int slot)
{
	uint64_t a = seed * 3, b = seed * 5, c = seed * 7, d = seed * 11;
	uint64_t e = seed * 13, f = seed * 17, g = seed * 19;
	double x = (double)seed / 3, y = (double)seed / 7,
	       z = (double)seed / 11;

	for (uint64_t i = seed; i < seed + 1000; i++) {
		rig_fiber_switch(me, other);
		a += b;
		b ^= c;
		c += d;
		d ^= e;
		e += f;
		f ^= g;
		g += a;
		x += y;
		y -= z / 2;
		z += x / 1024;
	}
	integers_of[slot] = a ^ b ^ c ^ d ^ e ^ f ^ g;
	doubles_of[slot] = x + y + z;
}

static void mixes_alone(void *arg)
{
	for (;;)
		rig_fiber_switch(&fiber[1], &fiber[0]);
}

static void mixes_first(void *arg)
{
	mixes(*(const uint64_t *)arg, &fiber[0], &fiber[1], 0);
	rig_fiber_switch(&fiber[0], &home);
	abort();
}

static void mixes_second(void *arg)
{
	mixes(*(const uint64_t *)arg, &fiber[1], &fiber[0], 1);
	/* The first one has one switch to go. */
	rig_fiber_switch(&fiber[1], &fiber[0]);
	rig_fiber_switch(&fiber[1], &home);
	abort();
}

static void registers_survive_switches(void **state)
{
	uint64_t seed[2] = { 0x123456789abcdef, 0xfedcba987654321 };
	uint64_t alone;
	double alone_d;

	/* Beside a fiber that does nothing: what the result must be. */
	rig_fiber_start(&fiber[0], mixes_first, &seed[0]);
	rig_fiber_start(&fiber[1], mixes_alone, NULL);
	rig_fiber_switch(&home, &fiber[0]);
	alone = integers_of[0];
	alone_d = doubles_of[0];
	rig_fiber_start(&fiber[0], mixes_first, &seed[0]);
	rig_fiber_start(&fiber[1], mixes_second, &seed[1]);
	rig_fiber_switch(&home, &fiber[0]);
	assert_true(integers_of[0] == alone);
	/* The same computation: equal to the last bit, or it was disturbed. */
	assert_false(doubles_of[0] < alone_d || doubles_of[0] > alone_d);
}

/* ---- stacks ---- */

static __attribute__((noinline)) unsigned deep(unsigned depth)
{
	char frame[128];

	memset(frame, (int)depth, sizeof(frame));
	if (depth)
		return deep(depth - 1) + (unsigned char)frame[depth % 128] % 2;
	rig_fiber_switch(&fiber[2], &fiber[3]);
	return 0;
}

static void goes_deep(void *arg)
{
	for (;;) {
		*(unsigned *)arg = deep(400);
		rig_fiber_switch(&fiber[2], &home);
	}
}

static void comes_back(void *arg)
{
	for (;;)
		rig_fiber_switch(&fiber[3], &fiber[2]);
}

/* 400 frames; a switch from the deepest one and the way back up. */
static void stacks_are_deep(void **state)
{
	unsigned odd = 0;

	rig_fiber_start(&fiber[2], goes_deep, &odd);
	rig_fiber_start(&fiber[3], comes_back, NULL);
	for (int i = 0; i < 100; i++) {
		odd = 0;
		rig_fiber_switch(&home, &fiber[2]);
		assert_int_equal(odd, 200);
	}
}

static void aligned(void *arg)
{
	*(uintptr_t *)arg = (uintptr_t)__builtin_frame_address(0);
	rig_fiber_switch(&fiber[0], &home);
	abort();
}

/* Both ABIs want 16 bytes; vector instructions fault without. */
static void stack_is_aligned(void **state)
{
	uintptr_t frame = 1;

	rig_fiber_start(&fiber[0], aligned, &frame);
	rig_fiber_switch(&home, &fiber[0]);
	assert_int_equal(frame % 16, 0);
	assert_true(frame > (uintptr_t)fiber[0].stack);
	assert_true(frame < (uintptr_t)fiber[0].stack + fiber[0].stack_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(switches_come_in_the_order_asked_for),
		cmocka_unit_test(abandoned_fibers_start_anew),
		cmocka_unit_test(registers_survive_switches),
		cmocka_unit_test(stacks_are_deep),
		cmocka_unit_test(stack_is_aligned),
	};

	return RUN_TESTS(tests, open_fibers, close_fibers);
}
