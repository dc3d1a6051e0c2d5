/* SPDX-License-Identifier: MIT */
/* The parts of the provider for the real kernel; sys_linux.c has the table. */
#ifndef SPW_SYS_LINUX_H
#define SPW_SYS_LINUX_H

#include <spw/sys.h>

#include <errno.h>
#include <time.h>

static inline struct timespec spw_linux_time(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };
}

/* What a system call returned by way of errno, as the seam wants it. */
static inline SPW_CHILD long spw_linux_result(long result)
{
	return result < 0 ? -errno : result;
}

/* sys_linux_process.c */
int spw_linux_clone(struct spw_sys *sys, enum spw_clone how,
		    spw_child_fn *child, void *arg, size_t arg_len, pid_t *pid);
int spw_linux_execve(struct spw_sys *sys, const char *path, char *const argv[],
		     char *const envp[]);
int spw_linux_exec_fd(struct spw_sys *sys, int fd, char *const argv[],
		      char *const envp[]);
int spw_linux_chdir(struct spw_sys *sys, const char *path);
int spw_linux_setsid(struct spw_sys *sys);
int spw_linux_setpgid(struct spw_sys *sys, pid_t pgid);
int spw_linux_die_with_parent(struct spw_sys *sys, int sig);
void spw_linux_signals_block(struct spw_sys *sys, sigset_t *old);
void spw_linux_signals_set(struct spw_sys *sys, const sigset_t *mask);

/* sys_linux_wait.c */
pid_t spw_linux_wait(struct spw_sys *sys, pid_t pid, unsigned flags,
		     struct spw_status *status);
int spw_linux_kill(struct spw_sys *sys, pid_t pid, int sig);
int spw_linux_sigchld_wait(struct spw_sys *sys, uint64_t deadline_ns);
int spw_linux_pidfd_open(struct spw_sys *sys, pid_t pid);
int spw_linux_pidfd_poll(struct spw_sys *sys, int fd, uint64_t deadline_ns);
int spw_linux_pidfd_wait(struct spw_sys *sys, int fd,
			 struct spw_status *status);
int spw_linux_pidfd_signal(struct spw_sys *sys, int fd, int sig);

/* sys_linux_names.c */
int spw_linux_unlink(struct spw_sys *sys, const char *path);
int spw_linux_rename(struct spw_sys *sys, const char *from, const char *to);
int spw_linux_link(struct spw_sys *sys, const char *from, const char *to);
int spw_linux_link_fd(struct spw_sys *sys, int fd, const char *to);
int spw_linux_watch_closes(struct spw_sys *sys, const char *path);
int spw_linux_memfd(struct spw_sys *sys);
int spw_linux_seal(struct spw_sys *sys, int fd);
int spw_linux_scan_writers(struct spw_sys *sys, const char *path);

/* sys_linux_poll.c */
int spw_linux_socket_pair(struct spw_sys *sys, int fd[2]);
int spw_linux_set_blocking(struct spw_sys *sys, int fd, bool blocking);
int spw_linux_eventfd(struct spw_sys *sys);
int spw_linux_poll(struct spw_sys *sys, int fd, unsigned events,
		   uint64_t deadline_ns);
int spw_linux_epoll_create(struct spw_sys *sys);
int spw_linux_epoll_ctl(struct spw_sys *sys, int epoll, enum spw_epoll_op op,
			int fd, unsigned events, uint64_t data);
int spw_linux_epoll_wait(struct spw_sys *sys, int epoll,
			 struct spw_event *events, int n);

/* sys_linux_uring.c */
int spw_linux_ring_create(struct spw_sys *sys, struct spw_ring **ring);
void spw_linux_ring_destroy(struct spw_sys *sys, struct spw_ring *ring);
int spw_linux_ring_open(struct spw_sys *sys, struct spw_ring *ring,
			const char *path, int flags, mode_t mode);
ssize_t spw_linux_ring_write(struct spw_sys *sys, struct spw_ring *ring,
			     const void *buf, size_t len);
int spw_linux_ring_close(struct spw_sys *sys, struct spw_ring *ring);

/* sys_linux_threads.c */
int spw_linux_thread_create(struct spw_sys *sys, struct spw_thread **thread,
			    void (*fn)(void *arg), void *arg);
void spw_linux_thread_join(struct spw_sys *sys, struct spw_thread *thread);
int spw_linux_mutex_create(struct spw_sys *sys, struct spw_mutex **mutex);
void spw_linux_mutex_destroy(struct spw_sys *sys, struct spw_mutex *mutex);
void spw_linux_mutex_lock(struct spw_sys *sys, struct spw_mutex *mutex);
void spw_linux_mutex_unlock(struct spw_sys *sys, struct spw_mutex *mutex);
void spw_linux_assert_held(struct spw_sys *sys, struct spw_mutex *mutex,
			   const void *shared, size_t len);
int spw_linux_rwlock_create(struct spw_sys *sys, struct spw_rwlock **lock);
void spw_linux_rwlock_destroy(struct spw_sys *sys, struct spw_rwlock *lock);
void spw_linux_rwlock_read(struct spw_sys *sys, struct spw_rwlock *lock);
void spw_linux_rwlock_write(struct spw_sys *sys, struct spw_rwlock *lock);
void spw_linux_rwlock_unlock(struct spw_sys *sys, struct spw_rwlock *lock);
int spw_linux_cond_create(struct spw_sys *sys, struct spw_cond **cond);
void spw_linux_cond_destroy(struct spw_sys *sys, struct spw_cond *cond);
void spw_linux_cond_wait(struct spw_sys *sys, struct spw_cond *cond,
			 struct spw_mutex *mutex);
int spw_linux_cond_wait_until(struct spw_sys *sys, struct spw_cond *cond,
			      struct spw_mutex *mutex, uint64_t deadline_ns);
void spw_linux_cond_broadcast(struct spw_sys *sys, struct spw_cond *cond);

#endif
