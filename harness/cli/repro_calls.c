/* SPDX-License-Identifier: MIT */
/* Calls as C that needs no libspw: what sys_linux.c makes of each. */
#include "cli/repro.h"

static const char pipe_text[] =
	"static int make_pipe(int reads, int writes)\n"
	"{\n"
	"	int fd[2];\n"
	"\n"
	"	if (pipe2(fd, O_CLOEXEC))\n"
	"		return -1;\n"
	"	return fd[0] == reads && fd[1] == writes ? 0 : 1;\n"
	"}\n";

_Static_assert(CTL_DATA == 256, "the most that one call reads");

static const char read_text[] =
	"/* Returns what read does; EBADMSG: other bytes than expected. */\n"
	"static ssize_t read_bytes(int fd, size_t len, const char *expected)\n"
	"{\n"
	"	char got[256];\n"
	"	ssize_t n = read(fd, got, len);\n"
	"\n"
	"	if (n <= 0 || !memcmp(got, expected, (size_t)n))\n"
	"		return n;\n"
	"	errno = EBADMSG;\n"
	"	return -1;\n"
	"}\n";

static const char program_text[] =
	"/* The file becomes a program that exits with code. */\n"
	"static int write_program(int fd, int code)\n"
	"{\n"
	"	ssize_t n;\n"
	"\n"
	"	image[image_len - 1] = (char)code;\n"
	"	n = write(fd, image, image_len);\n"
	"	return n == (ssize_t)image_len ? 0 : n < 0 ? -1 : 1;\n"
	"}\n";

static const char dup_onto_text[] =
	"static int dup_onto(int from, int to)\n"
	"{\n"
	"	return from == to ? fcntl(to, F_SETFD, 0) : dup2(from, to);\n"
	"}\n";

static const char close_range_text[] =
	"enum { RANGE_UNSHARE = 2, RANGE_CLOEXEC = 4 };\n"
	"\n"
	"static int close_range_from(int first, int flags)\n"
	"{\n"
	"	return (int)syscall(SYS_close_range, first, ~0u, flags);\n"
	"}\n";

static const char lease_text[] =
	"/* SIGIO, which the break of a lease sends, would kill. */\n"
	"static int lease(int fd, int type)\n"
	"{\n"
	"	if (type != F_UNLCK && fcntl(fd, F_SETSIG, SIGURG))\n"
	"		return -1;\n"
	"	return fcntl(fd, F_SETLEASE, type);\n"
	"}\n";

static const char map_text[] =
	"static void *mapping[8];\n"
	"\n"
	"static int map_file(int fd, size_t len, int number)\n"
	"{\n"
	"	mapping[number] = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);\n"
	"	return mapping[number] == MAP_FAILED ? -1 : 0;\n"
	"}\n";

static const char link_fd_text[] =
	"static int link_fd(int fd, const char *to)\n"
	"{\n"
	"	char path[32];\n"
	"\n"
	"	snprintf(path, sizeof(path), \"/proc/self/fd/%d\", fd);\n"
	"	return linkat(AT_FDCWD, path, AT_FDCWD, to,\n"
	"		      AT_SYMLINK_FOLLOW);\n"
	"}\n";

static const char watch_text[] =
	"static int watch_closes(const char *path)\n"
	"{\n"
	"	int fd = inotify_init1(IN_CLOEXEC);\n"
	"\n"
	"	if (fd < 0 || inotify_add_watch(fd, path, IN_CLOSE_WRITE) < 0)\n"
	"		return -1;\n"
	"	return fd;\n"
	"}\n";

static const char pair_text[] =
	"static int make_pair(int one, int other)\n"
	"{\n"
	"	int fd[2];\n"
	"\n"
	"	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))\n"
	"		return -1;\n"
	"	return fd[0] == one && fd[1] == other ? 0 : 1;\n"
	"}\n";

static const char blocking_text[] =
	"static int set_blocking(int fd, int on)\n"
	"{\n"
	"	int flags = fcntl(fd, F_GETFL);\n"
	"\n"
	"	if (flags < 0)\n"
	"		return -1;\n"
	"	return fcntl(fd, F_SETFL,\n"
	"		     on ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);\n"
	"}\n";

static const char poll_text[] =
	"/* As things stand. */\n"
	"static int poll_one(int fd, int events)\n"
	"{\n"
	"	struct pollfd p = { .fd = fd, .events = (short)events };\n"
	"\n"
	"	return poll(&p, 1, 0) < 0 ? -1 : p.revents;\n"
	"}\n";

static const char epoll_ctl_text[] =
	"/* event: 4 bytes of events, 4 of nothing, 8 of data. */\n"
	"static int set_watch(int epoll, int op, int fd, const char *event)\n"
	"{\n"
	"	struct epoll_event e;\n"
	"\n"
	"	memcpy(&e.events, event, 4);\n"
	"	memcpy(&e.data, event + 8, 8);\n"
	"	return epoll_ctl(epoll, op, fd, &e);\n"
	"}\n";

static const char epoll_wait_text[] =
	"/* EBADMSG: other events than expected, or in another order. */\n"
	"static int wait_events(int epoll, int room, const char *expected)\n"
	"{\n"
	"	struct epoll_event got[8];\n"
	"	int n = epoll_wait(epoll, got, room, -1);\n"
	"\n"
	"	for (int i = 0; i < n; i++) {\n"
	"		const char *e = expected + 16 * i;\n"
	"\n"
	"		if (!memcmp(&got[i].events, e, 4) &&\n"
	"		    !memcmp(&got[i].data, e + 8, 8))\n"
	"			continue;\n"
	"		errno = EBADMSG;\n"
	"		return -1;\n"
	"	}\n"
	"	return n;\n"
	"}\n";

static const char close_from_text[] =
	"static int close_from(int first)\n"
	"{\n"
	"	return (int)syscall(SYS_close_range, first, ~0u, 0);\n"
	"}\n";

static const char memfd_text[] =
	"static int make_memfd(void)\n"
	"{\n"
	"	unsigned flags = 3; /* MFD_CLOEXEC | MFD_ALLOW_SEALING */\n"
	"	long fd = syscall(SYS_memfd_create, \"spw\", flags | 16); /* MFD_EXEC */\n"
	"\n"
	"	if (fd < 0 && errno == EINVAL)\n"
	"		fd = syscall(SYS_memfd_create, \"spw\", flags);\n"
	"	return (int)fd;\n"
	"}\n";

static const char seal_text[] =
	"static int seal(int fd)\n"
	"{\n"
	"	return fcntl(fd, 1033, 15); /* F_ADD_SEALS: all that there were first */\n"
	"}\n";

static const char scan_text[] =
	"/* 1: a process that may be looked at has path open for writing. */\n"
	"static int scan_writers(const char *path)\n"
	"{\n"
	"	struct stat file, st;\n"
	"	int found = 0;\n"
	"	glob_t fds;\n"
	"\n"
	"	if (stat(path, &file))\n"
	"		return -1;\n"
	"	glob(\"/proc/[0-9]*/fd/*\", GLOB_NOSORT, NULL, &fds);\n"
	"	for (size_t i = 0; i < fds.gl_pathc && !found; i++)\n"
	"		found = !stat(fds.gl_pathv[i], &st) &&\n"
	"			st.st_ino == file.st_ino && st.st_dev == file.st_dev &&\n"
	"			!lstat(fds.gl_pathv[i], &st) && st.st_mode & S_IWUSR;\n"
	"	globfree(&fds);\n"
	"	return found;\n"
	"}\n";

static const char wait_text[] =
	"/* 1: it was another (-1: it may be any), or it ended otherwise. */\n"
	"static int wait_id(int by, int id, int flags, int expected, int code,\n"
	"		   int signaled)\n"
	"{\n"
	"	siginfo_t info;\n"
	"\n"
	"	if (waitid((idtype_t)by, (id_t)id, &info, WEXITED | flags))\n"
	"		return -1;\n"
	"	return (expected >= 0 && info.si_pid != page->pid[expected]) ||\n"
	"	       info.si_status != code ||\n"
	"	       (info.si_code != CLD_EXITED) != signaled;\n"
	"}\n";

static const char kill_text[] = "/* By its id, whosever that is now. */\n"
				"static int kill_task(int task, int sig)\n"
				"{\n"
				"	return kill(page->pid[task], sig);\n"
				"}\n";

static const char sigchld_text[] =
	"static int take_sigchld(void)\n"
	"{\n"
	"	struct timespec none = { 0, 0 };\n"
	"	sigset_t set;\n"
	"\n"
	"	sigemptyset(&set);\n"
	"	sigaddset(&set, SIGCHLD);\n"
	"	return sigtimedwait(&set, NULL, &none) < 0 ? -1 : 0;\n"
	"}\n";

static const char pidfd_open_text[] =
	"static int open_pidfd(int task)\n"
	"{\n"
	"	return (int)syscall(SYS_pidfd_open, task < 0 ? 0 : page->pid[task], 0);\n"
	"}\n";

static const char pidfd_poll_text[] =
	"/* Has it ended? */\n"
	"static int poll_pidfd(int fd)\n"
	"{\n"
	"	struct pollfd p = { .fd = fd, .events = POLLIN };\n"
	"	int n = poll(&p, 1, 0);\n"
	"\n"
	"	if (n > 0 && p.revents & POLLIN)\n"
	"		return 0;\n"
	"	errno = n ? EBADF : ETIMEDOUT;\n"
	"	return -1;\n"
	"}\n";

static const char pidfd_signal_text[] =
	"static int signal_pidfd(int fd, int sig)\n"
	"{\n"
	"	return (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);\n"
	"}\n";

static const char clone_text[] =
	"/* The first turn of a new process. */\n"
	"static void born(int n, int task)\n"
	"{\n"
	"	page->pid[task] = (int)syscall(SYS_getpid);\n"
	"	made(n);\n"
	"}\n"
	"\n"
	"/* With an id of its own choice: clone_args of Linux 5.5. A copy of memory. */\n"
	"static int clone_with_id(int (*task)(void *), int flags, int id)\n"
	"{\n"
	"	uint64_t args[10] = { [0] = (unsigned)flags & CLONE_VFORK,\n"
	"			      [4] = SIGCHLD,\n"
	"			      [8] = (uintptr_t)&id,\n"
	"			      [9] = 1 };\n"
	"	long pid = syscall(SYS_clone3, args, sizeof(args));\n"
	"\n"
	"	if (!pid)\n"
	"		_exit(task(NULL));\n"
	"	return (int)pid;\n"
	"}\n"
	"\n"
	"/* With CLONE_VFORK it returns when the child has executed or ended. */\n"
	"static void clone_task(int n, int (*task)(void *), int flags, int id)\n"
	"{\n"
	"	static char stack[TASKS][65536];\n"
	"	static int used;\n"
	"	int mine, pid;\n"
	"\n"
	"	if (id) {\n"
	"		pid = clone_with_id(task, flags, id);\n"
	"	} else if (flags & CLONE_VM) {\n"
	"		mine = __atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);\n"
	"		pid = clone(task, stack[mine] + sizeof(stack[mine]), flags,\n"
	"			    NULL);\n"
	"	} else {\n"
	"		pid = fork();\n"
	"		if (!pid)\n"
	"			_exit(task(NULL));\n"
	"	}\n"
	"	if (pid < 0)\n"
	"		end(n, 0, -errno);\n"
	"}\n";

static const char execute_text[] =
	"/*\n"
	" * The program says that step to be made, interprets the script that it was\n"
	" * given in a later one, and ends in a third. 0: it does not.\n"
	" */\n"
	"static int execute(int fd, const char *path, const char *script,\n"
	"		   const char *step, const char *interprets, const char *says,\n"
	"		   const char *end)\n"
	"{\n"
	"	char *argv[] = { (char *)path, (char *)script, (char *)step,\n"
	"			 (char *)interprets, (char *)says, (char *)end, NULL };\n"
	"	char *envp[] = { NULL };\n"
	"\n"
	"	if (!script)\n"
	"		memmove(&argv[1], &argv[2], 5 * sizeof(argv[0]));\n"
	"	if (fd < 0)\n"
	"		return execve(path, argv, envp);\n"
	"	return (int)syscall(SYS_execveat, fd, \"\", argv, envp, AT_EMPTY_PATH);\n"
	"}\n";

const struct rig_call_form rig_call_forms[CTL_KILLED + 1] = {
	/* Of these the arguments are not in the call alone: repro.c. */
	[CTL_CLONE] = { .text = "clone", .helper = clone_text },
	[CTL_EXECVE] = { .text = "execve", .helper = execute_text },
	[CTL_EXEC_FD] = { .text = "execveat", .helper = execute_text },
	[CTL_INTERPRET] = { .text = "interpret" },
	[CTL_EXIT] = { .text = "exit" },
	[CTL_KILLED] = { .text = "killed" },
	[CTL_DIE] = { .text = "prctl(PR_SET_PDEATHSIG, %0)",
		      .include = "sys/prctl.h" },
	[CTL_OPEN] = { .text = "open(%p, %f, 0%x1)" },
	[CTL_CLOSE] = { .text = "close(%0)" },
	[CTL_CLOSE_FROM] = { .text = "close_from(%0)",
			     .helper = close_from_text },
	[CTL_READ] = { .text = "read_bytes(%0, %l, %b)", .helper = read_text },
	[CTL_WRITE] = { .text = "write(%0, %b, %l)" },
	[CTL_WRITE_PROGRAM] = { .text = "write_program(%0, %1)",
				.helper = program_text,
				.judged = true },
	[CTL_FCHMOD] = { .text = "fchmod(%0, 0%x1)" },
	[CTL_UNLINK] = { .text = "unlink(%p)" },
	[CTL_PIPE] = { .text = "make_pipe(%u, %v)",
		       .helper = pipe_text,
		       .judged = true },
	[CTL_DUP_ABOVE] = { .text = "fcntl(%0, F_DUPFD_CLOEXEC, %1)" },
	[CTL_DUP_ONTO] = { .text = "dup_onto(%0, %1)",
			   .helper = dup_onto_text },
	[CTL_CLOEXEC_FROM] = { .text = "close_range_from(%0, RANGE_CLOEXEC)",
			       .helper = close_range_text },
	[CTL_PRIVATE_TABLE] = { .text = "close_range_from(%0, RANGE_UNSHARE)",
				.helper = close_range_text },
	[CTL_LEASE] = { .text = "lease(%0, %1)", .helper = lease_text },
	[CTL_FLOCK] = { .text = "flock(%0, %1)", .include = "sys/file.h" },
	[CTL_MAP] = { .text = "map_file(%0, %1, %2)",
		      .helper = map_text,
		      .include = "sys/mman.h" },
	[CTL_UNMAP] = { .text = "munmap(mapping[%2], %0)",
			.helper = map_text,
			.include = "sys/mman.h" },
	[CTL_FSYNC] = { .text = "fsync(%0)" },
	[CTL_RENAME] = { .text = "rename(%p, %q)" },
	[CTL_LINK] = { .text = "link(%p, %q)" },
	[CTL_LINK_FD] = { .text = "link_fd(%0, %p)", .helper = link_fd_text },
	[CTL_WATCH] = { .text = "watch_closes(%p)",
			.helper = watch_text,
			.include = "sys/inotify.h" },
	[CTL_SOCKET_PAIR] = { .text = "make_pair(%u, %v)",
			      .helper = pair_text,
			      .include = "sys/socket.h",
			      .judged = true },
	[CTL_SET_BLOCKING] = { .text = "set_blocking(%0, %1)",
			       .helper = blocking_text },
	[CTL_EVENTFD] = { .text = "eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)",
			  .include = "sys/eventfd.h" },
	[CTL_POLL] = { .text = "poll_one(%0, %1)",
		       .helper = poll_text,
		       .include = "poll.h" },
	[CTL_EPOLL_CREATE] = { .text = "epoll_create1(EPOLL_CLOEXEC)",
			       .include = "sys/epoll.h" },
	[CTL_EPOLL_CTL] = { .text = "set_watch(%0, %1, %2, %b)",
			    .helper = epoll_ctl_text,
			    .include = "sys/epoll.h" },
	[CTL_EPOLL_WAIT] = { .text = "wait_events(%0, %1, %b)",
			     .helper = epoll_wait_text,
			     .include = "sys/epoll.h" },
	[CTL_MEMFD] = { .text = "make_memfd()", .helper = memfd_text },
	[CTL_SEAL] = { .text = "seal(%0)", .helper = seal_text },
	[CTL_SCAN] = { .text = "scan_writers(%p)",
		       .helper = scan_text,
		       .include = "glob.h" },
	[CTL_WAIT] = { .text = "wait_id(%w, %o, %e, %u, %v)",
		       .helper = wait_text,
		       .judged = true },
	[CTL_KILL] = { .text = "kill_task(%k, %s)", .helper = kill_text },
	[CTL_SIGCHLD] = { .text = "take_sigchld()", .helper = sigchld_text },
	[CTL_PIDFD_OPEN] = { .text = "open_pidfd(%k)",
			     .helper = pidfd_open_text },
	[CTL_PIDFD_POLL] = { .text = "poll_pidfd(%0)",
			     .helper = pidfd_poll_text,
			     .include = "poll.h" },
	[CTL_PIDFD_WAIT] = { .text = "wait_id(3 /* P_PIDFD */, %0, 0, -1, "
				     "%u, %v)",
			     .helper = wait_text,
			     .judged = true },
	[CTL_PIDFD_SIGNAL] = { .text = "signal_pidfd(%0, %s)",
			       .helper = pidfd_signal_text },
};
