/* SPDX-License-Identifier: MIT */
/*
 * Does the last close of a file take long where the file was truncated when it
 * was opened? ext4 then writes out what it had delayed (ext4_release_file,
 * EXT4_STATE_DA_ALLOC_CLOSE), and it does so between the moment when locks and
 * watchers are told of the close and the moment when the write count falls
 * (__fput).
 */
#ifndef RIG_STRESS_TRUNCATION_H
#define RIG_STRESS_TRUNCATION_H

#include "stress/workdir.h"

#include <stdint.h>

/* Medians: of files that were created, of files that were there. 0 or -errno. */
int rig_truncation_close(const struct rig_workdir *dir, uint64_t *created_ns,
			 uint64_t *rewritten_ns);

#endif
