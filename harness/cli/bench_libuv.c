/* SPDX-License-Identifier: MIT */
/*
 * As programs on libuv are: callbacks, and one thread that has the loop. So
 * nothing is handed to another thread, which is what the two pollers with
 * blocking calls are slow at; it is no target, it shows what that costs.
 */
#include "cli/bench_libuv.h"

#include "cli/bench_poller.h"

#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { PAIRS = RIG_BUSY_FDS / 2, WALKERS = 2, EACH = PAIRS / WALKERS };

static struct libuv {
	uv_loop_t loop;
	uv_timer_t timer;
	bool failed;
	unsigned nidle, nends;
	int idle_fd[RIG_IDLE_FDS];
	uv_poll_t idle[RIG_IDLE_FDS];
	uv_pipe_t end[PAIRS * 2]; /* the ends of a pair are neighbours */
	uint64_t trips;
	uint64_t started_ns, ended_ns;
} uv;

static void stop(bool failed)
{
	uv.failed |= failed;
	uv.ended_ns = uv_hrtime();
	uv_stop(&uv.loop);
}

static void put(uv_pipe_t *end)
{
	uv_buf_t byte = uv_buf_init((char[]){ 'x' }, 1);

	if (uv_try_write((uv_stream_t *)end, &byte, 1) != 1)
		stop(true);
}

/* What is read is one byte, and nobody looks at it. */
static void give_byte(uv_handle_t *end, size_t suggested, uv_buf_t *buf)
{
	static char byte;

	(void)end;
	(void)suggested;
	*buf = uv_buf_init(&byte, 1);
}

static void on_byte(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	uv_pipe_t *end = (uv_pipe_t *)stream;
	unsigned at = (unsigned)(end - uv.end), pair = at / 2;
	unsigned first = pair / EACH * EACH;

	(void)buf;
	if (n == 0) /* EAGAIN */
		return;
	if (n < 0) {
		stop(true);
		return;
	}
	if (at % 2) { /* the end that answers */
		put(end);
		return;
	}
	uv.trips++;
	put(&uv.end[2 * (first + (pair - first + 1) % EACH)]);
}

static void on_event(uv_poll_t *idle, int status, int events)
{
	(void)idle;
	(void)status;
	(void)events;
	stop(true); /* nobody has written to it */
}

static void on_time(uv_timer_t *timer)
{
	(void)timer;
	stop(false);
}

static bool add_idle(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uv_poll_t *idle = &uv.idle[uv.nidle];

	if (fd < 0 || uv_poll_init(&uv.loop, idle, fd)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	uv.idle_fd[uv.nidle++] = fd;
	return !uv_poll_start(idle, UV_READABLE, on_event);
}

static bool add_end(int fd)
{
	uv_pipe_t *end = &uv.end[uv.nends];

	if (uv_pipe_init(&uv.loop, end, 0)) {
		close(fd);
		return false;
	}
	uv.nends++;
	if (uv_pipe_open(end, fd)) {
		close(fd);
		return false;
	}
	return !uv_read_start((uv_stream_t *)end, give_byte, on_byte);
}

static bool add_pair(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       fd))
		return false;
	if (!add_end(fd[0])) {
		close(fd[1]);
		return false;
	}
	return add_end(fd[1]);
}

static bool add_all(void)
{
	while (uv.nidle < RIG_IDLE_FDS)
		if (!add_idle())
			return false;
	while (uv.nends < PAIRS * 2)
		if (!add_pair())
			return false;
	return true;
}

static void run_loop(uint64_t run_ns)
{
	uv_update_time(&uv.loop);
	uv_timer_start(&uv.timer, on_time, run_ns / 1000000, 0);
	uv.started_ns = uv_hrtime();
	for (unsigned i = 0; i < WALKERS; i++)
		put(&uv.end[2 * i * EACH]);
	uv_run(&uv.loop, UV_RUN_DEFAULT);
}

/* A loop lets its handles go when it runs once more. */
static void close_all(void)
{
	uv_close((uv_handle_t *)&uv.timer, NULL);
	for (unsigned i = 0; i < uv.nends; i++)
		uv_close((uv_handle_t *)&uv.end[i], NULL);
	for (unsigned i = 0; i < uv.nidle; i++)
		uv_close((uv_handle_t *)&uv.idle[i], NULL);
	uv_run(&uv.loop, UV_RUN_DEFAULT);
	for (unsigned i = 0; i < uv.nidle; i++)
		close(uv.idle_fd[i]);
	if (uv_loop_close(&uv.loop))
		uv.failed = true;
}

double rig_bench_libuv(uint64_t run_ns, const char **why)
{
	uv.failed = false;
	uv.nidle = uv.nends = 0;
	uv.trips = uv.started_ns = uv.ended_ns = 0;
	if (uv_loop_init(&uv.loop)) {
		*why = "libuv has no loop";
		return 0;
	}
	uv_timer_init(&uv.loop, &uv.timer);
	if (add_all())
		run_loop(run_ns);
	else
		uv.failed = true;
	close_all();
	if (uv.failed || !uv.trips) {
		*why = "the descriptors could not be opened, or were lost";
		return 0;
	}
	return (double)uv.trips * 1e9 / (double)(uv.ended_ns - uv.started_ns);
}
