/* SPDX-License-Identifier: MIT */
/* Ctrl-C: long work ends soon, and what is known so far is still reported. */
#ifndef RIG_INTERRUPT_H
#define RIG_INTERRUPT_H

#include <signal.h>

/*
 * Set by SIGINT and SIGTERM once rig_interrupt_catch was called. Another
 * signal kills, as always, but only after time for the report.
 */
extern volatile sig_atomic_t rig_interrupted;

void rig_interrupt_catch(void);

#endif
