/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <stddef.h>
#include <time.h>

volatile sig_atomic_t rig_interrupted;

/* How long whoever asked waits for the report before asking again. */
enum { PATIENCE_S = 2 };

/* timeout(1) sends its signal twice, to the process and to its group. */
static void on_signal(int sig)
{
	static time_t first;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!rig_interrupted) {
		first = now.tv_sec;
		rig_interrupted = sig;
	} else if (now.tv_sec - first >= PATIENCE_S) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

void rig_interrupt_catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGINT);
	sigaddset(&sa.sa_mask, SIGTERM);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}
