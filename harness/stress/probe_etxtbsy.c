/* SPDX-License-Identifier: MIT */
/*
 * Which ways of holding a file make execve fail with ETXTBSY. Linux counts
 * writers in inode->i_writecount (get_write_access); exe_file_deny_write_access
 * refuses where there are any. Every probe executes the program three times:
 * before somebody holds it, which must work, meanwhile, and after it was let
 * go, which must work again. So "yes" means this holder and nothing else.
 */
#include "stress/probe_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS = 2, MAPPED = 1 };

struct scene {
	char program[PROBE_PATH]; /* complete, and nobody has it open */
	char other[PROBE_PATH];   /* for a second name or a script */
	const char *target;       /* what is executed; NULL: image */
	int image;                /* a memfd */
	const char *step;         /* what failed */
	/* What let_go takes back. */
	int fd[FDS];
	void *map;
	pid_t child;
};

typedef int hold_fn(struct scene *s);

static int prepare(struct rig_probing *p, struct scene *s)
{
	int rc;

	*s = (struct scene){ .image = -1, .fd = { -1, -1 } };
	rc = probe_path(p, "program", s->program);
	if (!rc)
		rc = probe_path(p, "other", s->other);
	s->target = s->program;
	s->step = "writing a program";
	return rc ? rc : probe_write_program(s->program);
}

static void let_go(struct scene *s)
{
	for (int i = 0; i < FDS; i++) {
		if (s->fd[i] >= 0)
			close(s->fd[i]);
		s->fd[i] = -1;
	}
	if (s->map)
		munmap(s->map, MAPPED);
	s->map = NULL;
	probe_kill(s->child);
	s->child = 0;
}

static void clean_up(struct scene *s)
{
	let_go(s);
	if (s->image >= 0)
		close(s->image);
	unlink(s->program);
	unlink(s->other);
}

static enum rig_answer look(struct rig_probing *p, struct scene *s,
			    hold_fn *hold)
{
	int rc = probe_execute(s->program, -1);
	int held;

	if (rc)
		return probe_cannot(p, "a program that nobody holds", rc);
	rc = hold(s);
	if (rc)
		return probe_cannot(p, s->step, rc);
	held = probe_execute(s->target, s->image);
	let_go(s);
	if (held && held != -ETXTBSY)
		return probe_cannot(p, "execve", held);
	rc = probe_execute(s->target, s->image);
	if (rc)
		return probe_cannot(p, "a program that was let go", rc);
	return held ? RIG_YES : RIG_NO;
}

static enum rig_answer busy_while(struct rig_probing *p, hold_fn *hold)
{
	struct scene s;
	enum rig_answer answer;
	int rc;

	if (!p->place->dir)
		return probe_no_dir(p);
	rc = prepare(p, &s);
	answer = rc ? probe_cannot(p, s.step, rc) : look(p, &s, hold);
	clean_up(&s);
	return answer;
}

/* ---- holders ---- */

static int hold(struct scene *s, const char *path, int flags)
{
	s->step = "open";
	s->fd[0] = open(path, flags | O_CLOEXEC);
	return s->fd[0] < 0 ? -errno : 0;
}

static int hold_writer(struct scene *s)
{
	return hold(s, s->program, O_WRONLY);
}

static enum rig_answer writer(struct rig_probing *p)
{
	return busy_while(p, hold_writer);
}

/* The race itself: another thread's child has the only descriptor left. */
static int hold_inherited(struct scene *s)
{
	int rc = hold(s, s->program, O_WRONLY);

	if (rc)
		return rc;
	s->step = "fork";
	s->child = probe_idle_child();
	close(s->fd[0]);
	s->fd[0] = -1;
	return s->child < 0 ? s->child : 0;
}

static enum rig_answer inherited(struct rig_probing *p)
{
	return busy_while(p, hold_inherited);
}

static int hold_renamed(struct scene *s)
{
	int rc = hold(s, s->program, O_WRONLY);

	s->step = "rename";
	s->target = s->other;
	return rc ? rc : probe_rc(rename(s->program, s->other));
}

static enum rig_answer renamed(struct rig_probing *p)
{
	return busy_while(p, hold_renamed);
}

static int hold_linked(struct scene *s)
{
	int rc = hold(s, s->program, O_WRONLY);

	s->step = "link";
	s->target = s->other;
	return rc ? rc : probe_rc(link(s->program, s->other));
}

static enum rig_answer linked(struct rig_probing *p)
{
	return busy_while(p, hold_linked);
}

/* Through /proc where the kernel wants CAP_DAC_READ_SEARCH for the other. */
static int name_it(int fd, const char *name)
{
	char link_name[64];

	if (!linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH))
		return 0;
	snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
	return probe_rc(
		linkat(AT_FDCWD, link_name, AT_FDCWD, name, AT_SYMLINK_FOLLOW));
}

static int hold_tmpfile(struct scene *s)
{
	char *slash = strrchr(s->other, '/');

	s->step = "O_TMPFILE";
	*slash = '\0';
	s->fd[0] = open(s->other, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0700);
	*slash = '/';
	if (s->fd[0] < 0)
		return -errno;
	s->step = "linkat";
	s->target = s->other;
	return probe_fill(s->fd[0]) ? -ENOSPC : name_it(s->fd[0], s->other);
}

static enum rig_answer tmpfile_linked(struct rig_probing *p)
{
	return busy_while(p, hold_tmpfile);
}

/* Its first descriptor is writable and stays open: does it count? */
static int hold_memfd(struct scene *s)
{
	s->step = "memfd_create";
	s->target = NULL;
	s->image = (int)syscall(SYS_memfd_create, "probe", 1u /* CLOEXEC */);
	return s->image < 0 ? -errno : probe_fill(s->image);
}

static enum rig_answer memfd(struct rig_probing *p)
{
	return busy_while(p, hold_memfd);
}

static int hold_memfd_reopened(struct scene *s)
{
	static char path[64]; /* for s->step */
	int rc = hold_memfd(s);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->image);
	rc = hold(s, path, O_RDWR);
	s->step = path;
	return rc;
}

static enum rig_answer memfd_reopened(struct rig_probing *p)
{
	return busy_while(p, hold_memfd_reopened);
}

/* A mapping refers to the open file description, not to the descriptor. */
static int hold_mapped(struct scene *s, int flags)
{
	int rc = hold(s, s->program, O_RDWR);
	void *map;

	if (rc)
		return rc;
	s->step = "mmap";
	map = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, flags, s->fd[0], 0);
	rc = map == MAP_FAILED ? -errno : 0;
	close(s->fd[0]);
	s->fd[0] = -1;
	s->map = rc ? NULL : map;
	return rc;
}

static int hold_mapped_shared(struct scene *s)
{
	return hold_mapped(s, MAP_SHARED);
}

static enum rig_answer mapped_shared(struct rig_probing *p)
{
	return busy_while(p, hold_mapped_shared);
}

static int hold_mapped_private(struct scene *s)
{
	return hold_mapped(s, MAP_PRIVATE);
}

static enum rig_answer mapped_private(struct rig_probing *p)
{
	return busy_while(p, hold_mapped_private);
}

static int send_fd(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec byte = { (char[]){ 0 }, 1 };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Sent and not received: no process has it open. */
static int hold_in_flight(struct scene *s)
{
	int fd = open(s->program, O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	s->step = "socketpair";
	if (!rc && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->fd))
		rc = -errno;
	if (!rc)
		rc = send_fd(s->fd[0], fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum rig_answer in_flight(struct rig_probing *p)
{
	return busy_while(p, hold_in_flight);
}

static int script_of(struct scene *s)
{
	s->step = "writing a script";
	s->target = s->other;
	return probe_write_script(s->other, s->program);
}

static int hold_script(struct scene *s)
{
	int rc = script_of(s);

	return rc ? rc : hold(s, s->other, O_WRONLY);
}

static enum rig_answer script(struct rig_probing *p)
{
	return busy_while(p, hold_script);
}

static int hold_interpreter(struct scene *s)
{
	int rc = script_of(s);

	return rc ? rc : hold(s, s->program, O_WRONLY);
}

static enum rig_answer interpreter(struct rig_probing *p)
{
	return busy_while(p, hold_interpreter);
}

static const struct rig_probe probes[] = {
	{ "writer", "a descriptor that is open for writing",
	  "execve(2) ETXTBSY; Linux 3b832035387f, 2a010c412853", writer },
	{ "inherited", "a child that inherited the only descriptor",
	  "fork(2); Linux dup_fd", inherited },
	{ "renamed", "the same, the file renamed meanwhile",
	  "rename(2): the inode stays", renamed },
	{ "hard-link", "the same, executed through a hard link",
	  "link(2): the inode is one", linked },
	{ "tmpfile-link", "the descriptor of an O_TMPFILE file, then linked",
	  "open(2) O_TMPFILE", tmpfile_linked },
	{ "memfd", "a memfd's first descriptor",
	  "memfd_create(2); Linux alloc_file_pseudo counts no writer", memfd },
	{ "memfd-reopened", "a second descriptor of a memfd",
	  "memfd_create(2), proc(5) /proc/pid/fd", memfd_reopened },
	{ "mapped-shared", "a MAP_SHARED mapping, descriptor closed",
	  "mmap(2); Linux vm_area_struct.vm_file", mapped_shared },
	{ "mapped-private", "a MAP_PRIVATE mapping, descriptor closed",
	  "mmap(2); Linux vm_area_struct.vm_file", mapped_private },
	{ "in-flight", "a descriptor sent over a socket, not yet received",
	  "unix(7) SCM_RIGHTS", in_flight },
	{ "script", "a descriptor of a #! script", "execve(2) scripts",
	  script },
	{ "interpreter", "a descriptor of a #! script's interpreter",
	  "execve(2) scripts", interpreter },
};

const struct rig_probe_subject rig_probe_subject_etxtbsy = {
	.name = "etxtbsy",
	.title = "execve fails with ETXTBSY because of",
	PROBES(probes),
};
