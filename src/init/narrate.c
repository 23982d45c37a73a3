/* narrate.c - log lines about transitions. Decides nothing. */
#include "init/narrate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/signame.h"
#include "init/memory_news.h"

#include <signal.h>
#include <stdio.h>

#define ENDING_MAX 80
#define TERMINAL   "The proxy has encountered a terminal error: "

/* The app's end in words; codes above 128 are signals, as it is customary. */
static void
describe(char out[ENDING_MAX], int code)
{
	char name[SIGNAL_NAME_MAX];

	if (code == 128 + SIGKILL)
		(void)snprintf(out, ENDING_MAX,
			memory_news()
				? "was killed by SIGKILL (out of memory)"
				: "was killed by SIGKILL (out of memory?)");
	else if (code > 128 && code <= 128 + SIGNAL_MAX)
		(void)snprintf(out, ENDING_MAX, "ended with code %d (%s)", code,
			signame_format(code - 128, name));
	else
		(void)snprintf(out, ENDING_MAX, "ended with code %d", code);
}

static void
say_exit(const struct config *c, const struct supervisor *sv, uint64_t now_ms)
{
	const char *name = c->command[0];
	char ending[ENDING_MAX];

	describe(ending, sv->exit_code);
	if (sv->state == ST_BACKOFF)
		log_warn("init: %s %s; starting it again in %u ms", name,
			ending, (unsigned)(sv->deadline_ms - now_ms));
	else if (sv->want.restart.bounded &&
		 sv->restarts >= sv->want.restart.max &&
		 (sv->exit_code != 0 ||
			 sv->want.restart.mode == RESTART_ALWAYS))
		log_error("init: %s %s, after %u restarts; giving up", name,
			ending, sv->restarts);
	else if (sv->want.restart.mode == RESTART_ALWAYS ||
		 (sv->want.restart.mode != RESTART_NO && sv->exit_code != 0))
		log_error("init: %s %s, which --no-restart-on names; ending",
			name, ending);
	else
		log_debug("init: %s %s", name, ending);
}

static void
say_timer(
	const struct config *c, const struct supervisor *sv, enum state before)
{
	if (before == ST_GATED)
		log_error("unable to start: not every instance was ready "
			  "within %u ms; the app was not started",
			(unsigned)sv->want.gate_ms);
	else if (before == ST_SERVING)
		log_error(TERMINAL "unable to start: not every listener was "
				   "ready within %u ms",
			(unsigned)sv->want.gate_ms);
	else if (before == ST_STOPPING)
		log_warn("init: %s did not end within %u ms; killing it",
			c->command[0], (unsigned)sv->want.stop_ms);
	else if (before == ST_KILLING)
		log_error("init: %s does not even die of SIGKILL; leaving it",
			c->command[0]);
	else if (before == ST_STRAGGLERS)
		log_warn("init: processes that %s left did not end within "
			 "%u ms; killing them",
			c->command[0], (unsigned)STRAGGLER_GRACE_MS);
	else if (before == ST_DRAINING)
		log_warn("init: connections are still open after %u ms; "
			 "closing them",
			(unsigned)DRAIN_TIMEOUT_MS);
}

static void
say_stop(const struct config *c, enum state before, int signo)
{
	char name[SIGNAL_NAME_MAX];

	(void)signame_format(signo, name);
	if (signo == 0)
		log_info("/quitquitquit received request. Shutting down...");
	else if (c->command == NULL)
		log_info("%s signal received. Shutting down...", name);
	else if (before == ST_GATED)
		log_warn("init: %s before %s was started; shutting down", name,
			c->command[0]);
	else
		log_debug("init: %s: stopping", name);
}

void
narrate(const struct config *c, const struct supervisor *sv, enum state before,
	enum event ev, int value, uint64_t now_ms)
{
	if (ev == EV_APP_EXITED && before == ST_RUNNING)
		say_exit(c, sv, now_ms);
	else if (ev == EV_TIMER)
		say_timer(c, sv, before);
	else if (ev == EV_STOP)
		say_stop(c, before, value);
	else if (ev == EV_HURRY && sv->state == ST_KILLING &&
		 before != sv->state)
		log_warn("init: asked to stop %d times; killing %s",
			STOP_REQUESTS_KILL, c->command[0]);
}

void
narrate_no_start(const struct config *c, const char *why)
{
	if (c->instance_count > 0)
		log_error(TERMINAL "unable to start: %s", why);
	else
		log_error("unable to start: %s", why);
}

static bool
given(const char *text)
{
	return text != NULL && *text != '\0';
}

void
narrate_credentials(const struct config *c)
{
	const char *how = given(c->impersonate_service_account)
				  ? "Impersonating service account"
				  : "Authorizing";

	if (given(c->token))
		log_info("%s with OAuth2 token", how);
	else if (given(c->credentials_file))
		log_info("%s with the credentials file at \"%s\"", how,
			c->credentials_file);
	else if (given(c->json_credentials))
		log_info("%s with JSON credentials environment variable", how);
	else
		log_info("%s with Application Default Credentials", how);
}
