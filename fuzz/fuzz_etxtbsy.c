/* SPDX-License-Identifier: MIT */
/* Fuzz target: write-then-exec while others fork; see family.h. */
#include "fuzz/family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_family(&rig_family_etxtbsy, NULL, data, size);
}
