/* SPDX-License-Identifier: MIT */
/*
 * none: the bare race.
 *
 * What every program does that writes an executable and runs it without having
 * heard of the matter. Kept as the control: whatever claims to help has to be
 * seen beside it.
 */
#include "guard.h"

const struct spw_guard spw_guard_none = {
	.info = {
		.name = "none",
		.summary = "write, close, spawn",
		.claim = "none",
		.condition = "no other thread forks while the file is open",
		.reference = "golang/go#22315, rust-lang/rust#114554",
	},
};
