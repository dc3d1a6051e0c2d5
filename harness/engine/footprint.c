/* SPDX-License-Identifier: MIT */
#include "engine/footprint.h"

enum { C = RIG_COMMUTE, O = RIG_ORDER, R = RIG_RACE };

/*
 * Row: what was done first. Locks and data are never the same object, so what
 * would compare them is a race, to be safe.
 */
static const uint8_t relation[RIG_MODES][RIG_MODES] = {
	/*            READ WRT UPD DROP ACQ REL ACS RES JOIN */
	[RIG_READ] = { C, R, R, R, R, R, R, R, R },
	[RIG_WRITE] = { R, R, R, R, R, R, R, R, R },
	[RIG_UPDATE] = { R, R, C, C, R, R, R, R, R },
	[RIG_DROP] = { R, R, C, R, R, R, R, R, R },
	[RIG_ACQUIRE] = { R, R, R, R, R, O, R, O, R },
	[RIG_RELEASE] = { R, R, R, R, O, C, O, C, O },
	[RIG_ACQUIRE_SHARED] = { R, R, R, R, R, O, C, C, R },
	[RIG_RELEASE_SHARED] = { R, R, R, R, O, C, C, C, O },
	[RIG_JOIN] = { R, R, R, R, R, O, R, O, C },
};

enum rig_relation rig_relation(uint8_t first, uint8_t second)
{
	return (enum rig_relation)relation[first][second];
}
