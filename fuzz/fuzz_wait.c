/* SPDX-License-Identifier: MIT */
/* Fuzz target: children that one thread starts and another waits for; see
 * family.h. */
#include "fuzz/family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_family(&rig_family_wait, NULL, data, size);
}
