/*
 * app.c - owns the app's pid. After it has been reaped the pid is forgotten at
 * once: it may belong to somebody else. Never dies because a signal could not
 * be delivered.
 */
#include "init/app.h"

#include "base/log.h"
#include "base/signame.h"
#include "init/terminal.h"
#include "init/voice.h"
#include "io/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void
app_init(struct app *a, const struct config *c)
{
	*a = (struct app){.config = c, .pid = -1, .group = -1};
	a->spawning.report = -1;
}

static bool
exists(const char *path)
{
	struct stat st;

	return strchr(path, '/') != NULL && stat(path, &st) == 0;
}

static const char *
remedy(const char *command, int sys_errno)
{
	if (command[0] == '\0')
		return "the command is an empty word";
	if (sys_errno == ENOENT && exists(command))
		return "the file is there: its interpreter (the #! line, or "
		       "the dynamic loader) is not";
	if (sys_errno == ENOENT && strchr(command, '/') != NULL)
		return "check the path inside the image";
	if (sys_errno == ENOENT)
		return "not found in PATH; give its full path or set PATH";
	if (sys_errno == EACCES)
		return "not an executable file, or in a folder that may not be "
		       "searched (chmod +x?)";
	if (sys_errno == ENOEXEC)
		return "no #! line, or built for another machine; to run it as "
		       "a shell script, put sh before it";
	if (sys_errno == E2BIG)
		return "arguments and environment are too long";
	return "see execve(2)";
}

static const char failures[][40] = {
	[SPAWN_CWD] = "the working directory",
	[SPAWN_LIMITS] = "--rlimit",
	[SPAWN_USER] = "--user (only root may change it)",
	[SPAWN_DIRECTORY] = "--workdir, as the app's user",
	[SPAWN_LOCK] = "--no-new-privs",
	[SPAWN_NOTIFY] = "--notify-fd",
};

/* The convention of shells and of Docker. */
static int
exec_failure_code(int sys_errno)
{
	return sys_errno == ENOENT || sys_errno == ENOTDIR ? 127 : 126;
}

enum err
app_start(struct app *a, int cwd, int notify)
{
	struct spawn s = {
		.argv = a->config->command,
		.environment = a->config->environment,
		.signals = signals_for_command(),
		.cwd = cwd,
		.privilege = {.account = &a->config->account,
			.limits = &a->config->rlimit,
			.directory = a->config->workdir,
			.no_new_privs = a->config->no_new_privs},
		.listen_pid = a->config->listen_pid,
		.notify = notify,
		.notify_as = (int)a->config->notify_fd,
		.terminal = terminal_offer(a->config->session),
		.session = a->config->session,
		.death_signal = a->config->pdeathsig,
	};

	if (spawn_command(&s, &a->spawning) != ERR_OK) {
		log_warn("init: cannot make a process for %s now: %s",
			a->config->command[0], strerror(errno));
		return ERR_AGAIN;
	}
	a->pid = a->spawning.pid;
	/* If it will not have one, no signal can reach it by this number. */
	a->group = a->pid;
	a->stopped = 0;
	return ERR_OK;
}

static void
say_failure(const struct spawning *s, const char *command)
{
	if (s->failure != SPAWN_EXEC)
		log_error("init: cannot start %s: %s: %s", command,
			failures[s->failure], strerror(s->sys_errno));
	else
		voice_exec_failed(command, strerror(s->sys_errno),
			remedy(command, s->sys_errno));
}

bool
app_started(struct app *a)
{
	const char *command = a->config->command[0];

	if (a->spawning.report < 0 || !spawn_over(&a->spawning))
		return false;
	if (a->spawning.failure != SPAWN_OK) {
		say_failure(&a->spawning, command);
		return false;
	}
	if (!a->spawning.own_group) {
		a->group = -1;
		log_warn("init: %s has no process group of its own: %s was "
			 "denied",
			command, a->config->session ? "setsid" : "setpgid");
	} else if (a->config->session) {
		(void)voice_say(VOICE_SESSION, 0, 0);
	}
	if (!voice_say(VOICE_SPAWNED, a->pid, 0))
		log_debug("init: %s is process %d", command, (int)a->pid);
	return true;
}

static void
complain(const struct app *a, int signo, int sys_errno)
{
	char name[SIGNAL_NAME_MAX];

	/* It ended meanwhile; its exit is on the way to us. */
	if (sys_errno == 0 || sys_errno == ESRCH)
		return;
	log_warn("init: cannot send %s to process %d: %s",
		signame_format(signo, name), (int)a->pid, strerror(sys_errno));
}

void
app_signal(struct app *a, int signo, const struct signal_event *ev)
{
	int group_errno = ESRCH;

	if (a->pid < 0)
		return;
	if (a->config->kill_group && a->group > 0)
		group_errno = signals_send(-a->group, signo, ev);
	/* It may have left its group since; then it is signalled alone too. */
	if (group_errno != 0 || getpgid(a->pid) != a->group)
		complain(a, signo, signals_send(a->pid, signo, ev));
}

void
app_continue(struct app *a)
{
	if (a->stopped == 0)
		return;
	a->stopped = 0;
	app_signal(a, SIGCONT, NULL);
}

void
app_kill(struct app *a)
{
	if (a->pid < 0)
		return;
	if (a->group > 0)
		(void)signals_send(-a->group, SIGKILL, NULL);
	complain(a, SIGKILL, signals_send(a->pid, SIGKILL, NULL));
}

enum app_news
app_reaped(struct app *a, int wait_status, int *exit_code)
{
	int to;

	if (WIFSTOPPED(wait_status) || WIFCONTINUED(wait_status)) {
		a->stopped =
			WIFSTOPPED(wait_status) ? WSTOPSIG(wait_status) : 0;
		return APP_GOES_ON;
	}
	(void)app_started(a);
	a->pid = -1;
	a->stopped = 0;
	if (a->spawning.failure != SPAWN_OK) {
		*exit_code = exec_failure_code(a->spawning.sys_errno);
		return APP_NOT_EXECUTED;
	}
	*exit_code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
					    : 128 + WTERMSIG(wait_status);
	to = a->config->remap_exit.to[*exit_code];
	if (to != 0) {
		log_debug("init: %s ended with code %d", a->config->command[0],
			*exit_code);
		*exit_code = to - 1;
	}
	return APP_ENDED;
}
