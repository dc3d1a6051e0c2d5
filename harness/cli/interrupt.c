/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <stddef.h>

volatile sig_atomic_t rig_interrupted;

static void on_signal(int sig)
{
	rig_interrupted = sig;
}

void rig_interrupt_catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = (int)SA_RESETHAND };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}
