/*
 * stragglers.c - finds processes in /proc, one pass at a time, in a fixed
 * buffer. Must never signal a process outside our own tree: another
 * container's may share the PID namespace, and a /proc of another namespace
 * may be mounted.
 */
#include "init/stragglers.h"

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANCESTORS_MAX 64 /* levels of processes looked at */

struct process {
	pid_t parent;
	char state;
	char name[16];
};

/* What one pass over /proc does. */
struct pass {
	const struct spared *roles;
	int signo; /* 0: only look */
	bool found;
};

/* struct linux_dirent64's fixed part; the name follows. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int
open_proc(void)
{
	char self[16];
	char own[16];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	if (n <= 0)
		return -1;
	self[n] = '\0';
	(void)snprintf(own, sizeof(own), "%d", (int)getpid());
	if (strcmp(self, own) != 0)
		return -1; /* of another namespace */
	return open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* "1234 (any) text)) S 1 ..." */
static bool
look_up(int proc, pid_t pid, struct process *p)
{
	char path[32];
	char text[512];
	char *at;
	const char *name;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%d/stat", (int)pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')');
	name = strchr(text, '(');
	if (at == NULL || name == NULL || name > at || strlen(at) < 5)
		return false;
	p->state = at[2];
	p->parent = (pid_t)strtol(at + 4, NULL, 10);
	*at = '\0';
	(void)snprintf(p->name, sizeof(p->name), "%.15s", name + 1);
	return true;
}

static bool
is_role(const struct spared *roles, pid_t pid)
{
	for (size_t i = 0; i < roles->count; i++) {
		if (roles->pids[i] == pid)
			return true;
	}
	return false;
}

/* As PID 1 everybody descends from us, or was sent in and ends with us. */
static bool
descends(int proc, struct process p)
{
	pid_t self = getpid();

	if (self == 1)
		return true;
	for (int level = 0; level < ANCESTORS_MAX; level++) {
		if (p.parent == self)
			return true;
		if (p.parent <= 1 || !look_up(proc, p.parent, &p))
			return false;
	}
	return false;
}

/* Once for each, and not of a whole flood. */
static void
say_killed(pid_t pid, const struct process *p)
{
	static pid_t said[STRAGGLERS_NAMED];
	static size_t count;

	for (size_t i = 0; i < count; i++) {
		if (said[i] == pid)
			return;
	}
	if (count == STRAGGLERS_NAMED)
		return;
	said[count++] = pid;
	log_warn("init: killing process %d (%s)", (int)pid, p->name);
}

static void
visit(int proc, const char *name, struct pass *pass)
{
	struct process p;
	long number = strtol(name, NULL, 10);
	pid_t pid = (pid_t)number;

	if (number <= 1 || pid == getpid() || is_role(pass->roles, pid))
		return;
	if (!look_up(proc, pid, &p) || p.state == 'Z' || p.state == 'X' ||
		!descends(proc, p))
		return;
	pass->found = true;
	if (pass->signo == SIGKILL)
		say_killed(pid, &p);
	if (pass->signo != 0)
		(void)kill(pid, pass->signo);
}

/* False: there is no /proc to walk. */
static bool
walk(struct pass *pass)
{
	static _Alignas(8) uint8_t buffer[4096];
	int proc = open_proc();
	long n;

	if (proc < 0)
		return false;
	for (;;) {
		n = syscall(SYS_getdents64, proc, buffer, sizeof(buffer));
		if (n <= 0)
			break;
		for (long at = 0; at < n;) {
			const struct entry *e = (const void *)(buffer + at);

			visit(proc, e->name, pass);
			at += e->length;
		}
	}
	(void)close(proc);
	return true;
}

static void
signal_all(const struct spared *roles, pid_t group, int signo)
{
	struct pass pass = {.roles = roles, .signo = signo, .found = false};

	if (walk(&pass))
		return;
	/* As PID 1 without /proc: what is left dies with us. */
	if (getpid() != 1 && group > 0)
		(void)kill(-group, signo);
}

void
stragglers_ask(const struct spared *roles, pid_t group)
{
	if (getpid() == 1) {
		(void)kill(-1, SIGTERM);
		(void)kill(-1, SIGCONT);
		return;
	}
	signal_all(roles, group, SIGTERM);
	signal_all(roles, group, SIGCONT);
}

void
stragglers_kill(const struct spared *roles, pid_t group)
{
	signal_all(roles, group, SIGKILL);
}

bool
stragglers_left(const struct spared *roles)
{
	struct pass pass = {.roles = roles, .signo = 0, .found = false};

	return !walk(&pass) || pass.found;
}
