/* SPDX-License-Identifier: MIT */
#include "stress/stress.h"

#include <math.h>

/*
 * Wilson (1927). Not the textbook interval rate +- 1.96 s: for few hits that
 * one is too narrow, and of zero hits it says that there will never be any.
 */
void rig_wilson(uint64_t hits, uint64_t attempts, double *low, double *high)
{
	const double z = 1.959963984540054; /* 97.5 % of a normal lie below */
	double n = (double)attempts;
	double rate, middle, half;

	*low = 0;
	*high = 1;
	if (!attempts)
		return;
	rate = (double)hits / n;
	middle = (rate + z * z / (2 * n)) / (1 + z * z / n);
	half = z / (1 + z * z / n) *
	       sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));
	/* Exact at both ends, where rounding would leave a crumb. */
	if (hits)
		*low = middle - half;
	if (hits < attempts)
		*high = middle + half;
}
