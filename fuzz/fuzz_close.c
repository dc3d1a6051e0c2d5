/* SPDX-License-Identifier: MIT */
/* Fuzz target: descriptors that one thread uses and another closes; see
 * family.h. */
#include "fuzz/family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_family(&rig_family_close, NULL, data, size);
}
