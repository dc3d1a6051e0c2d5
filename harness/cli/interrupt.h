/* SPDX-License-Identifier: MIT */
/* Ctrl-C: long work ends soon, and what is known so far is still reported. */
#ifndef RIG_INTERRUPT_H
#define RIG_INTERRUPT_H

#include <signal.h>

/* Set by SIGINT and SIGTERM once rig_interrupt_catch was called. A second
 * signal kills, as always. */
extern volatile sig_atomic_t rig_interrupted;

void rig_interrupt_catch(void);

#endif
